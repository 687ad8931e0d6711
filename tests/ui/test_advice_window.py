"""The strategy table in the window, by the mouse: the advice, a cell chosen, all four tried on a person's photos."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from trasluz.ui.pages.model import ModelPage
from trasluz.ui.views.quadrants import QuadrantsPainter
from trasluz.ui.window import Window

PATIENCE = 60_000


def _table(window: Window, qtbot: QtBot) -> tuple[ModelPage, QuadrantsPainter]:
    window.resize(1280, 1000)
    window.go("model")
    page = window.page("model")
    assert isinstance(page, ModelPage)
    qtbot.waitUntil(lambda: page.advice.painter is not None and page.advice.painter.isVisible(), timeout=PATIENCE)
    assert page.advice.painter is not None
    return page, page.advice.painter


def _cell(painter: QuadrantsPainter, number: int) -> QPoint:
    inside = [
        QPoint(x, y)
        for x in range(0, painter.width(), 7)
        for y in range(0, painter.height(), 7)
        if painter.cell_at(QPoint(x, y)) == number
    ]
    return inside[len(inside) // 2]


def test_a_cell_that_is_clicked_is_what_the_run_will_do(
    opened: Callable[[Path], Window], photos: Path, qtbot: QtBot
) -> None:
    page, painter = _table(opened(photos), qtbot)
    advised = painter.view.chosen
    assert advised is not None and page.form is not None
    assert page.form.values()["strategy"] == "auto"
    other = (advised + 1) % 4
    qtbot.mouseClick(painter, Qt.MouseButton.LeftButton, pos=_cell(painter, other))
    assert page.advice.advice is not None
    assert page.form.values()["strategy"] == page.advice.advice.settings[other]["strategy"]
    assert painter.view.chosen == other
    page.advice.follow_button.click()
    assert page.form.values()["strategy"] == "auto"
    assert painter.view.chosen == advised


@pytest.mark.slow
def test_all_four_are_tried_and_the_results_fill_the_table(
    opened: Callable[[Path], Window], make_photos: Callable[..., Path], tmp_path: Path, qtbot: QtBot
) -> None:
    data = make_photos(tmp_path / "data" / "train", {"red": 12, "blue": 12}).parent
    make_photos(data / "val", {"red": 6, "blue": 6}, size=(50, 42))
    page, painter = _table(opened(data), qtbot)
    assert page.form is not None
    page.form.set_values({**page.form.values(), "epochs": 1})
    qtbot.mouseClick(page.advice.try_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.advice.try_button.text() == "All four tried", timeout=300_000)
    qtbot.waitUntil(lambda: all("% right" in " ".join(cell.lines) for cell in painter.view.cells), timeout=300_000)
    assert sorted(str(run.settings["strategy"]) for run in page.session.runs) == [
        "few-layers",
        "linear",
        "many-layers",
        "stages",
    ]
