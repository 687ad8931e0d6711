"""A run's events, folded into what the Train page shows. No widgets: it can be tested and replayed anywhere."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trasluz.api import (
    Curve,
    Event,
    Failed,
    Finished,
    Metric,
    Note,
    Preview,
    Progress,
    Sampled,
    Series,
    Stages,
    Started,
    Stopped,
)
from trasluz.ui.pages.words import SPLITS, metric_words


@dataclass(slots=True)
class Stretch:
    """One stage of the run: what was done, how much of it, and for how long."""

    stage: str
    began: float
    last: float
    done: float = 0.0
    total: float | None = None
    unit: str = ""
    passes: float | None = None
    over: bool = False

    @property
    def fraction(self) -> float | None:
        """How far it is, or None while nobody knows."""
        if self.over:
            return 1.0
        return min(1.0, self.done / self.total) if self.total else None

    @property
    def seconds(self) -> float:
        """How long it took so far."""
        return max(0.0, self.last - self.began)


@dataclass(slots=True)
class Story:
    """What a run has said so far."""

    device: str = ""
    resumed: bool = False
    progress: Progress | None = None
    stretches: list[Stretch] = field(default_factory=list)
    points: dict[str, dict[str, dict[float, float]]] = field(default_factory=dict)
    best: dict[str, tuple[float, float]] = field(default_factory=dict)
    preview: Preview | None = None
    sampled: Sampled | None = None
    notes: list[Note] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    finished: Finished | None = None
    failed: Failed | None = None
    stopped: Stopped | None = None
    _expected: float | None = None
    """The pass at which it was last thought to end."""

    def add(self, events: Iterable[Event]) -> None:
        """Take in what came next."""
        for event in events:
            match event:
                case Started():
                    self.device, self.resumed = event.device, event.resumed
                    # a run that was taken up again has not ended
                    self.finished = self.failed = self.stopped = None
                case Progress():
                    self._progressed(event)
                case Metric():
                    self.points.setdefault(event.name, {}).setdefault(event.split, {})[event.step] = event.value
                    if event.best:
                        self.best[event.name] = (event.step, event.value)
                case Preview():
                    self.preview = event
                case Sampled():
                    self.sampled = event
                case Note():
                    self.notes.append(event)
                    self.facts.update(event.facts)
                case Finished():
                    self.finished = event
                    self._close(event.time)
                case Failed():
                    self.failed = event
                case Stopped():
                    self.stopped = event

    def _progressed(self, event: Progress) -> None:
        self.progress = event
        current = self.stretches[-1] if self.stretches else None
        if current is None or current.stage != event.stage:
            self._close(event.time)
            # a resumed run tells its stages again; each is shown once
            self.stretches = [s for s in self.stretches if s.stage != event.stage]
            current = Stretch(event.stage, event.time, event.time)
            self.stretches.append(current)
        current.last, current.done, current.total, current.unit = event.time, event.done, event.total, event.unit
        current.passes = event.passes

    def _close(self, time: float) -> None:
        if self.stretches:
            self.stretches[-1].over = True
            self.stretches[-1].last = max(self.stretches[-1].last, time)

    def metrics(self, headline: str = "") -> list[str]:
        """The metrics with more than one point, the headline first, then loss and the others.

        What a network beside tells of itself, `loss_gru`, is a line of the curve of `loss`.
        """
        found = [
            name
            for name, splits in self.points.items()
            if any(len(p) > 1 for p in splits.values()) and name.rpartition("_")[0] not in self.points
        ]
        order = {headline: 0, "accuracy": 1, "loss": 2, "learning_rate": 9}
        return sorted(found, key=lambda name: (order.get(name, 5), name))

    def curve(self, name: str, baselines: dict[str, float] | None = None) -> Curve:
        """The curve of one metric, learning first and judging second."""
        words = metric_words(name)
        series = []
        splits = self.points.get(name, {})
        for split in sorted(splits, key=lambda s: ["train", "", "val", "test"].index(s) if s in SPLITS else 9):
            points = sorted(splits[split].items())
            x, y = np.array([p[0] for p in points]), np.array([p[1] for p in points])
            series.append(Series(SPLITS.get(split, split) or words.title.lower(), x, y))
        for other, splits in self.points.items():
            base, _, who = other.rpartition("_")
            told = next((splits[split] for split in ("val", "train", "") if split in splits), None)
            if base == name and told:
                points = sorted(told.items())
                series.append(Series(who.upper(), np.array([p[0] for p in points]), np.array([p[1] for p in points])))
        return Curve(words.title, tuple(series), x_title="pass", unit=words.unit, baselines=baselines or None)

    @property
    def passes(self) -> float | None:
        """How many passes the run goes at the most, where it is one that goes by passes."""
        return next((stretch.passes for stretch in reversed(self.stretches) if stretch.passes), None)

    @property
    def span(self) -> float | None:
        """The pass at which the curves will end, or have ended; None where the run does not go by passes.

        A time limit or patience may end a run long before its last pass, and its curves would be a sliver at the left.
        """
        passes, reached = self.passes, self._reached
        if passes is None or not reached:
            return passes
        if self.finished is not None:
            return _rounded_up(reached, digits=3)
        progress = self.progress
        if progress is None or not (progress.total and progress.rate and progress.passes and progress.seconds_left):
            return max(reached, self._expected or passes)  # in between, while it is judged or written
        share = (progress.done + progress.rate * progress.seconds_left) / progress.total
        expected = max(reached, share * progress.passes)
        self._expected = passes if expected > passes / 2 else min(passes, _rounded_up(expected))
        return self._expected

    @property
    def share(self) -> float:
        """How much of what will be done is done: of all of it, or of what a time limit leaves room for."""
        progress = self.progress
        if progress is None or not progress.total:
            return 0.0
        total = progress.total
        if progress.passes and progress.rate and progress.seconds_left is not None:
            total = min(total, progress.done + progress.rate * progress.seconds_left)
        return min(1.0, progress.done / total) if total else 1.0

    @property
    def _reached(self) -> float:
        every = (points for splits in self.points.values() for points in splits.values())
        return max((step for points in every for step in points), default=0.0)

    @property
    def stages(self) -> Stages | None:
        """The network's stages and which of them learn, where the run told."""
        rows = self.facts.get("stages")
        if not isinstance(rows, list) or not rows or not all(isinstance(r, dict) and "name" in r for r in rows):
            return None
        count = len(rows)
        sizes = [float(row.get("size", count - i * 0.7)) for i, row in enumerate(rows)]
        learning = [bool(row.get("learning")) for row in rows]
        names = [str(row["name"]) for row in rows]
        return Stages("Which stages learn", names, sizes, learning)

    @property
    def stages_sentence(self) -> str:
        """What the stages mean, in a line."""
        stages = self.stages
        if stages is None:
            return ""
        frozen = sum(not on for on in stages.learning)
        if frozen == len(stages.learning):
            return "all keep what they learned from 1.3 million photos"
        if not frozen:
            return "all learn from your data"
        if all(stages.learning[frozen:]):
            first = "the first" if frozen == 1 else f"the first {_number(frozen)}"
            return f"{first} {'keeps' if frozen == 1 else 'keep'} what they learned from 1.3 million photos"
        return f"{_number(frozen)} of {len(stages.learning)} keep what they learned from 1.3 million photos"


def _rounded_up(value: float, *, digits: int = 1) -> float:
    """The next number with so many digits, so that an axis does not tremble with an estimate."""
    last = 10.0 ** (math.floor(math.log10(value)) - digits + 1)
    return float(f"{math.ceil(value / last - 1e-9) * last:.{digits}g}")


def _number(count: int) -> str:
    names = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    return names[count] if count < len(names) else str(count)
