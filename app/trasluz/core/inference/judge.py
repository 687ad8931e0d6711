"""How good a model is: the answers of its ONNX graphs to labelled items that it never learned from."""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from trasluz.api import (
    DataError,
    Dataset,
    Interval,
    ModelFamily,
    Prediction,
    Predictor,
    Progress,
    Record,
    Sample,
    Split,
)
from trasluz.api.scores import wilson
from trasluz.core.atomic import write_whole

from .batch import BATCH, Answered, answers

_TOP, _NAMED = 5, 8
_DRAWS, _FEWEST_DRAWS, _SECONDS_TO_DRAW = 400, 100, 5.0


class JudgedItem(BaseModel):
    """One item and the model's answer to it.

    Attributes:
        length: Of the item, in the source's own measure.
        group: The speaker, the writer, the page that it belongs to, where the data says so.
        asked: What was asked, where that was a text.
    """

    model_config = ConfigDict(frozen=True)

    path: str
    target: str
    text: str
    label: str | None = None
    score: float | None = None
    top: tuple[tuple[str, float], ...] = ()
    part: str = ""
    length: float | None = None
    group: str = ""
    asked: str = ""


class Skipped(BaseModel):
    """An item that was set aside, and why."""

    model_config = ConfigDict(frozen=True)

    file: str
    reason: str


