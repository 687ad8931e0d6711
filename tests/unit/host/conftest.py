"""What the host's tests share: a family that trains within a second, trusted in the test's own home."""

import shutil
from pathlib import Path

import pytest

from trasluz.core.plugins.discovery import discover
from trasluz.core.plugins.state import Decision, deciding
from trasluz.core.plugins.trust import content_hash
from trasluz.core.runs.folder import RunFolder
from trasluz.core.runs.request import RunRequest

_PLUGIN = Path(__file__).parent / "mean_colour"


def add_plugin(home: Path, source: Path = _PLUGIN) -> Path:
    """Put a plugin into a home, trusted."""
    target = home / "plugins" / "mean-colour"
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    with deciding() as decided:
        decided.plugins["mean-colour"] = Decision(enabled=True, trusted=content_hash(target))
    return target


@pytest.fixture
def mean_colour(trasluz_home: Path) -> Path:
    folder = add_plugin(trasluz_home)
    assert {p.id: p.state for p in discover()}["mean-colour"] == "ready"
    return folder


@pytest.fixture
def make_run(tmp_path: Path, mean_colour: Path, photos: Path):
    """`make_run(epochs=3, …)`: the folder of a new run of the test's family on the twelve photos."""
    made = []

    def make(*, family: str = "mean-colour", data: Path = photos, name: str = "", **settings) -> RunFolder:
        request = RunRequest.new(family=family, data=str(data), settings=settings, device="cpu", name=name)
        made.append(request)
        return RunFolder.create(tmp_path / "runs" / f"{len(made)}-{request.id}", request)

    return make
