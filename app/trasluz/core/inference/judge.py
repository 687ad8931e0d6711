"""How good a model is: the answers of its ONNX graphs to labelled items that it never learned from."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from trasluz.api import (
    DataError,
    Dataset,
    Interval,
    ModelFamily,
    Prediction,
    Predictor,
    Progress,
    Record,
    Split,
)
from trasluz.api.scores import wilson
from trasluz.core.runs.atomic import write_whole

from .batch import answers

_TOP, _DRAWS, _MOST_TO_DRAW = 5, 200, 20_000


class JudgedItem(BaseModel):
    """One item and the model's answer to it."""

    model_config = ConfigDict(frozen=True)

    path: str
    target: str
    text: str
    label: str | None = None
    score: float | None = None
    top: tuple[tuple[str, float], ...] = ()
    part: str = ""

    @property
    def right(self) -> bool:
        """Whether the answer is the target."""
        return (self.label if self.label is not None else self.text) == self.target


class Skipped(BaseModel):
    """An item that was set aside, and why."""

    model_config = ConfigDict(frozen=True)

    file: str
    reason: str


class Judgement(BaseModel):
    """The score of a model on a part of the data, with every answer behind it.

    It names the person's files, so it stays in the run folder and is never exported.
    """

    model_config = ConfigDict(frozen=True)

    headline: str
    metrics: dict[str, float]
    interval: Interval | None
    split: str
    provider: str
    items_per_second: float
    items: tuple[JudgedItem, ...]
    skipped: tuple[Skipped, ...] = ()

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
            return cls.model_validate(json.loads(path.read_bytes()))
        except (OSError, ValueError) as error:
            raise DataError(f"The judgement “{path}” cannot be read; judge the model again.") from error

    def confusion(self, labels: Sequence[str]) -> np.ndarray:
        """Counts, (labels, labels): rows are targets, columns answers; others are left out."""
        place = {label: i for i, label in enumerate(labels)}
        counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
        for item in self.items:
            if item.target in place and item.label in place:
                counts[place[item.target], place[item.label]] += 1
        return counts

    def mistakes(self) -> list[JudgedItem]:
        """The wrong answers, the surest first."""
        return sorted((i for i in self.items if not i.right), key=lambda i: -(i.score or 0.0))


def judge(
    predictor: Predictor,
    family: ModelFamily,
    dataset: Dataset,
    *,
    splits: Sequence[Split] = ("val",),
    progress: Callable[[Progress], None] = lambda _step: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Judgement:
    """Answer every item of the splits and score the answers.

    An item that cannot be read, or whose class the model does not know, is set aside and listed.

    Raises:
        DataError: If nothing is left to score.
    """
    records = [record for split in splits for record in dataset.records(split)]
    judged, skipped, predictions, targets = [], [], list[Prediction](), list[str]()
    known = set(predictor.card.labels)
    fitting = []
    for record in records:
        if known and record.target not in known:
            skipped.append(Skipped(file=record.path, reason=f"The model does not know “{record.target}”."))
        else:
            fitting.append(record)
    start, busy = time.monotonic(), 0.0
    for row in answers(predictor, fitting, dataset.read, cancelled=cancelled):
        busy += row.milliseconds / 1000
        if row.prediction is None:
            skipped.append(Skipped(file=row.given.path, reason=row.error))
            continue
        judged.append(judged_item(row.given, row.prediction))
        predictions.append(row.prediction)
        targets.append(row.given.target)
        done, seconds = len(judged) + len(skipped), time.monotonic() - start
        rate = len(judged) / seconds if seconds else None
        left = (len(records) - done) / rate if rate else None
        progress(Progress(stage="Judging", done=done, total=len(records), rate=rate, seconds_left=left))
    if not judged:
        reason = f" {skipped[0].file}: {skipped[0].reason}" if skipped else ""
        raise DataError(f"There is nothing in “{dataset.root}” to judge the model by.{reason}")
    metrics, interval = scored(family, predictions, targets)
    return Judgement(
        headline=family.headline,
        metrics=metrics,
        interval=interval,
        split=",".join(splits),
        provider=provider_of(predictor),
        items_per_second=len(judged) / max(time.monotonic() - start, 1e-9),
        items=tuple(judged),
        skipped=tuple(skipped),
    )


def scored(
    family: ModelFamily, predictions: Sequence[Prediction], targets: Sequence[str]
) -> tuple[dict[str, float], Interval | None]:
    """The metrics, and the 95 % interval of the headline metric: Wilson's for accuracy, else by bootstrap."""
    metrics = dict(family.score(predictions, targets))
    if family.headline == "accuracy":
        right = round(metrics["accuracy"] * len(targets))
        low, high = wilson(right, len(targets))
        return metrics, Interval(low=low, high=high, method="Wilson, 95 %")
    if len(targets) > _MOST_TO_DRAW:
        return metrics, None
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(_DRAWS):
        chosen = rng.integers(0, len(targets), len(targets))
        part: Mapping[str, float] = family.score([predictions[i] for i in chosen], [targets[i] for i in chosen])
        draws.append(part[family.headline])
    low, high = np.percentile(draws, [2.5, 97.5])
    return metrics, Interval(low=float(low), high=float(high), method=f"bootstrap over items, {_DRAWS} draws, 95 %")


def judged_item(record: Record, prediction: Prediction) -> JudgedItem:
    """An item with its answer, as the judgement keeps it."""
    return JudgedItem(
        path=record.path,
        target=record.target,
        text=prediction.text,
        label=prediction.label,
        score=prediction.score,
        top=prediction.top[:_TOP],
        part=record.part,
    )


def provider_of(predictor: Predictor) -> str:
    """The execution provider that the model's graphs really use."""
    return predictor.model.graph(predictor.card.graphs[0].name).provider
