"""What a task owes the family."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from trasluz.api import Explainer, LoadedModel, ModelCard, Prediction, Predictor, TrainContext, Trained


class Task(ABC):
    """One kind of data that the family learns from: how, and what its models answer."""

    kind: ClassVar[str]
    """The kind of data; also the task's name among the settings."""
    headline: ClassVar[str]
    """The metric that its models are judged by."""
    higher_is_better: ClassVar[bool]

    @abstractmethod
    def train(self, context: TrainContext) -> Trained:
        """As `ModelFamily.train`."""

    @abstractmethod
    def predictor(self, model: LoadedModel) -> Predictor:
        """As `ModelFamily.predictor`."""

    @abstractmethod
    def score(self, predictions: Sequence[Prediction], targets: Sequence[str]) -> Mapping[str, float]:
        """As `ModelFamily.score`."""

    @abstractmethod
    def script(self, card: ModelCard) -> str:
        """As `ModelFamily.script`."""

    @abstractmethod
    def explainers(self) -> Sequence[Explainer]:
        """As `ModelFamily.explainers`."""
