"""What can be seen in a model of labelled series: the part that decided, and the labels over time."""

from collections.abc import Sequence

import numpy as np

from trasluz.api import Band, Curve, Explainer, ModelCard, Predictor, Sample, Series
from trasluz.api.step_labels import parted

from .explain import FAMILY
from .predict import PROBABILITIES
from .series_front import INPUT, LONGEST

PARTS = 40
"""Places at which a part is hidden."""
WIDE = 0.1
"""Of the series, that is hidden at once."""
LEAST = 0.005
"""Of certainty; what costs less does not count."""
SHOWN = 6
"""Channels, or labels, that are drawn."""


class DecidingPart(Explainer):
    """Occlusion (Zeiler and Fergus, ECCV 2014): how much less sure the model is where a part is missing."""

    id = "deciding-part"
    title = "Which part decided"
    sentence = (
        "Stretches of the series are hidden one after the other, as if they were missing: where the model then is less "
        "sure of its answer, it had looked there."
    )

    def applies(self, card: ModelCard) -> bool:
        """Whether it is a model of classes of series."""
        return card.family == FAMILY and card.kind == "series-classes"

    def choices(self, card: ModelCard) -> Sequence[str]:
        """The class that is asked about."""
        return list(card.labels)

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Curve:
        """Make the view for a class, or for the one that is answered."""
        labels = list(predictor.card.labels)
        if choice is not None and choice not in labels:
            raise ValueError(f"“{choice}” is none of the model's classes: {', '.join(labels)}.")
        values = sample.array(INPUT)[:LONGEST]
        whole = np.asarray(predictor.outputs([sample])[0][PROBABILITIES])
        number = labels.index(choice) if choice is not None else int(whole.argmax())
        counted = self._counted(predictor, sample, values, number, float(whole[number]))
        time, several = np.arange(len(values)), values.shape[1] > 1
        drawn = [
            Series(f"channel {d + 1}", time, _in_unit(values[:, d]))
            if several
            else Series("series", time, _filled(values[:, d]))
            for d in range(min(SHOWN, values.shape[1]))
        ]
        low = min(float(line.y.min()) for line in drawn)
        size = max(float(line.y.max()) for line in drawn) - low or 1.0
        most = max(float(counted.max()), 0.0)
        height = counted.clip(0) / most if most >= LEAST else np.zeros(len(time))
        return Curve(
            title=f"Which part decided for “{labels[number]}”",
            series=drawn,
            x_title="step",
            y_title="each channel from 0 to 1" if several else "",
            caption=_read(most, int(counted.argmax())),
            bands=[Band("what counted", time, np.full(len(time), low), low + size * height, of=1)],
        )

    def _counted(
        self, predictor: Predictor, sample: Sample, values: np.ndarray, number: int, whole: float
    ) -> np.ndarray:
        """(S,) how much of the probability goes when what lies around a step is hidden, in the mean."""
        size = max(1, round(WIDE * len(values)))
        starts = np.unique(np.linspace(0, max(0, len(values) - size), PARTS).astype(int))
        total, count = np.zeros(len(values)), np.zeros(len(values))
        hidden = []
        for start in starts:
            without = values.copy()
            without[start : start + size] = np.nan
            hidden.append(Sample(sample.record, {**sample.inputs, INPUT: without}))
        for start, outputs in zip(starts, predictor.outputs(hidden), strict=True):
            total[start : start + size] += whole - float(outputs[PROBABILITIES][number])
            count[start : start + size] += 1
        found: np.ndarray = total / np.maximum(count, 1)
        return found


def _read(most: float, at: int) -> str:
    """What the plot says."""
    if most < LEAST:
        return "Whichever stretch is hidden, it stays as sure: no part decided alone."
    return (
        "The higher the tone behind the line, the less sure it is with the stretch around there hidden: up to "
        f"{100 * most:.0f} points less, around step {at:,}."
    )


class StepProbabilities(Explainer):
    """How likely each label is at each step."""

    id = "step-labels"
    title = "What it says, step by step"
    sentence = "How likely each label is at each step, over the series."

    def applies(self, card: ModelCard) -> bool:
        """Whether the model labels steps."""
        return card.family == FAMILY and "step_labels" in card.extra

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Curve:
        """Make the view: the labels that are likeliest anywhere."""
        names = predictor.card.extra["step_labels"]
        shares = np.asarray(predictor.outputs([sample])[0][PROBABILITIES])  # (T, K)
        chosen = np.argsort(-shares.mean(0))[:SHOWN]
        time = np.arange(len(shares))
        values = sample.array(INPUT)[: len(shares), 0]
        lines = [Series(names[k], time, shares[:, k].astype(float)) for k in chosen]
        true, said = parted(sample.record.target)[: len(shares)], [names[k] for k in shares.argmax(axis=1)]
        wrong = np.array([a != b for a, b in zip(true, said, strict=False)], float)
        known = len(true) > 1
        channel = "channel 1" if sample.array(INPUT).shape[1] > 1 else "series"
        caption = f"{int(wrong.sum()):,} of {len(true):,} steps are called otherwise than they are. " if known else ""
        return Curve(
            title=self.title,
            series=[*lines, Series(channel, time, _in_unit(values))],
            x_title="step",
            y_title="probability; the first channel beside it, from 0 to 1",
            caption=f"{caption}{_unsure(shares, said)}“{channel}” is measured, from its least to its greatest value.",
            bands=[Band("called otherwise", time[: len(true)], 0 * wrong, wrong, of=len(lines) + 1)] if known else [],
        )


def _unsure(shares: np.ndarray, said: Sequence[str]) -> str:
    """Where the labels are least sure, of (T, K) probabilities and what is said by them."""
    if not len(said):
        return ""
    at = int(shares.max(axis=1).argmin())
    return f"It is least sure at step {at:,}: {said[at]} {shares[at].max():.0%}. "


def _filled(values: np.ndarray) -> np.ndarray:
    """As they are; where there is no value, the last one before it."""
    known = np.isfinite(values)
    if not known.any():
        return np.zeros(len(values))
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    found: np.ndarray = values[np.where(last >= 0, last, int(np.flatnonzero(known)[0]))].astype(float)
    return found


def _in_unit(values: np.ndarray) -> np.ndarray:
    """From 0 to 1; where there is no value, the last one before it."""
    filled = _filled(values)
    low, high = float(filled.min()), float(filled.max())
    return (filled - low) / (high - low) if high > low else np.full(len(values), 0.5)
