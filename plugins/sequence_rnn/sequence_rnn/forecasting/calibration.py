"""A forecaster whose intervals are also made from what networks miss that learned from earlier parts alone.

A short series has too few held-out forecasts to say how wide an interval must be. What the network itself misses in
its train part says nothing: it has learned that part. So networks by the same rules learn from the first half and from
the first three quarters of it, and forecast the quarter that follows (rolling origin, each time learned anew).
"""

from typing import TYPE_CHECKING

import numpy as np

from trasluz.api import Note, TrainContext

from ..beside import Beside
from .intervals import independent
from .lesson import ForecastLesson
from .windows import Forecasting

if TYPE_CHECKING:
    from trasluz.torchkit.plan import Outcome, Validation

    from .network import Forecaster

PARTS = ((0.5, 0.75), (0.75, 1.0))
"""Of the train part: up to where is learned from, and up to where is then forecast."""
ENOUGH = 12
"""Held-out forecasts that do not overlap; with so many no further ones are needed."""
LEARNED = 8
"""Windows that such a network learns from at the least."""


class CalibratedLesson(ForecastLesson):
    """Learns to forecast, then how far forecasts miss.

    Args:
        context: The run.
        title: What the task is called.
    """

    def __init__(self, context: TrainContext, title: str) -> None:
        super().__init__(context, title)
        self.parts = self._parts()
        left = context.seconds_left()
        if left is not None:
            more = sum(len(each.training(10**9)) for each in self.parts) / max(1, len(self.data.training(10**9)))
            self.reserved = left * more / (1 + more)

    def _parts(self) -> list[Forecasting]:
        chosen = [item for item, later in zip(self.judged, self.later, strict=True) if not later]
        series, at = np.array(chosen).T
        if independent(series, at, self.plan.horizon) >= ENOUGH:
            return []
        parts = [self.data.earlier(*each) for each in PARTS]
        return [each for each in parts if each.count("val") and len(each.training(10**9)) >= LEARNED]

    def _learn(self, network: "Forecaster") -> "Outcome":
        found = super()._learn(network)
        self.earlier = []
        for number, part in enumerate(self.parts):
            if self.context.stopping() and not self.context.pausing():
                sentence = "The intervals are made from the held-out forecasts alone, since you asked to stop."
                self.context.emit(Note(sentence=sentence))
                self.earlier = []
                break
            passes = max(1, round(found.best_step)) if found.best_step > 0 else 0
            beside = Beside(
                self.context,
                f"earlier-{number + 1}",
                f"for the intervals, {number + 1} of {len(self.parts)}",
                share=len(self.parts) - number,
                changed={"epochs": max(1, passes)},
                quiet=True,
            )
            lesson = EarlierLesson(beside, self.title, part)
            self.earlier.insert(0, lesson.missed(lesson.learned(passes > 0)))
        return found


class EarlierLesson(ForecastLesson):
    """Learns from an earlier part for as many passes as it is told; nothing is chosen by what it is judged by."""

    choosing = False
    measured_first = False

    def measured(self, network: "Forecaster") -> "Validation":
        """Nothing: the last weights are kept."""
        from trasluz.torchkit.plan import Validation

        return Validation({self.metric: float("nan")})

    def learned(self, wanted: bool) -> "Forecaster":
        """The network after learning, or as it begins, the naive forecast."""
        from trasluz.torchkit.seed import seed_everything

        seed_everything(self.config.seed)
        network = self.network()
        if wanted:
            self._learn(network)
        return network.cpu().eval()
