"""The photos as training sees them, in a real window with a real host."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from trasluz.api import Sampled, SampledItem, Started
from trasluz.core.runs.folder import RunFolder
from trasluz.core.runs.request import RunRequest
from trasluz.ui.pages.model import ModelPage
from trasluz.ui.pages.train import TrainPage
from trasluz.ui.window import Window

Opened = Callable[[Path], Window]


def test_a_setting_that_is_changed_is_seen_at_once_and_shuffle_shows_others(
    opened: Opened, photos: Path, qtbot: QtBot
) -> None:
    window = opened(photos)
    window.go("model")
    page = window.page("model")
    assert isinstance(page, ModelPage)
    qtbot.waitUntil(lambda: page.form is not None, timeout=60_000)
    form = page.form
    assert form is not None
    assert not page.variation.isVisible()
    form.set_values({"strategy": "few-layers"})
    form.open_advanced()
    strip = page.variation.strip
    qtbot.waitUntil(lambda: len(strip.items) == 6, timeout=60_000)
    before = [item.varied.toImage() for item in strip.items]
    names = [item.name for item in strip.items]
    form.rows["augmentation"].control.set_value(1.0)
    form.rows["augmentation"].control.changed.emit()
    qtbot.waitUntil(lambda: [i.varied.toImage() for i in strip.items] != before, timeout=60_000)
    assert [item.name for item in strip.items] == names  # the same photos
    now = [item.plain.toImage() for item in strip.items]
    qtbot.mouseClick(page.variation.shuffle_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: [i.plain.toImage() for i in strip.items] != now, timeout=60_000)
    form.rows["strategy"].control.set_value("linear")
    form.rows["strategy"].control.changed.emit()
    qtbot.waitUntil(page.variation.words.isVisible, timeout=60_000)
    assert "as it is" in page.variation.words.text()


def test_a_run_that_learns_shows_what_it_learns_from(opened: Opened, photos: Path, qtbot: QtBot) -> None:
    window = opened(photos)
    project, index = window.session.project, window.session.index
    assert project is not None
    assert index is not None
    records = index.records("train")
    request = RunRequest(
        id="r1",
        name="r1",
        family="finetuned-cnn",
        data=str(project.data),
        index=str(project.index_path),
        settings={"strategy": "few-layers"},
    )
    run = RunFolder.create(project.runs_folder / "r1", request)
    items = tuple(
        SampledItem(path=records[n].path, target=records[n].target, number=n, draw=(0, 0, n, 1)) for n in range(4)
    )
    with run.lock(), run:
        run.append(Started(pid=1, device="cpu"))
        run.append(Sampled(step=0.5, items=items))
        window.session.choose_run(run.path)
        window.go("train")
        page = window.page("train")
        assert isinstance(page, TrainPage)
        strip = page.samples.strip
        qtbot.waitUntil(lambda: len(strip.items) == 4, timeout=60_000)
        assert [item.name for item in strip.items] == [item.target for item in items]
        strip.setFocus()
        qtbot.keyClick(strip, Qt.Key.Key_Right)
        qtbot.keyClick(strip, Qt.Key.Key_Right)
        assert strip._shown_plain() == 2


def test_lines_and_sounds_have_places_of_their_own_shape(qtbot: QtBot) -> None:
    from PySide6.QtGui import QPixmap

    from trasluz.ui.pages.training.pictures import PictureStrip, Seen

    strip = PictureStrip("What it learns from")
    qtbot.addWidget(strip)

    def heights(width: int, height: int) -> tuple[int, int]:
        strip.show_items([Seen(QPixmap(width, height), QPixmap(width, height), "x") for _ in range(4)])
        return strip._columns(), strip._rows()

    assert heights(600, 40) == (2, 2)  # lines of ink
    assert heights(45, 64) == (4, 1)  # a spoken word
    assert heights(224, 224) == (4, 1)
    assert strip.heightForWidth(408) == 96 + 18
    strip.expect(4, "photos")  # a network that sees 48 pixels
    assert heights(48, 48) == (4, 1) and strip.heightForWidth(408) == 96 + 18
