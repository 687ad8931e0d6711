"""What can be seen in a forecaster: the forecast over the series, what it misses, how errors grow, who else does it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trasluz.api import Band, Bars, Curve, Explainer, ModelCard, Predictor, Sample, Series

from ..explain import FAMILY
from .predict import ForecastPredictor
from .texts import plain, plainly, read
from .time import time_words, times_after

PAST = 3
"""Horizons of the past that are drawn before the forecast, and residuals that are made."""
DRAWN = 120


class _OfForecasts(Explainer):
    def applies(self, card: ModelCard) -> bool:
        """Whether the model forecasts."""
        return card.family == FAMILY and card.kind == "forecast"


class _OfColumns(_OfForecasts):
    def choices(self, card: ModelCard) -> Sequence[str]:
        """The columns that are forecast."""
        return [card.extra["columns"][c] for c in card.extra["plan"]["targets"]]

    def column(self, predictor: Predictor, choice: str | None) -> int:
        """The chosen column, or the first."""
        choices = list(self.choices(predictor.card))
        if choice is not None and choice not in choices:
            raise ValueError(f"“{choice}” is none of the columns that are forecast: {', '.join(choices)}.")
        return int(predictor.card.extra["columns"].index(choice or choices[0]))


class ForecastAhead(_OfColumns):
    """The forecast with its interval, after the past."""

    id = "forecast"
    title = "What comes next"
    sentence = (
        "The last rows of the series, the forecast of what follows, the interval that should hold it, and what came "
        "where that is known."
    )

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Curve:
        """Make the view of a column, or of the first one."""
        assert isinstance(predictor, ForecastPredictor)
        column = self.column(predictor, choice)
        outputs = predictor.outputs([sample])[0]
        low, high = predictor.ends(outputs)
        past = _known(predictor, sample)[-max(DRAWN, PAST * predictor.plan.horizon) :, column]
        time = np.arange(-len(past) + 1, 1)
        ahead = np.arange(0, predictor.plan.horizon + 1)
        last = past[np.isfinite(past)][-1] if np.isfinite(past).any() else np.nan
        share = f"{float(predictor.card.extra['coverage']):.0%}"

        def joined(values: np.ndarray) -> np.ndarray:
            return np.concatenate([[last], values[:, column]]).astype(float)

        came = read(sample.record.target).get(plain(predictor.columns[column]), (np.zeros(0), 0.0))[0]
        known = np.flatnonzero(np.isfinite(came))
        return Curve(
            title=f"{predictor.columns[column]}: the next {predictor.plan.horizon} steps",
            series=[
                Series("so far", time[np.isfinite(past)], past[np.isfinite(past)].astype(float)),
                Series("forecast", ahead, joined(np.asarray(outputs["forecast"]))),
                *([Series("what came", 1 + known, came[known])] if len(known) else []),
            ],
            bands=[Band(f"holds {share}", ahead, joined(low), joined(high), of=1)],
            caption=_when(predictor, sample) + _about(predictor.card.extra, share),
            x_title="steps from the last row",
            y_title=predictor.columns[column],
        )


class Residuals(_OfColumns):
    """What one-step forecasts missed, all along the series."""

    id = "residuals"
    title = "What it missed"
    sentence = (
        "What came, less what was forecast one step before, over the last rows; a pattern here is something that the "
        "network has not learned."
    )

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Curve:
        """Make the view of a column, or of the first one."""
        assert isinstance(predictor, ForecastPredictor)
        column = self.column(predictor, choice)
        values, times = _known(predictor, sample), sample.array("times")
        first = max(1, len(values) - DRAWN, min(predictor.plan.window, len(values) - 1))
        missed, at = [], []
        for origin in range(first, len(values)):
            before = Sample(sample.record, {"series": sample.array("series")[:origin], "times": times[:origin]})
            said = float(predictor.outputs([before])[0]["forecast"][0, column])
            if np.isfinite(values[origin, column]):
                missed.append(float(values[origin, column]) - said)
                at.append(origin - len(values) + 1)
        return Curve(
            title=f"{predictor.columns[column]}: what came, less what was forecast one step before",
            series=[Series("missed by", np.array(at), np.array(missed))],
            x_title="steps from the last row",
            y_title=predictor.columns[column],
            baselines={"nothing": 0.0},
        )


class ErrorsByHorizon(_OfForecasts):
    """How errors grow with the distance, beside the simple forecasts."""

    id = "errors-by-horizon"
    title = "How far it sees"
    sentence = (
        "The mean error at each step ahead on the held-out part, in errors of the naive forecast of one step, with the "
        "simple forecasts beside it."
    )

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Curve:
        """Make the view; it is the same for each item."""
        found = predictor.card.extra["by_step"]
        return Curve(
            title=self.title,
            series=[Series(name, np.arange(1, len(v) + 1), np.array(v, float)) for name, v in found.items()],
            x_title="steps ahead",
            y_title="error, in naive errors",
            caption=_how_far(found),
        )


class AgainstSimple(_OfForecasts):
    """The network's MASE beside that of the simple forecasts."""

    id = "against-simple"
    title = "Is it worth it?"
    sentence = "The error beside that of forecasts which need no network; the shortest bar is the best forecast."

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Bars:
        """Make the view; it is the same for each item."""
        card = predictor.card
        rows = [(name, each.get("mase", np.nan)) for name, each in card.extra["compared"].items()]
        rows = sorted((row for row in rows if np.isfinite(row[1])), key=lambda row: row[1])
        own = dict(rows).get("network", np.inf)
        return Bars(
            title=plainly([name for name, value in rows if name != "network" and value <= own]),
            labels=[name for name, _ in rows],
            values=[float(value) for _, value in rows],
            highlight="network",
            unit="MASE",
        )


