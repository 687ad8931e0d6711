"""One training of a forecaster, and what is measured of it beside the simple forecasts.

Shapes: B windows, W steps of the past, H ahead, C columns.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api import DataError, Note, Outputs, Previewed, PreviewLine, Record, Sample, TrainContext

from ..lesson import GRAPH_FILE, Lesson
from ..settings import ForecastConfig
from ..sketches import line
from .baselines import baselines, verdict
from .intervals import Missed, covered, widths_for
from .rolling import away, forecast, windowed
from .texts import scores, written
from .time import periods_of, times_around
from .windows import Forecasting

if TYPE_CHECKING:
    from torch import Tensor

    from trasluz.torchkit.batches import Batches
    from trasluz.torchkit.plan import Validation

    from .network import Forecaster

WINDOWS_AT_MOST = 20_000
"""Windows of one pass, evenly from all over the train part."""
COMPARED = ("moves",)
TOO_NARROW = 0.1
"""How far the share within the intervals may stay behind before it is a warning."""
FEWEST = 8
"""Held-out forecasts; with less there are no halves."""
SMALL, STEPS = 8, 12
"""Windows of a batch at the least, and steps of a pass that there should be where the series is short."""
SKETCHED = 3
"""Horizons of the past in a small drawing."""
SLACK = 0.5
"""Spreads of the window up to which an error counts by its square, and beyond by its size (Huber 1964)."""


class ForecastLesson(Lesson["Forecaster"]):
    """Learns the way from a naive forecast to what came.

    Args:
        context: The run.
        title: What the task is called.
        data: The windows; those of the run's data where None.
    """

    metric = "mase"
    higher_is_better = False
    plural = "windows"
    compared = COMPARED
    tolerance = 1e-3
    measured_first = True
    average = 0.98

    def __init__(self, context: TrainContext, title: str, data: Forecasting | None = None) -> None:
        super().__init__(context, title)
        assert isinstance(self.config, ForecastConfig)
        self.way = self.config.way
        self.coverage = self.config.coverage
        self.data = Forecasting(context.dataset, self.config.model_dump()) if data is None else data
        self.plan = self.data.plan
        self.items = self.data.training(WINDOWS_AT_MOST)
        if not self.items:
            raise DataError(
                f"No window of {self.plan.window} steps and a horizon of {self.plan.horizon} fits into the train part; "
                "choose smaller ones, or add more rows."
            )
        first = self.data.series[0]
        low, high = first.ends["train"] if "train" in first.ends else (0, len(first.times))
        calendar = self.config.calendar and first.calendar
        self.periods = periods_of(first.times[low:high], first.rhythm, calendar)
        self.ahead = 1 if self.way == "recursive" else self.plan.horizon
        judged = "val" if self.data.count("val") else "train"
        self.judged = [(int(r.extra["number"]), int(r.extra["at"])) for r in self.data.records(judged)]  # type: ignore[arg-type]
        self.later = later_half(self.judged)
        """Of each held-out forecast, whether it is kept for the verdict: the weights are chosen by the earlier ones."""
        self.earlier: list[Missed] = []
        """What networks missed that learned from earlier parts of the train data alone; the latest part first."""
        self.in_and_out = f"the last {self.plan.window} rows of a series in, the {self.ahead} that may follow out"
        self._tell()

    def _tell(self) -> None:
        plan, first = self.data.plan, self.data.series[0]
        names = ", ".join(f"“{first.columns[c]}”" for c in plan.targets[:6])
        by = [first.columns[c] for c in plan.targets if plan.logarithm[c]]
        season = f"a season of {plan.season}" if plan.season > 1 else "no season"
        start = {
            "season": "the value a season before",
            "last": "the last value",
            "level": f"a level of which the newest value is {plan.newest:.0%}",
            "none": "the mean of the window",
        }
        scale = f", {', '.join(by)} by the logarithm" if by else ""
        sentence = (
            f"It forecasts {names}: {plan.horizon} steps ahead from {plan.window} steps of the past, with {season}. It "
            f"learns the way from {start[plan.difference]}{scale}. All of this was fitted on the train part."
        )
        self.context.emit(Note(sentence=sentence, facts=plan.to_json()))

    # What the loop asks for

    def network(self) -> "Forecaster":
        """The recurrent core between the scales."""
        from ..network import core_of
        from .network import Forecaster

        columns = len(self.plan.logarithm)
        core = core_of(self.config, Forecaster.inputs_of(columns, len(self.periods)))
        return Forecaster(core, self.plan, ahead=self.ahead, periods=self.periods, dropout=self.config.dropout)

    def batches(self) -> "Batches[tuple[int, int], Any]":
        """Windows of the train part, with a little noise."""
        from trasluz.torchkit.batches import Batches

        def load(item: tuple[int, int], draw: np.random.Generator) -> tuple[np.ndarray, ...]:
            number, at = item
            each = self.data.series[number]
            window = windowed(each.values[max(0, at - self.plan.window) : at], self.plan.window)
            spread = np.nan_to_num(np.nanstd(np.where(np.isfinite(window), window, np.nan), axis=0))
            noise = draw.normal(0, 0.1 * self.config.augmentation, window.shape) * spread
            noisy = window + noise
            window = np.where((window > 0) & (noisy <= 0), window, noisy).astype(np.float32)
            future = each.values[at : at + self.ahead].astype(np.float32)
            known = each.times[max(0, at - self.plan.window) : at]
            return window, times_around(known, self.plan.window, self.ahead, each.rhythm), future

        def collate(loaded: Sequence[tuple[np.ndarray, ...]]) -> "tuple[Tensor, ...]":
            import torch

            return tuple(torch.from_numpy(np.stack(each)) for each in zip(*loaded, strict=True))

        return Batches(
            self.items,
            load=load,
            collate=collate,
            batch_size=min(self.config.batch_size, max(SMALL, len(self.items) // STEPS)),
            seed=self.config.seed,
        )

    def loss(self, network: "Forecaster", batch: "tuple[Tensor, ...]") -> "tuple[Tensor, dict[str, float]]":
        """Huber's, in spreads of the window, over what came and is to be forecast."""
        import torch
        from torch.nn import functional

        series, days, future = batch
        inner = getattr(network, "module", network)
        seen: dict[str, Tensor] = {}
        moves = network(series, days, seen=seen)
        x = inner.scaled(future)
        wanted = (x - seen["centre"]) / seen["spread"] - seen["base"]
        counted = ~torch.isnan(wanted)
        if self.way == "direct":  # what is not asked for need not be learned, unless it is fed back
            chosen = torch.zeros(x.shape[2], dtype=torch.bool, device=x.device)
            chosen[list(self.plan.targets)] = True
            counted = counted & chosen
        if not bool(counted.any()):
            return moves.sum() * 0, {}
        return functional.smooth_l1_loss(moves[counted], wanted[counted], beta=SLACK), {}

    def measured(self, network: "Forecaster") -> "Validation":
        """Forecast from the earlier half of the origins that are held out; from all where there are few."""
        from trasluz.torchkit.checking import shown
        from trasluz.torchkit.plan import Validation

        chosen = [not each for each in self.later] if any(self.later) else [True] * len(self.judged)
        found = self._forecasts(network, chosen)
        items = [record for record, wanted in zip(self._records(), chosen, strict=True) if wanted]
        texts = [self._written(each["forecast"]) for each in found]
        rows = list(zip(items, texts, found, strict=True))
        previews = [
            Previewed(path=r.path, target=r.target, text=text, lines=self._sketch(r, each))
            for r, text, each in shown(rows)
        ]
        return Validation(scores(texts, [record.target for record in items]), previews)

    def _sketch(self, record: Record, found: Mapping[str, np.ndarray]) -> tuple[PreviewLine, ...]:
        """The first column that is forecast: its past, what came, and what is forecast now."""
        number, at, column = int(record.extra["number"]), int(record.extra["at"]), self.plan.targets[0]
        past = self.data.series[number].values[max(0, at - SKETCHED * self.plan.horizon) : at, column]
        # each begins at the last value that is known, so that the lines meet
        last = past[-1:]
        ahead = [np.concatenate([last, each[:, column]]) for each in (self._came(number, at), found["forecast"])]
        lines = [line(past, name="so far", start=1.0 - len(past))]
        return (*lines, line(ahead[0], name="what came"), line(ahead[1], name="forecast now"))

    def outcome(self, metrics: Mapping[str, float]) -> str:
        """By the naive forecast's error."""
        return f"{metrics['mase']:.3f} times the error of the naive forecast"

    def _records(self) -> list[Any]:
        judged = "val" if self.data.count("val") else "train"
        return list(self.data.records(judged))  # type: ignore[arg-type]

    def _forecasts(self, network: "Forecaster", chosen: Sequence[bool] = ()) -> list[Mapping[str, np.ndarray]]:
        run = _runner(network)
        found = []
        for (number, at), wanted in zip(self.judged, chosen or [True] * len(self.judged), strict=True):
            if not wanted:
                continue
            each = self.data.series[number]
            found.append(
                forecast(run, each.values[:at], each.times[:at], plan=self.plan, way=self.way, rhythm=each.rhythm)
            )
        return found

    def _written(self, values: np.ndarray) -> str:
        names = [self.data.series[0].columns[c] for c in self.plan.targets]
        return written(names, values[:, list(self.plan.targets)])

    # After training

    def reference(self, network: "Forecaster") -> Callable[[Sequence[Sample]], Sequence[Outputs]]:
        """The forecasts of torch."""
        run = _runner(network)

        def outputs(samples: Sequence[Sample]) -> list[Outputs]:
            return [
                forecast(
                    run,
                    sample.array("series"),
                    sample.array("times"),
                    plan=self.plan,
                    way=self.way,
                    rhythm=sample.record.extra["rhythm"],
                )
                for sample in samples
            ]

        return outputs

    def write(self, network: "Forecaster", folder: Path) -> Mapping[str, str]:
        """One graph from raw values and times to the forecast."""
        from trasluz.torchkit.graph import GraphWriter

        from .network import write_forecaster

        writer = GraphWriter()
        write_forecaster(writer, network)
        writer.save(folder / GRAPH_FILE, self.title)
        return {"model": GRAPH_FILE}

    def preprocessing(self) -> Mapping[str, Any]:
        """What is in the graph."""
        feed = {
            "series": f"(windows, {self.plan.window}, {len(self.plan.logarithm)}) float32: the last rows, NaN = missing"
        }
        if self.periods:
            feed["days"] = (
                f"(windows, {self.plan.window + self.ahead}) float64: their times and those to come, since 1970"
            )
        return {
            "before_the_graph": {"feed": feed},
            "in_the_graph": [
                {"logarithm": list(self.plan.logarithm)},
                {"subtract": "the window's mean", "divide by": "its standard deviation, at least the floor"},
                {"calendar": list(self.periods)},
                {"difference from": self.plan.difference, "season": self.plan.season},
                "all of it is taken back in the forecast",
            ],
        }

    def extra(self, network: "Forecaster") -> Mapping[str, Any]:
        """Intervals with their coverage, errors by horizon, and the simple forecasts beside the network."""
        found, records = self._forecasts(network), self._records()
        missed, later = self._missed(found), np.array(self.later)
        before = [self._asked(each) for each in (missed.only(~later), *self.earlier)]
        checked = covered(before, self._asked(missed.only(later)), self.coverage) if later.any() else None
        self._tell_coverage(checked)
        simple = baselines(self.data, self.judged, self.context.stopping)
        own = self._scored([each["forecast"] for each in found], records)
        others = {name: self._scored(values, records) for name, values in simple.items()}
        sentence, beats = verdict(own, others)
        sentence += (
            " This is on the later half of the held-out part; by the earlier half the weights were chosen, and the "
            "score is over both."
            if later.any()
            else " Compared on the forecasts that the weights were chosen by, for there are too few: it flatters."
        )
        self.context.emit(Note(sentence=sentence, level="info" if beats else "warning", facts={"baselines": others}))
        came = [self._came(number, at) for number, at in self.judged]
        by_step = {"network": self._by_step([each["forecast"] for each in found], came)}
        by_step |= {name: self._by_step(values, came) for name, values in simple.items()}
        self.worth = sentence
        first = self.data.series[0]
        return {
            "plan": self.plan.to_json(),
            "way": self.way,
            "periods": list(self.periods),
            "columns": list(first.columns),
            "rhythm": dict(first.rhythm),
            "coverage": self.coverage,
            "covered": None if checked is None else {"share": checked[0], "values": checked[1]},
            "widths": np.round(widths_for([missed, *self.earlier], self.coverage), 6).tolist(),
            "compared": {"network": _finite(own)} | {name: _finite(each) for name, each in others.items()},
            "by_step": by_step,
        }

    def missed(self, network: "Forecaster") -> Missed:
        """What its forecasts from the held-out origins missed."""
        return self._missed(self._forecasts(network))

    def _missed(self, found: Sequence[Mapping[str, np.ndarray]]) -> Missed:
        gaps = [
            _padded(away(each, self._came(*item), self.plan), self.plan.horizon)
            for each, item in zip(found, self.judged, strict=True)
        ]
        return Missed(np.stack(gaps), *np.array(self.judged).T)

    def _asked(self, missed: Missed) -> Missed:
        """Of the columns that are forecast alone."""
        return replace(missed, gaps=missed.gaps[:, :, list(self.plan.targets)])

    def _scored(self, values: Sequence[np.ndarray], records: Sequence[Any]) -> dict[str, float]:
        """The metrics of the forecasts that nothing was chosen by; of all where there are none."""
        wanted = self.later if any(self.later) else [True] * len(values)
        rows = [(self._written(v), r.target) for v, r, each in zip(values, records, wanted, strict=True) if each]
        return scores([text for text, _ in rows], [truth for _, truth in rows])

    def _came(self, number: int, at: int) -> np.ndarray:
        each = self.data.series[number]
        _, high = next(ends for ends in each.ends.values() if ends[0] <= at < ends[1])
        return each.values[at : min(at + self.plan.horizon, high)]

    def _tell_coverage(self, checked: tuple[float, int] | None) -> None:
        made_from = "the earlier half of the held-out forecasts"
        if self.earlier:
            made_from += " and from what networks missed that had seen earlier parts of the train data only"
        if checked is None:
            sentence = (
                f"The intervals are made to hold {self.coverage:.0%} of what comes, but there are too few forecasts to "
                "check that on others than those that they were made from."
            )
        else:
            sentence = (
                f"The intervals are made to hold {self.coverage:.0%} of what comes. Made from {made_from}, they held "
                f"{checked[0]:.0%} of {checked[1]:,} values of the later half."
            )
        narrow = checked is not None and checked[0] < self.coverage - TOO_NARROW
        if narrow:
            sentence += " Things have changed meanwhile: take the intervals for too narrow."
        self.context.emit(Note(sentence=sentence, level="warning" if narrow else "info", facts={"covered": checked}))

    def _by_step(self, forecasts: Sequence[np.ndarray], came: Sequence[np.ndarray]) -> list[float]:
        """(H,) the mean error at each step ahead, in errors of the naive forecast."""
        columns = list(self.plan.targets)
        rows = []
        for (number, _), said, true in zip(self.judged, forecasts, came, strict=True):
            gap = np.abs(np.asarray(said, np.float64)[: len(true)] - true) / self.data.naive[number]
            rows.append(_padded(gap, self.plan.horizon)[:, columns])
        every = np.stack(rows)
        return [
            float(np.nanmean(every[:, h])) if np.isfinite(every[:, h]).any() else 0.0 for h in range(every.shape[1])
        ]


def later_half(items: Sequence[tuple[int, int]]) -> list[bool]:
    """Which origins lie in the later half of their series' held-out part; none where there are fewer than 8 in all."""
    origins: dict[int, list[int]] = {}
    for number, at in items:
        origins.setdefault(number, []).append(at)
    middle = {number: sorted(each)[(len(each) - 1) // 2] for number, each in origins.items()}
    return [len(items) >= FEWEST and at > middle[number] for number, at in items]


def _padded(values: np.ndarray, horizon: int) -> np.ndarray:
    found = np.full((horizon, values.shape[1]), np.nan)
    found[: len(values)] = values
    return found


def _finite(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if np.isfinite(value)}


def _runner(network: "Forecaster") -> Callable[[np.ndarray, np.ndarray], Mapping[str, np.ndarray]]:
    import torch

    device = next(network.parameters()).device

    def run(series: np.ndarray, days: np.ndarray) -> Mapping[str, np.ndarray]:
        with torch.no_grad():
            found = network.everything(torch.from_numpy(series).to(device), torch.from_numpy(days).to(device))
        return {name: each.cpu().numpy() for name, each in found.items()}

    return run
