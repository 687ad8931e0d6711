"""The front end of series: values and gaps, brought to units of the train part inside the graph, convolutions.

Shapes: B items, S steps of the series, D channels, T steps of the recurrent layers, F features.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api import DataError, PreviewLine, Record, Sample, TrainContext

from .front import FrontEnd
from .sketches import channels

if TYPE_CHECKING:
    from torch import Tensor, nn

    from trasluz.torchkit.graph import GraphWriter

    from .settings import CoreConfig

INPUT, PAST = "series", "past"
LOOKED_AT = 500
"""Train series that means and spreads are taken from."""
STEPS_WANTED = 128
"""The stem thins a series out until the middle one has no more steps than about this."""
STRIDES_AT_MOST = 64
LONGEST = 50_000
"""Steps of a series that are read."""
FLAT = 1e-6
JITTER, RESIZE, HIDDEN = 0.05, 0.2, 0.1
"""At full strength: noise in units of the spread, change of size, and the share of steps that is hidden."""


class SeriesFront(FrontEnd):
    """A series of values with gaps.

    Args:
        stepwise: Whether each step keeps its own place, as where each has a label.
    """

    plural = "series"

    def __init__(self, *, stepwise: bool = False) -> None:
        self.stepwise = stepwise

    def facts(self, context: TrainContext) -> dict[str, Any]:
        """Measure the `mean` and the `spread` of each channel; `strides` are those of the stem.

        `streaming` is there where each step is labelled from what came before it, so that a live series can be.
        """
        from .stems import SeriesStem

        records = context.dataset.records("train")
        seen, lengths = list[np.ndarray](), list[int]()
        for at in range(0, len(records), max(1, len(records) // LOOKED_AT)):
            try:
                values = context.dataset.read(records[at]).array(INPUT)[:LONGEST]
            except DataError:
                continue  # the batches name it
            seen.append(values)
            lengths.append(len(values))
        if not seen:
            raise DataError("None of the series to learn from can be read.")
        counts = [values.shape[1] for values in seen]
        channels = max(set(counts), key=counts.count)
        together = np.concatenate([values for values in seen if values.shape[1] == channels]).astype(np.float64)
        mean = np.array([_over(np.nanmean, column, 0.0) for column in together.T])
        spread = np.array([_over(np.nanstd, column, 1.0) for column in together.T])
        wanted, strides = float(np.median(lengths)) / STEPS_WANTED, [1, 1, 1]
        while not self.stepwise and np.prod(strides) < min(wanted, STRIDES_AT_MOST):
            strides[strides.index(min(strides))] *= 2
        facts: dict[str, Any] = {
            "channels": channels,
            "mean": mean.tolist(),
            "spread": np.where(spread > FLAT, spread, 1.0).tolist(),
            "strides": strides,
            "placed": not self.stepwise,
        }
        if self.stepwise and getattr(context.config, "directions", "both") == "one":
            facts["streaming"] = {
                "input": INPUT,
                "chunk": 1,
                "tail": 0,
                "channels": channels,
                "missing": [PAST],
                "states": {PAST: [1, SeriesStem.PAST, channels]},
            }
        return facts

    def stem(self, facts: Mapping[str, Any]) -> "nn.Module":
        """Give the convolutions over a series."""
        from .stems import SeriesStem

        return SeriesStem(_inputs(facts), facts["strides"], streaming="streaming" in facts)

    def steps(self, record: Record, facts: Mapping[str, Any]) -> int:
        """As the stem thins the series out."""
        return self._steps(min(LONGEST, int(record.length or 1)), facts)

    def _steps(self, count: int, facts: Mapping[str, Any]) -> int:
        for stride in facts["strides"]:
            count = -(-count // stride)
        return count

    def prepared(self, sample: Sample, facts: Mapping[str, Any]) -> np.ndarray:
        """(S, D) float32 in units of the train part, NaN where there is no value."""
        values = self._values(sample, facts)
        mean, spread = (np.array(facts[name], np.float32) for name in ("mean", "spread"))
        found: np.ndarray = (values - mean) / spread
        return found

    def varied(
        self, kept: np.ndarray, facts: Mapping[str, Any], strength: float, draw: np.random.Generator
    ) -> np.ndarray:
        """Larger or smaller, with noise, and with a stretch hidden; its tempo stays, for that often is the class."""
        if strength <= 0:
            return kept
        values = kept * np.float32(1 + RESIZE * strength * draw.uniform(-1, 1))
        values = values + draw.normal(0, JITTER * strength, values.shape).astype(np.float32)
        long = int(draw.integers(0, 1 + round(HIDDEN * strength * len(values))))
        start = int(draw.integers(0, len(values) - long + 1))
        values[start : start + long] = np.nan
        return values

    def pictured(
        self, samples: Sequence[Sample], config: "CoreConfig", draws: Sequence[np.random.Generator]
    ) -> list[tuple[PreviewLine, ...]]:
        """Drawings of series as they are learned from; by the same code."""
        found = []
        for sample, draw in zip(samples, draws, strict=True):
            values = sample.array(INPUT)[:LONGEST].astype(np.float32)
            mean = np.array([_over(np.nanmean, column, 0.0) for column in values.T], np.float32)
            spread = np.array([_over(np.nanstd, column, 1.0) for column in values.T], np.float32)
            kept = (values - mean) / np.where(spread > FLAT, spread, np.float32(1))
            found.append(channels(self.varied(kept, {}, config.augmentation, draw)))
        return found

    def sketch(self, kept: np.ndarray) -> tuple[PreviewLine, ...]:
        """The first channels."""
        return channels(kept)

    def together(self, several: Sequence[np.ndarray], facts: Mapping[str, Any]) -> "tuple[Tensor, Tensor]":
        """(B, 2 D or 2 D + 1, S) float32: values, 0 where there is none, and 1 where there is one; padded with 0.

        Where the whole series is there, the last channel says which part of it a step is in, from -1 to 1. A stream has
        the steps before the first one too, of which nothing is there.
        """
        import torch

        past = facts["streaming"]["states"][PAST][1] if "streaming" in facts else 0
        x = np.zeros((len(several), _inputs(facts), past + max(map(len, several))), np.float32)
        for row, values in zip(x, several, strict=True):
            there = np.isfinite(values)
            known = np.concatenate([np.where(there, values, 0), there], axis=1).T
            row[: len(known), past : past + len(values)] = known
            if facts.get("placed"):
                row[-1, : len(values)] = 2 * np.arange(len(values)) / len(values) - 1
        return torch.from_numpy(x), torch.tensor([self._steps(len(values), facts) for values in several])

    def exactly(self, sample: Sample, facts: Mapping[str, Any]) -> "Tensor":
        """(1, 2 D, S)."""
        return self.together([self.prepared(sample, facts)], facts)[0]

    def write(self, writer: "GraphWriter", stem: "nn.Module", facts: Mapping[str, Any]) -> str:
        """Find the gaps, bring to units, convolve."""
        channels = facts["channels"]
        # a series that is thinned out has more steps than what is made of it, and one name would mean two lengths
        steps = "steps" if self.stepwise else "series_steps"
        series = writer.input(INPUT, np.float32, ("items", steps, channels))
        if "streaming" in facts:
            long = facts["streaming"]["states"][PAST][1]
            series = writer.node("Concat", writer.input(PAST, np.float32, ("items", long, channels)), series, axis=1)
            bounds = (writer.integers(-long), writer.integers(np.iinfo(np.int64).max), writer.integers(1))
            writer.output(writer.node("Slice", series, *bounds, result=f"{PAST}_after"), ("items", long, channels))
        gaps = writer.node("IsNaN", series)
        shifted = writer.node("Sub", series, writer.constant(facts["mean"]))
        scaled = writer.node("Div", shifted, writer.constant(facts["spread"]))
        values = writer.node("Where", gaps, writer.constant(0.0), scaled)
        there = writer.cast(writer.node("Not", gaps), np.float32)
        parts = [values, there, *([_write_places(writer, there)] if facts.get("placed") else [])]
        x = writer.node("Transpose", writer.node("Concat", *parts, axis=2), perm=[0, 2, 1])
        return writer.node("Transpose", writer.sequential(stem.layers, x), perm=[0, 2, 1])  # type: ignore[arg-type]

    def feed(self, sample: Sample, facts: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Give (1, S, D) float32."""
        return {INPUT: self._values(sample, facts)[None]}

    def preprocessing(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Say what happens to a series."""
        states = "; with it the states, `past` NaN and the others 0 at first, then what the graph gave as `…_after`"
        feed = f"`{INPUT}`: (series, steps, {facts['channels']}) float32, any number of steps"
        place = {"place": "a last channel, from -1 at the first step to 1 after the last"}
        return {
            "before_the_graph": {
                "read": f"numbers as they are, NaN where there is none; the first {LONGEST:,} steps at the most",
                "feed": feed + (states if "streaming" in facts else ""),
            },
            "in_the_graph": [
                {"subtract": facts["mean"], "divide by": facts["spread"]},
                {"missing": "0, and a second set of channels says what is there"},
                *([place] if facts.get("placed") else []),
            ],
        }

    def _values(self, sample: Sample, facts: Mapping[str, Any]) -> np.ndarray:
        values = sample.array(INPUT)[:LONGEST]
        if values.shape[1] != facts["channels"]:
            raise DataError(
                f"“{sample.record.path}” has {values.shape[1]} channels, and the model learns from "
                f"{facts['channels']}; it is left out."
            )
        return np.ascontiguousarray(values, np.float32)


def _inputs(facts: Mapping[str, Any]) -> int:
    """Channels that the stem is given."""
    return 2 * int(facts["channels"]) + bool(facts.get("placed"))


def _write_places(writer: "GraphWriter", there: str) -> str:
    """Where in the series each step is, (B, S, 1) from -1 to 1."""
    first = writer.node("Slice", there, writer.integers(0), writer.integers(1), writer.integers(2))
    ones = writer.node("Add", writer.node("Mul", first, writer.constant(0.0)), writer.constant(1.0))
    count = writer.node("ReduceSum", ones, writer.integers(1), keepdims=1)
    before = writer.node("Sub", writer.node("CumSum", ones, writer.constant(1, np.int64)), ones)
    share = writer.node("Div", before, count)
    return writer.node("Sub", writer.node("Mul", share, writer.constant(2.0)), writer.constant(1.0))


def _over(function: Any, column: np.ndarray, otherwise: float) -> float:
    return float(function(column)) if np.isfinite(column).any() else otherwise
