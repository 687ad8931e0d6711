"""Answers with the exported graph: an item in, its text or its class out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from trasluz.api import Listener, Listening, LoadedModel, Outputs, Prediction, Predictor, Sample

from .alphabet import Alphabet
from .decoding import CharacterModel, greedy, several
from .streaming import Stream, nothing_heard

SCORES = "log_probabilities"
PROBABILITIES = "probabilities"
TOP, TEXTS = 10, 5
"""Classes, and texts, that an answer names at the most."""
HARDLY = 0.001
"""The share below which another text is not worth naming."""
Feed = Callable[[Sample], dict[str, np.ndarray]]
"""What the graph takes of one item, with the batch axis."""


class ItemPredictor(Predictor, Listening):
    """One item at a time through the model's graph: items differ in length.

    Args:
        model: The model.
        feed: What the graph takes of an item, but for the state of a stream.
    """

    def __init__(self, model: LoadedModel, feed: Feed) -> None:
        super().__init__(model)
        self.feed = feed
        self.graph = model.graph("model")
        self.streaming: Mapping[str, Any] | None = self.card.extra.get("streaming")
        """How it is run in chunks; None where it needs the whole item."""

    def explaining_outputs(self, sample: Sample) -> Outputs:
        """Every output of the graph: those of the recurrent layers are (T, N·H), `attention` (T,)."""
        return self.run(sample, None)

    def run(self, sample: Sample, wanted: Sequence[str] | None) -> Outputs:
        """Outputs of the graph for one item, without the batch axis; all where `wanted` is None."""
        before = nothing_heard(self.streaming) if self.streaming else {}
        found = self.graph.run({**self.feed(sample), **before}, wanted)
        return {name: values[0] for name, values in found.items()}

    def stream(self) -> Stream:
        """A new stream: it gives what `outputs` gives, chunk by chunk.

        Raises:
            ValueError: If the model reads in both directions, and needs the end before it can begin.
        """
        if self.streaming is None:
            raise ValueError("this model reads in both directions and cannot be run in chunks")
        return Stream(lambda wanted, feeds: self.graph.run(feeds, wanted), self.streaming, self.answered)

    def listener(self, seconds: float) -> Listener | None:
        """Hear a sound while it goes on, where the model reads in one direction; None otherwise."""
        return None if self.streaming is None else self.listening(seconds)

    def listening(self, seconds: float) -> Listener | None:
        """What hears by a model of one direction; a predictor of sounds has one."""
        return None

    answered: ClassVar[tuple[str, ...]]
    """The outputs that answers are made of."""


class TranscriptionPredictor(ItemPredictor):
    """One item in, its text out."""

    answered = (SCORES,)

    def __init__(self, model: LoadedModel, feed: Feed) -> None:
        super().__init__(model, feed)
        self.alphabet = Alphabet(tuple(self.card.extra["alphabet"]))
        self.decoding = self.card.extra["decoding"]
        name = self.card.files.get("language_model")
        self.language = CharacterModel.load(model.folder / name) if name else None

    def outputs(self, samples: Sequence[Sample]) -> Sequence[Outputs]:
        """Give the log-probabilities (T, K) of each item; items differ in length, so each runs alone."""
        return [self.run(sample, (SCORES,)) for sample in samples]

    def interpret(self, sample: Sample, outputs: Outputs) -> Prediction:
        """Decode; the score is the middle probability of the steps' likeliest characters."""
        scores = outputs[SCORES]
        found = self.several(scores)
        sure = float(np.exp(scores.max(1).mean())) if len(scores) else 0.0
        return Prediction(text=found[0][0], score=min(1.0, max(0.0, sure)), top=_shares(found))

    def listening(self, seconds: float) -> Listener:
        """Write down what is said while it is said."""
        from .listening import SpeechListener

        return SpeechListener(self)

    def read(self, scores: np.ndarray) -> tuple[str, float]:
        """The text of log-probabilities, by the way of decoding that the model was judged with."""
        return self.several(scores)[0]

    def several(self, scores: np.ndarray) -> list[tuple[str, float]]:
        """The likeliest texts, best first, with their scores; one alone where the likeliest characters are taken."""
        beam, weight, bonus = (self.decoding[name] for name in ("beam", "weight", "bonus"))
        if beam <= 1:
            text = "".join(self.alphabet.characters[n - 1] for n in greedy(scores)[0])
            return [(text, float(scores.max(1).sum()))]
        found: list[tuple[str, float]] = several(
            scores, self.alphabet.characters, beam, model=self.language, weight=weight, bonus=bonus
        )
        return found


def _shares(found: Sequence[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    """The likeliest texts with their shares in all that the search kept; none where there was no choice."""
    if len(found) < 2:
        return ()
    scores = np.array([score for _, score in found])
    shares = np.exp(scores - scores.max())
    shares = shares / shares.sum()
    named = [(text, float(share)) for (text, _), share in zip(found, shares, strict=True) if share >= HARDLY]
    return tuple(named[:TEXTS])


class ClassPredictor(ItemPredictor):
    """One item in, its class out."""

    answered = (PROBABILITIES,)

    def outputs(self, samples: Sequence[Sample]) -> Sequence[Outputs]:
        """Give `probabilities` (K,) of each item; items differ in length, so each runs alone."""
        return [self.run(sample, (PROBABILITIES,)) for sample in samples]

    def interpret(self, sample: Sample, outputs: Outputs) -> Prediction:
        """Name the likeliest class."""
        probabilities = outputs[PROBABILITIES]
        order = np.argsort(-probabilities, kind="stable")[:TOP]
        top = tuple((self.card.labels[i], min(1.0, float(probabilities[i]))) for i in order)
        return Prediction(text=top[0][0], label=top[0][0], score=top[0][1], top=top)

    def listening(self, seconds: float) -> Listener:
        """Name what is heard while it is heard."""
        from .listening import ClassListener

        return ClassListener(self, seconds)
