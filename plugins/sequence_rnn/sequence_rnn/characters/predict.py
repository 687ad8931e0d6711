"""Answers with the exported graph: how well it foresees a text, what comes next, and what it writes on.

Shapes: T characters of a text, K symbols, L layers, H units.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from trasluz.api import DataError, LoadedModel, Outputs, Prediction, Sample, WritingPredictor, Written

from .export import SCORES
from .sampling import chances, drawn
from .symbols import Symbols, composed, continued, top_of

TOP = 10
NATS, NEXT = "nats", "next_log_probabilities"


def text_of(sample: Sample) -> str:
    """The text of a sample, composed."""
    text = sample.inputs.get("text")
    if not isinstance(text, str):
        raise DataError(f"“{sample.record.path}” is no text; this model reads texts.")
    return composed(text)


def measured(scores: np.ndarray, numbers: np.ndarray) -> Outputs:
    """What is kept of the log-probabilities (T + 1, K) of a text (T,): the nats of each character, and what is next."""
    nats = -scores[np.arange(len(numbers)), numbers]
    return {NATS: nats.astype(np.float32), NEXT: scores[-1]}


class CharacterPredictor(WritingPredictor):
    """Reads a text from a fresh state, and writes on."""

    def __init__(self, model: LoadedModel) -> None:
        super().__init__(model)
        self.graph = model.graph("model")
        self.symbols = Symbols(tuple(self.card.extra["characters"]))
        shapes = [each for each in self.graph.inputs if each.name != "symbols"]
        self._fresh = {s.name: np.zeros((int(s.shape[0] or 1), 1, int(s.shape[2] or 1)), np.float32) for s in shapes}
        self._wanted = [SCORES, *(f"next_{name}" for name in self._fresh)]

    def outputs(self, samples: Sequence[Sample]) -> Sequence[Outputs]:
        """Give `nats` (T,) of each character and the log-probabilities (K,) of the next one, text by text."""
        found = []
        for sample in samples:
            numbers = continued(self.symbols, text_of(sample))
            scores = self.graph.run({"symbols": numbers[None], **self._fresh}, [SCORES])[SCORES][0]
            found.append(measured(scores, numbers[1:]))
        return found

    def explaining_outputs(self, sample: Sample) -> Outputs:
        """Give `log_probabilities` (T + 1, K) and the outputs of every layer (T + 1, H), the start first."""
        numbers = continued(self.symbols, text_of(sample))
        found = self.graph.run({"symbols": numbers[None], **self._fresh})
        return {name: value[0] for name, value in found.items() if not name.startswith("next_")}

    def interpret(self, sample: Sample, outputs: Outputs) -> Prediction:
        """Name the likeliest next character, and say how well the text was foreseen."""
        nats = np.asarray(outputs[NATS], np.float64)
        top = top_of(self.symbols.names, chances(outputs[NEXT]), TOP)
        measures = {"nats": float(nats.sum()), "characters": float(len(nats))}
        return Prediction(text=top[0][0], score=top[0][1], top=top, measures=measures)

    def unknown(self, start: str) -> Sequence[str]:
        """The characters of the start that the model never learned."""
        return self.symbols.unknown(start)

    def write(self, start: str, *, temperature: float, top_k: int, seed: int) -> Iterator[Written]:
        """Read the start, then draw character after character; each is read before the next one is drawn."""
        draw = np.random.default_rng(seed)
        names = self.symbols.names
        found = self._read(continued(self.symbols, start), self._fresh)
        while True:
            probabilities = chances(found[SCORES][0, -1], temperature, top_k)
            number = drawn(probabilities, draw)
            yield Written(names[number], top_of(names, probabilities, TOP), float(probabilities[number]))
            state = {name: found[f"next_{name}"] for name in self._fresh}
            found = self._read(np.array([number]), state)

    def _read(self, numbers: np.ndarray, state: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return self.graph.run({"symbols": numbers[None], **state}, self._wanted)
