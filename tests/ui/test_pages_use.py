"""The Use page beyond one answer: don't know, two models, nearest photos, the camera; by a real model."""

import csv
import json
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from trasluz.core.inference.doubt import Answering
from trasluz.ui.pages.use import UsePage
from trasluz.ui.pages.using.camera import Live, pixels
from trasluz.ui.window import Window

PATIENCE = 30_000
_LONG_AGO = "2020-01-01T00:00:00Z"


@pytest.fixture
def using(judged_project: Path, window: Window, qtbot: QtBot) -> UsePage:
    (first,) = (judged_project / "runs").iterdir()
    second = shutil.copytree(first, first.with_name("2020-01-01-000000-0000"))
    asked = json.loads((second / "run.json").read_text())
    (second / "run.json").write_text(json.dumps({**asked, "id": second.name, "name": "second", "created": _LONG_AGO}))
    window.open_paths([judged_project])
    qtbot.waitUntil(lambda: window.session.model is not None and window.session.summary is not None, timeout=60_000)
    window.go("use")
    page = window.page("use")
    assert isinstance(page, UsePage)
    return page


def photo(page: UsePage, label: str) -> Path:
    return next((page.session.project.data / "val" / label).glob("photo-*.jpg"))


def test_below_the_threshold_it_says_that_it_does_not_know(using: UsePage, qtbot: QtBot, tmp_path: Path) -> None:
    red = photo(using, "red")
    using.answer_paths([red])
    qtbot.waitUntil(lambda: using.answer.title.text().startswith("red · "), timeout=PATIENCE)
    Answering(unsure_below=1.0).write(using.session.model)
    using.window().go("judge")
    using.window().go("use")  # the page looks again how the model is to answer
    qtbot.waitUntil(lambda: using.answer.title.text().startswith("Don’t know · perhaps red"), timeout=PATIENCE)
    qtbot.waitUntil(lambda: "“don’t know” below 100%" in _words(using.header), timeout=PATIENCE)
    qtbot.waitUntil(lambda: bool(using.tray.tray.answers[str(red)].get("unsure")), timeout=PATIENCE)
    using.answer_paths([red.parent])
    qtbot.waitUntil(lambda: not using.folder.under_way and bool(using.folder.answers.rows), timeout=PATIENCE)
    assert "times “don’t know”" in using.folder.progress.accessibleName() + _words(using.folder)
    using.folder.save(tmp_path / "t.csv")
    qtbot.waitUntil((tmp_path / "t.csv").exists, timeout=PATIENCE)
    using.folder.view.activated.emit(using.folder.view.model().index(0, 0))  # one of them is looked at, and left again
    assert using.stack.currentWidget() is not using.folder and using.clear_button.text() == "← All answers"
    qtbot.mouseClick(using.clear_button, Qt.MouseButton.LeftButton)
    assert using.stack.currentWidget() is using.folder and using.folder.answers.rows
    qtbot.mouseClick(using.folder.close_button, Qt.MouseButton.LeftButton)
    assert using.stack.currentWidget() is using.place and using.clear_button.text() == "Clear"
    rows = list(csv.DictReader((tmp_path / "t.csv").open(encoding="utf-8-sig")))
    assert {row["unsure"] for row in rows} == {"yes"} and rows[0]["answer"] == "red"


def test_the_nearest_training_photos_stand_beside_the_answer(using: UsePage, qtbot: QtBot) -> None:
    using.answer_paths([photo(using, "blue")])
    near = using.answer.near
    qtbot.waitUntil(near.isVisible, timeout=PATIENCE)
    items = near.painter.view.items
    assert items and items[0].label == "blue" and items[0].name.startswith("train/")
    assert near.title.text() == "Nearest training photos"


