"""Answers with the exported graph: how well it foresees a text, what comes next, and what it writes on.

Shapes: T characters of a text, K symbols, L layers, H units.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from trasluz.api import DataError, LoadedModel, Outputs, Prediction, Sample, WritingPredictor, Written

from .export import SCORES, by_steps
from .sampling import drawn, weights
from .symbols import FIRST, Symbols, composed, continued, likeliest, top_of, visible

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
        return {n: by_steps(self.graph, n, value) for n, value in found.items() if not n.startswith("next_")}

    def interpret(self, sample: Sample, outputs: Outputs) -> Prediction:
        """Name the likeliest next character, and say how well the text was foreseen."""
        nats = np.asarray(outputs[NATS], np.float64)
        top = top_of(self.symbols.names, weights(outputs[NEXT]), TOP)
        measures = {"nats": float(nats.sum()), "characters": float(len(nats))}
        return Prediction(text=top[0][0], score=top[0][1], top=top, measures=measures)

    def unknown(self, start: str) -> Sequence[str]:
        """The characters of the start that the model never learned."""
        return self.symbols.unknown(start)

    def write(self, start: str, *, temperature: float, top_k: int, seed: int) -> Iterator[Written]:
        """Read the start, then draw character after character; each is read before the next one is drawn."""
        draw = np.random.default_rng(seed)
        names = self.symbols.names
        shown = [visible(name) for name in names[FIRST:]]
        read = self.graph.run({"symbols": continued(self.symbols, start)[None], **self._fresh}, self._wanted)
        state = {name: read[f"next_{name}"] for name in self._fresh}
        steps = self.graph.steps(
            {"symbols": np.zeros((1, 1), np.int64), **state},
            back={f"next_{name}": name for name in self._fresh},
            wanted=[SCORES],
        )
        symbol, scores = steps.inputs["symbols"], read[SCORES][0, -1]
        while True:
            weighed = weights(scores, temperature, top_k)
            number, share = drawn(weighed, draw)
            yield Written(names[number], likeliest(shown, weighed, TOP), share)
            symbol[0, 0] = number
            steps.step()
            scores = steps.outputs[SCORES][0, 0]
