"""What you measured is what you run: a model gets its card only after its ONNX graphs were held against PyTorch.

The graphs run by ONNX Runtime, with the program's own reading and interpreting, over the whole validation part. On
up to 512 of those items, drawn by the run's seed, their outputs are held against `Trained.reference`: no number may
differ by more than the tolerance, and the score must be the same within 0.1 points.
"""

import json
import platform
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from trasluz import __version__
from trasluz.api import (
    API_VERSION,
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
    Split,
    TrainConfig,
    Trained,
)
from trasluz.core.atomic import write_whole
from trasluz.core.versions import ONNX_RUNTIMES, installed

from .batch import Answered
from .judge import Judgement, judge
from .model import OpenModel, sha256, write_card
from .session import OnnxGraph

_COMPARED = 512
_POINTS = 0.001
"""How far the two scores may be apart: 0.1 points of a fraction, the same share of a number without bounds."""
_OF_A_HUNDRED = frozenset({"bleu", "chrf"})
"""Metrics that are given in points already."""
_REPORT = "The model is not kept. Train again on the CPU; if it stays so, report it to the author of the plugin."
_METADATA = "trasluz."


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
        family: The family.
        dataset: What it learned from. Where that has no validation part, the model is judged on what it learned from,
            and the card says so.
        folder: Where its graphs are, and where the card goes.
        config: The settings of the run.
        run_id: Becomes the model's id.
        title: The run's name, for a family that gives its model none.
        device: Of ONNX Runtime.
        seconds: How long the training took.
        progress: Told of the check.

    Raises:
        FamilyError: If the graphs do not do what the trained network does.
        DataError: If no validation item can be read.
    """
    split: Split = "val" if dataset.count("val") else "train"
    card = _draft(trained, family, dataset, folder, config).model_copy(
        update={"id": run_id, "title": trained.title or title or family.title, "seconds": seconds}
    )
    card = card.model_copy(update={"data": card.data.model_copy(update={"judged_on": split})})
    opened = OpenModel(folder, family, device, card=card, warm=False)
    count = family.arranged(dataset, card.settings).count(split)
    twin = _Twin(trained, opened.predictor, chosen=_chosen(count, config.seed))
    judgement = judge(
        opened.predictor,
        family,
        dataset,
        splits=(split,),
        progress=progress,
        stage="Checking the exported model",
        observe=twin.compare,
    )
    if not np.isfinite(judgement.metrics.get(family.headline, np.nan)):
        raise FamilyError(f"The model has no {family.headline}: its answers are not numbers. Train it again.")
    parity = twin.verdict(family, provider=judgement.provider)
    metrics = {name: value for name, value in judgement.metrics.items() if np.isfinite(value)}
    card = card.model_copy(update={"metrics": metrics, "interval": judgement.interval, "parity": parity})
    card = sealed(folder, card)
    write_card(folder, card)
    return card, judgement


class _Twin:
    """The trained network beside its exported graphs, on the chosen items, a batch at a time."""

    def __init__(self, trained: Trained, predictor: Predictor, *, chosen: frozenset[int]) -> None:
        self._trained, self._predictor, self._chosen = trained, predictor, chosen
        self._seen = 0
        self._worst, self._worst_at = -1.0, ""
        self._torch, self._onnx = list[Prediction](), list[Prediction]()
        self._targets: list[str] = []

    def compare(self, batch: Sequence[Answered[Record]]) -> None:
        """Hold a batch's outputs against PyTorch's.

        Raises:
            FamilyError: If the graphs cannot answer an item, or an output is missing, of another shape or no number.
        """
        both: list[tuple[Record, Sample, Outputs, Prediction]] = []
        for position, row in enumerate(batch, start=self._seen):
            if row.sample is None:
                continue
            if row.outputs is None or row.prediction is None:
                raise FamilyError(
                    f"The exported model cannot answer “{row.given.path}”, which it was trained on the likes of: "
                    f"{row.error} {_REPORT}"
                )
            if position in self._chosen:
                both.append((row.given, row.sample, row.outputs, row.prediction))
        self._seen += len(batch)
        if not both:
            return
        references = self._trained.reference([sample for _, sample, _, _ in both])
        if len(references) != len(both):
            raise FamilyError(
                f"The trained network answered {len(references)} of {len(both)} items, so the exported model cannot "
                f"be checked. {_REPORT}"
            )
        checked = self._predictor.checked_outputs([sample for _, sample, _, _ in both])
        for number, ((record, sample, outputs, answer), reference) in enumerate(zip(both, references, strict=True)):
            if checked is not None:
                outputs = checked[number]
            name, far = _farthest(outputs, reference, self._trained.compared, item=record.path)
            if far > self._worst:
                self._worst, self._worst_at = far, f"in “{name}” of “{record.path}”"
            self._torch.append(self._predictor.interpret(sample, reference))
            self._onnx.append(answer)
            self._targets.append(record.target)

    def verdict(self, family: ModelFamily, *, provider: str) -> Parity:
        """The parity for the card.

        Raises:
            FamilyError: If the two are not the same.
        """
        if not self._targets:
            raise FamilyError(f"No item could be held against the trained network. {_REPORT}")
        headline, tolerance = family.headline, self._trained.tolerance
        torch = float(family.score(self._torch, self._targets)[headline])
        onnx = float(family.score(self._onnx, self._targets)[headline])
        if not self._worst <= tolerance:
            raise FamilyError(
                f"The exported model does not compute what the trained network does: they are {self._worst:.2g} apart "
                f"{self._worst_at}, and {tolerance:.2g} is allowed. {_REPORT}"
            )
        allowed = 100 * _POINTS if headline in _OF_A_HUNDRED else _POINTS * max(1.0, abs(torch))
        if not abs(onnx - torch) <= allowed + 1e-12:
            raise FamilyError(
                f"The exported model scores {headline} {onnx:.4f} where the trained network scores {torch:.4f} on the "
                f"same {len(self._targets)} items. {_REPORT}"
            )
        return Parity(
            items=len(self._targets),
            max_abs_diff=self._worst,
            tolerance=tolerance,
            pytorch_score=torch,
            onnx_score=onnx,
            provider=provider,
        )


def _chosen(count: int, seed: int) -> frozenset[int]:
    return frozenset(random.Random(seed).sample(range(count), min(_COMPARED, count)))


def _farthest(onnx: Outputs, torch: Outputs, names: Sequence[str], *, item: str) -> tuple[str, float]:
    """The output that differs most, and by how much."""
    wanted = list(names) or [name for name in torch if name in onnx]
    if not wanted:
        raise FamilyError(f"The exported model and the trained network have no output in common. {_REPORT}")
    worst, where = -1.0, wanted[0]
    for name in wanted:
        if name not in onnx or name not in torch:
            who = "exported model" if name not in onnx else "trained network"
            raise FamilyError(f"The {who} gives no “{name}”, which was to be compared. {_REPORT}")
        ours, theirs = np.asarray(onnx[name]), np.asarray(torch[name])
        if ours.shape != theirs.shape:
            raise FamilyError(
                f"“{name}” of “{item}” has the shape {ours.shape} in the exported model and {theirs.shape} in the "
                f"trained network. {_REPORT}"
            )
        a, b = ours.astype(np.float64), theirs.astype(np.float64)
        if np.isnan(a).any() or np.isnan(b).any():
            raise FamilyError(
                f"“{name}” of “{item}” has entries that are no numbers: the training ran off. "
                "Train again with a smaller learning rate."
            )
        with np.errstate(invalid="ignore"):  # what a mask made infinite in both is the same
            far = float(np.where(a == b, 0.0, np.abs(a - b)).max(initial=0.0))
        if far > worst:
            worst, where = far, name
    return where, worst


def _draft(trained: Trained, family: ModelFamily, dataset: Dataset, folder: Path, config: TrainConfig) -> ModelCard:
    """The card before anything was measured."""
    for file in [*trained.graphs.values(), *trained.files.values(), *trained.private.values()]:
        if not (folder / file).is_file():
            raise FamilyError(f"“{family.title}” did not write “{file}”, which belongs to its model. {_REPORT}")
    if not trained.graphs:
        raise FamilyError(f"“{family.title}” exported no graph. {_REPORT}")
    graphs = []
    for name, file in trained.graphs.items():
        graph = OnnxGraph(folder / file, "cpu")
        graphs.append(GraphFile(name=name, file=file, inputs=tuple(graph.inputs), outputs=tuple(graph.outputs)))
    return ModelCard(
        id="",
        title="",
        family=family.id,
        kind=str(dataset.kind),
        graphs=tuple(graphs),
        labels=tuple(trained.labels),
        files=dict(trained.files),
        private=dict(trained.private),
        meanings=dict(trained.meanings),
        preprocessing=dict(trained.preprocessing),
        extra=dict(trained.extra),
        worth=trained.worth,
        signatures=dict(trained.signatures),
        headline=family.headline,
        settings=config.model_dump(mode="json"),
        seed=config.seed,
        data=DataFacts(
            name=dataset.root.name,
            fingerprint=dataset.fingerprint,
            uncorrected=getattr(dataset, "uncorrected", ""),
            kind=str(dataset.kind),
            train=dataset.count("train"),
            val=dataset.count("val"),
            test=dataset.count("test"),
        ),
        versions=_versions(),
        licence=trained.licence,
    )


def sealed(folder: Path, card: ModelCard) -> ModelCard:
    """Write the card's facts into each ONNX file, and the files' hashes into the card."""
    graphs = []
    for graph in card.graphs:
        write_metadata(folder / graph.file, card, graph=graph.name)
        graphs.append(graph.model_copy(update={"sha256": sha256(folder / graph.file)}))
    return card.model_copy(update={"graphs": tuple(graphs)})


def write_metadata(path: Path, card: ModelCard, *, graph: str) -> None:
    """Write what the card says into the ONNX file itself, so that the file alone explains itself.

    Weights that lie in files of their own (they must, from 2 GB on) are neither read nor touched.
    """
    import onnx

    model = onnx.load(str(path), load_external_data=False)
    told = card.model_dump(mode="json", exclude={"graphs", "files", "private"})
    kept = {p.key: p.value for p in model.metadata_props if not p.key.startswith(_METADATA)}
    for key, value in told.items():
        kept[_METADATA + key] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    kept[f"{_METADATA}graph"] = graph
    del model.metadata_props[:]
    for key, text in kept.items():
        model.metadata_props.add(key=key, value=text)
    model.producer_name, model.producer_version = "Trasluz", __version__
    write_whole(path, model.SerializeToString())


def _versions() -> dict[str, str]:
    own = {"trasluz": __version__, "api": ".".join(map(str, API_VERSION)), "python": platform.python_version()}
    return own | installed("torch", *ONNX_RUNTIMES, "onnx", "numpy")
