"""The next character of a text or of code."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from trasluz.api import Explainer, Kind, LoadedModel, ModelCard, Prediction, Predictor, TrainContext

from ..settings.characters import CharactersConfig
from .task import Task

if TYPE_CHECKING:
    from ..characters.lesson import CharacterLesson


class Characters(Task):
    """Learns to foresee a text character by character, and writes on."""

    name = "characters"
    kind = Kind.TEXT
    title = "Next character"
    config = CharactersConfig
    headline = "bits_per_character"
    higher_is_better = False

    def lesson(self, context: TrainContext) -> "CharacterLesson":
        """One training."""
        from ..characters.lesson import CharacterLesson

        return CharacterLesson(context, self.title)

    def predictor(self, model: LoadedModel) -> Predictor:
        """The predictor of a loaded model; it also writes."""
        from ..characters.predict import CharacterPredictor

        return CharacterPredictor(model)

    def score(self, predictions: Sequence[Prediction], targets: Sequence[str]) -> Mapping[str, float]:
        """Score `bits_per_character` and `perplexity`, over all characters of all texts."""
        characters = sum(p.measures.get("characters", 0.0) for p in predictions)
        if not characters:  # an answer without probabilities foresaw nothing
            return {"bits_per_character": math.inf, "perplexity": math.inf}
        nats = sum(p.measures.get("nats", math.inf) for p in predictions) / characters
        return {"bits_per_character": nats / math.log(2), "perplexity": math.exp(min(nats, 700.0))}

    def script(self, card: ModelCard) -> str:
        """Give the source of `predict.py`."""
        from ..characters.script import character_script

        return character_script()

    def explainers(self) -> Sequence[Explainer]:
        """The views of models that write characters."""
        from ..characters.explain import character_explainers

        return character_explainers()
