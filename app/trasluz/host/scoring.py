"""Scoring a model on labelled data, honestly: on what it never learned from, where that can be known."""

import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trasluz.api import SPLITS, DataError, ModelCard, Prediction, Split
from trasluz.core.corrections import Corrections
from trasluz.core.inference.doubt import Answering, RiskCoverage, kept_as_json
from trasluz.core.inference.judge import Judgement, judge
from trasluz.core.project import Project

from .calls import Cancels, Reports, UsageError, check_cancelled

if TYPE_CHECKING:
    from trasluz.core.data.index import Index
    from trasluz.core.inference.model import OpenModel
    from trasluz.core.plugins.registry import Registry

_MOST_LISTED = 10_000


def evaluate(
    model: "OpenModel",
    registry: "Registry",
    data: Path,
    *,
    split: str | None,
    index: Path | None,
    progress: Reports,
    cancelled: Cancels,
) -> dict[str, Any]:
    """Score a model; the result is what `evaluate --json` prints, with the whole `judgement` beside it.

    Raises:
        DataError: If the data cannot be used, or there is nothing to score.
        UsageError: If there is no such split.
    """
    if split is not None and split not in SPLITS:
        raise UsageError(f"“{split}” is not a split; there are {', '.join(SPLITS)}.")
    with tempfile.TemporaryDirectory(prefix="trasluz-", ignore_cleanup_errors=True) as folder:
        given, corrections = given_data(data)
        made = Path(folder) / "index.sqlite"
        dataset = _open(
            model, registry, given, index, at=made, corrections=corrections, progress=progress, cancelled=cancelled
        )
        with closing(dataset):
            if dataset.kind != model.card.kind:
                raise DataError(f"The model answers {model.card.kind}, and “{data}” holds {dataset.kind}.")
            splits = [split] if split else fair_splits(model, dataset)
            if not any(dataset.count(s) for s in splits):
                raise DataError(f"The {' and '.join(splits)} part of “{data}” is empty: there is nothing to score.")
            set_aside = _set_aside(dataset)
            judgement = judge(
                model.predictor, model.family, dataset, splits=splits, progress=progress, cancelled=cancelled
            )
    check_cancelled(cancelled)
    card = model.card
    parity = card.parity
    below = Answering.read(model.folder).unsure_below
    doubt = {} if below is None else {"unsure": kept_as_json(below, RiskCoverage.of(judgement.items).at(below))}
    return {
        "model": str(model.folder),
        "family": card.family,
        "task": card.kind,
        "items": len(judgement.items),
        "skipped": [*set_aside, *(s.model_dump() for s in judgement.skipped)],
        "metrics": judgement.metrics,
        "headline": judgement.headline,
        "interval": judgement.interval.model_dump() if judgement.interval else None,
        "split": judgement.split,
        "provider": judgement.provider,
        "items_per_second": judgement.items_per_second,
        "parity": parity.model_dump(include={"max_abs_diff", "pytorch_score", "onnx_score"}) if parity else None,
        **doubt,
        **_details(model, judgement),
        "judgement": judgement.model_dump(mode="json"),
    }


def _details(model: "OpenModel", judgement: Judgement) -> dict[str, Any]:
    """What the family tells besides the metrics: the errors of each item, the worst first, confusions, sentences."""
    names, targets = [item.path for item in judgement.items], [item.target for item in judgement.items]
    answers = [Prediction(text=item.text, label=item.label, score=item.score) for item in judgement.items]
    told = dict(model.family.details(model.card, names, answers, targets))
    if errors := told.pop("errors", ()):
        rows = [
            {"file": item.path, "part": item.part, "target": item.target, "text": item.text, **found}
            for item, found in zip(judgement.items, errors, strict=True)
        ]
        told["errors"] = sorted(rows, key=lambda row: -row["errors"])
    return told


def _set_aside(dataset: "Index") -> list[dict[str, Any]]:
    """The files that could not be read when the data was looked at, as `judge` tells of those that it meets."""
    found = dataset.page(rule="*", order="problem", limit=_MOST_LISTED)
    return [{"file": item.path, "reason": item.problem} for item in found if item.split is None]


def fair_splits(model: "OpenModel", dataset: "Index") -> list[Split]:
    """Which parts to score on: the test part, else the val part, else all.

    A test part is always the data's own. Where the data says nothing of val either, it was drawn: in the data that the
    model learned from it is the one that the model was judged by; in other data the draw means nothing, and all of it
    is new to the model.
    """
    if dataset.count("test"):
        return ["test"]
    if dataset.summary().split_given or is_same(model.card, dataset):
        return ["val"] if dataset.count("val") else list(SPLITS)
    return list(SPLITS)


def _open(
    model: "OpenModel",
    registry: "Registry",
    data: Path,
    index: Path | None,
    *,
    at: Path,
    corrections: Corrections,
    progress: Reports,
    cancelled: Cancels,
) -> "Index":
    from trasluz.core.data.index import Index

    if index is not None:
        return Index.open(index, registry.sources)
    # The fingerprint covers the drawn splits: the seed that gives the model's own tells that it is the same data.
    for seed in dict.fromkeys((model.card.seed, 0)):
        found = Index.build(
            data, at, registry.sources, seed=seed, corrections=corrections, progress=progress, cancelled=cancelled
        )
        if found.summary().split_given or is_same(model.card, found):
            return found
        found.close()
    return Index.build(
        data, at, registry.sources, seed=0, corrections=corrections, progress=progress, cancelled=cancelled
    )


def given_data(data: Path) -> tuple[Path, Corrections]:
    """The data that is meant, and what the person corrected about it: a project's folder means its data with both.

    Raises:
        DataError: If the project or its corrections cannot be read.
    """
    if not Project.is_one(data):
        return data, Corrections()
    project = Project.open(data)
    return project.data, Corrections.read(project.corrections_path)


def is_same(card: ModelCard, dataset: "Index") -> bool:
    """Whether it is the data that the model learned from, whatever the person has corrected since."""
    return dataset.uncorrected == (card.data.uncorrected or card.data.fingerprint)
