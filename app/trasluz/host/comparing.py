"""Several runs on the same data side by side: scores, scores by length of the input, scores against time, speed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api import (
    Curve,
    Dataset,
    Metric,
    ModelFamily,
    Prediction,
    Progress,
    Series,
    Started,
    view_to_json,
)
from trasluz.core.inference.judge import JudgedItem, Judgement
from trasluz.core.runs.folder import RunFolder, RunState
from trasluz.core.runs.history import summarise

if TYPE_CHECKING:
    from trasluz.core.plugins.registry import Registry

PARTS = 4
"""Parts of like many items that the inputs are divided into by length."""
FEWEST = 20
"""Items of a part at the least."""
DRAWS = 400
"""Of the bootstrap (Efron 1979; for pairs of systems Koehn 2004)."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """A finished run's answers in the order of the items, and how long each input is."""

    name: str
    items: Sequence[JudgedItem]
    lengths: np.ndarray


def compared(registry: "Registry", runs: Mapping[str, Path]) -> dict[str, Any]:
    """Hold runs of one family on the same data against each other, also while some of them still learn or wait.

    Args:
        registry: The plugins.
        runs: What each is called in the comparison, and where it is.

    Returns:
        `runs`: a row for each with `name`, `run`, `state`, `seconds`, `items_a_second`, and of a model `metric`,
        `score`, `low`, `high`, `metrics`, of one that learns `so_far` (the last score on validation) and `done`
        (0 to 1), else `error`; `by_length`: where inputs have lengths, the parts with their bounds and each run's
        score; `long`: among the longer half, the difference of each pair of runs with its interval; `views`: curves.

    Raises:
        DataError: If a run cannot be read.
    """
    told = {name: _Told.of(RunFolder(path)) for name, path in runs.items()}
    rows, judged = [], list[tuple[str, Path, float]]()
    for name, path in runs.items():
        run = RunFolder(path)
        found = summarise(run)
        row: dict[str, Any] = {"name": name, "run": str(run.path), "state": str(found.state)}
        if run.judgement_path.is_file() and run.has_model():
            judged.append((name, run.path, run.judgement_path.stat().st_mtime))
            rows.append(row | _scores(run) | {"seconds": found.seconds, "items_a_second": told[name].rate})
        elif found.state in _UNDER_WAY:
            rows.append(row | told[name].so_far())
        else:
            rows.append(row | {"error": found.sentence or "It came to no model."})
    family = _family(registry, RunFolder(next(iter(runs.values()))))
    views = [_by_time(told, family)]
    by_length, long = _parts(registry, tuple(judged)) if judged else (None, [])
    if by_length is not None:
        views.insert(0, _length_curve(by_length, family))
    return {
        "runs": rows,
        "by_length": by_length,
        "long": long,
        "views": [view_to_json(view) for view in views if view.series],
    }


_UNDER_WAY = frozenset({RunState.QUEUED, RunState.WAITING, RunState.RUNNING, RunState.PAUSED})


@lru_cache(maxsize=8)
def _parts(
    registry: "Registry", runs: tuple[tuple[str, Path, float], ...]
) -> tuple[list[dict[str, Any]] | None, list[dict[str, Any]]]:
    """`by_length` and `long` of finished runs (name, folder, when it was judged); kept, for the draws take seconds."""
    judged = list[_Judged]()
    family: ModelFamily | None = None
    for name, path, _ in runs:
        run = RunFolder(path)
        judgement = Judgement.load(run.judgement_path)
        with _arranged(registry, run) as (narrowed, dataset):
            family, lengths = narrowed, _lengths(dataset, judgement)
        if lengths is not None:
            judged.append(_Judged(name, judgement.items, lengths))
    same = [each for each in judged if _keys(each) == _keys(judged[0])]
    if family is None or not same or len(same[0].items) < 2 * FEWEST:
        return None, []
    return _by_length(same, family), _long(same, family)


def _scores(run: RunFolder) -> dict[str, Any]:
    judgement = Judgement.load(run.judgement_path)
    return {
        "metric": judgement.headline,
        "score": judgement.metrics[judgement.headline],
        "low": judgement.interval.low if judgement.interval else None,
        "high": judgement.interval.high if judgement.interval else None,
        "metrics": judgement.metrics,
    }


def _family(registry: "Registry", run: RunFolder) -> ModelFamily:
    """The family of a run as it works with the run's data, as far as that is known."""
    family = registry.family(run.request.family)
    if not run.index_path.is_file():
        return family
    with _arranged(registry, run) as (narrowed, _):
        return narrowed


@contextmanager
def _arranged(registry: "Registry", run: RunFolder) -> "Iterator[tuple[ModelFamily, Dataset]]":
    from trasluz.core.data.index import Index

    with closing(Index.open(run.index_path, registry.sources)) as index:
        family = registry.family(run.request.family).for_kind(str(index.kind))
        yield family, family.arranged(index, run.request.settings)


