"""The real window with its real host: opening, looking, filtering, dropping, going about by keys."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from pytestqt.qtbot import QtBot

from trasluz.ui.app import settings
from trasluz.ui.window import Window

Opened = Callable[[Path], Window]


def test_the_start_page_comes_first_and_the_steps_wait(window: Window) -> None:
    assert window.current == "start"
    assert not window.side.button("data").isEnabled()
    assert window.side.button("plugins").isEnabled()
    window._go_by_key("train")
    assert window.current == "start"


def test_a_file_that_is_data_by_itself_is_opened(
    window: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "spelling.tsv"
    table.write_text("".join(f"word{i}\tw o r d {i}\n" for i in range(40)))
    page: Any = window.page("start")
    monkeypatch.setattr("trasluz.ui.files.choose_file", lambda *_: str(table))
    with qtbot.waitSignal(window.session.data_changed, timeout=60_000):
        page.drop_field.file_button.click()
    assert window.session.summary.kind == "text-pairs"
    assert window.top.project.text() == "spelling"
    use: Any = window.page("use")
    use.session = window.session
    use._show_words()  # as at the first visit with a model
    assert use.typed.isVisibleTo(use) and use.stack.currentWidget().isAncestorOf(use.typed)
    window.go("start")
    with qtbot.waitSignal(window.session.project_changed, timeout=60_000):
        window.open_paths([table])  # dropped: the project that it has


def test_a_folder_becomes_a_project_and_is_looked_at(opened: Opened, photos: Path, qtbot: QtBot) -> None:
    window = opened(photos)
    session = window.session
    assert session.summary is not None
    assert session.summary.total == 12
    assert window.current == "data"
    assert window.session.step("data").line == "12 photos"
    assert window.session.step("data").done
    assert window.top.project.text() == "photos"
    assert "photos" in window.windowTitle()
    assert sorted(p.name for p in photos.rglob("*.jpg")) == [f"photo-{i:03}.jpg" for i in range(6) for _ in "ab"]
    page: Any = window.page("data")
    qtbot.waitUntil(lambda: page.gallery.model.rowCount() == 12)
    assert "to learn from" in page.header.subtitle
    assert [row[0] for row in page.classes._model.rows] == ["blue", "red"]


def test_the_same_folder_opens_the_same_project_again(opened: Opened, photos: Path, qtbot: QtBot) -> None:
    window = opened(photos)
    folder = window.session.project.folder
    with qtbot.waitSignal(window.session.data_changed, timeout=60_000):
        window.open_paths([photos])
    assert window.session.project.folder == folder


def test_thumbnails_come_from_the_host_and_a_photo_opens(opened: Opened, photos: Path, qtbot: QtBot) -> None:
    window = opened(photos)
    page: Any = window.page("data")
    gallery = page.gallery
    qtbot.waitUntil(lambda: gallery.thumbnails.held_bytes > 0 and gallery.thumbnails.waiting == 0, timeout=20_000)
    first = gallery.model.index(0, 0)
    qtbot.mouseClick(gallery.grid.viewport(), Qt.MouseButton.LeftButton, pos=gallery.grid.visualRect(first).center())
    assert gallery.detail.isVisible()
    qtbot.waitUntil(lambda: gallery.detail.picture.pixmap is not None, timeout=20_000)
    assert gallery.detail.picture.pixmap.width() == 48
    assert "blue" in gallery.detail.values["file"].text()
    qtbot.keyClick(gallery.grid, Qt.Key.Key_Right)
    assert "photo-001" in gallery.detail.values["file"].text().replace("\u200b", "")
    gallery.close_detail()
    assert not gallery.detail.isVisible()


def test_a_class_and_a_search_filter_the_gallery(opened: Opened, photos: Path, qtbot: QtBot) -> None:
    window = opened(photos)
    page: Any = window.page("data")
    gallery = page.gallery
    qtbot.waitUntil(lambda: gallery.model.rowCount() == 12)
    page.classes.list.setCurrentIndex(page.classes._model.index(1, 0))
    qtbot.waitUntil(lambda: gallery.model.rowCount() == 6)
    assert gallery.title.text() == "red"
    gallery.search.setText("photo-003")
    qtbot.waitUntil(lambda: gallery.model.rowCount() == 1)
    gallery.search.setText("nothing like it")
    qtbot.waitUntil(lambda: gallery.model.rowCount() == 0)
    assert gallery.count.text() == "No photo fits"
    gallery.all.click()
    qtbot.waitUntil(lambda: gallery.model.rowCount() == 12)
    assert gallery.title.text() == "All photos"


def test_a_problem_shows_its_photos(opened: Opened, photos: Path, qtbot: QtBot) -> None:
    (photos / "red" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut off")
    window = opened(photos)
    page: Any = window.page("data")
    problems = {p.rule: p for p in window.session.summary.problems}
    assert "unreadable" in problems
    page.problems.show_asked.emit("unreadable")
    qtbot.waitUntil(lambda: page.gallery.model.rowCount() == 1)
    item = page.gallery.model.item(0)
    assert item.path == "red/broken.jpg"
    assert item.problem


def test_data_that_cannot_be_used_is_a_sentence_and_a_way_on(window: Window, tmp_path: Path, qtbot: QtBot) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with qtbot.waitSignal(window.session.data_failed, timeout=60_000) as failed:
        window.open_paths([empty])
    assert failed.args[0].sentence.endswith((".", ";"))
    page: Any = window.page("data")
    assert page.stack.currentIndex() == 2
    assert not page.next.isEnabled()
    assert page.failed.button.isVisible()


def test_a_dropped_folder_is_opened(window: Window, photos: Path, qtbot: QtBot) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(photos))])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPointF(600, 400).toPoint(), copy, mime, left, none)
    window.dragEnterEvent(enter)
    assert enter.isAccepted()
    with qtbot.waitSignal(window.session.data_changed, timeout=60_000):
        window.dropEvent(QDropEvent(QPointF(600, 400), copy, mime, left, none))
    assert window.session.summary.total == 12


def test_a_file_that_means_nothing_is_answered_with_a_sentence(window: Window, tmp_path: Path) -> None:
    lone = tmp_path / "letter.odt"
    lone.write_text("hello")
    window.open_paths([lone])
    assert any("letter.odt" in sentence for sentence in window._toasts.sentences)
    assert window.session.project is None


def test_keys_lead_from_page_to_page(opened: Opened, photos: Path, qtbot: QtBot) -> None:
    window = opened(photos)
    window.activateWindow()
    qtbot.wait(50)
    if not window.isActiveWindow():
        pytest.skip("there is no window manager here, so no window is ever active, and keys go nowhere")
    qtbot.keyClick(window, Qt.Key.Key_8, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.current == "lessons", timeout=2000)
    qtbot.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.current == "data", timeout=2000)


def test_the_window_remembers_its_place(window: Window, qtbot: QtBot) -> None:
    window.resize(900, 640)  # the screen of the tests is no larger
    window.close()
    again = Window(settings())
    qtbot.addWidget(again)
    assert again.height() == 640


def test_the_device_is_what_the_host_measured(window: Window, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: bool(window.session.devices), timeout=60_000)
    report = window.session.devices
    assert not report.get("failed"), report
    row = next(row for row in report["rows"] if row["id"] == report["device"])
    assert window.top.device.text() == row["name"]
    assert row["milliseconds"] > 0


def test_a_project_can_be_renamed_and_its_folder_stays(opened: Opened, photos: Path, qtbot: QtBot) -> None:
    window = opened(photos)
    folder = window.session.project.folder
    with qtbot.waitSignal(window.session.project_renamed):
        window.session.rename_project("Two colours")
    assert window.top.project.text() == "Two colours"
    assert window.session.project.folder == folder


def test_every_control_has_a_name_for_a_screen_reader(opened: Opened, photos: Path, qtbot: QtBot) -> None:
    from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit

    window = opened(photos)
    for page in ("start", "data", "plugins", "lessons"):
        window.go(page)
        for kind in (QAbstractButton, QComboBox, QLineEdit):
            for control in window.findChildren(kind):
                if control.isVisible() and not control.objectName().startswith("qt_"):
                    named = control.accessibleName() or (control.text() if hasattr(control, "text") else "")
                    assert named, (page, control)


def test_what_the_machine_does_is_said_at_the_bottom(window: Window) -> None:
    window.session.set_busy("a", "Training")
    window.session.set_busy("b", "Exporting")
    assert window.bottom.busy == "Exporting · Training"
    window.session.set_busy("a", "")
    window.session.set_busy("b", "")
    assert window.bottom.busy == ""


def test_a_killed_host_costs_a_sentence_and_nothing_else(opened: Opened, photos: Path, qtbot: QtBot) -> None:
    import os
    import signal

    window = opened(photos)
    link: Any = window.session.host._link
    with qtbot.waitSignal(window.session.host.died, timeout=30_000) as died:
        os.kill(link.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    assert "started again" in died.args[0]
    answers: list[Any] = []
    window.session.host.call(window, "catalogue", success=answers.append)
    qtbot.waitUntil(lambda: bool(answers), timeout=60_000)
    assert window.session.summary.total == 12


@pytest.mark.parametrize("name", ["surfaces", "digits", "dates", "sunspots"])
@pytest.mark.slow
def test_a_sample_opens_from_its_tile(window: Window, qtbot: QtBot, name: str) -> None:
    page: Any = window.page("start")
    with qtbot.waitSignal(window.session.data_changed, timeout=120_000):
        page.samples[name].click()
    assert window.session.summary.total > (0 if name == "sunspots" else 100)


def test_photos_that_moved_are_asked_for_and_found_again(
    opened: Opened, photos: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = opened(photos)
    folder = window.session.project.folder
    window.session.close_project()
    moved = photos.rename(photos.with_name("in another place"))
    with qtbot.waitSignal(window.session.data_away, timeout=60_000):
        window.open_paths([folder])
    page: Any = window.page("data")
    assert page.stack.currentWidget() is page.away
    assert not page.next.isEnabled()
    page.refresh()
    assert page.stack.currentWidget() is page.away
    monkeypatch.setattr("trasluz.ui.pages.data.choose_folder", lambda *_: str(moved))
    with qtbot.waitSignal(window.session.data_changed, timeout=60_000):
        page._find()
    assert page.next.isEnabled()
    assert window.session.project.data == moved
    assert window.session.summary is not None and window.session.summary.total == 12
