"""Real windows for the tests of the window."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from trasluz.ui.app import application, settings
from trasluz.ui.theme import theme
from trasluz.ui.window import Window


@pytest.fixture(scope="session")
def qapp_cls() -> type:
    from PySide6.QtWidgets import QApplication

    return QApplication


@pytest.fixture(scope="session")
def qapp(tmp_path_factory: pytest.TempPathFactory) -> object:
    """The program's own application, dressed as a person sees it."""
    import os

    home = os.environ.get("TRASLUZ_HOME")
    os.environ["TRASLUZ_HOME"] = str(tmp_path_factory.mktemp("look"))
    try:
        made = application()
        theme().follow()
        return made
    finally:
        if home is None:
            del os.environ["TRASLUZ_HOME"]
        else:
            os.environ["TRASLUZ_HOME"] = home


@pytest.fixture(autouse=True)
def no_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No child imports torch in advance for each of these windows; tests of the runs have one."""
    from trasluz.core.runs import launch

    monkeypatch.setattr(launch, "get_ready", lambda: None)


@pytest.fixture
def window(qtbot: QtBot, trasluz_home: Path) -> Iterator[Window]:
    """A window on the screen, its session begun, its host warming up."""
    shown = Window(settings())
    qtbot.addWidget(shown)
    shown.resize(1280, 800)
    with qtbot.waitSignal(shown.first_frame):
        shown.show()
    shown.begin()
    yield shown
    shown.close()
    shown.end()


@pytest.fixture
def opened(window: Window, qtbot: QtBot) -> Callable[[Path], Window]:
    """`opened(folder)`: the window with that data looked at."""

    def open_it(data: Path) -> Window:
        with qtbot.waitSignal(window.session.data_changed, timeout=60_000):
            window.open_paths([data])
        return window

    return open_it


@pytest.fixture(scope="session")
def _trained_once(tmp_path_factory: pytest.TempPathFactory, make_photos: Callable[..., Path]) -> Path:
    """A folder with a project, made once: one finished run, judged by photos of which one is in the wrong class."""
    from trasluz.core.project import Project
    from trasluz.core.runs.folder import RunFolder
    from trasluz.core.runs.launch import launch
    from trasluz.core.runs.request import RunRequest
    from trasluz.host.service import Service

    root = tmp_path_factory.mktemp("judged")
    data = make_photos(root / "data" / "train", {"red": 10, "blue": 10}).parent
    make_photos(data / "val", {"red": 6, "blue": 6}, size=(50, 42))
    wrong = make_photos(root / "more", {"red": 1}, size=(52, 44)) / "red" / "photo-000.jpg"
    wrong.rename(data / "val" / "blue" / "wrong.jpg")
    project = Project.create(root / "project", name="judged", data=data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRASLUZ_HOME", str(root / "home"))
        Service().inspect(data=str(data), index=str(project.index_path))
        request = RunRequest.new(
            family="finetuned-cnn",
            data=str(data),
            index=str(project.index_path),
            cache=str(project.cache_folder),
            corrections=str(project.corrections_path),
            device="cpu",
            name="first",
            settings={"strategy": "linear"},
        )
        run = RunFolder.create(project.runs_folder / request.id, request)
        launch(run)
        until = time.monotonic() + 200
        while str(run.state()) in ("waiting", "running") and time.monotonic() < until:
            time.sleep(0.2)
    assert str(run.state()) == "finished", run.log_path.read_text()
    return project.folder


@pytest.fixture
def judged_project(_trained_once: Path, tmp_path: Path) -> Path:
    """A copy of that project for one test."""
    return Path(shutil.copytree(_trained_once, tmp_path / "judged"))
