"""What all tests share: a home of their own, tiny photos, and the real data where it is there."""

import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Networks as small as those of tests gain nothing from threads, which wait for each other on a busy machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long an example takes says how busy the machine is, not whether the program is right.
hypothesis.settings.register_profile("trasluz", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("trasluz")

_CHECKOUT = Path(__file__).resolve().parent.parent
# Child processes that tests start find the program as the tests do, installed or not.
os.environ["PYTHONPATH"] = os.pathsep.join([str(_CHECKOUT / "app"), *filter(None, [os.environ.get("PYTHONPATH", "")])])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of a file to one worker, so that what they share is made once; a family's contract likewise."""
    for item in items:
        case = getattr(item, "callspec", None)
        trained = case.params.get("case") if case is not None else None
        item.add_marker(pytest.mark.xdist_group(" ".join(trained) if trained else item.nodeid.partition("::")[0]))


@pytest.fixture(autouse=True)
def trasluz_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's folder of its own for every test; nothing of the developer's is read or written."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("TRASLUZ_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def _unpacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    found: dict[str, Path] = {}
    yield found
    for folder in found.values():
        if (folder.parent / ".unpacked").exists():
            shutil.rmtree(folder.parent, ignore_errors=True)


@pytest.fixture(scope="session")
def realdata(tmp_path_factory: pytest.TempPathFactory, _unpacked: dict[str, Path]) -> Callable[[str], Path]:
    """`realdata(name)`: the folder of a real data set, unpacked once a session; skips the test where it is absent."""

    def folder_of(name: str) -> Path:
        if name not in _unpacked:
            store = Path(os.environ.get("TRASLUZ_DATA") or _CHECKOUT.parent / "shared" / "data")
            packed = store / f"{name}.zip"
            if (store / name).exists():
                _unpacked[name] = store / name
            elif packed.is_file():
                place = tmp_path_factory.mktemp("realdata")
                with zipfile.ZipFile(packed) as archive:
                    archive.extractall(place)
                (place / ".unpacked").touch()
                _unpacked[name] = place / name
            else:
                pytest.skip(f"the real data set “{name}” is not in {store}; set TRASLUZ_DATA to its folder")
        return _unpacked[name]

    return folder_of


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twelve photos in two class folders, easy to tell apart: `red/` and `blue/`."""
    return _write_photos(tmp_path / "photos", {"red": 6, "blue": 6})


@pytest.fixture(scope="session")
def make_photos() -> Callable[..., Path]:
    """`make_photos(root, {"train/cat": 5, …})` writes small different JPEGs; names with slashes make split folders."""
    return _write_photos


def _write_photos(root: Path, classes: dict[str, int], *, size: tuple[int, int] = (48, 40)) -> Path:
    from PIL import Image

    colours = [(200, 40, 40), (40, 60, 200), (40, 180, 60), (200, 180, 40), (150, 60, 180)]
    for number, (label, count) in enumerate(classes.items()):
        folder = root / label
        folder.mkdir(parents=True, exist_ok=True)
        for i in range(count):
            noise = np.random.default_rng([number, i]).integers(-30, 30, (size[1], size[0], 3))
            pixels = np.clip(np.array(colours[number % len(colours)]) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"photo-{i:03}.jpg", quality=90)
    return root
