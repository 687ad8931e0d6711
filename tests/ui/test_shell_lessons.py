"""The lessons can be read, and each of their drawings draws something in both looks."""

from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from trasluz.ui import theme
from trasluz.ui.pages.lesson_parts.diagrams import DIAGRAMS, Diagram
from trasluz.ui.pages.lesson_parts.texts import LESSONS
from trasluz.ui.window import PAGES, Window


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.id)
def test_a_diagram_draws_in_the_colours_of_the_theme(qapp: object, qtbot: QtBot, lesson: Any, look: Any) -> None:
    theme.theme().set_mode(look)
    try:
        diagram = Diagram(lesson.diagram, lesson.title)
        qtbot.addWidget(diagram)
        diagram.resize(672, 240)
        image = diagram.grab().toImage()
        colours = {image.pixelColor(x, y).name() for x in range(0, 672, 3) for y in range(0, 240, 3)}
        assert len(colours) > 8
        assert theme.color("accent").name() in {image.pixelColor(x, y).name() for x in range(672) for y in range(240)}
    finally:
        theme.theme().set_mode("light")


def test_every_lesson_has_a_drawing_and_leads_to_a_page() -> None:
    assert {lesson.diagram for lesson in LESSONS} == set(DIAGRAMS)
    assert {lesson.page for lesson in LESSONS} <= set(PAGES)
    assert len({lesson.id for lesson in LESSONS}) == len(LESSONS)


def test_the_contents_lead_to_their_lesson(window: Window, qtbot: QtBot) -> None:
    window.go("lessons")
    page: Any = window.page("lessons")
    qtbot.waitUntil(lambda: page.cards[2].y() > 0)
    page.show_card(page.cards[2])
    assert page.area.verticalScrollBar().value() > 0
    assert (
        page.area.viewport().rect().contains(page.cards[2].mapTo(page.area.viewport(), page.cards[2].rect().topLeft()))
    )
