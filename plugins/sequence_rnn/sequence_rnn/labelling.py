"""From a series to a label for each of its steps: many to many, in step.

Shapes: B items, T steps, K labels.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from trasluz.api import DataError, Prediction, Record, TrainContext
from trasluz.api.step_labels import joined, parted

from .front import FrontEnd
from .item_lesson import Answers, ItemLesson

if TYPE_CHECKING:
    from torch import Tensor

    from trasluz.torchkit.graph import GraphWriter

    from .network import Labeller

NOT_LEARNED = -100
"""The number of a label that train lacks, and of the padding."""
PROBABILITIES = "probabilities"


def step_scores(answers: Sequence[str], truths: Sequence[str]) -> dict[str, float]:
    """`accuracy` over all steps, and `macro_f1`, the unweighted mean over the labels; steps left unsaid are wrong.

    Args:
        answers: The labels of each series, as `trasluz.api.step_labels` writes them.
        truths: What they are.
    """
    said, true = list[str](), list[str]()
    for answer, truth in zip(answers, truths, strict=True):
        right = parted(truth)
        found = parted(answer)[: len(right)]
        said += [*found, *[""] * (len(right) - len(found))]
        true += right
    kinds, numbers = np.unique([*said, *true], return_inverse=True)
    guess, right_numbers = numbers[: len(said)], numbers[len(said) :]
    hits = np.bincount(right_numbers[guess == right_numbers], minlength=len(kinds))
    named = np.bincount(guess, minlength=len(kinds)) + np.bincount(right_numbers, minlength=len(kinds))
    f1 = [2 * hit / count for hit, count, kind in zip(hits, named, kinds, strict=True) if kind]
    return {"accuracy": float((guess == right_numbers).mean()), "macro_f1": float(np.mean(f1))}


class StepLesson(ItemLesson["Labeller"]):
    """Learns the label of each step."""

    metric = "accuracy"
    higher_is_better = True
    compared = (PROBABILITIES,)

    def __init__(self, context: TrainContext, title: str, front: FrontEnd) -> None:
        names = {label for record in context.dataset.records("train") for label in parted(record.target)} - {""}
        if len(names) < 2:
            raise DataError("All steps have the same label; a model needs at least two to tell apart.")
        super().__init__(context, title, front)
        self.names = tuple(sorted(names))
        self._numbers = {name: number for number, name in enumerate(self.names)}
        self.in_and_out = f"a series in, the probabilities of {len(self.names)} labels at each of its steps out"

    def network(self) -> "Labeller":
        """Stem, core, a head at each step."""
        from .network import Labeller, core_of

        stem = self.front.stem(self.facts)
        return Labeller(stem, core_of(self.config, stem.outputs), len(self.names), self.config.dropout)  # type: ignore[arg-type]

    def target(self, record: Record) -> list[int]:
        """The number of each step's label."""
        return [self._numbers.get(label, NOT_LEARNED) for label in parted(record.target)]

    def targets(self, several: Sequence[list[int]]) -> "tuple[Tensor, ...]":
        """(B, T) numbers, padded with what is not learned."""
        import torch

        found = torch.full((len(several), max(map(len, several))), NOT_LEARNED)
        for row, numbers in zip(found, several, strict=True):
            row[: len(numbers)] = torch.tensor(numbers)
        return (found,)

    def loss(self, network: "Labeller", batch: "tuple[Tensor, ...]") -> "tuple[Tensor, dict[str, float]]":
        """Cross-entropy of the steps."""
        x, steps, targets = batch
        return _cross_entropy(network(x, steps), targets), {}

    def answers(self, network: "Labeller", x: "Tensor", steps: "Tensor", records: Sequence[Record]) -> Answers:
        """The likeliest label of each step."""
        scores = network(x, steps).cpu()
        (targets,) = self.targets([self.target(record) for record in records])
        known = float((targets[:, : scores.shape[1]] >= 0).sum())
        best = scores.argmax(dim=2).tolist()
        texts = [joined([self.names[n] for n in row[:count]]) for row, count in zip(best, steps.tolist(), strict=True)]
        return Answers(texts, float(_cross_entropy(scores, targets)) * known, known)

    def metrics(self, answers: Sequence[str], truths: Sequence[str]) -> Mapping[str, float]:
        """By steps."""
        return step_scores(answers, truths)

    def outcome(self, metrics: Mapping[str, float]) -> str:
        """The share of right steps."""
        return f"{metrics['accuracy']:.1%} of the steps right"

    def write_answer(self, writer: "GraphWriter", network: "Labeller", features: str, remembered: str) -> None:
        """Classify each step."""
        scores = writer.node("Softmax", writer.linear(network.head, remembered), result=PROBABILITIES, axis=2)
        writer.output(scores, ("items", "steps", network.head.out_features))

    def extra(self, network: "Labeller") -> Mapping[str, object]:
        """The names of the labels; they are no classes of items, so they are no labels of the card."""
        return {**super().extra(network), "step_labels": list(self.names)}


def _cross_entropy(scores: "Tensor", targets: "Tensor") -> "Tensor":
    from torch.nn import functional

    count = min(scores.shape[1], targets.shape[1])  # of a series longer than is read, the rest counts as wrong
    flat = targets[:, :count].reshape(-1)
    if not bool((flat >= 0).any()):
        return scores.sum() * 0
    return functional.cross_entropy(scores[:, :count].reshape(-1, scores.shape[2]), flat, ignore_index=NOT_LEARNED)


def said_of(names: Sequence[str], probabilities: np.ndarray) -> Prediction:
    """The answer of a series: the likeliest label of each step, and how sure the steps are in the middle."""
    best = probabilities.argmax(1)
    return Prediction(text=joined([names[n] for n in best]), score=float(min(1.0, probabilities.max(1).mean())))
