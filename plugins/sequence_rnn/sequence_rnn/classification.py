"""From a sequence to its class: learning, export and answers, whatever the front end.

Shapes: B items, T steps, K classes.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from trasluz.api import (
    DataError,
    Explainer,
    FamilyError,
    LoadedModel,
    Note,
    Outputs,
    Prediction,
    Predictor,
    Previewed,
    Record,
    Sample,
    TrainContext,
    Trained,
    TrainingStopped,
)
from trasluz.api.scores import classification

from .config import SequenceRnnConfig
from .explain import classification_explainers
from .front import FrontEnd, keeper
from .predict import PROBABILITIES, ClassPredictor
from .tasks.task import Task

if TYPE_CHECKING:
    from torch import Tensor, nn

    from trasluz.torchkit.batches import Batches
    from trasluz.torchkit.plan import Validation

    from .network import Classifier

GRAPH_FILE, WEIGHTS_FILE = "model.onnx", "network.safetensors"
TOLERANCE = 1e-4
SMOOTHING = 0.1
"""Of the targets (Szegedy et al. 2016), so that few examples are not learned by heart with certainty."""
PREVIEWS = 8
CHECKED_AT_ONCE = 16
NOT_LEARNED = {"minutes", "beam", "language_model", "task"}


class Classification(Task):
    """Learns which class a sequence is of. A task adds its front end and its script."""

    headline: ClassVar[str] = "accuracy"
    higher_is_better: ClassVar[bool] = True
    title: ClassVar[str]

    front: FrontEnd

    def train(self, context: TrainContext) -> Trained:
        """Learn, export."""
        from trasluz.torchkit.seed import seed_everything

        from .network import Classifier, core_of

        config = context.config
        assert isinstance(config, SequenceRnnConfig)
        if config.continue_from.strip():
            raise FamilyError("“Continue from” is for models that write text; leave it empty to learn classes.")
        labels = tuple(context.dataset.labels)
        if len(labels) < 2:
            raise DataError("There is one class only; a model needs at least two to tell apart.")
        records = context.dataset.records("train")
        facts = self.front.facts(records)
        seed_everything(config.seed)
        stem = self.front.stem(facts)
        network = Classifier(stem, core_of(config, stem.outputs), len(labels), config.dropout)
        self._fit(context, network, records, labels, facts)
        network = network.cpu().eval()
        return self._exported(context, network, labels, facts)

    def _fit(
        self,
        context: TrainContext,
        network: "Classifier",
        records: Sequence[Record],
        labels: Sequence[str],
        facts: Mapping[str, Any],
    ) -> None:
        import torch

        from trasluz.torchkit import optim
        from trasluz.torchkit.device import resolve
        from trasluz.torchkit.loop import fit
        from trasluz.torchkit.plan import Plan

        config = context.config
        assert isinstance(config, SequenceRnnConfig)
        network.to(device=resolve(context.device), memory_format=torch.channels_last)
        parts = [optim.Part("network", (network,), config.learning_rate)]
        outcome = fit(
            context,
            module=network,
            step=step,
            batches=self._batches(context, records, labels, facts),
            validate=ClassCheck(self.front, context, labels, facts),
            optimiser=optim.optimiser(optim.parameter_groups(parts, weight_decay=config.weight_decay)),
            plan=Plan(
                epochs=config.epochs,
                metric="accuracy",
                higher_is_better=True,
                patience=config.patience,
                clip=5.0,
                schedule=optim.warmup_cosine(0.1),
                seed=config.seed,
                stage="Learning",
                unit=self.front.plural,
                validate_first=False,
                identity={
                    "settings": config.model_dump(mode="json", exclude=NOT_LEARNED),
                    "data": context.dataset.fingerprint,
                },
            ),
        )
        if not outcome.metrics:
            raise TrainingStopped
        ended = {
            "passes": "all passes were made",
            "patience": f"it had not improved for {config.patience} passes",
            "time": "the time limit was near",
            "asked": "you asked it to stop",
        }[outcome.ended]
        sentence = (
            f"Learning ended because {ended}. Best after {outcome.best_step:.3g} passes: "
            f"{outcome.metrics['accuracy']:.1%} right."
        )
        context.emit(Note(sentence=sentence, facts={"ended": outcome.ended, "best_pass": outcome.best_step}))

    def _batches(
        self, context: TrainContext, records: Sequence[Record], labels: Sequence[str], facts: Mapping[str, Any]
    ) -> "Batches[Record, Any]":
        from trasluz.torchkit.batches import Batches

        config = context.config
        assert isinstance(config, SequenceRnnConfig)
        kept = keeper(self.front, context, facts)
        numbers = {label: number for number, label in enumerate(labels)}

        def load(record: Record, draw: np.random.Generator) -> tuple[np.ndarray, int]:
            return self.front.varied(kept(record), config.augmentation, draw), numbers[record.target]

        def collate(loaded: Sequence[tuple[np.ndarray, int]]) -> "tuple[Tensor, ...]":
            import torch

            return (*self.front.together([x for x, _ in loaded], facts), torch.tensor([n for _, n in loaded]))

        def aside(record: Record, error: DataError) -> None:
            context.emit(Note(sentence=f"{error} It was left out.", level="warning", facts={"path": record.path}))

        return Batches(
            records,
            load=load,
            collate=collate,
            batch_size=min(config.batch_size, len(records)),
            seed=config.seed,
            lengths=[self.front.steps(record, facts) for record in records],
            on_problem=aside,
        )

    def _exported(
        self, context: TrainContext, network: "Classifier", labels: tuple[str, ...], facts: Mapping[str, Any]
    ) -> Trained:
        from safetensors.torch import save_file

        config = context.config
        assert isinstance(config, SequenceRnnConfig)
        save_file({k: v.contiguous() for k, v in network.state_dict().items()}, context.model_folder / WEIGHTS_FILE)
        self._write_graph(network, context.model_folder / GRAPH_FILE, facts)
        return Trained(
            title=f"{self.title}, {config.layers} × {config.cell.upper()}",
            graphs={"model": GRAPH_FILE},
            files={"weights": WEIGHTS_FILE},
            reference=self._reference(network, facts),
            labels=labels,
            preprocessing=self.front.preprocessing(facts),
            extra={
                "facts": dict(facts),
                "shape": {name: getattr(config, name) for name in ("cell", "directions", "layers", "units")},
            },
            tolerance=TOLERANCE,
            compared=(PROBABILITIES,),
        )

    def _reference(
        self, network: "Classifier", facts: Mapping[str, Any]
    ) -> Callable[[Sequence[Sample]], list[Outputs]]:
        import torch

        def outputs(samples: Sequence[Sample]) -> list[Outputs]:
            found: list[Outputs] = []
            with torch.inference_mode():
                for sample in samples:
                    features = network.stem(self.front.exactly(sample, facts))
                    seen = network.layers_seen(features, torch.tensor([features.shape[1]]))
                    found.append({name: values[0].numpy() for name, values in seen.items()})
            return found

        return outputs

    def _write_graph(self, network: "Classifier", path: Path, facts: Mapping[str, Any]) -> None:
        from trasluz.torchkit.graph import GraphWriter

        writer = GraphWriter()
        x = writer.node("Transpose", self.front.write(writer, network.stem, facts), perm=[1, 0, 2])  # (T, B, D)
        for depth, ways in enumerate(network.core.layers, start=1):
            x = writer.recurrent(list(ways), x)
            name = writer.node("Transpose", x, result=f"hidden_{depth}", perm=[1, 0, 2])
            writer.output(name, ("items", "steps", network.core.outputs))
        weights = writer.node("Softmax", writer.linear(network.importance, name), axis=1)  # (B, T, 1)
        attention = writer.node("Squeeze", weights, writer.integers(2), result="attention")
        writer.output(attention, ("items", "steps"))
        pooled = writer.node("ReduceSum", writer.node("Mul", weights, name), writer.integers(1), keepdims=0)
        scores = writer.node("Softmax", writer.linear(network.head, pooled), result=PROBABILITIES, axis=1)
        writer.output(scores, ("items", network.head.out_features))
        writer.save(path, self.title)

    def predictor(self, model: LoadedModel) -> Predictor:
        """Give the predictor of a loaded model."""
        return ClassPredictor(model, partial(self.front.feed, facts=model.card.extra["facts"]))

    def score(self, predictions: Sequence[Prediction], targets: Sequence[str]) -> Mapping[str, float]:
        """Score `accuracy`, `macro_f1` and, with more than five classes, `top5_accuracy`."""
        return classification(predictions, targets)

    def explainers(self) -> Sequence[Explainer]:
        """What can be seen in a model that tells classes apart."""
        return classification_explainers()


class ClassCheck:
    """Measures the network on the val items."""

    def __init__(self, front: FrontEnd, context: TrainContext, labels: Sequence[str], facts: Mapping[str, Any]) -> None:
        self._front, self._labels, self._facts = front, labels, facts
        records = context.dataset.records("val")
        known = [record for record in records if record.target in set(labels)]
        self._records = known or list(context.dataset.records("train")[:200])
        self._kept = keeper(front, context, facts)

    def __call__(self, network: "nn.Module") -> "Validation":
        """Answer every val item."""
        import torch
        from torch.nn import functional

        from trasluz.torchkit.batches import Batches
        from trasluz.torchkit.plan import Validation

        device = next(network.parameters()).device
        batches: Batches[Record, Any] = Batches(
            self._records,
            load=lambda record, _: (record, self._kept(record)),
            collate=list,
            batch_size=CHECKED_AT_ONCE,
            shuffle=False,
            lengths=[self._front.steps(record, self._facts) for record in self._records],
        )
        rows: list[tuple[Record, str]] = []
        loss = 0.0
        for batch in batches.epoch(0):
            if not batch.items:
                continue
            x, steps = self._front.together([kept for _, kept in batch.items], self._facts)
            scores = network(x.to(device), steps.to(device)).cpu()
            targets = torch.tensor([self._labels.index(record.target) for record, _ in batch.items])
            loss += float(functional.cross_entropy(scores, targets, reduction="sum"))
            answers = [self._labels[n] for n in scores.argmax(dim=1).tolist()]
            rows += [(record, answer) for (record, _), answer in zip(batch.items, answers, strict=True)]
        if not rows:
            raise DataError(
                f"None of the val {self._front.plural} could be read; look at the list of problems on the Data page."
            )
        found = classification([Prediction(text=a, label=a) for _, a in rows], [r.target for r, _ in rows])
        shown = rows[:: max(1, len(rows) // PREVIEWS)][:PREVIEWS]
        return Validation(
            {**found, "loss": loss / len(rows)},
            [Previewed(path=record.path, target=record.target, text=answer) for record, answer in shown],
        )


def step(network: "nn.Module", batch: "tuple[Tensor, ...]") -> "tuple[Tensor, dict[str, float]]":
    """From a batch to its loss."""
    from torch.nn import functional

    x, steps, targets = batch
    return functional.cross_entropy(network(x, steps), targets, label_smoothing=SMOOTHING), {}
