"""What plugins bring: each is taken in alone, checked, and costs the others nothing when it is broken."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from trasluz.api import API_VERSION, DataError, FamilyError
from trasluz.core import places
from trasluz.core.plugins import attempts, importing, install
from trasluz.core.plugins.asking import HOOKS, PATIENCE
from trasluz.core.plugins.discovery import PluginInfo
from trasluz.core.plugins.registry import Registry

ALL = (
    "@hookimpl\ndef trasluz_families():\n    return [Leafy()]\n"
    "@hookimpl\ndef trasluz_sources():\n    yield Leaves()\n"
    "@hookimpl\ndef trasluz_explainers():\n    return (Veins(),)\n"
)
FAMILY = "@hookimpl\ndef trasluz_families():\n    return [Leafy()]\n"
Installed = Callable[..., str]


def loaded(plugin: str = "leaf-shapes") -> PluginInfo:
    registry = Registry.load()
    cnn = next(info for info in registry.plugins if info.id == "finetuned-cnn")
    assert cnn.state == "ready", cnn.error
    assert "finetuned-cnn" in registry.families
    return next(info for info in registry.plugins if info.id == plugin)


def test_the_programs_own_come_by_the_same_door() -> None:
    registry = Registry.load()
    assert all(info.state == "ready" for info in registry.plugins)
    assert registry.family("finetuned-cnn").id == "finetuned-cnn"
    assert registry.source_for("image-classes").kind == "image-classes"
    owner = registry.plugin_of("finetuned-cnn")
    assert owner is not None
    assert owner.origin == "builtin"


def test_a_plugin_brings_families_sources_and_explainers(installed: Installed) -> None:
    installed(ALL, families='["leaf-family"]')
    registry = Registry.load()
    assert registry.family("leaf-family").title == "Leafy"
    assert registry.source_for("leaves").title == "Leaves"
    assert registry.sources[0].kind == "image-classes"
    owner = registry.plugin_of("leaf-family")
    assert owner is not None
    assert owner.id == "leaf-shapes"


def test_only_what_is_wanted_is_loaded(installed: Installed) -> None:
    unwanted = installed("raise ValueError('not wanted')\n")
    registry = Registry.load(only=["finetuned-cnn"])
    assert list(registry.families) == ["finetuned-cnn"]
    states = {info.id: info.state for info in registry.plugins}
    assert states[unwanted] == "ready", "what is not loaded is listed as it was found"
    assert set(states.values()) == {"ready"}


def test_a_missing_family_says_who_would_bring_it(installed: Installed) -> None:
    plugin = installed(FAMILY, families='["leaf-family"]')
    install.disable(plugin)
    with pytest.raises(FamilyError, match="comes with the plugin “Leaf shapes”, which is switched off"):
        Registry.load().family("leaf-family")
    install.enable(plugin)
    (places.user_plugins() / plugin / "new.txt").write_text("x")
    with pytest.raises(FamilyError, match="which is not trusted yet"):
        Registry.load().family("leaf-family")
    with pytest.raises(FamilyError, match="There is no model family “none” here; there is finetuned-cnn"):
        Registry.load().family("none")
    with pytest.raises(DataError, match="Nothing here reads data of the kind “leaves”"):
        Registry.load().source_for("leaves")


BROKEN = {
    "raises": (
        "def deep():\n    1 / 0\n\n\ndeep()\n",
        r"failed while it was loaded in leaf_shapes/__init__\.py, line \d+: ZeroDiv",
    ),
    "exits": ("import sys\nsys.exit(3)\n", "failed while it was loaded.*SystemExit: 3"),
    "syntax": ("def broken(:\n", r"has a mistake in its code in leaf_shapes/__init__\.py, line \d+"),
    "library": (
        "import no_such_library.part\n",
        r"needs the Python library “no_such_library”.*pip install no_such_library",
    ),
    "own part": ("from . import absent\n", "failed while it was loaded.*ImportError"),
    "own module": ("import leaf_shapes.absent\n", "failed while it was loaded.*ModuleNotFoundError"),
    "other trasluz": (
        "import trasluz.api.tomorrow\n",
        "was written for another Trasluz: there is no trasluz.api.tomorrow",
    ),
    "misspelt": ("@hookimpl\ndef trasluz_familys():\n    return []\n", "has a hook that does not exist"),
    "argument": ("@hookimpl\ndef trasluz_families(context):\n    return []\n", "takes the wrong arguments"),
    "no hooks": ("", "It has no hooks"),
    "hook raises": ("@hookimpl\ndef trasluz_sources():\n    raise OSError('gone')\n", "OSError: gone"),
    "late raise": ("@hookimpl\ndef trasluz_sources():\n    yield Leaves()\n    1 / 0\n", "ZeroDivisionError"),
    "none": ("@hookimpl\ndef trasluz_sources():\n    pass\n", "trasluz_sources returns None"),
    "no list": ("@hookimpl\ndef trasluz_sources():\n    return Leaves()\n", "has to return a list of DatasetSources"),
    "text": ("@hookimpl\ndef trasluz_sources():\n    return 'leaves'\n", "has to return a list of DatasetSources"),
    "class": ("@hookimpl\ndef trasluz_sources():\n    return [Leaves]\n", "returns the class Leaves where an instance"),
    "wrong thing": (
        "@hookimpl\ndef trasluz_sources():\n    return [Veins()]\n",
        "a Veins where a DatasetSource belongs",
    ),
    "endless": (
        "@hookimpl\ndef trasluz_sources():\n    while True:\n        yield Leaves()\n",
        "returns more than 200 things",
    ),
    "twice": ("@hookimpl\ndef trasluz_sources():\n    return [Leaves(), Leaves()]\n", "uses the id “leaves” twice"),
    "bad id": ("Leaves.id = 'Big Leaves'\n" + ALL, "Leaves.id has to be lower-case"),
    "no title": ("del Leafy.title\n" + FAMILY, "Leafy.title has to be a text"),
    "bad kinds": ("Leafy.kinds = 'leaves'\n" + FAMILY, "Leafy.kinds has to be a tuple"),
    "bad config": ("Leafy.config = dict\n" + FAMILY, "Leafy.config has to be a class derived from TrainConfig"),
    "no default": (
        "class Settings(TrainConfig):\n    size: int\n\n\nLeafy.config = Settings\n" + FAMILY,
        "Settings need a valid default for each field: size",
    ),
    "bad suffix": ("Leaves.suffixes = ('leaf',)\n" + ALL, "Leaves.suffixes has to be a tuple of endings"),
    "abstract": ("class Half(Leafy):\n    train = None\n\n\nLeafy.train.__isabstractmethod__ = True\n1 / 0\n", "Zero"),
    "taken family": ("Leafy.id = 'finetuned-cnn'\n" + FAMILY, "“finetuned-cnn” is taken by “Finetuned CNN”"),
    "taken source": ("Leaves.id = 'image-classes'\n" + ALL, "“image-classes” has an id that is taken"),
    "own explainers": ("Leafy.explainers = lambda self: [1]\n" + FAMILY, "a int where a Explainer belongs"),
    "unprintable": (
        "class Odd(Exception):\n    def __str__(self):\n        raise ValueError\n\n\nraise Odd\n",
        "Odd: it cannot say why",
    ),
}
DECLARED = {
    "taken family": '["finetuned-cnn"]',
    **dict.fromkeys(("bad id", "bad suffix", "taken source"), '["leaf-family"]'),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_plugin_is_listed_with_its_error_and_the_others_work(installed: Installed, what: str) -> None:
    code, said = BROKEN[what]
    if what == "taken source":
        code = code.replace("image-classes", next(s.id for s in Registry.load().sources))
        said = "has an id that is taken"
    installed(code, families=DECLARED.get(what, "[]"))
    info = loaded()
    assert info.state == "broken"
    assert "“Leaf shapes”" in info.error
    assert re.search(said, info.error), info.error
    assert "leaf_shapes" not in sys.modules
    if what in ("raises", "syntax", "library", "hook raises", "late raise"):
        assert "Traceback" in info.traceback
        assert "leaf_shapes" in info.traceback


def test_the_manifest_says_what_comes_and_nothing_else_does(installed: Installed) -> None:
    installed(FAMILY)
    assert "says that it brings the families none, but its code brings “leaf-family”" in loaded().error
    installed(FAMILY, families='["leaf-family", "more"]')
    assert "brings the families “leaf-family”, “more”, but its code brings “leaf-family”" in loaded().error
    installed(FAMILY, families='["leaf-family"]', kinds="[]")
    assert "the kinds “leaves”, which its manifest does not name" in loaded().error


def test_all_or_nothing_of_a_plugin_is_taken_in(installed: Installed) -> None:
    installed("Veins.title = ''\n" + ALL, families='["leaf-family"]')
    registry = Registry.load()
    assert "leaf-family" not in registry.families
    assert "leaves" not in {source.id for source in registry.sources}


def test_the_second_of_two_with_one_id_or_package_is_the_broken_one(installed: Installed) -> None:
    installed(ALL, families='["leaf-family"]')
    installed(ALL.replace("Leaves()", ""), id='"z-twin"', families='["leaf-family"]')
    registry = Registry.load()
    states = {info.id: info for info in registry.plugins}
    assert states["leaf-shapes"].state == "ready"
    assert "Its package “leaf_shapes” has the name of the one of “Leaf shapes”" in states["z-twin"].error
    assert registry.family("leaf-family")
    install.remove("z-twin")
    installed(FAMILY, id='"z-twin"', package='"z_twin"', families='["leaf-family"]')
    registry = Registry.load()
    states = {info.id: info for info in registry.plugins}
    assert states["leaf-shapes"].state == "ready"
    assert "Its model family “leaf-family” is taken by “Leaf shapes”" in states["z-twin"].error


@pytest.mark.parametrize("package", ["numpy", "torch", "pytest"])
def test_a_package_may_not_stand_in_for_a_library(installed: Installed, package: str) -> None:
    before = sys.modules.get(package)
    installed(package=f'"{package}"')
    info = loaded()
    assert info.state == "broken"
    assert f"Its package is named “{package}”, which is a library in" in info.error
    assert sys.modules.get(package) is before


def test_nothing_of_a_plugin_reaches_the_search_path_and_no_cache_is_left(installed: Installed) -> None:
    before = list(sys.path)
    plugin = installed("from . import part\nfrom .deep import more\n" + FAMILY, families='["leaf-family"]')
    folder = places.user_plugins() / plugin
    (folder / "leaf_shapes" / "part.py").write_text("import numpy\n")
    (folder / "leaf_shapes" / "deep").mkdir()
    (folder / "leaf_shapes" / "deep" / "__init__.py").write_text("")
    (folder / "leaf_shapes" / "deep" / "more.py").write_text("VALUE = 7\n")
    (folder / "numpy.py").write_text("raise AssertionError('it stands in for a library')\n")
    install.enable(plugin, trust=True)
    assert loaded().state == "ready", loaded().traceback
    assert sys.path == before
    assert sys.modules["leaf_shapes.deep.more"].VALUE == 7
    assert not list(folder.rglob("__pycache__"))
    assert loaded().state == "ready"  # its own files have not changed by being loaded


def test_a_planted_cache_is_not_run(installed: Installed) -> None:
    import importlib.util
    import py_compile

    plugin = installed(FAMILY, families='["leaf-family"]')
    source = places.user_plugins() / plugin / "leaf_shapes" / "__init__.py"
    evil = source.with_name("evil.py")
    evil.write_text("raise AssertionError('a cache was run')\n")
    cache = Path(importlib.util.cache_from_source(str(source)))
    cache.parent.mkdir()
    py_compile.compile(str(evil), str(cache), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    evil.unlink()
    info = loaded()
    assert info.state == "ready", info.traceback


def test_changed_code_is_imported_anew(installed: Installed) -> None:
    installed(FAMILY, families='["leaf-family"]')
    first = Registry.load().family("leaf-family")
    assert type(Registry.load().family("leaf-family")) is type(first)
    installed("Leafy.title = 'Leafier'\n" + FAMILY, families='["leaf-family"]')
    assert Registry.load().family("leaf-family").title == "Leafier"


def test_what_a_plugin_prints_stays_out_of_the_answer(installed: Installed, capsys: pytest.CaptureFixture[str]) -> None:
    installed("print('hello from a plugin')\n" + FAMILY, families='["leaf-family"]')
    loaded()
    assert "hello" not in capsys.readouterr().out


def test_explainers_are_those_of_the_family_then_the_others(installed: Installed) -> None:
    from datetime import UTC, datetime

    from trasluz.api import DataFacts, Explainer, ModelCard

    installed(
        ALL
        + "class Own(Veins):\n    id = 'own'\n\n\nclass Bad(Veins):\n    id = 'bad'\n\n    def applies(self, card):\n"
        "        raise KeyError\n\n\nLeafy.explainers = lambda self: [Own(), Bad()]\n",
        families='["leaf-family"]',
    )
    registry = Registry.load()
    facts = DataFacts(name="x", fingerprint="", kind="leaves", train=1, val=1)
    card = ModelCard(
        id="x", title="x", family="leaf-family", kind="leaves", graphs=(), headline="accuracy", data=facts,
        created=datetime.now(UTC),
    )  # fmt: skip
    found = registry.explainers(card)
    assert [e.id for e in found] == ["own", "veins"]
    assert all(isinstance(e, Explainer) for e in found)
    assert registry.explainers(card.model_copy(update={"family": "other"})) == []


def test_an_explainers_id_is_taken_for_all(installed: Installed) -> None:
    taken = Registry.load().family("finetuned-cnn").explainers()[0].id
    installed(f"Veins.id = {taken!r}\n@hookimpl\ndef trasluz_explainers():\n    return [Veins()]\n")
    assert f"Its explainer “{taken}” has an id that is taken" in loaded().error


def test_a_plugin_that_hangs_is_given_up(installed: Installed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PATIENCE, "0.3")
    installed("import time\ntime.sleep(1.5)\n" + FAMILY, families='["leaf-family"]')
    info = loaded()
    assert info.state == "broken"
    assert "had not loaded after 0.3 seconds" in info.error
    assert sys.stdout is not sys.stderr
    for thread in threading.enumerate():
        if thread.name == "plugin":
            thread.join()  # it must not wake up in another test's home


_LOAD = """
import json
from trasluz.core.plugins.registry import Registry
print(json.dumps({p.id: [p.state, p.error] for p in Registry.load().plugins}))
"""


def test_a_plugin_that_ends_the_process_is_left_out_the_third_time(installed: Installed) -> None:
    def ended() -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", _LOAD], capture_output=True, text=True, check=False)

    installed("import os\nos._exit(7)\n")
    assert [ended().returncode for _ in range(2)] == [7, 7]
    third = ended()
    assert third.returncode == 0, third.stderr
    states = json.loads(third.stdout)
    assert states["finetuned-cnn"][0] == "ready"
    assert states["leaf-shapes"][0] == "broken"
    assert "ended the program 2 times while it was loaded" in states["leaf-shapes"][1]
    # Who switches it on again has it tried again; whoever mends it starts with a clean sheet.
    install.enable("leaf-shapes")
    assert ended().returncode == 7
    installed(FAMILY, families='["leaf-family"]')
    assert json.loads(ended().stdout)["leaf-shapes"] == ["ready", ""]


def test_one_lost_attempt_is_made_up_for_by_a_good_one() -> None:
    lost = "from trasluz.core.plugins import attempts\nimport os\nwith attempts.attempt('p', 'abc'): os._exit(1)\n"
    for _ in range(2):
        subprocess.run([sys.executable, "-c", lost], check=False)
        assert attempts.lost("p", "abc") == 1
        assert attempts.lost("p", "other") == attempts.lost("q", "abc") == 0
        with attempts.attempt("p", "abc"):
            assert attempts.lost("p", "abc") == 1  # what is under way is not lost
        assert attempts.lost("p", "abc") == 0
    assert not list((places.user_folder() / "loading").iterdir())


def test_a_folder_that_cannot_hold_marks_does_not_keep_plugins_from_loading(installed: Installed) -> None:
    installed(FAMILY, families='["leaf-family"]')
    marks = places.user_folder() / "loading"
    if marks.is_dir():
        marks.rmdir()
    marks.write_text("a file is in the way")
    assert loaded().state == "ready"


def test_the_hooks_that_are_asked_are_those_of_the_api() -> None:
    from trasluz.api import hookspecs

    assert {name for name in vars(hookspecs) if name.startswith("trasluz_")} == set(HOOKS)


def test_a_newer_minor_version_of_the_api_is_asked_for(installed: Installed, make_plugin: Callable[..., Path]) -> None:
    from trasluz.core.plugins.manifest import PluginError

    newer = f'"{API_VERSION[0]}.{API_VERSION[1] + 1}"'
    with pytest.raises(PluginError, match="install a newer Trasluz"):
        install.examine(make_plugin(api=newer))


def test_entry_points_are_never_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata

    def asked(*_: object, **__: object) -> None:
        raise AssertionError("a plugin comes by its folder, not by an installed entry point")

    monkeypatch.setattr(importlib.metadata, "entry_points", asked)
    monkeypatch.setattr(importlib.metadata, "distributions", asked)
    assert Registry.load().families


def test_no_package_of_a_test_is_left() -> None:
    assert "leaf_shapes" not in importing._finder.folders
