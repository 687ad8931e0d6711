"""The table of advice on the Model page: which run stands in which cell, and what is left to try."""

from dataclasses import dataclass, field
from typing import Any

from pytestqt.qtbot import QtBot

from trasluz.api import Advice, Axis, Quadrant, Quadrants
from trasluz.ui.pages.model_parts.advice import AdviceCard, cell_of, leaves_the_choice, untried, with_results


@dataclass
class Run:
    settings: dict[str, Any]
    score: float | None = 0.5
    low: float | None = None
    high: float | None = None
    headline: str = "accuracy"
    seconds: float | None = None
    state: str = "finished"
    sentence: str = field(default="")


def advice(*starts: str) -> Advice:
    axes = [Axis(name, name, 2.0, 1.0, "low", "high", (0.1, 10.0)) for name in ("across", "down")]
    cells = tuple(Quadrant(start) for start in starts)
    settings = tuple({"start": start} for start in starts)
    return Advice(Quadrants("t", axes[0], axes[1], cells), settings, 3, "Because.")


def test_a_run_that_chose_what_no_cell_offers_stands_in_none() -> None:
    made = advice("distil", "distil", "distil", "distil")
    assert cell_of(made, {"start": "distil"}) == 3
    assert cell_of(made, {"start": "scratch"}) is None
    assert leaves_the_choice(made, {"start": "auto"})
    assert leaves_the_choice(made, {})
    assert not leaves_the_choice(made, {"start": "scratch"})
    assert all(not cell.lines for cell in with_results(made, [Run({"start": "scratch"})]).cells)
    assert [bool(cell.lines) for cell in with_results(made, [Run({"start": "auto"})]).cells] == [0, 0, 0, 1]


def test_what_is_alike_is_tried_once(qtbot: QtBot) -> None:
    made = advice("scratch", "scratch", "masked", "masked")
    assert untried(made, []) == [0, 3]
    assert untried(made, [Run({"start": "scratch"})]) == [3]
    card = AdviceCard()
    qtbot.addWidget(card)
    card.advice = made
    card.show_choice({"start": "auto"}, [])
    assert card.try_button.text() == "Try both"
    assert card.follow_button.text() == "Following the advice"
    card.show_choice({"start": "pretrained"}, [Run({"start": "scratch"})])
    assert card.try_button.text() == "Try the last one"
    assert card.follow_button.isEnabled(), "nothing in the table was chosen, and neither was its advice"
    card.show_choice({"start": "auto"}, [Run({"start": "scratch"}), Run({"start": "masked"})])
    assert card.try_button.text() == "Both tried"
