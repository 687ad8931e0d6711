"""Time series to their class."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trasluz.api import Explainer, Kind, ModelCard, Note, TrainContext

from ..classification import Classification, SureLesson
from ..front import FrontEnd
from ..series_explain import DecidingPart
from ..series_front import SeriesFront
from ..series_script import class_script
from ..settings import SeriesConfig

if TYPE_CHECKING:
    from trasluz.torchkit.graph import GraphWriter

    from ..lesson import Lesson
    from ..network import Classifier

CHOSEN_BY = 30
"""Held-out series at the least by which the best weights are chosen; with fewer, one of them is over three points."""
FEWEST = 8
"""Series that are learned from at once, at the least."""


class SeriesLesson(SureLesson):
    """Learns the class of a series."""

    average = 0.99

    def __init__(self, context: TrainContext, title: str, front: FrontEnd) -> None:
        super().__init__(context, title, front)
        held = context.dataset.count("val")
        self.choosing = held >= CHOSEN_BY
        if not self.choosing:
            sentence = (
                f"{held} held-out series are too few to choose the best weights by: all passes are made, and the "
                "average of the last weights is kept."
            )
            context.emit(Note(sentence=sentence))

    def batch_size(self) -> int:
        """The fewer series there are, the fewer at once, or there would be a handful of steps in a pass."""
        return min(self.config.batch_size, max(FEWEST, len(self.records) // 10))

    def network(self) -> "Classifier":
        """Stem and core, a head on each."""
        from ..network import SeriesClassifier, core_of

        stem = self.front.stem(self.facts)
        core = core_of(self.config, stem.outputs)  # type: ignore[arg-type]
        return SeriesClassifier(stem, core, len(self.labels), self.config.dropout)

    def write_scores(self, writer: "GraphWriter", network: "Classifier", features: str, pooled: str) -> str:
        """As `SeriesClassifier.scores`."""
        from ..network import SeriesClassifier

        assert isinstance(network, SeriesClassifier)
        mean = writer.node("ReduceMean", features, writer.integers(1), keepdims=0)
        by_memory = super().write_scores(writer, network, features, pooled)
        return writer.node("Add", by_memory, writer.linear(network.shapes, mean))


class SeriesClasses(Classification):
    """Tells series apart."""

    name = "series-classes"
    kind = Kind.SERIES_CLASSES
    title = "Series"
    config = SeriesConfig
    front = SeriesFront()
    pictured = True

    def lesson(self, context: TrainContext) -> "Lesson[Classifier]":
        """Learn classes."""
        return SeriesLesson(context, self.title, self.front)

    def script(self, card: ModelCard) -> str:
        """Give the source of `predict.py`."""
        return class_script()

    def explainers(self) -> Sequence[Explainer]:
        """The part that decided, and what every model of classes shows."""
        return DecidingPart(), *super().explainers()
