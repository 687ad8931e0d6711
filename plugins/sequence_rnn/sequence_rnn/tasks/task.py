"""What a task owes the family."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from trasluz.api import (
    Dataset,
    Explainer,
    LoadedModel,
    ModelCard,
    Prediction,
    Predictor,
    PreviewLine,
    Sample,
    TrainContext,
)

from ..settings import CoreConfig

if TYPE_CHECKING:
    from ..lesson import Lesson


class Task(ABC):
    """One kind of data that the family learns from: how, and what its models answer."""

    name: ClassVar[str]
    """What it is called among the settings: `handwriting`."""
    kind: ClassVar[str]
    """The kind of data."""
    title: ClassVar[str]
    """Its name in the model's title: `Handwriting`."""
    config: ClassVar[type[CoreConfig]]
    """The settings that say something to it."""
    headline: ClassVar[str]
    """The metric that its models are judged by."""
    higher_is_better: ClassVar[bool]
    pictured: ClassVar[bool] = False
    """Whether `varied` shows what learning makes of items."""

    @abstractmethod
    def lesson(self, context: TrainContext) -> "Lesson[Any]":
        """One training.

        Raises:
            DataError: If the data cannot be used.
            FamilyError: If the settings cannot.
        """

    def arranged(self, dataset: Dataset, settings: Mapping[str, Any]) -> Dataset:
        """As `ModelFamily.arranged`."""
        return dataset

    def varied(
        self, samples: Sequence[Sample], config: CoreConfig, draws: Sequence[np.random.Generator]
    ) -> Sequence[np.ndarray | Sequence[PreviewLine]] | None:
        """As `ModelFamily.varied`; a task that shows its items so has `pictured` set."""
        return None

    @abstractmethod
    def predictor(self, model: LoadedModel) -> Predictor:
        """As `ModelFamily.predictor`."""

    @abstractmethod
    def score(self, predictions: Sequence[Prediction], targets: Sequence[str]) -> Mapping[str, float]:
        """As `ModelFamily.score`."""

    def details(
        self, card: ModelCard, names: Sequence[str], predictions: Sequence[Prediction], targets: Sequence[str]
    ) -> Mapping[str, Any]:
        """As `ModelFamily.details`."""
        return {}

    @abstractmethod
    def script(self, card: ModelCard) -> str:
        """As `ModelFamily.script`."""

    @abstractmethod
    def explainers(self) -> Sequence[Explainer]:
        """As `ModelFamily.explainers`."""
