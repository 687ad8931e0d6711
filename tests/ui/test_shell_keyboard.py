"""Going about by keys in the real window, and its place remembered."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QApplication, QInputDialog
from pytestqt.qtbot import QtBot

from trasluz.api import Matrix
from trasluz.ui import keyboard
from trasluz.ui.app import settings
from trasluz.ui.place import on_a_screen
from trasluz.ui.views.matrix import MatrixPainter
from trasluz.ui.window import PAGES, Window

Opened = Callable[[Path], Window]
KEY = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier


def _in_front(window: Window, qtbot: QtBot) -> None:
    window.activateWindow()
    qtbot.wait(50)
    if not window.isActiveWindow():
        pytest.skip("there is no window manager here, so no window is ever active, and keys go nowhere")


def test_each_step_has_its_key(opened: Opened, photos: Path, qtbot: QtBot) -> None:
    window = opened(photos)
    _in_front(window, qtbot)
    pages = ("data", "model", "train", "judge", "use", "export")
    for number, page in reversed(list(enumerate(pages, start=1))):
        qtbot.keyClick(window, KEY(KEY.Key_0.value + number), CTRL)
        qtbot.waitUntil(lambda page=page: window.current == page, timeout=2000)
    qtbot.keyClick(window, KEY.Key_0, CTRL)
    qtbot.waitUntil(lambda: window.current == "start", timeout=2000)


def test_every_page_has_a_key_and_no_key_means_two_things() -> None:
    assert {entry.name for entry in keyboard.GROUPS[0].keys} == set(PAGES)
    bound = [key for group in keyboard.GROUPS for entry in group.keys if entry.name for key in entry.keys]
    assert len(bound) == len(set(bound))
    assert all(entry.words and all(map(keyboard.shown, entry.keys)) for g in keyboard.GROUPS for entry in g.keys)


def test_the_keys_are_shown_and_put_away_and_the_focus_comes_back(window: Window, qtbot: QtBot) -> None:
    _in_front(window, qtbot)
    before = window.side.button("lessons")
    before.setFocus()
    for opening, closing in ((KEY.Key_F1, KEY.Key_Escape), (KEY.Key_Question, KEY.Key_F1)):
        qtbot.keyClick(window, opening)
        qtbot.waitUntil(lambda: window._keyboard is not None and window._keyboard.isVisible(), timeout=2000)
        overlay: Any = window._keyboard
        assert overlay.geometry() == window.rect()
        assert overlay.rect().contains(overlay.card.geometry())
        for _ in range(3):
            qtbot.keyClick(QApplication.focusWidget(), KEY.Key_Tab)
            assert overlay.isAncestorOf(QApplication.focusWidget())
        qtbot.keyClick(QApplication.focusWidget(), closing)
        qtbot.waitUntil(lambda: window._keyboard is None, timeout=2000)
        assert QApplication.focusWidget() is before


def test_the_keys_fit_into_the_smallest_window(window: Window, qtbot: QtBot) -> None:
    window.show_keyboard()
    overlay: Any = window._keyboard
    window.resize(window.minimumSize())
    qtbot.waitUntil(lambda: overlay.size() == window.minimumSize(), timeout=2000)
    qtbot.wait(20)
    assert overlay.rect().contains(overlay.card.geometry())
    window.go("lessons")
    assert window._keyboard is None


def test_a_question_mark_that_is_typed_stays_in_its_field(opened: Opened, photos: Path, qtbot: QtBot) -> None:
    window = opened(photos)
    _in_front(window, qtbot)
    page: Any = window.page("data")
    qtbot.keyClick(window, KEY.Key_F, CTRL)
    qtbot.waitUntil(page.gallery.search.hasFocus, timeout=2000)
    qtbot.keyClicks(page.gallery.search, "who?")
    assert page.gallery.search.text() == "who?"
    assert window._keyboard is None
    qtbot.keyClick(page.gallery.search, KEY.Key_Escape)
    qtbot.waitUntil(lambda: not page.gallery.search.text(), timeout=2000)
    qtbot.waitUntil(lambda: page.gallery.model.rowCount() == 12, timeout=5000)


def test_photos_and_classes_are_opened_and_put_away_by_keys(opened: Opened, photos: Path, qtbot: QtBot) -> None:
    window = opened(photos)
    _in_front(window, qtbot)
    page: Any = window.page("data")
    gallery = page.gallery
    qtbot.waitUntil(lambda: gallery.model.rowCount() == 12)
    gallery.grid.setFocus(Qt.FocusReason.TabFocusReason)
    assert gallery.grid.currentIndex().row() == 0
    for number, key in enumerate((KEY.Key_Return, KEY.Key_Space), start=1):
        qtbot.keyClick(gallery.grid, KEY.Key_Right)
        assert not gallery.detail.isVisible()
        qtbot.keyClick(gallery.grid, key)
        assert gallery.detail.isVisible()
        assert f"photo-00{number}" in gallery.detail.values["file"].text().replace("\u200b", "")
        qtbot.keyClick(gallery.grid, KEY.Key_Escape)
        qtbot.waitUntil(lambda: not gallery.detail.isVisible(), timeout=2000)
        assert gallery.grid.hasFocus()
    page.classes.list.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(page.classes.list, KEY.Key_Down)
    qtbot.waitUntil(lambda: gallery.model.rowCount() == 6)
    qtbot.keyClick(page.classes.list, KEY.Key_Escape)
    qtbot.waitUntil(lambda: gallery.model.rowCount() == 12)


def test_a_cell_of_the_matrix_is_let_go_by_esc_and_the_arrows_go_on_from_there(qtbot: QtBot) -> None:
    matrix = MatrixPainter(Matrix("Taken for", np.array([[3, 1], [0, 4]]), ("a", "b"), ("a", "b")))
    qtbot.addWidget(matrix)
    matrix.resize(300, 300)
    matrix.show()
    matrix.select(1, 1)
    with qtbot.waitSignal(matrix.cleared):
        qtbot.keyClick(matrix, KEY.Key_Escape)
    assert matrix.selected is None
    with qtbot.assertNotEmitted(matrix.cleared):
        qtbot.keyClick(matrix, KEY.Key_Escape)
    qtbot.keyClick(matrix, KEY.Key_Space)
    assert matrix.selected == (1, 1)


def _again(qtbot: QtBot) -> Window:
    window = Window(settings())
    qtbot.addWidget(window)
    return window


def test_a_second_window_stands_where_the_first_one_was(qtbot: QtBot, trasluz_home: Path) -> None:
    first = _again(qtbot)
    screen = first.screen().availableGeometry()
    first.resize(min(900, screen.width()), 570)
    first.show()
    qtbot.waitExposed(first)
    first.close()
    assert _again(qtbot).size() == first.size()


def test_a_maximised_window_comes_back_maximised(qtbot: QtBot, trasluz_home: Path) -> None:
    first = _again(qtbot)
    first.showMaximized()
    qtbot.waitExposed(first)
    first.close()
    assert _again(qtbot).isMaximized()


@pytest.mark.parametrize("away", [(-5000, 40), (9000, 9000), (40, -3000)])
def test_a_window_of_a_screen_that_is_gone_is_brought_back(
    qtbot: QtBot, trasluz_home: Path, away: tuple[int, int]
) -> None:
    first = _again(qtbot)
    first.setGeometry(*away, 900, 570)
    first.close()
    screens = [screen.availableGeometry() for screen in QApplication.screens()]
    place = _again(qtbot).geometry()
    assert on_a_screen(place, screens) == place
    assert any(screen.intersects(place) for screen in screens)


def test_settings_that_make_no_sense_give_a_new_window(qtbot: QtBot, trasluz_home: Path) -> None:
    settings().setValue("window/geometry", "somebody edited this")
    assert _again(qtbot).size().width() >= 880


BOTH = [QRect(0, 0, 1920, 1040), QRect(1920, 0, 1280, 1000)]


@pytest.mark.parametrize(
    ("place", "mended"),
    [
        (QRect(100, 100, 1280, 800), QRect(100, 100, 1280, 800)),
        (QRect(1800, 50, 900, 600), QRect(1800, 50, 900, 600)),  # across both screens
        (QRect(-850, 50, 900, 600), QRect(0, 50, 900, 600)),  # 50 pixels are too few to take hold of
        (QRect(100, -200, 900, 600), QRect(100, 0, 900, 600)),  # its title is above the screen
        (QRect(4000, 2000, 4000, 3000), QRect(0, 0, 1920, 1040)),  # larger than any screen
    ],
)
def test_a_place_is_kept_if_it_can_be_reached(place: QRect, mended: QRect) -> None:
    assert on_a_screen(place, BOTH) == mended
    assert on_a_screen(place, []) == place


def test_the_rename_dialog_remembers_its_size(opened: Opened, photos: Path, qtbot: QtBot) -> None:
    window = opened(photos)

    def dialog() -> QInputDialog:
        window.top._rename()
        (found,) = (d for d in window.findChildren(QInputDialog) if d.isVisible())
        return found

    first = dialog()
    first.resize(520, first.height())
    first.setTextValue("Another name")
    first.accept()
    qtbot.waitUntil(lambda: window.session.project.name == "Another name")  # written by a worker, not by the window
    second = dialog()
    assert second.width() == 520
    second.reject()
    assert window.session.project.name == "Another name"
