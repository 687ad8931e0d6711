"""From a sequence to its class, whatever the front end.

Shapes: B items, T steps, K classes.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from trasluz.api import (
    DataError,
    Explainer,
    LoadedModel,
    Prediction,
    Predictor,
    PreviewLine,
    Record,
    Sample,
    TrainContext,
)
from trasluz.api.scores import classification

from .explain import classification_explainers
from .front import FrontEnd
from .item_lesson import Answers, ItemLesson
from .listening import WEIGHED, WEIGHT
from .predict import PROBABILITIES, ClassPredictor
from .settings import CoreConfig
from .tasks.task import Task

if TYPE_CHECKING:
    from torch import Tensor

    from trasluz.torchkit.graph import GraphWriter

    from .lesson import Lesson
    from .network import Classifier

SMOOTHING = 0.1
"""Of the targets (Szegedy et al. 2016), so that few examples are not learned by heart with certainty."""


class Classification(Task):
    """Learns which class a sequence is of. A task adds its front end and its script."""

    headline: ClassVar[str] = "accuracy"
    higher_is_better: ClassVar[bool] = True

    front: FrontEnd

    def lesson(self, context: TrainContext) -> "Lesson[Classifier]":
        """Learn classes."""
        return ClassLesson(context, self.title, self.front)

    def varied(
        self, samples: Sequence[Sample], config: CoreConfig, draws: Sequence[np.random.Generator]
    ) -> Sequence[np.ndarray | Sequence[PreviewLine]] | None:
        """As the front end shows them."""
        return self.front.pictured(samples, config, draws)

    def predictor(self, model: LoadedModel) -> Predictor:
        """Give the predictor of a loaded model."""
        return ClassPredictor(model, partial(self.front.feed, facts=model.card.extra["facts"]))

    def score(self, predictions: Sequence[Prediction], targets: Sequence[str]) -> Mapping[str, float]:
        """Score `accuracy`, `macro_f1` and, with more than five classes, `top5_accuracy`."""
        return classification(predictions, targets)

    def explainers(self) -> Sequence[Explainer]:
        """What can be seen in a model that tells classes apart."""
        return classification_explainers()


class ClassLesson(ItemLesson["Classifier"]):
    """Learns which class an item is of."""

    metric = "accuracy"
    higher_is_better = True
    compared = (PROBABILITIES,)

    def __init__(self, context: TrainContext, title: str, front: FrontEnd) -> None:
        self._labels = tuple(context.dataset.labels)
        if len(self._labels) < 2:
            raise DataError("There is one class only; a model needs at least two to tell apart.")
        super().__init__(context, title, front)
        self._numbers = {label: number for number, label in enumerate(self._labels)}

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes."""
        return self._labels

    def network(self) -> "Classifier":
        """Stem, core, attention pooling."""
        from .network import Classifier, core_of

        stem = self.front.stem(self.facts)
        return Classifier(stem, core_of(self.config, stem.outputs), len(self._labels), self.config.dropout)  # type: ignore[arg-type]

    def target(self, record: Record) -> int:
        """The number of its class; -100 for one that is not learned, as only a held-out item can have."""
        return self._numbers.get(record.target, -100)

    def targets(self, several: Sequence[int]) -> "tuple[Tensor, ...]":
        """(B,) numbers."""
        import torch

        return (torch.tensor(several),)

    def loss(self, network: "Classifier", batch: "tuple[Tensor, ...]") -> "tuple[Tensor, dict[str, float]]":
        """Cross-entropy; with mixup of each item with another one of the batch (Zhang et al., ICLR 2018)."""
        import torch
        from torch.nn import functional

        x, steps, targets = batch
        mixing = getattr(self.config, "mixing", 0.0)
        if not mixing or not network.training:
            return functional.cross_entropy(network(x, steps), targets, label_smoothing=SMOOTHING), {}
        share = float(torch.distributions.Beta(mixing, mixing).sample())
        other = torch.randperm(len(x), device=x.device)
        scores = network(share * x + (1 - share) * x[other], torch.maximum(steps, steps[other]))
        losses = (
            functional.cross_entropy(scores, each, label_smoothing=SMOOTHING) for each in (targets, targets[other])
        )
        return sum(part * loss for part, loss in zip((share, 1 - share), losses, strict=True)), {}

    def answers(self, network: "Classifier", x: "Tensor", steps: "Tensor", records: Sequence[Record]) -> Answers:
        """The likeliest class of each; one that train lacks counts as wrong, and has no loss."""
        from torch.nn import functional

        scores = network(x, steps).cpu()
        (targets,) = self.targets([self.target(record) for record in records])
        loss = float(functional.cross_entropy(scores, targets, reduction="sum"))
        return Answers([self._labels[n] for n in scores.argmax(dim=1).tolist()], loss, float((targets >= 0).sum()))

    def metrics(self, answers: Sequence[str], truths: Sequence[str]) -> Mapping[str, float]:
        """As `Classification.score`."""
        return classification([Prediction(text=each, label=each) for each in answers], truths)

    def outcome(self, metrics: Mapping[str, float]) -> str:
        """The share of right answers."""
        return f"{metrics['accuracy']:.1%} right"

    def head_states(self, network: "Classifier") -> Mapping[str, list[int]]:
        """The sums of the pooling."""
        return {WEIGHT: [1, 1], WEIGHED: [1, network.core.outputs]}

    def write_answer(self, writer: "GraphWriter", network: "Classifier", features: str, remembered: str) -> None:
        """Weigh the steps, classify their mean; a stream hands on the sums of both."""
        from .network import CERTAIN

        bound = writer.constant(CERTAIN)
        bounded = writer.node("Tanh", writer.node("Div", writer.linear(network.importance, remembered), bound))
        weights = writer.node("Exp", writer.node("Mul", bounded, bound))  # (B, T, 1)
        total = writer.node("ReduceSum", weights, writer.integers(1), keepdims=0)  # (B, 1)
        weighed = writer.node("ReduceSum", writer.node("Mul", weights, remembered), writer.integers(1), keepdims=0)
        if self.streaming is not None:
            sums = []
            for name, now in ((WEIGHT, total), (WEIGHED, weighed)):
                size = self.head_states(network)[name][1]
                before = writer.input(name, np.float32, ("items", size))
                sums.append(writer.node("Add", before, now, result=f"{name}_after"))
                writer.output(sums[-1], ("items", size))
            total, weighed = sums
        shares = writer.node("Div", writer.node("Squeeze", weights, writer.integers(2)), total, result="attention")
        writer.output(shares, ("items", "steps"))
        pooled = writer.node("Div", weighed, total)  # (B, N·H)
        scores = self.write_scores(writer, network, features, pooled)
        probabilities = writer.node("Softmax", scores, result=PROBABILITIES, axis=1)
        writer.output(probabilities, ("items", network.head.out_features))

    def write_scores(self, writer: "GraphWriter", network: "Classifier", features: str, pooled: str) -> str:
        """As `Classifier.scores`: (B, K)."""
        return writer.linear(network.head, pooled)


class SureLesson(ClassLesson):
    """Tells the best weights by their loss on what is held out, not by how much of it is right.

    Where that is little, or of the same voices as what is learned from, it is all right long before the network has
    learned what helps with others.
    """

    metric = "loss"
    higher_is_better = False
