"""How long a run has been trained, all sittings together, without what lay between them."""

from types import SimpleNamespace

import pytest

from trasluz.api import Metric, Progress, Started
from trasluz.host.context import OPENING, Clock


def test_pauses_do_not_count_towards_a_time_limit() -> None:
    day = 86_400.0
    events: list[object] = []
    for sitting in range(3):
        begin = sitting * day
        events.append(Progress(stage=OPENING, done=0, time=begin))
        events.append(Started(pid=1, device="cpu", resumed=sitting > 0, time=begin + 1))
        events.append(Metric(name="loss", value=1.0, step=sitting + 1, split="train", time=begin + 61))
    clock = Clock.of(SimpleNamespace(events=lambda: iter(events)))  # type: ignore[arg-type]
    assert clock.seconds() == pytest.approx(180, abs=5)
