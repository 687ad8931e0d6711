"""The map of points: it can be drawn closer, moved and searched."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from pytestqt.qtbot import QtBot

from trasluz.api import Points
from trasluz.ui.views import painter_for
from trasluz.ui.views.points import PointsPainter


@pytest.fixture
def shown(qtbot: QtBot) -> PointsPainter:
    rng = np.random.default_rng(0)
    names = [f"word {number}" for number in range(60)]
    painter = painter_for(Points("Words", rng.normal(size=(60, 2)), names, ["a", "b", "c"] * 20, marked=(7,)))
    assert isinstance(painter, PointsPainter)
    qtbot.addWidget(painter)
    painter.resize(600, 450)
    painter.show()
    qtbot.waitExposed(painter)
    return painter


def places(painter: PointsPainter) -> np.ndarray:
    return painter._places(QRectF(painter.rect()))


def test_closer_and_back(shown: PointsPainter, qtbot: QtBot) -> None:
    before = places(shown)
    shown.setFocus()
    qtbot.keyClick(shown, Qt.Key.Key_Plus)
    qtbot.keyClick(shown, Qt.Key.Key_Plus)
    closer = places(shown)
    assert np.ptp(closer[:, 0]) == pytest.approx(np.ptp(before[:, 0]) * 1.25**2)
    qtbot.keyClick(shown, Qt.Key.Key_Right)
    assert np.allclose(places(shown)[:, 0], closer[:, 0] - 40, atol=0.5)
    qtbot.keyClick(shown, Qt.Key.Key_0)
    assert np.allclose(places(shown), before)


def test_what_is_under_the_pointer_stays_there(shown: PointsPainter) -> None:
    about = QPointF(*places(shown)[np.argmin(np.abs(places(shown) - [300, 225]).sum(axis=1))])
    index = shown._nearest(about)
    shown.zoom(3.0, about)
    assert shown._nearest(about) == index


def test_it_is_moved_by_the_mouse(shown: PointsPainter, qtbot: QtBot) -> None:
    shown.zoom(4.0)
    before = places(shown)
    qtbot.mousePress(shown, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
    moved = QPointF(330, 180)
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent

    shown.mouseMoveEvent(
        QMouseEvent(
            QEvent.Type.MouseMove,
            moved,
            shown.mapToGlobal(moved),
            Qt.MouseButton.NoButton,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )
    qtbot.mouseRelease(shown, Qt.MouseButton.LeftButton, pos=QPoint(330, 180))
    assert np.allclose(places(shown) - before, [30, -20])


def test_a_name_is_found_and_brought_into_the_middle(shown: PointsPainter, qtbot: QtBot) -> None:
    qtbot.keyClicks(shown.tools.field, "WORD 1")
    assert shown.selected == 1  # the name itself before word 10 to 19
    assert len(shown._found) == 11
    assert "11 found" in shown.tools._said.text()
    x, y = places(shown)[1]
    assert 0 <= x <= 600
    assert 0 <= y <= 450
    shown.tools.field.setText("nowhere")
    assert shown.selected is None
    assert "none" in shown.tools._said.text()
    shown.tools.field.clear()
    assert shown._found == []


def test_few_points_have_no_tools(qtbot: QtBot) -> None:
    painter = painter_for(Points("Few", np.eye(2), ["a", "b"]))
    qtbot.addWidget(painter)
    painter.resize(300, 200)
    painter.show()
    assert isinstance(painter, PointsPainter)
    assert not painter.tools.isVisible()
    assert not painter.grab().isNull()
