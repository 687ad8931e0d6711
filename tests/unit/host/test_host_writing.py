"""What a model writes is streamed, counted and checked by the house, whatever the family."""

from types import SimpleNamespace

import pytest

from trasluz.api import WritingPredictor, Written
from trasluz.host import writing
from trasluz.host.calls import Cancelled, UsageError


class Counting(WritingPredictor):
    """Writes 1, 2, 3, …"""

    def __init__(self) -> None:
        self.asked = {}

    def outputs(self, samples):
        return []

    def interpret(self, sample, outputs):
        raise NotImplementedError

    def write(self, start, **asked):
        self.asked = {"start": start, **asked}
        number = 0
        while True:
            number += 1
            yield Written(str(number), ((str(number), 1.0),), 0.5)


MODEL = SimpleNamespace(predictor=Counting(), provider="CPUExecutionProvider", card=SimpleNamespace(title="counts"))
ASKED = {"start": "0", "length": 5, "temperature": 0.5, "top_k": 3, "seed": 7}


def test_pieces_come_in_order_and_none_twice() -> None:
    rows = []
    found = writing.write(MODEL, **ASKED, progress=lambda step: rows.extend(step.rows), cancelled=lambda: False)
    assert found["text"] == "12345" == "".join(row["text"] for row in rows)
    assert found["length"] == 5 and found["nats"] == pytest.approx(0.6931, abs=1e-3)
    assert MODEL.predictor.asked == {"start": "0", "temperature": 0.5, "top_k": 3, "seed": 7}


def test_it_ends_when_nobody_waits() -> None:
    with pytest.raises(Cancelled):
        writing.write(MODEL, **{**ASKED, "length": 10**6}, progress=lambda _s: None, cancelled=lambda: True)


@pytest.mark.parametrize("wrong", [{"length": 0}, {"temperature": -1.0}, {"temperature": float("nan")}, {"top_k": -1}])
def test_what_cannot_be_asked_is_said(wrong: dict) -> None:
    with pytest.raises(UsageError):
        writing.write(MODEL, **{**ASKED, **wrong}, progress=lambda _s: None, cancelled=lambda: False)


def test_a_model_that_only_answers_says_so() -> None:
    answers = SimpleNamespace(predictor=object(), card=SimpleNamespace(title="clothes"))
    with pytest.raises(UsageError, match="clothes"):
        writing.write(answers, **ASKED, progress=lambda _s: None, cancelled=lambda: False)
