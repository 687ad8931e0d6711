"""What you measured is what you run: a model gets its card only after its ONNX graphs have been held against PyTorch.

The graphs run by ONNX Runtime with the program's own reading and interpreting, over the whole validation part. On
up to `_COMPARED` of those items, drawn with the run's seed, their outputs are held against `Trained.reference`.
"""

import importlib.metadata
import json
import platform
import random
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from trasluz import __version__
from trasluz.api import (
    API_VERSION,
    DataError,
    DataFacts,
    Dataset,
    FamilyError,
    GraphFile,
    ModelCard,
    ModelFamily,
    Outputs,
    Parity,
    Prediction,
    Predictor,
    Progress,
    Record,
    Sample,
    TrainConfig,
    Trained,
)
from trasluz.api.model import CARD_NAME
from trasluz.core.runs.atomic import write_whole

from .batch import BATCH, Answered, answers
from .judge import Judgement, Skipped, judged_item, provider_of, scored
from .model import OpenModel, sha256
from .session import OnnxGraph

_COMPARED = 512
_POINTS = 0.001
"""How far the two scores may be apart: 0.1 points of a score between 0 and 1, or the same share of a larger one."""


def finish(
    trained: Trained,
    *,
    family: ModelFamily,
    dataset: Dataset,
    folder: Path,
    config: TrainConfig,
    run_id: str,
    title: str = "",
    device: str = "auto",
    seconds: float = 0.0,
    progress: Callable[[Progress], None] = lambda _step: None,
) -> tuple[ModelCard, Judgement]:
    """Check the exported graphs, judge them, and write the card; the card is written last.

    Args:
        trained: What the family handed back.
        folder: Where its graphs are, and where the card goes.
        config: The settings of the run.
        run_id: Becomes the model's id.
        title: The run's name, for a family that gives its model none.
        device: Of ONNX Runtime.
        seconds: How long the training took.

    Raises:
        FamilyError: If the graphs do not do what the trained network does.
        DataError: If no validation item can be read.
    """
    card = _draft(trained, family, dataset, folder, config, run_id=run_id, title=title, seconds=seconds)
    opened = OpenModel(folder, family, device, card=card)
    judgement, parity = _compare(trained, family, opened.predictor, dataset, seed=config.seed, progress=progress)
    card = card.model_copy(
        update={"metrics": judgement.metrics, "interval": judgement.interval, "parity": parity, "seconds": seconds}
    )
    graphs = []
    for graph in card.graphs:
        _write_metadata(folder / graph.file, card)
        graphs.append(graph.model_copy(update={"sha256": sha256(folder / graph.file)}))
    card = card.model_copy(update={"graphs": tuple(graphs)})
    write_whole(folder / CARD_NAME, card.model_dump_json(indent=2))
    return card, judgement


def _draft(
    trained: Trained,
    family: ModelFamily,
    dataset: Dataset,
    folder: Path,
    config: TrainConfig,
    *,
    run_id: str,
    title: str,
    seconds: float,
) -> ModelCard:
    graphs = []
    for name, file in trained.graphs.items():
        if not (folder / file).is_file():
            raise FamilyError(f"“{family.title}” says that it exported “{file}”, but the file is not there.")
        graph = OnnxGraph(folder / file, device="cpu")
        graphs.append(GraphFile(name=name, file=file, inputs=tuple(graph.inputs), outputs=tuple(graph.outputs)))
    if not graphs:
        raise FamilyError(f"“{family.title}” exported no graph.")
    return ModelCard(
        id=run_id,
        title=trained.title or title,
        family=family.id,
        kind=str(dataset.kind),
        graphs=tuple(graphs),
        labels=tuple(trained.labels),
        files=dict(trained.files),
        preprocessing=dict(trained.preprocessing),
        extra=dict(trained.extra),
        headline=family.headline,
        settings=config.model_dump(mode="json"),
        seconds=seconds,
        seed=config.seed,
        data=DataFacts(
            name=dataset.root.name,
            fingerprint=dataset.fingerprint,
            kind=str(dataset.kind),
            train=dataset.count("train"),
            val=dataset.count("val"),
            test=dataset.count("test"),
        ),
        versions=_versions(),
        licence=trained.licence,
    )


