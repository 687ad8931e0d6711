"""What can be seen of word vectors: the nearest words, and all of them on a map."""

from collections.abc import Sequence
from typing import Literal

from text_seq2seq.predict import text_of
from trasluz.api import Bars, DataError, Explainer, ModelCard, Points, Predictor, Sample

from .answering import Unknown, asked
from .predict import WordPredictor

FAMILY = "word-vectors"
SHOWN = 1_000
"""The most frequent words that a map shows."""
AROUND = 15
"""Words near to the ones that were typed, which it shows too."""
CLUSTERS = 8
SUM, PRODUCT = "sum (3CosAdd)", "product (3CosMul)"


class NearWords(Explainer):
    """The words with the smallest angle."""

    id = "nearest"
    title = "Nearest words"
    sentence = "The words whose vectors point most nearly the same way, by the cosine of the angle."

    def applies(self, card: ModelCard) -> bool:
        """Whether it is one of this family's models."""
        return card.family == FAMILY

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Bars:
        """Make the view."""
        found = predictor.predict([sample])[0].top
        return Bars(self.title, [word for word, _ in found], [score for _, score in found], unit="")


class Analogy(Explainer):
    """What stands to a third word as the second to the first."""

    id = "analogy"
    title = "Analogy"
    sentence = "Of three words: what stands to the third as the second stands to the first, queen for man woman king."

    def applies(self, card: ModelCard) -> bool:
        """Whether it is one of this family's models."""
        return card.family == FAMILY

    def choices(self, card: ModelCard) -> Sequence[str]:
        """How the three cosines become one score."""
        return (SUM, PRODUCT)

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Bars:
        """Make the view; of fewer than three words the nearest ones."""
        assert isinstance(predictor, WordPredictor)
        words = [predictor.words[number] for number in _typed(predictor, sample)]
        if len(words) < 3:
            return NearWords().explain(predictor, sample)
        a, b, c = words[:3]
        found = predictor.vectors.analogy(a, b, c, method="mul" if choice == PRODUCT else "add")
        title = f"{a} is to {b} as {c} is to …"
        return Bars(title, [word for word, _ in found], [score for _, score in found], unit="")


class WordMap(Explainer):
    """The most frequent words on a plane."""

    id = "map"
    title = "Map of words"
    sentence = "The most frequent words and those around the typed ones, near each other where they are used alike."

    def __init__(self) -> None:
        self._held: tuple[str, str, tuple[int, ...], Points] | None = None

    def applies(self, card: ModelCard) -> bool:
        """Whether it is one of this family's models."""
        return card.family == FAMILY

    def choices(self, card: ModelCard) -> Sequence[str]:
        """How the many dimensions become two."""
        return ("t-SNE", "PCA")

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Points:
        """Make the view; one that was just made for the same words is given again."""
        assert isinstance(predictor, WordPredictor)
        typed = _typed(predictor, sample) if any(map(str.isalnum, text_of(sample))) else []
        method: Literal["PCA", "t-SNE"] = "PCA" if choice == "PCA" else "t-SNE"
        key = (predictor.card.id, method, tuple(typed))
        if self._held is None or self._held[:3] != key:
            self._held = (*key, self._made(predictor, typed, method))
        return self._held[3]

    def _made(self, predictor: WordPredictor, typed: Sequence[int], method: Literal["PCA", "t-SNE"]) -> Points:
        from trasluz.torchkit.maps import flat, named_clusters

        vectors = predictor.vectors
        asked_about = [vectors.words[number] for number in typed[:20]]
        near = [vectors.find(word) for each in asked_about for word, _ in vectors.neighbours(each, AROUND)]
        numbers = list(dict.fromkeys([*typed, *(n for n in near if n is not None), *range(min(SHOWN, len(vectors)))]))
        unit = vectors.unit[numbers]
        names = [vectors.words[number] for number in numbers]
        return Points(
            self.title,
            flat(unit, method),
            names,
            named_clusters(unit, names, min(CLUSTERS, max(1, len(names) // 5))),
            marked=tuple(range(len(set(typed)))),
        )


def _typed(predictor: WordPredictor, sample: Sample) -> list[int]:
    try:
        return asked(text_of(sample), predictor.numbers)[0]
    except Unknown as error:
        raise DataError(str(error)) from error