def _how_far(errors: Mapping[str, Sequence[float]]) -> str:
    """What the errors at each step ahead say of the network."""
    own, simple = np.array(errors["network"], float), [v for name, v in errors.items() if name != "network"]
    best = np.min(np.array(simple, float), axis=0) if simple else np.full(len(own), np.inf)
    beaten = np.flatnonzero(best <= own)  # an unknown error beats nobody
    far = int(beaten[0]) if len(beaten) else len(own)
    said = f"Errors are counted in those of the naive forecast of one step: {own[0]:.2f} one step ahead"
    said += f", {own[-1]:.2f} at step {len(own)}. " if len(own) > 1 else ". "
    if far == len(own):
        return said + "The network is nearer than every simple forecast all the way."
    if far == 0:
        return said + "A simple forecast is as near from the first step on."
    return said + f"The network is nearer than every simple forecast as far as step {far}."


def _when(predictor: ForecastPredictor, sample: Sample) -> str:
    """From when to when the forecast goes, where the rows have times."""
    rhythm = sample.record.extra.get("rhythm") or predictor.card.extra["rhythm"]
    if rhythm["unit"] == "rows":
        return ""
    after = times_after(sample.array("times"), predictor.plan.horizon, rhythm)
    first, last = (time_words(float(day), rhythm["unit"]) for day in (after[0], after[-1]))
    return f"Step 1 is {first}, the last one {last}. " if len(after) > 1 else f"It is of {first}. "


def _about(facts: Mapping[str, Any], share: str) -> str:
    """What the interval is, and what it did hold."""
    checked = facts.get("covered")
    made = f"The interval is made to hold {share} of what comes"
    if not checked:
        return f"{made}; there was too little to check that by."
    return f"{made}; of {checked['values']:,} later values it held {checked['share']:.0%}."


def _known(predictor: ForecastPredictor, sample: Sample) -> np.ndarray:
    """The columns of the model, in its order."""
    there = list(sample.record.extra.get("columns") or predictor.columns)
    found: np.ndarray = sample.array("series")[:, [there.index(name) for name in predictor.columns]]
    return found
