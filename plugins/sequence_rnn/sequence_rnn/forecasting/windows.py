"""The series as a forecaster sees them: origins, what is known at each, and what came after.

Everything that is fitted (season, scale, what is differenced from, what the naive forecast errs by) is fitted on the
train part. An item holds nothing that lies after its origin.

Shapes: T rows of a series, C columns, W steps of the window, H of the horizon.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trasluz.api import SPLITS, ArrangedDataset, DataError, Dataset, Record, Sample, Split

from .fitting import Plan, naive_errors, plan_of
from .texts import written

ORIGINS, ORIGINS_IN_ALL = 60, 1200
"""Origins of one series that are judged by at the most, evenly from all over its stretch, and of all series."""
PAST = 2_000
"""Rows before an origin that an item holds, or as many as the window has: another model's may be longer."""


@dataclass(frozen=True, slots=True)
class Whole:
    """One series with all its stretches, in time.

    Attributes:
        values: (T, C) float32, NaN where there is none.
        times: (T,) float64.
        ends: Split → the first row of its stretch, and the one after its last.
    """

    name: str
    path: str
    values: np.ndarray
    times: np.ndarray
    columns: tuple[str, ...]
    rhythm: Mapping[str, Any]
    calendar: bool
    ends: Mapping[str, tuple[int, int]]

    def until(self, begin: float, end: float) -> "Whole":
        """Its train part cut at two shares: learned from is what lies before the first, judged by what lies between."""
        low, high = self.ends.get("train", (0, 0))
        cut, last = (low + int(share * (high - low)) for share in (begin, end))
        return replace(
            self, values=self.values[:last], times=self.times[:last], ends={"train": (low, cut), "val": (cut, last)}
        )

    def train(self) -> np.ndarray:
        """(T, C) of the train part; of all of it where there is none, as in data to judge by alone."""
        low, high = self.ends.get("train", (0, len(self.values)))
        return self.values[low:high]


class Forecasting(ArrangedDataset):
    """A `trasluz.api.Dataset` with an item for each origin.

    Raises:
        DataError: If a column is not there, or the series are too short.
    """

    def __init__(self, dataset: Dataset, settings: Mapping[str, Any]) -> None:
        super().__init__(dataset)
        self.series = _joined(dataset)
        self.plan: Plan = plan_of(
            [each.train() for each in self.series],
            [each.ends.get("val", each.ends.get("test", (0, 0))) for each in self.series],
            self.series[0].columns,
            self.series[0].rhythm,
            settings,
        )
        self.naive = [naive_errors(each.train(), self.plan.season) for each in self.series]
        self._items: dict[Split, list[tuple[int, int]]] = {split: self._origins(split) for split in SPLITS}

    def count(self, split: Split) -> int:
        """How many origins the split is judged by."""
        return len(self._items[split])

    def records(self, split: Split) -> Sequence[Record]:
        """An item for each origin."""
        return [self.record(number, at, split) for number, at in self._items[split]]

    def content_hash(self, record: Record) -> str:
        """By series and origin; what is known at an origin does not change when the future does."""
        return f"{self.fingerprint}-{record.extra['number']}-{record.extra['at']}"

    def read(self, record: Record) -> Sample:
        """What is known at the origin: `series` (≤ T, C) and `times` (≤ T,)."""
        each, at = self.series[int(record.extra["number"])], int(record.extra["at"])
        first = max(0, at - max(self.plan.window, PAST))
        inputs = {"series": each.values[first:at].copy(), "times": each.times[first:at].copy()}
        return Sample(record, inputs)

    def record(self, number: int, at: int, split: Split) -> Record:
        """The item of an origin: the row `at` is the first that is forecast."""
        each = self.series[number]
        chosen = list(self.plan.targets)
        future = each.values[at : min(at + self.plan.horizon, each.ends[split][1])][:, chosen]
        extra = {
            "number": number,
            "at": at,
            "series": each.name,
            "columns": list(each.columns),
            "rhythm": dict(each.rhythm),
            "calendar": each.calendar,
        }
        return Record(
            each.path,
            written([each.columns[c] for c in chosen], future, naive=self.naive[number][chosen]),
            f"{each.name + ', ' if each.name else ''}rows 1–{at}",
            split,
            length=float(min(at, self.plan.window)),
            extra=extra,
        )

    def training(self, at_most: int) -> list[tuple[int, int]]:
        """Series and origin of each window to learn from: all that comes after lies in the train part as well."""
        found = []
        for number, each in enumerate(self.series):
            if "train" not in each.ends:
                continue
            low, high = each.ends["train"]
            first = low + min(self.plan.window, max(1, (high - low - self.plan.horizon) // 2))
            found += [(number, at) for at in range(first, high - self.plan.horizon + 1)]
        return found[:: max(1, len(found) // at_most)]

    def earlier(self, begin: float, end: float) -> "Forecasting":
        """The same as if the first `begin` of each train part were to learn from, what comes up to `end` to judge by.

        Args:
            begin: A share of the rows of the train part; what comes after `end` is not there at all.
            end: Another, larger one.
        """
        found = copy(self)
        found.series = [each.until(begin, end) for each in self.series]
        found._items = {split: found._origins(split) for split in SPLITS}
        return found

    def _origins(self, split: Split) -> list[tuple[int, int]]:
        each_may = max(1, min(ORIGINS, ORIGINS_IN_ALL // len(self.series)))
        found = []
        for number, each in enumerate(self.series):
            if split not in each.ends:
                continue
            low, high = each.ends[split]
            low = max(low, 1)
            last = max(low, high - self.plan.horizon)
            chosen = np.unique(np.linspace(low, last, min(each_may, last - low + 1)).astype(int))
            found += [(number, int(at)) for at in chosen if np.isfinite(each.values[at:high]).any()]
        return found


def _joined(dataset: Dataset) -> list[Whole]:
    """The stretches of each series, one after the other in time."""
    pieces: dict[str, list[Record]] = {}
    for split in SPLITS:
        for record in dataset.records(split):
            pieces.setdefault(str(record.extra["series"]), []).append(record)
    found = []
    for name, records in sorted(pieces.items()):
        records = sorted(records, key=lambda record: float(record.extra["from"]))
        samples = [dataset.read(record) for record in records]
        ends: dict[str, tuple[int, int]] = {}
        at = 0
        for record, sample in zip(records, samples, strict=True):
            size = len(sample.array("times"))
            before = ends.get(str(record.split), (at, at))
            ends[str(record.split)] = (before[0], at + size)
            at += size
        first = records[0].extra
        found.append(
            Whole(
                name,
                records[-1].path,
                np.concatenate([sample.array("series") for sample in samples]),
                np.concatenate([sample.array("times") for sample in samples]),
                tuple(first["columns"]),
                first["rhythm"],
                bool(first["calendar"]),
                ends,
            )
        )
    if not found:
        raise DataError("There is no series that could be forecast; look at the list of problems on the Data page.")
    columns = found[0].columns
    return [each for each in found if each.columns == columns]
