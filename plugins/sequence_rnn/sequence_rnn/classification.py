"""From a sequence to its class, whatever the front end.

Shapes: B items, T steps, K classes.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from trasluz.api import DataError, Explainer, LoadedModel, Prediction, Predictor, Record, TrainContext
from trasluz.api.scores import classification

from .explain import classification_explainers
from .front import FrontEnd
from .item_lesson import Answers, ItemLesson
from .predict import PROBABILITIES, ClassPredictor
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
        """Cross-entropy."""
        from torch.nn import functional

        x, steps, targets = batch
        return functional.cross_entropy(network(x, steps), targets, label_smoothing=SMOOTHING), {}

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

    def write_answer(self, writer: "GraphWriter", network: "Classifier", remembered: str) -> None:
        """Weigh the steps, classify their mean."""
        weights = writer.node("Softmax", writer.linear(network.importance, remembered), axis=1)  # (B, T, 1)
        attention = writer.node("Squeeze", weights, writer.integers(2), result="attention")
        writer.output(attention, ("items", "steps"))
        pooled = writer.node("ReduceSum", writer.node("Mul", weights, remembered), writer.integers(1), keepdims=0)
        scores = writer.node("Softmax", writer.linear(network.head, pooled), result=PROBABILITIES, axis=1)
        writer.output(scores, ("items", network.head.out_features))
