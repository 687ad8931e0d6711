"""The structure of the house: what its doors load, which rooms know of each other, what no room may do."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APP = ROOT / "app" / "trasluz"
PLUGINS = ROOT / "plugins"
HEAVY = {"torch", "onnxruntime", "sklearn", "skimage", "scipy", "onnx", "transformers", "accelerate", "safetensors"}
QT = {"PySide6", "shiboken6", "pyqtgraph", "qtawesome"}
PICTURES = {"PIL"}
NUMBERS = {"numpy", "pydantic"}

DOORS = {
    "import trasluz.cli": HEAVY | QT | PICTURES | NUMBERS,
    "main(['--help'])": HEAVY | QT | PICTURES,
    "main(['--version'])": HEAVY | QT | PICTURES,
    "main(['families', '--json'])": HEAVY | QT,
    "main(['plugins', 'list'])": HEAVY | QT,
    "main(['runs', 'list'])": HEAVY | QT | PICTURES,
    "import trasluz.api, trasluz.api.scores": HEAVY | QT | PICTURES,
    "import trasluz.ui.app, trasluz.ui.window": HEAVY | PICTURES | {"numpy", "pyqtgraph", "sqlite3", "trasluz.host"},
    "import trasluz.host.server, trasluz.host.service": HEAVY | QT | PICTURES | {"trasluz.ui"},
    "import trasluz.host.run": HEAVY | QT | PICTURES | {"trasluz.ui"},
    "import trasluz.core.hostlink, trasluz.core.runs.follow, trasluz.core.project": HEAVY | QT | PICTURES,
    "import trasluz.core.data.index": HEAVY | QT | PICTURES,
    "import trasluz.core.inference.session, trasluz.core.inference.devices": HEAVY | QT | PICTURES,
    "from trasluz.core.plugins.install import examine, install; from trasluz.core.plugins.discovery import discover; "
    "assert discover()": HEAVY | QT | PICTURES | {"finetuned_cnn", "trasluz.host", "trasluz.core.plugins.registry"},
    "from trasluz.core.plugins.registry import Registry; assert Registry.load().families": HEAVY | QT,
}


@pytest.mark.parametrize("door", DOORS)
def test_a_door_loads_only_what_it_needs(door: str, tmp_path: Path) -> None:
    code = f"from trasluz.cli import main\n{door}" if door.startswith("main(") else door
    out = tmp_path / "loaded"
    end = f"\nimport json, sys, pathlib\npathlib.Path({str(out)!r}).write_text(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code + end], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(out.read_text()))
    assert "trasluz" in loaded
    assert sorted(DOORS[door] & loaded) == []


def test_the_import_contracts_hold() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    done = subprocess.run(
        [*command, "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(APP.parent), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    kept = re.search(r"Contracts: (\d+) kept, 0 broken", done.stdout)
    assert kept, done.stdout
    assert int(kept[1]) == (ROOT / "pyproject.toml").read_text(encoding="utf-8").count(
        "[[tool.importlinter.contracts]]"
    )


def sources(*places: Path) -> list[Path]:
    found = [path for place in places for path in sorted(place.rglob("*.py")) if "__pycache__" not in path.parts]
    assert found
    return found


def imports(path: Path) -> Iterator[str]:
    """The absolute modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_plugins_use_only_what_is_public() -> None:
    """The program's own plugins too: what they need and a stranger's cannot have would be no interface."""
    trespasses = [
        f"{path.relative_to(ROOT)}: {module}"
        for path in sources(PLUGINS, ROOT / "docs" / "examples")
        for module in imports(path)
        if module.split(".")[0] == "trasluz" and module.split(".")[1] not in ("api", "torchkit")
    ]
    assert trespasses == []


def test_plugins_do_not_know_each_other() -> None:
    packages = {folder.name: folder for plugin in PLUGINS.iterdir() if plugin.is_dir() for folder in plugin.iterdir()}
    packages = {name: folder for name, folder in packages.items() if (folder / "__init__.py").is_file()}
    assert "finetuned_cnn" in packages
    for name, folder in packages.items():
        others = set(packages) - {name}
        for path in sources(folder):
            assert not others & {module.split(".")[0] for module in imports(path)}, path


def test_the_api_stands_on_four_legs() -> None:
    allowed = sys.stdlib_module_names | {"numpy", "pydantic", "pluggy"}
    for path in sources(APP / "api"):
        for module in imports(path):
            assert module.split(".")[0] in allowed or module.startswith("trasluz.api"), f"{path.name} imports {module}"


def test_hooks_are_called_in_one_place() -> None:
    callers = [
        path.relative_to(APP).as_posix()
        for path in sources(APP)
        if re.search(r"PluginManager|\.hook\b|subset_hook_caller|load_setuptools_entrypoints", path.read_text("utf-8"))
    ]
    assert callers == ["core/plugins/asking.py"]


def test_nothing_is_pickled() -> None:
    """A model file is not a program, and neither is what comes over the wire."""
    for path in sources(APP, PLUGINS):
        found = {module.split(".")[0] for module in imports(path)} & {
            "pickle",
            "dill",
            "cloudpickle",
            "shelve",
            "joblib",
        }
        assert not found, f"{path} imports {found}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("torch.load", "torch.save"):
                assert ast.unparse(node.func) == "torch.load", f"{path}: weights are kept as safetensors"
                assert any(k.arg == "weights_only" and ast.unparse(k.value) == "True" for k in node.keywords), path
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("np.load", "numpy.load"):
                assert not any(k.arg == "allow_pickle" and ast.unparse(k.value) == "True" for k in node.keywords), path


def test_the_window_talks_to_the_host_by_the_link_alone() -> None:
    for path in sources(APP / "ui"):
        for module in imports(path):
            assert not module.startswith(("trasluz.host", "trasluz.torchkit")), f"{path} imports {module}"
            assert not module.startswith("trasluz.core.plugins.registry"), f"{path} would load plugins in the window"
            assert module.split(".")[0] not in HEAVY, f"{path} imports {module}"


def test_no_file_grows_beyond_reading_and_none_is_a_drawer() -> None:
    for path in sources(APP, PLUGINS, ROOT / "docs" / "examples"):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 450, f"{path.relative_to(ROOT)} has {lines} lines; a second room is due"
        assert not re.fullmatch(r"(.*_)?(utils?|helpers?|managers?|common|misc)", path.stem), path.relative_to(ROOT)


def test_no_path_of_a_developers_machine_is_in_the_program() -> None:
    for path in sources(APP, PLUGINS, ROOT / "docs" / "examples"):
        found = re.search(r"['\" ]/(tmp|work|root|home|Users)/\w", path.read_text(encoding="utf-8"))
        assert not found, f"{path.relative_to(ROOT)}: {found}"
