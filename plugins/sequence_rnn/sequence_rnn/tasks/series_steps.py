"""Time series to a label for each step."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from trasluz.api import (
    Explainer,
    Kind,
    LoadedModel,
    ModelCard,
    Outputs,
    Prediction,
    Predictor,
    PreviewLine,
    Sample,
    TrainContext,
)

from ..explain import HiddenStates
from ..labelling import PROBABILITIES, StepLesson, said_of, step_scores
from ..predict import ItemPredictor
from ..series_explain import StepProbabilities
from ..series_front import SeriesFront
from ..series_script import step_script
from ..settings import CoreConfig, SeriesConfig
from .task import Task

if TYPE_CHECKING:
    from ..lesson import Lesson
    from ..network import Labeller


class SeriesSteps(Task):
    """Labels each step of a series."""

    name = "series-steps"
    kind = Kind.SERIES_STEPS
    title = "Steps"
    config = SeriesConfig
    headline = "accuracy"
    higher_is_better = True
    front = SeriesFront(stepwise=True)
    pictured = True

    def lesson(self, context: TrainContext) -> "Lesson[Labeller]":
        """Learn labels."""
        return StepLesson(context, self.title, self.front)

    def varied(
        self, samples: Sequence[Sample], config: CoreConfig, draws: Sequence[np.random.Generator]
    ) -> Sequence[Sequence[PreviewLine]]:
        """As the front end shows them."""
        return self.front.pictured(samples, config, draws)

    def predictor(self, model: LoadedModel) -> Predictor:
        """Give the predictor of a loaded model."""
        return StepPredictor(model, partial(self.front.feed, facts=model.card.extra["facts"]))

    def score(self, predictions: Sequence[Prediction], targets: Sequence[str]) -> Mapping[str, float]:
        """Score `accuracy` and `macro_f1` over the steps."""
        return step_scores([p.text for p in predictions], targets)

    def script(self, card: ModelCard) -> str:
        """Give the source of `predict.py`."""
        return step_script(card)

    def explainers(self) -> Sequence[Explainer]:
        """How likely each label is over time, and the hidden states."""
        return StepProbabilities(), HiddenStates()


class StepPredictor(ItemPredictor):
    """One series in, the label of each step out; step by step as they come, where the model reads forward only."""

    answered = (PROBABILITIES,)

    def outputs(self, samples: Sequence[Sample]) -> Sequence[Outputs]:
        """Give `probabilities` (T, K) of each series; each runs alone, as long as it is."""
        return [self.run(sample, (PROBABILITIES,)) for sample in samples]

    def interpret(self, sample: Sample, outputs: Outputs) -> Prediction:
        """Name the likeliest label of each step."""
        return said_of(self.card.extra["step_labels"], np.asarray(outputs[PROBABILITIES]))
