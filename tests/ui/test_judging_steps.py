"""Labels of steps are judged step by step: on the Judge page, in the rows of series, and while they are learned."""

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from trasluz.api import ModelCard, Previewed, PreviewLine
from trasluz.ui.pages.judging.photos import JudgedList
from trasluz.ui.pages.judging.sides import CLASSES, DOUBT, MATRIX, VERSUS, Sides
from trasluz.ui.pages.judging.steps import counted, step_words, wrong_steps
from trasluz.ui.pages.judging.verdict import Verdict, verdict_of
from trasluz.ui.pages.training.previews import PreviewList

ITEMS = (
    ("a", "walk × 6 → run × 4", "walk × 5 → run × 5"),
    ("b", "run × 3", "run × 3"),
    ("c", "run × 4 → fall × 2", "walk × 4 → run × 1"),
)


@pytest.fixture
def verdict() -> Verdict:
    card = ModelCard.model_construct(
        kind="series-steps",
        labels=(),
        headline="accuracy",
        metrics={"accuracy": 0.7},
        extra={"step_labels": ["run", "walk"]},
    )
    raw = [{"path": path, "target": target, "text": said, "score": 0.9} for path, target, said in ITEMS]
    return verdict_of(card, {"items": raw, "split": "val"})


def test_steps_are_counted_also_those_left_unsaid_and_labels_that_nobody_learned(verdict: Verdict) -> None:
    assert verdict.labels == ["run", "walk", "(nothing)", "fall"]
    run, walk, nothing, fall = range(4)
    assert verdict.counts[run].tolist() == [7, 4, 0, 0]
    assert verdict.counts[walk].tolist() == [1, 5, 0, 0]
    assert (verdict.counts[fall, run], verdict.counts[fall, nothing]) == (1, 1)
    assert [item.path for item in verdict.behind(walk, run)] == ["a"]
    assert [item.path for item in verdict.behind(run, run)] == ["a", "b"]
    assert [item.path for item in verdict.mistakes()] == ["c", "a"]  # the most wrong steps first
    assert [item.path for item in verdict.of_class("walk", "taken")] == ["c"]
    assert [item.path for item in verdict.of_class("fall", "missed")] == ["c"]
    assert verdict.cell_title(walk, run)[0] == "1 step of walk taken for run"
    assert verdict.mistakes_title(2)[0] == "2 of 3 series with a wrong step"
    assert (verdict.curve, verdict.score) == (None, 0.7)


def test_the_page_offers_what_means_something_of_steps(verdict: Verdict, qtbot: QtBot) -> None:
    sides = Sides()
    qtbot.addWidget(sides)
    sides.show_verdict(verdict)
    assert [sides.buttons[side].isHidden() for side in (MATRIX, CLASSES, DOUBT, VERSUS)] == [False, False, True, True]
    assert "counted in steps" in sides._hint.text()
    rows = JudgedList()
    qtbot.addWidget(rows)
    rows.kind = "series-steps"
    line = rows.line(verdict.items[2])
    assert (line.strong, line.below) == ("0.0% of the steps", "4 run taken for walk, 2 others")
    assert rows.line(verdict.items[1]).below == "and so it is"


def test_a_preview_says_which_share_of_the_steps_is_right(qtbot: QtBot) -> None:
    drawn = PreviewList()
    qtbot.addWidget(drawn)
    drawn.resize(300, 160)
    lines = (PreviewLine(values=(1.0, 2.0, 0.5)),)
    images = []
    for _, target, said in (ITEMS[0], ITEMS[1]):
        drawn.show_items([("a", Previewed(path="a", target=target, text=said, lines=lines))])
        images.append(drawn.grab().toImage())
    assert images[0] != images[1]


def test_steps_of_no_series_are_nothing() -> None:
    names, counts, cells = counted([], ["a"])
    assert (names, counts.tolist(), cells) == (["a"], [[0]], {})
    assert step_words("a × 2", "a × 2")[0] == "100.0% of the steps"
    assert wrong_steps("a × 2 → b × 1", "a × 3") == 1
    assert isinstance(counts, np.ndarray)