class Judgement(BaseModel):
    """The score of a model on a part of the data, with every answer behind it.

    It names the person's files, so it stays in the run folder and is never exported.

    Attributes:
        headline: The metric that the model is judged by.
        interval: 95 % interval of the headline metric.
        split: What it was judged on; several are joined by commas.
        provider: The execution provider of the graphs.
        items_per_second: Over the whole way: read, decoded, answered.
        milliseconds: Of the model alone for one item, the median.
        skipped: Items that could not be read or answered.
        unknown: Classes in the data that the model was never shown; their items are among the skipped.
    """

    model_config = ConfigDict(frozen=True)

    headline: str
    metrics: dict[str, float]
    interval: Interval | None
    split: str
    provider: str
    items_per_second: float
    milliseconds: float | None = None
    items: tuple[JudgedItem, ...]
    skipped: tuple[Skipped, ...] = ()
    unknown: tuple[str, ...] = ()

    def save(self, path: Path) -> None:
        """Write it, whole or not at all."""
        write_whole(path, self.model_dump_json())

    @classmethod
    def load(cls, path: Path) -> "Judgement":
        """Read it again.

        Raises:
            DataError: If it cannot be read.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValueError, ValidationError) as error:
            raise DataError(f"The judgement “{path}” cannot be read; judge the model again.") from error


def judge(
    predictor: Predictor,
    family: ModelFamily,
    dataset: Dataset,
    *,
    splits: Sequence[Split] = ("val",),
    progress: Callable[[Progress], None] = lambda _step: None,
    cancelled: Callable[[], bool] = lambda: False,
    stage: str = "Judging",
    observe: Callable[[Sequence[Answered[Record]]], None] = lambda _batch: None,
) -> Judgement:
    """Answer every item of the splits by ONNX Runtime and score the answers.

    An item that cannot be read, or whose class the model was never shown, is set aside and listed. When cancelled,
    the answers so far are scored.

    Args:
        predictor: Of the open model.
        family: Scores the answers.
        dataset: The labelled data.
        splits: What to judge on.
        progress: Told after each batch.
        cancelled: Asked between batches.
        stage: What is being done, for the progress.
        observe: Sees each batch with its contents and outputs, which are not kept.

    Raises:
        DataError: If nothing is left to score.
    """
    dataset = family.arranged(dataset, predictor.card.settings)
    total = sum(dataset.count(split) for split in splits)
    items, skipped = list[JudgedItem](), list[Skipped]()
    predictions, targets = list[Prediction](), list[str]()
    known, unknown = set(predictor.card.labels), set[str]()

    def records() -> Iterator[Record]:
        for record in (record for split in splits for record in dataset.records(split)):
            if known and record.target not in known:
                unknown.add(record.target)
                skipped.append(Skipped(file=record.path, reason=f"The model does not know “{record.target}”."))
            else:
                yield record

    times = list[float]()
    start, watched = time.monotonic(), 0.0
    for batch in _chunks(answers(predictor, records(), dataset.read, cancelled=cancelled)):
        for row in batch:
            if row.prediction is None:
                skipped.append(Skipped(file=row.given.path, reason=row.error))
                continue
            items.append(judged_item(row.given, row.prediction, row.sample))
            predictions.append(row.prediction)
            targets.append(row.given.target)
            times.append(row.milliseconds)
        before = time.monotonic()
        observe(batch)
        watched += time.monotonic() - before  # somebody else's work
        done, seconds = len(items) + len(skipped), max(time.monotonic() - start, 1e-9)
        left = (total - done) * seconds / done
        progress(Progress(stage=stage, done=done, total=total, unit="items", rate=done / seconds, seconds_left=left))
    seconds = max(time.monotonic() - start - watched, 1e-9)
    if not items and unknown:
        raise DataError(
            f"The model knows none of the classes in “{dataset.root}” ({_named(sorted(unknown))}); it knows "
            f"{_named(predictor.card.labels)}. Name the classes as the model does."
        )
    if not items:
        why = f" “{skipped[0].file}”: {skipped[0].reason}" if skipped else ""
        raise DataError(f"There is nothing in “{dataset.root}” to judge the model by.{why}")
    metrics, interval = scored(family, predictions, targets)
    return Judgement(
        headline=family.headline,
        metrics=metrics,
        interval=interval,
        split=",".join(splits),
        provider=provider_of(predictor),
        items_per_second=len(items) / seconds,
        milliseconds=float(np.median(times)),
        items=tuple(items),
        skipped=tuple(skipped),
        unknown=tuple(sorted(unknown)),
    )


def scored(
    family: ModelFamily, predictions: Sequence[Prediction], targets: Sequence[str]
) -> tuple[dict[str, float], Interval | None]:
    """The metrics, and the 95 % interval of the headline metric: Wilson's for accuracy, else by bootstrap.

    The bootstrap draws whole items with replacement (Efron 1979) and takes the percentiles; it is left out where
    scoring takes so long that too few draws fit into a few seconds.
    """
    metrics = {name: float(value) for name, value in family.score(predictions, targets).items()}
    if family.headline == "accuracy":
        right = round(metrics["accuracy"] * len(targets))
        low, high = wilson(right, len(targets))
        return metrics, Interval(low=low, high=high, method="Wilson score, 95 %")
    rng = np.random.default_rng(0)
    draws: list[float] = []
    start = time.thread_time()  # of the processor: a busy machine must not take the interval away
    while len(draws) < _DRAWS and time.thread_time() - start < _SECONDS_TO_DRAW:
        chosen = rng.integers(0, len(targets), len(targets)).tolist()
        drawn = family.score([predictions[i] for i in chosen], [targets[i] for i in chosen])
        draws.append(float(drawn[family.headline]))
    if len(draws) < _FEWEST_DRAWS or not np.all(np.isfinite(draws)):
        return metrics, None
    low, high = np.percentile(draws, [2.5, 97.5])
    return metrics, Interval(low=float(low), high=float(high), method=f"bootstrap of items, {len(draws)} draws, 95 %")


def judged_item(record: Record, prediction: Prediction, sample: Sample | None = None) -> JudgedItem:
    """An item with its answer, as the judgement keeps it."""
    asked = sample.inputs.get("text") if sample is not None else None
    return JudgedItem(
        path=record.path,
        target=record.target,
        text=prediction.text,
        label=prediction.label,
        score=prediction.score,
        top=prediction.top[:_TOP],
        part=record.part,
        length=record.length,
        group=record.group,
        asked=asked if isinstance(asked, str) else "",
    )


def provider_of(predictor: Predictor) -> str:
    """The execution provider that the model's graphs really use."""
    return predictor.model.graph(predictor.card.graphs[0].name).provider


def _chunks(rows: "Iterator[Answered[Record]]") -> "Iterator[list[Answered[Record]]]":
    while chunk := list(islice(rows, BATCH)):
        yield chunk


def _named(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
    return ", ".join(f"“{label}”" for label in labels[:_NAMED]) + more
