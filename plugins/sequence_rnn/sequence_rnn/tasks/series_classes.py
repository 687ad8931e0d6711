"""Time series to their class."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trasluz.api import Explainer, Kind, ModelCard, TrainContext

from ..classification import Classification, ClassLesson
from ..series_explain import DecidingPart
from ..series_front import SeriesFront
from ..series_script import class_script
from ..settings import SeriesConfig

if TYPE_CHECKING:
    from ..lesson import Lesson
    from ..network import Classifier


class SeriesLesson(ClassLesson):
    """Learns the class of a series; a few held-out ones tell the best weights by their loss, not by being right."""

    metric = "loss"
    higher_is_better = False


class SeriesClasses(Classification):
    """Tells series apart."""

    name = "series-classes"
    kind = Kind.SERIES_CLASSES
    title = "Series"
    config = SeriesConfig
    front = SeriesFront()

    def lesson(self, context: TrainContext) -> "Lesson[Classifier]":
        """Learn classes."""
        return SeriesLesson(context, self.title, self.front)

    def script(self, card: ModelCard) -> str:
        """Give the source of `predict.py`."""
        return class_script()

    def explainers(self) -> Sequence[Explainer]:
        """The part that decided, and what every model of classes shows."""
        return DecidingPart(), *super().explainers()