def _lengths(dataset: Dataset, judgement: Judgement) -> np.ndarray | None:
    """How long each judged input is, in characters of text or as its record says; None where some say nothing."""
    known: dict[tuple[str, str], float] = {}
    for split in judgement.split.split(","):
        for record in dataset.records(split.strip()):  # type: ignore[arg-type]
            text = dataset.read(record).inputs.get("text")
            length = float(len(text)) if isinstance(text, str) else record.length
            if length is not None:
                known[record.path, record.part] = length
    found = [known.get((item.path, item.part)) for item in judgement.items]
    if not found or any(length is None for length in found):
        return None
    return np.array(found, float)


def _keys(judged: _Judged) -> list[tuple[str, str]]:
    return [(item.path, item.part) for item in judged.items]


def _score(family: ModelFamily, items: Sequence[JudgedItem], chosen: np.ndarray) -> float:
    answers = [Prediction(text=items[i].text, label=items[i].label, top=items[i].top) for i in chosen]
    return float(family.score(answers, [items[i].target for i in chosen])[family.headline])


def _by_length(judged: Sequence[_Judged], family: ModelFamily) -> list[dict[str, Any]]:
    """Parts of like many items, from the shortest to the longest, with each run's score."""
    lengths = judged[0].lengths
    parts = min(PARTS, len(lengths) // FEWEST)
    found = []
    for members in np.array_split(np.argsort(lengths, kind="stable"), parts):
        inside = lengths[members]
        found.append(
            {
                "from": float(inside.min()),
                "to": float(inside.max()),
                "mean": float(inside.mean()),
                "items": len(members),
                "scores": {each.name: _score(family, each.items, members) for each in judged},
            }
        )
    return found


def _long(judged: Sequence[_Judged], family: ModelFamily) -> list[dict[str, Any]]:
    """On inputs longer than the median, how far each run is ahead of each one named before it."""
    members = np.flatnonzero(judged[0].lengths > np.median(judged[0].lengths))
    if len(members) < FEWEST:
        return []
    draw = np.random.default_rng(0)
    draws = [draw.choice(members, len(members)) for _ in range(DRAWS)]
    scores = {each.name: np.array([_score(family, each.items, chosen) for chosen in draws]) for each in judged}
    whole = {each.name: _score(family, each.items, members) for each in judged}
    found = []
    for at, second in enumerate(judged):
        for first in judged[:at]:
            low, high = np.quantile(scores[second.name] - scores[first.name], (0.025, 0.975))
            found.append(
                {
                    "ahead": second.name,
                    "of": first.name,
                    "by": whole[second.name] - whole[first.name],
                    "low": float(low),
                    "high": float(high),
                    "items": len(members),
                    "longer_than": float(np.median(judged[0].lengths)),
                }
            )
    return found


def _length_curve(parts: Sequence[Mapping[str, Any]], family: ModelFamily) -> Curve:
    at = np.array([part["mean"] for part in parts])
    names = parts[0]["scores"]
    series = [Series(name, at, np.array([part["scores"][name] for part in parts])) for name in names]
    return Curve("Score by length of the input", series, "length", family.headline)


def _by_time(told: "Mapping[str, _Told]", family: ModelFamily) -> Curve:
    """The headline metric on validation over the minutes of training, as each run told it."""
    series = []
    for name, run in told.items():
        points = [(minute, value) for minute, metric, value in run.metrics if metric == family.headline]
        if points:
            minutes, values = zip(*points, strict=True)
            series.append(Series(name, np.array(minutes), np.array(values)))
    return Curve("Score against training time", series, "minutes", family.headline)


@dataclass(frozen=True, slots=True)
class _Told:
    """What a run said of itself so far.

    Attributes:
        metrics: Minutes since it began, name and value of each score on validation.
        rate: Items learned from a second, the median.
        done: Of its passes, 0 to 1.
        minutes: Since it began.
        limit: Minutes that it may take, where that was asked.
    """

    metrics: Sequence[tuple[float, str, float]]
    rate: float | None
    done: float
    minutes: float
    limit: float | None

    @classmethod
    def of(cls, run: RunFolder) -> "_Told":
        """Read it from the folder."""
        begun, now, done = None, 0.0, 0.0
        metrics, rates = list[tuple[float, str, float]](), list[float]()
        for event in run.events():
            if isinstance(event, Started) and begun is None:
                begun = event.time
            now = (event.time - (begun or event.time)) / 60
            if isinstance(event, Metric) and event.split == "val":
                metrics.append((now, event.name, event.value))
            elif isinstance(event, Progress) and event.passes:
                done = min(1.0, event.done / event.total) if event.total else 0.0
                rates += [event.rate] if event.rate else []
        rate = float(np.median(rates)) if rates else None
        return cls(metrics, rate, done, now, run.request.settings.get("minutes"))

    def so_far(self) -> dict[str, Any]:
        """For the row of a run that has no model yet."""
        limited = self.minutes / self.limit if self.limit else 0.0
        return {
            "done": min(1.0, max(self.done, limited)),
            "seconds": 60 * self.minutes,
            "items_a_second": self.rate,
            "so_far": {name: value for _, name, value in self.metrics},
        }
