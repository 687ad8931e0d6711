"""Answers with the exported graph: an item in, its text or its class out."""

from collections.abc import Callable, Sequence

import numpy as np

from trasluz.api import LoadedModel, Outputs, Prediction, Predictor, Sample

from .alphabet import Alphabet
from .decoding import CharacterModel, beam_search, greedy

SCORES = "log_probabilities"
PROBABILITIES = "probabilities"
TOP = 10
"""Classes that an answer names at the most."""
Feed = Callable[[Sample], dict[str, np.ndarray]]
"""What the graph takes of one item, with the batch axis."""


class TranscriptionPredictor(Predictor):
    """One item in, its text out."""

    def __init__(self, model: LoadedModel, feed: Feed) -> None:
        super().__init__(model)
        self.feed = feed
        self.graph = model.graph("model")
        self.alphabet = Alphabet(tuple(self.card.extra["alphabet"]))
        self.decoding = self.card.extra["decoding"]
        name = self.card.files.get("language_model")
        self.language = CharacterModel.load(model.folder / name) if name else None

    def outputs(self, samples: Sequence[Sample]) -> Sequence[Outputs]:
        """Give the log-probabilities (T, K) of each item; items differ in length, so each runs alone."""
        return [self._run(sample, (SCORES,)) for sample in samples]

    def explaining_outputs(self, sample: Sample) -> Outputs:
        """Give the outputs of every recurrent layer as well, (T, N·H)."""
        return self._run(sample, None)

    def interpret(self, sample: Sample, outputs: Outputs) -> Prediction:
        """Decode; the score is the middle probability of the steps' likeliest characters."""
        scores = outputs[SCORES]
        text, _ = self.read(scores)
        sure = float(np.exp(scores.max(1).mean())) if len(scores) else 0.0
        return Prediction(text=text, score=min(1.0, max(0.0, sure)))

    def read(self, scores: np.ndarray) -> tuple[str, float]:
        """The text of log-probabilities, by the way of decoding that the model was judged with."""
        beam, weight, bonus = (self.decoding[name] for name in ("beam", "weight", "bonus"))
        if beam <= 1:
            return "".join(self.alphabet.characters[n - 1] for n in greedy(scores)[0]), float(scores.max(1).sum())
        return beam_search(scores, self.alphabet.characters, beam, model=self.language, weight=weight, bonus=bonus)

    def _run(self, sample: Sample, wanted: Sequence[str] | None) -> Outputs:
        found = self.graph.run(self.feed(sample), wanted)
        return {name: values[0] for name, values in found.items()}


class ClassPredictor(Predictor):
    """One item in, its class out."""

    def __init__(self, model: LoadedModel, feed: Feed) -> None:
        super().__init__(model)
        self.feed = feed
        self.graph = model.graph("model")

    def outputs(self, samples: Sequence[Sample]) -> Sequence[Outputs]:
        """Give `probabilities` (K,) of each item; items differ in length, so each runs alone."""
        return [self._run(sample, (PROBABILITIES,)) for sample in samples]

    def explaining_outputs(self, sample: Sample) -> Outputs:
        """Give `attention` (T,) and the outputs of every recurrent layer as well, (T, N·H)."""
        return self._run(sample, None)

    def interpret(self, sample: Sample, outputs: Outputs) -> Prediction:
        """Name the likeliest class."""
        probabilities = outputs[PROBABILITIES]
        order = np.argsort(-probabilities, kind="stable")[:TOP]
        top = tuple((self.card.labels[i], min(1.0, float(probabilities[i]))) for i in order)
        return Prediction(text=top[0][0], label=top[0][0], score=top[0][1], top=top)

    def _run(self, sample: Sample, wanted: Sequence[str] | None) -> Outputs:
        found = self.graph.run(self.feed(sample), wanted)
        return {name: values[0] for name, values in found.items()}
