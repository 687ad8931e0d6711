"""The family: one recurrent core, and a task for each kind of sequence."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trasluz.api import (
    Dataset,
    Explainer,
    FamilyError,
    LoadedModel,
    ModelCard,
    ModelFamily,
    Prediction,
    Predictor,
    PreviewLine,
    Sample,
    TrainConfig,
    TrainContext,
    Trained,
)

from .settings import CoreConfig, SequenceRnnConfig
from .tasks import kinds, task_for


class SequenceRnn(ModelFamily):
    """Plain RNN, GRU or LSTM; what surrounds it depends on the kind of data.

    Args:
        kind: The kind of data that it works with now.
    """

    id = "sequence-rnn"
    title = "Recurrent network"
    sentence = (
        "Reads hands and speech, tells sounds and series apart, forecasts, writes: it remembers what came before."
    )
    kinds = kinds()
    config = SequenceRnnConfig
    headline = "cer"
    higher_is_better = False
    precisions = ("fp32", "int8")  # the converter gives two nodes of their fp16 graphs one name

    def __init__(self, kind: str = "") -> None:
        self.task = task_for(kind or self.kinds[0])
        self.config = self.task.config if kind else SequenceRnnConfig  # type: ignore[misc]
        self.headline = self.task.headline  # type: ignore[misc]
        self.higher_is_better = self.task.higher_is_better  # type: ignore[misc]

    def for_kind(self, kind: str) -> "SequenceRnn":
        """The family with the task of a kind of data."""
        if str(kind) not in self.kinds:
            return self
        return (Pictured if task_for(str(kind)).pictured else SequenceRnn)(str(kind))

    def train(self, context: TrainContext) -> Trained:
        """Train the task that the data is for."""
        config = context.config
        assert isinstance(config, CoreConfig)
        kind = str(context.dataset.kind)
        task = task_for(kind)
        if config.task not in ("auto", task.name):
            raise FamilyError(
                f"The task “{config.task}” needs other data: this is {kind}. Choose the task “auto”, or other data."
            )
        return task.lesson(context).taught()

    def arranged(self, dataset: Dataset, settings: Mapping[str, Any]) -> Dataset:
        """The data as the task that it is for sees it."""
        return task_for(str(dataset.kind)).arranged(dataset, settings) if str(dataset.kind) in self.kinds else dataset

    def predictor(self, model: LoadedModel) -> Predictor:
        """The predictor of the model's own task."""
        return task_for(model.card.kind).predictor(model)

    def score(self, predictions: Sequence[Prediction], targets: Sequence[str]) -> Mapping[str, float]:
        """The scores of the present task."""
        return self.task.score(predictions, targets)

    def details(
        self, card: ModelCard, names: Sequence[str], predictions: Sequence[Prediction], targets: Sequence[str]
    ) -> Mapping[str, Any]:
        """What the task tells of its answers."""
        return self.task.details(card, names, predictions, targets)

    def script(self, card: ModelCard) -> str:
        """The source of `predict.py` for the model's own task."""
        return task_for(card.kind).script(card)

    def explainers(self) -> Sequence[Explainer]:
        """The views of all tasks, those of one task before those of several; each knows to which models it applies."""
        found: dict[str, Explainer] = {}
        tasks: dict[str, int] = {}
        for kind in self.kinds:
            for explainer in task_for(kind).explainers():
                found.setdefault(explainer.id, explainer)
                tasks[explainer.id] = tasks.get(explainer.id, 0) + 1
        return tuple(sorted(found.values(), key=lambda explainer: tasks[explainer.id] > 2))


class Pictured(SequenceRnn):
    """The family with a task whose items can be shown as learning alters them: lines of ink, recordings, series."""

    def varied(
        self, samples: Sequence[Sample], config: TrainConfig, draws: Sequence[np.random.Generator]
    ) -> Sequence[np.ndarray | Sequence[PreviewLine]] | None:
        """Lines as pictures, recordings as spectrograms, series as drawings."""
        assert isinstance(config, CoreConfig)
        return self.task.varied(samples, config, draws)
