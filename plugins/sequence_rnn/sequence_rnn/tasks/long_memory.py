"""The built-in problems of long memory: copy after a delay, and adding."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from trasluz.api import Explainer, LoadedModel, ModelCard, Prediction, Predictor, TrainContext

from ..memory.source import KIND
from ..settings.memory import MemoryConfig
from .task import Task

if TYPE_CHECKING:
    from ..memory.lesson import MemoryLesson


class LongMemoryProblems(Task):
    """Teaches the three cells to remember, and shows which of them does."""

    name = "long-memory"
    kind = KIND
    title = "Long memory"
    config = MemoryConfig
    headline = "accuracy"
    higher_is_better = True

    def lesson(self, context: TrainContext) -> "MemoryLesson":
        """One training, of all three cells."""
        from ..memory.lesson import MemoryLesson

        return MemoryLesson(context, self.title)

    def predictor(self, model: LoadedModel) -> Predictor:
        """The predictor of a loaded model."""
        from ..memory.predict import MemoryPredictor

        return MemoryPredictor(model)

    def score(self, predictions: Sequence[Prediction], targets: Sequence[str]) -> Mapping[str, float]:
        """Score `accuracy`, the share of letters or sums that are right; and `exact_match`, or `rmse` of sums."""
        from ..memory.problems import scores

        return scores([prediction.text for prediction in predictions], targets)

    def script(self, card: ModelCard) -> str:
        """Give the source of `predict.py`."""
        from ..memory.predict import PREDICT

        return PREDICT

    def explainers(self) -> Sequence[Explainer]:
        """How far back each cell learned, and what the chosen one has in mind."""
        from ..explain import HiddenStates
        from ..reach import FarBack

        return FarBack(), HiddenStates()
