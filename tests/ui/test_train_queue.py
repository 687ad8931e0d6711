"""Several runs and pauses, in a real window with real training processes."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from trasluz.api import Metric, Progress, Started
from trasluz.core.plugins.state import Decision, deciding
from trasluz.core.plugins.trust import content_hash
from trasluz.core.runs import queue
from trasluz.core.runs.folder import RunFolder
from trasluz.core.runs.request import RunRequest
from trasluz.ui.app import settings
from trasluz.ui.pages.train import TrainPage
from trasluz.ui.window import Window

Opened = Callable[[Path], Window]


@pytest.fixture
def mean_colour(trasluz_home: Path) -> None:
    """A family that trains within a second."""
    source = Path(__file__).parents[1] / "unit" / "host" / "mean_colour"
    target = trasluz_home / "plugins" / "mean-colour"
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    with deciding() as decided:
        decided.plugins["mean-colour"] = Decision(enabled=True, trusted=content_hash(target))


def train_page(window: Window) -> TrainPage:
    window.go("train")
    page = window.page("train")
    assert isinstance(page, TrainPage)
    return page


def new_run(window: Window, name: str) -> RunFolder:
    project = window.session.project
    assert project is not None
    request = RunRequest(id=name, name=name, family="finetuned-cnn", data=str(project.data))
    return RunFolder.create(project.runs_folder / name, request)


def press(widget: object, name: str, qtbot: QtBot) -> None:
    found = [
        b for b in widget.findChildren(QAbstractButton) if b.isVisible() and name in (b.accessibleName(), b.text())
    ]  # type: ignore[attr-defined]
    assert found, name
    qtbot.mouseClick(found[0], Qt.MouseButton.LeftButton)


def shown_rows(page: TrainPage) -> list[str]:
    names = [b.accessibleName() for b in page.queue.findChildren(QAbstractButton) if b.isVisible()]
    return [name.partition(":")[0].rpartition("· ")[2] for name in names if name.endswith("out of the queue")]


def test_runs_that_wait_are_listed_moved_and_taken_out(opened: Opened, photos: Path, qtbot: QtBot) -> None:
    window = opened(photos)
    first = new_run(window, "first")
    with first.lock(), first:
        first.append(Started(pid=1, device="cpu"))
        first.append(Progress(stage="Learning", done=1, total=8, unit="passes", passes=8))
        others = [new_run(window, name) for name in ("second", "third", "fourth")]
        for run in others:
            queue.put(run)
        window.session.choose_run(first.path)
        page = train_page(window)
        qtbot.waitUntil(lambda: shown_rows(page) == ["second", "third", "fourth"], timeout=30_000)
        row = next(i for i, (_, title) in enumerate(page.queue._named) if "third" in title)
        press(page.queue, f"{page.queue._named[row][1]}: sooner", qtbot)
        qtbot.waitUntil(lambda: shown_rows(page) == ["third", "second", "fourth"], timeout=30_000)
        press(page.queue, f"{page.queue._named[2][1]}: take out of the queue", qtbot)
        qtbot.waitUntil(lambda: shown_rows(page) == ["third", "second"], timeout=30_000)
        assert not others[2].path.exists()
        # one that waits says so itself
        window.session.choose_run(others[0].path)
        qtbot.waitUntil(lambda: page.header._title.text() == "Waiting for its turn", timeout=30_000)
        press(page, "Take out of the queue", qtbot)
        qtbot.waitUntil(lambda: not others[0].path.exists(), timeout=30_000)
        assert window.session.run is not None
        assert window.session.run.folder.path == first.path
        qtbot.waitUntil(page.pause_button.isVisible, timeout=30_000)
        press(page, "Pause", qtbot)
        qtbot.waitUntil(first.pause_asked, timeout=30_000)
        assert queue.held(first.path.parent)
        assert "Pausing…" in [b.text() for b in page.findChildren(QAbstractButton)]
        first.clear_stop()
        queue.leave(others[1])


@pytest.mark.slow
def test_train_twice_pause_close_the_window_and_go_on(
    window: Window, mean_colour: None, photos: Path, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(window.session.data_changed, timeout=60_000):
        window.open_paths([photos])
    session = window.session
    made: list[Path] = []
    slow = {"epochs": 400, "seconds": 0.05}
    session.start_run("mean-colour", slow, name="slow", device="cpu", then=made.append)
    session.start_run("mean-colour", {"epochs": 3}, name="quick", device="cpu", then=made.append)
    page = train_page(window)
    qtbot.waitUntil(lambda: len(made) == 2, timeout=60_000)
    first, second = sorted((RunFolder(path) for path in made), key=lambda run: run.request.name != "slow")
    qtbot.waitUntil(lambda: shown_rows(page) == ["quick"], timeout=60_000)
    qtbot.waitUntil(lambda: any(isinstance(e, Metric) for e in first.events()), timeout=60_000)
    qtbot.waitUntil(page.pause_button.isVisible, timeout=60_000)
    press(page, "Pause", qtbot)
    qtbot.waitUntil(lambda: page.header._title.text() == "Paused", timeout=60_000)
    project = session.project
    assert project is not None
    window.close()
    window.end()

    again = Window(settings())
    qtbot.addWidget(again)
    again.show()
    again.begin()
    try:
        with qtbot.waitSignal(again.session.data_changed, timeout=60_000):
            again.session.open_project(project.folder)
        page = train_page(again)
        again.session.choose_run(first.path)
        qtbot.waitUntil(lambda: page.header._title.text() == "Paused", timeout=60_000)
        assert second.queued()
        press(page, "Go on →", qtbot)
        qtbot.waitUntil(page.stop_button.isVisible, timeout=60_000)
        press(page, "Stop and keep the best", qtbot)
        qtbot.waitUntil(second.has_model, timeout=120_000)
        assert first.has_model()
        assert any(e.type == "stopped" and e.paused for e in first.events())
    finally:
        again.end()
