"""Side by side on the Model page: which runs stand beside each other, what is asked for, what is shown of it."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from pytestqt.qtbot import QtBot

from trasluz.api import Curve, Series, view_to_json
from trasluz.ui.forms.schema import Choice, Field
from trasluz.ui.pages.model_parts.compare import CompareCard
from trasluz.ui.pages.model_parts.lanes import lanes_for, latest_lanes

NETWORK = Field(
    "network", "choice", "Network", default="a", choices=(Choice("a", "None"), Choice("b", "Some"), Choice("c", "All"))
)


@dataclass
class Run:
    settings: dict[str, Any]
    score: float | None = None
    state: str = "finished"
    folder: Path = field(default_factory=lambda: Path("runs/1"))


class Host:
    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answers: list[Any] = []

    def call(self, _owner: object, _method: str, params: dict[str, Any], *, success: Any, failure: Any) -> object:
        self.asked.append(params)
        self.answers.append(success)
        return SimpleNamespace(cancel=lambda: None)


def test_runs_that_differ_in_one_setting_stand_side_by_side() -> None:
    runs = [
        Run({"network": "c", "width": 8, "minutes": 5}, state="queued"),
        Run({"network": "b", "width": 8, "minutes": 5}, 0.4),
        Run({"network": "b", "width": 8, "minutes": 5}, state="failed"),
        Run({"network": "a", "width": 8, "minutes": 9}, 0.9),
        Run({"network": "a", "width": 16, "minutes": 5}, 0.8),
    ]
    lanes = latest_lanes(NETWORK, runs)
    assert [lane.run for lane in lanes] == [None, runs[1], runs[0]], "another time or width is another comparison"
    assert [lane.tried for lane in lanes] == [False, True, True]
    assert latest_lanes(NETWORK, runs[3:]) == []
    assert lanes_for(NETWORK, {"width": 16, "minutes": 5}, runs)[0].run is runs[4]
    assert not lanes_for(NETWORK, {"width": 8, "minutes": 5}, runs[2:3])[1].tried, "what failed may be tried again"


def test_one_click_asks_for_what_is_left_and_the_table_fills_in(qtbot: QtBot) -> None:
    host, card = Host(), CompareCard()
    qtbot.addWidget(card)
    entry = {"headline": "chrf"}
    session = SimpleNamespace(host=host, family=lambda _id: entry, words=SimpleNamespace(noun="pair"))
    settings = {"network": "a", "width": 8, "minutes": None}
    card.show_family(session, "texts", NETWORK, settings, [])
    card.minutes.set_value(4)
    assert card.button.isEnabled() and card.button.text() == "Compare the three"
    card.minutes.set_value(None)
    assert not card.button.isEnabled()
    card.minutes.set_value(4)
    with qtbot.waitSignal(card.asked) as asked:
        card.button.click()
    assert [(title, each["network"], each["minutes"]) for title, each in asked.args[0]] == [
        ("None", "a", 4.0),
        ("Some", "b", 4.0),
        ("All", "c", 4.0),
    ]
    made = [each for _, each in asked.args[0]]
    states = ("queued", "running", "finished")
    runs = [Run(each, state=state, folder=Path(state)) for each, state in zip(made, states, strict=True)]
    runs[2].score = 40.0
    card.show_family(session, "texts", NETWORK, settings, runs)
    assert host.asked == [{"runs": {"None": "queued", "Some": "running", "All": "finished"}}]
    curve = Curve("Score against training time", [Series("Some", np.array([1.0]), np.array([20.0]))], "minutes", "chrf")
    ahead = {"ahead": "All", "of": "Some", "by": -3.0, "low": -4.0, "high": -2.0, "items": 50, "longer_than": 7.0}
    host.answers[0](
        {
            "runs": [
                {"name": "None", "state": "queued", "so_far": {}, "done": 0.0},
                {"name": "Some", "state": "running", "so_far": {"chrf": 20.0}, "done": 0.5, "items_a_second": 90.0},
                {"name": "All", "state": "finished", "score": 40.0, "low": 38.0, "high": 42.0, "seconds": 240.0},
            ],
            "long": [ahead],
            "views": [view_to_json(curve)],
        }
    )
    shown = [card._grid.itemAt(i).widget() for i in range(card._grid.count())]
    words = [widget.text() for widget in shown if hasattr(widget, "text")]
    assert {"waits for its turn", "20 so far", "90", "38–42", "✓ done"} <= set(words)
    assert "Some is ahead of All by 3 (2 to 4), more than chance gives." in card._said.text()
    assert len(card.curves) == 1 and card.button.text() == "Under way" and not card.button.isEnabled()
