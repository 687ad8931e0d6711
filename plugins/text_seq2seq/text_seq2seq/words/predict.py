"""Answers texts with the exported vectors."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from text_seq2seq.predict import text_of
from trasluz.api import DataError, LoadedModel, Outputs, Prediction, Sample, VectorsPredictor
from trasluz.api.vectors import WordVectors

from .answering import Unknown, asked, chosen, nearest, rows

WORDS_FILE = "words.txt"
AT_ONCE = 64
"""Rows of one run: each gives a number for every word of the vocabulary."""


def words_in(folder: Path) -> list[str]:
    """The words of a model folder, in the order of their vectors.

    Raises:
        DataError: If the file is missing or damaged.
    """
    try:
        return (folder / WORDS_FILE).read_text(encoding="utf-8").split("\n")[:-1]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"“{folder / WORDS_FILE}” cannot be read; train the model again.") from error


class WordPredictor(VectorsPredictor):
    """A word or several in, the nearest words out; or a choice."""

    def __init__(self, model: LoadedModel) -> None:
        super().__init__(model)
        self.words = words_in(model.folder)
        self.numbers = {word: number for number, word in enumerate(self.words)}
        self._vectors: WordVectors | None = None

    @property
    def vectors(self) -> WordVectors:
        """All vectors, by the graph."""
        if self._vectors is None:
            graph = self.model.graph("vectors")
            every = np.arange(len(self.words), dtype=np.int64)[None]
            matrix = graph.run({"words": every}, ["vectors"])["vectors"][0]
            self._vectors = WordVectors(self.words, matrix)
        return self._vectors

    def outputs(self, samples: Sequence[Sample]) -> Sequence[Outputs]:
        """Give `mean` (D,) and either `likely`, one for each choice, or `cosines` (V,)."""
        found: list[Outputs] = []
        for at in range(0, len(samples), AT_ONCE):
            texts = [self._asked(sample) for sample in samples[at : at + AT_ONCE]]
            ran = self.model.graph("vectors").run(
                {"words": rows([numbers for numbers, _ in texts])}, ["mean", "cosines", "fits"]
            )
            for row, (_, choices) in enumerate(texts):
                if choices:
                    answer = {"likely": chosen(ran["fits"][row], choices, self.numbers)}
                else:
                    answer = {"cosines": ran["cosines"][row]}
                found.append({"mean": ran["mean"][row], **answer})
        return found

    def interpret(self, sample: Sample, outputs: Outputs) -> Prediction:
        """Name the words."""
        numbers, choices = self._asked(sample)
        if choices:
            likely = outputs["likely"]
            order = np.argsort(-likely, kind="stable")
            top = tuple((choices[int(i)], float(likely[i])) for i in order)
        else:
            top = tuple(nearest(outputs["cosines"], self.words, numbers))
        return Prediction(text=top[0][0], score=top[0][1], top=top)

    def _asked(self, sample: Sample) -> tuple[list[int], list[str]]:
        try:
            return asked(text_of(sample), self.numbers)
        except Unknown as error:
            raise DataError(str(error)) from error