def test_two_models_answer_one_photo_and_a_folder(using: UsePage, qtbot: QtBot, tmp_path: Path) -> None:
    using.answer_paths([photo(using, "red")])
    assert using.other.box.count() == 2 and using.other.isVisible()
    using.other.box.setFocus()
    qtbot.keyClick(using.other.box, Qt.Key.Key_Down)
    qtbot.keyClick(using.other.box, Qt.Key.Key_Return)
    first, second = using.beside.panels
    qtbot.waitUntil(lambda: all(p.title.text().startswith("red · ") for p in (first, second)), timeout=PATIENCE)
    qtbot.waitUntil(
        lambda: all(p.painter is not None and p.painter.view.heat.size > 1 for p in (first, second)), timeout=PATIENCE
    )
    using.answer_paths([photo(using, "blue").parent])
    table = using.folder
    qtbot.waitUntil(
        lambda: not table.under_way and len(table.answers.others) == len(table.answers.rows) > 0, timeout=PATIENCE
    )
    assert table.answers.columnCount() == 6
    assert not any(table.answers.differs(row) for row in table.answers.rows), "the same settings, the same answers"
    table.save(tmp_path / "t.csv")
    qtbot.waitUntil((tmp_path / "t.csv").exists, timeout=PATIENCE)
    rows = list(csv.DictReader((tmp_path / "t.csv").open(encoding="utf-8-sig")))
    assert all(row["other_answer"] == row["answer"] for row in rows)


def test_without_a_camera_the_button_says_why(using: UsePage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    from PySide6.QtMultimedia import QMediaDevices

    monkeypatch.setattr(QMediaDevices, "videoInputs", staticmethod(list))
    assert using.camera_button.isEnabled()
    qtbot.mouseClick(using.camera_button, Qt.MouseButton.LeftButton)
    assert not using.camera_button.isEnabled() and "No camera was found" in using.camera_button.toolTip()


def test_frames_of_a_camera_are_answered_and_one_can_be_kept(using: UsePage, qtbot: QtBot) -> None:
    """Real frames through Qt's own sink, as a camera gives them."""
    from PySide6.QtMultimedia import QVideoFrame

    from trasluz.ui.pages.using.camera import CameraPanel

    panel = CameraPanel()
    qtbot.addWidget(panel)
    sink = panel.watch(using.session, using.session.model)
    frame = QVideoFrame(QImage(str(photo(using, "blue"))).convertToFormat(QImage.Format.Format_RGB32))

    def answered() -> bool:
        sink.setVideoFrame(frame)
        return panel.title.text().startswith("blue · ")

    qtbot.waitUntil(answered, timeout=PATIENCE)
    assert panel.picture.pixmap is not None and panel.keep_button.isEnabled() and not panel.trouble.isVisible()
    with qtbot.waitSignal(panel.kept) as kept:
        qtbot.mouseClick(panel.keep_button, Qt.MouseButton.LeftButton)
    assert kept.args[0].width() == 50
    panel.stop()
    frames = panel.live.frames
    sink.setVideoFrame(frame)
    assert not panel.running and panel.live.frames == frames, "after the stop nothing is taken"


def test_a_fast_camera_waits_for_a_slow_model(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    """One frame under way at a time; when its answer comes, the latest is asked about, and none between."""
    from PySide6.QtMultimedia import QVideoFrame

    asked = []

    class Host:
        def call(self, _parent, _method, params, *, success, failure):  # type: ignore[no-untyped-def]
            asked.append((int(params["image"][0, 0, 0]), success))
            return object()

    class Session:
        host, device = Host(), "cpu"

    clock = iter(range(1, 1000))
    monkeypatch.setattr("trasluz.ui.pages.using.camera.time.monotonic", lambda: float(next(clock)))
    live = Live()
    live.start(Session(), Path("m"))  # type: ignore[arg-type]
    for shade in (10, 20, 30):
        image = QImage(8, 8, QImage.Format.Format_RGB32)
        image.fill(shade << 16 | shade << 8 | shade)
        live.take(QVideoFrame(image))
    assert len(asked) == 1 and asked[0][0] == pytest.approx(10, abs=3)
    asked[0][1]({"prediction": {"text": "x"}})
    assert len(asked) == 2 and asked[1][0] == pytest.approx(30, abs=3), "the one between was passed over"
    monkeypatch.setattr("trasluz.ui.pages.using.camera.time.monotonic", time.perf_counter)


def test_a_picture_reaches_the_model_pixel_by_pixel() -> None:
    values = np.arange(5 * 3 * 3, dtype=np.uint8).reshape(3, 5, 3)
    image = QImage(values.tobytes(), 5, 3, 15, QImage.Format.Format_RGB888)
    assert np.array_equal(pixels(image), values)


def _words(widget: object) -> str:
    from PySide6.QtWidgets import QLabel

    return " ".join(label.text() for label in widget.findChildren(QLabel))  # type: ignore[attr-defined]
