"""Makes small plugins to install, to break, and to load."""

import textwrap
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trasluz.core.plugins import importing

MANIFEST = {
    "id": '"leaf-shapes"',
    "title": '"Leaf shapes"',
    "version": '"1.0.0"',
    "api": '"1.0"',
    "package": '"leaf_shapes"',
    "sentence": '"Tells leaves apart."',
    "licence": '"MIT"',
}
READER = """
    from pathlib import Path

    from trasluz.api import DatasetSource, Explainer, ModelFamily, TrainConfig, hookimpl


    class Leaves(DatasetSource):
        id = "leaves"
        kind = "leaves"
        title = "Leaves"
        suffixes = (".leaf",)

        def detect(self, root):
            return None

        def records(self, root):
            yield from ()

        def read(self, root, record):
            raise AssertionError

        def open(self, given):
            raise AssertionError


    class Veins(Explainer):
        id = "veins"
        title = "Veins"
        sentence = "Shows veins."

        def applies(self, card):
            return card.family == "leaf-family"

        def explain(self, predictor, sample, choice=None):
            raise AssertionError


    class Leafy(ModelFamily):
        id = "leaf-family"
        title = "Leafy"
        sentence = "Learns leaves."
        kinds = ("leaves",)
        config = TrainConfig
        headline = "accuracy"

        def train(self, context):
            raise AssertionError

        def predictor(self, model):
            raise AssertionError

        def score(self, predictions, targets):
            return {"accuracy": 1.0}

        def script(self, card):
            return ""


    """
SOURCES = "@hookimpl\ndef trasluz_sources():\n    return [Leaves()]\n"


def write_plugin(folder: Path, code: str = SOURCES, **changes: str | None) -> Path:
    """Write a plugin: `code` follows the classes above; `changes` are manifest keys as TOML, None to leave out."""
    keys = {"kinds": '["leaves"]', **MANIFEST, **changes}
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{key} = {value}" for key, value in keys.items() if value is not None]
    (folder / "plugin.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    package = folder / (keys["package"] or "leaf_shapes").strip('"')
    package.mkdir(exist_ok=True)
    (package / "__init__.py").write_text(textwrap.dedent(READER) + code, encoding="utf-8")
    return folder


@pytest.fixture
def make_plugin(tmp_path: Path) -> Callable[..., Path]:
    """`make_plugin(code, name="leaf", **manifest)` writes a plugin and returns its folder."""

    def make(code: str = SOURCES, *, name: str = "leaf", **changes: str | None) -> Path:
        return write_plugin(tmp_path / name, code, **changes)

    return make


@pytest.fixture
def installed(make_plugin: Callable[..., Path]) -> Callable[..., str]:
    """`installed(code, **manifest)` writes, installs and trusts a plugin, and returns its id."""
    from trasluz.core.plugins.install import examine, install

    def make(code: str = SOURCES, **changes: str | None) -> str:
        with examine(make_plugin(code, name="made", **changes)) as examined:
            return install(examined).id

    return make


@pytest.fixture
def pack(tmp_path: Path) -> Callable[..., Path]:
    """`pack({name: content})` makes a .zip; a `ZipInfo` may stand for a name."""

    def packed(entries: dict[str | zipfile.ZipInfo, bytes | str], name: str = "plugin.zip") -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for entry, content in entries.items():
                archive.writestr(entry, content)
        return path

    return packed


@pytest.fixture(autouse=True)
def no_leftovers() -> Iterator[None]:
    """Forget the packages that a test has loaded."""
    yield
    for package in list(importing._finder.folders):
        if package != "finetuned_cnn":
            importing.forget(package)