def _compare(
    trained: Trained,
    family: ModelFamily,
    predictor: Predictor,
    dataset: Dataset,
    *,
    seed: int,
    progress: Callable[[Progress], None],
) -> tuple[Judgement, Parity]:
    records = dataset.records("val")
    compared = set(random.Random(seed).sample(range(len(records)), min(_COMPARED, len(records))))
    rows, skipped = list[Answered[Any]](), list[Skipped]()
    onnx, torch = list[Prediction](), list[Prediction]()
    ours: list[str] = []
    worst = 0.0
    start, busy = time.monotonic(), 0.0
    for batch in _batches(answers(predictor, enumerate(records), lambda at: dataset.read(at[1]))):
        both: list[Answered[Any]] = []
        for row in batch:
            busy += row.milliseconds / 1000
            if row.prediction is None:
                skipped.append(Skipped(file=row.given[1].path, reason=row.error))
                continue
            rows.append(_light(row))
            if row.given[0] in compared:
                both.append(row)
        for row, reference in zip(both, _reference(trained, both), strict=True):
            name, far = _difference(row.outputs or {}, reference, trained.compared)
            if not far <= trained.tolerance:
                raise _not_the_network(trained, far, f"{name} of “{row.given[1].path}”")
            worst = max(worst, far)
            assert row.sample is not None and row.prediction is not None
            torch.append(predictor.interpret(row.sample, reference))
            onnx.append(row.prediction)
            ours.append(row.given[1].target)
        done = len(rows) + len(skipped)
        progress(
            Progress(
                stage="Checking the ONNX model",
                done=done,
                total=len(records),
                seconds_left=_left(start, done, len(records)),
            )
        )
    if not rows or not onnx:
        raise DataError(
            f"None of the {len(records)} validation items can be read: {skipped[0].reason if skipped else ''}"
        )
    onnx_score = float(family.score(onnx, ours)[family.headline])
    torch_score = float(family.score(torch, ours)[family.headline])
    if abs(onnx_score - torch_score) > _POINTS * max(1.0, abs(torch_score)):
        raise FamilyError(
            f"The exported ONNX model scores {family.headline} {onnx_score:.4f} where the trained network scores "
            f"{torch_score:.4f} on the same items. The model is not kept; please report this with the run's folder."
        )
    metrics, interval = scored(family, [r.prediction for r in rows if r.prediction], [r.given[1].target for r in rows])
    judgement = Judgement(
        headline=family.headline,
        metrics=metrics,
        interval=interval,
        split="val",
        provider=provider_of(predictor),
        items_per_second=len(rows) / max(busy, 1e-9),
        items=tuple(judged_item(r.given[1], r.prediction) for r in rows if r.prediction),
        skipped=tuple(skipped),
    )
    parity = Parity(
        items=len(onnx),
        max_abs_diff=worst,
        tolerance=trained.tolerance,
        pytorch_score=torch_score,
        onnx_score=onnx_score,
        provider=provider_of(predictor),
    )
    return judgement, parity


def _reference(trained: Trained, rows: "Sequence[Answered[Any]]") -> Sequence[Outputs]:
    samples: list[Sample] = [row.sample for row in rows if row.sample is not None]
    found = trained.reference(samples) if samples else []
    if len(found) != len(rows):
        raise FamilyError(f"The trained network answered {len(found)} of {len(rows)} items; the check cannot be made.")
    return found


def _difference(onnx: Outputs, torch: Outputs, names: Sequence[str]) -> tuple[str, float]:
    """The output that differs most, and by how much; a different shape or a missing output is infinitely far."""
    wanted = list(names) or [name for name in torch if name in onnx]
    if not wanted:
        return "the outputs", float("inf")
    worst, where = 0.0, wanted[0]
    for name in wanted:
        a, b = onnx.get(name), torch.get(name)
        if a is None or b is None or np.shape(a) != np.shape(b):
            return name, float("inf")
        far = float(np.max(np.abs(np.asarray(a, np.float64) - np.asarray(b, np.float64)), initial=0.0))
        if not far <= worst:  # also where it is not a number
            worst, where = (far if np.isfinite(far) else float("inf")), name
    return where, worst


def _not_the_network(trained: Trained, far: float, where: str) -> FamilyError:
    return FamilyError(
        f"The exported ONNX model is not the trained network: they are {far:.2g} apart ({where}), and "
        f"{trained.tolerance:.2g} is allowed. The model is not kept; please report this with the run's folder."
    )


def _light(row: "Answered[Any]") -> "Answered[Any]":
    """The row without its content, which is not needed any more."""
    return Answered(row.given, prediction=row.prediction, milliseconds=row.milliseconds)


def _batches(rows: "Iterator[Answered[tuple[int, Record]]]") -> "Iterator[list[Answered[tuple[int, Record]]]]":
    while batch := list(islice(rows, BATCH)):
        yield batch


def _left(start: float, done: int, total: int) -> float | None:
    return (time.monotonic() - start) / done * (total - done) if done else None


def _write_metadata(path: Path, card: ModelCard) -> None:
    """Write into the ONNX file itself what the card says, so that the file alone explains itself."""
    import onnx

    model = onnx.load(str(path), load_external_data=False)
    told = card.model_dump(mode="json", exclude={"graphs", "interval", "files"})
    del model.metadata_props[:]
    for key, value in told.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        model.metadata_props.add(key=f"trasluz.{key}", value=text)
    model.producer_name, model.producer_version = "Trasluz", __version__
    write_whole(path, model.SerializeToString())


def _versions() -> dict[str, str]:
    found = {"trasluz": __version__, "api": ".".join(map(str, API_VERSION)), "python": platform.python_version()}
    for package in ("torch", "onnxruntime-gpu", "onnxruntime", "onnx", "numpy"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
