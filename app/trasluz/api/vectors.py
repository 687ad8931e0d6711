"""Words as points in space: which are near each other, and what stands to one as another stands to a third.

Shapes: V words, D numbers of a vector.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from trasluz.api.data import DataError

Ranked = list[tuple[str, float]]
"""Words with a score, best first."""


@dataclass(slots=True, eq=False)
class WordVectors:
    """A vocabulary with a vector for each word, the most frequent word first where that is known.

    Attributes:
        words: V words, none twice.
        matrix: (V, D) float32.
        counts: (V,) how often each was seen; empty where that is not known.
    """

    words: Sequence[str]
    matrix: np.ndarray
    counts: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    _numbers: dict[str, int] = field(init=False, repr=False)
    _unit: np.ndarray | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        if self.matrix.ndim != 2 or len(self.matrix) != len(self.words):
            raise ValueError(f"{len(self.words)} words do not go with vectors of the shape {self.matrix.shape}")
        self._numbers = {word: number for number, word in enumerate(self.words)}
        if len(self._numbers) != len(self.words):
            raise ValueError("a word has two vectors")

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return self.find(word) is not None

    @property
    def dimensions(self) -> int:
        """D."""
        return int(self.matrix.shape[1])

    @property
    def unit(self) -> np.ndarray:
        """The vectors at length 1, (V, D); a vector of zeros stays one."""
        if self._unit is None:
            lengths = np.linalg.norm(self.matrix, axis=1, keepdims=True)
            self._unit = (self.matrix / np.maximum(lengths, 1e-12)).astype(np.float32)
        return self._unit

    def find(self, word: str) -> int | None:
        """The number of a word as it is written, else in small letters, else with a large first letter."""
        for spelled in (word, word.lower(), word.capitalize()):
            number = self._numbers.get(spelled)
            if number is not None:
                return number
        return None

    def number(self, word: str) -> int:
        """The same, for a word that has to be there.

        Raises:
            DataError: If it is unknown; the sentence names words that begin alike.
        """
        found = self.find(word)
        if found is not None:
            return found
        start = word.lower()[: max(3, len(word) - 2)]
        alike = [w for w in self.words[:200_000] if start and w.lower().startswith(start)][:3]
        hint = f"; there is {', '.join(alike)}" if alike else ""
        raise DataError(f"The word “{word}” is not among the {len(self):,} words of these vectors{hint}.")

    def nearest(self, direction: np.ndarray, count: int = 10, *, without: Iterable[int] = ()) -> Ranked:
        """The words whose vectors make the smallest angle with `direction` (D,), with the cosine."""
        length = float(np.linalg.norm(direction))
        return self._best(self.unit @ (direction / max(length, 1e-12)).astype(np.float32), count, without)

    def neighbours(self, word: str, count: int = 10) -> Ranked:
        """The words nearest to a word, without itself; raises `DataError` for an unknown one."""
        number = self.number(word)
        return self.nearest(self.unit[number], count, without=[number])

    def similarity(self, one: str, other: str) -> float:
        """The cosine between two words; raises `DataError` for an unknown one."""
        return float(self.unit[self.number(one)] @ self.unit[self.number(other)])

    def analogy(self, a: str, b: str, c: str, count: int = 10, *, method: Literal["add", "mul"] = "add") -> Ranked:
        """What stands to `c` as `b` stands to `a`: king to queen as man to woman.

        Args:
            a: The first word, which `b` belongs to.
            b: What belongs to `a`.
            c: The word that is asked about.
            count: How many answers.
            method: `add` is 3CosAdd, cos(x, b) − cos(x, a) + cos(x, c) (Mikolov et al. 2013); `mul` is 3CosMul,
                their product and quotient with cosines brought to 0…1 (Levy and Goldberg 2014, equation 4).

        Raises:
            DataError: If a word is unknown.
        """
        numbers = np.array([[self.number(a), self.number(b), self.number(c)]])
        return self._best(self.analogy_scores(numbers, method=method)[0], count, numbers[0])

    def analogy_scores(
        self, questions: np.ndarray, *, method: Literal["add", "mul"] = "add", most: int | None = None
    ) -> np.ndarray:
        """Scores (Q, V') of the first V' = `most` words as answers to questions (Q, 3), word numbers of a, b, c."""
        among = self.unit[:most]
        cosines = [self.unit[questions[:, i]] @ among.T for i in range(3)]
        if method == "add":
            added: np.ndarray = (cosines[1] - cosines[0] + cosines[2]) / np.sqrt(3.0)
            return added
        a, b, c = ((each + 1) / 2 for each in cosines)
        multiplied: np.ndarray = b * c / (a + 1e-3)
        return multiplied

    def first(self, most: int) -> "WordVectors":
        """Only the first, most frequent words."""
        return WordVectors(self.words[:most], self.matrix[:most], self.counts[:most])

    def _best(self, scores: np.ndarray, count: int, without: Iterable[int]) -> Ranked:
        scores = scores.copy()
        left_out = list(without)
        scores[left_out] = -np.inf
        count = max(0, min(count, len(scores) - len(set(left_out))))
        if not count:
            return []
        best = np.argpartition(-scores, count - 1)[:count]
        best = best[np.lexsort((best, -scores[best]))]
        return [(self.words[int(i)], float(scores[i])) for i in best]


@dataclass(frozen=True, slots=True)
class PairScore:
    """How vectors agree with people who said how alike two words are.

    Attributes:
        spearman: The correlation of the ranks, −1 to 1, over the covered pairs; NaN for fewer than two.
        covered: Pairs of which both words have a vector.
        total: All pairs.
    """

    spearman: float
    covered: int
    total: int


def score_pairs(vectors: WordVectors, pairs: Sequence[tuple[str, str, float]]) -> PairScore:
    """Hold cosines against judgements of word pairs by Spearman's rank correlation."""
    numbers = [(vectors.find(one), vectors.find(other), value) for one, other, value in pairs]
    known = [(a, b, value) for a, b, value in numbers if a is not None and b is not None]
    cosines = np.array([float(vectors.unit[a] @ vectors.unit[b]) for a, b, _ in known])
    return PairScore(spearman(cosines, np.array([value for _, _, value in known])), len(known), len(pairs))


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Spearman's rank correlation of two lists of numbers, ties ranked by their mean; NaN where there is none."""
    if len(x) < 2:
        return float("nan")
    a, b = (_ranks(each) for each in (x, y))
    a, b = a - a.mean(), b - b.mean()
    below = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / below if below else float("nan")


def _ranks(values: np.ndarray) -> np.ndarray:
    _, back, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: np.ndarray = (last - (counts - 1) / 2)[back]
    return ranks


@dataclass(frozen=True, slots=True)
class AnalogyScore:
    """How many analogies come out right.

    Attributes:
        right: By section: right answers, and the questions all of whose words have a vector.
        total: All questions of the file.
    """

    right: dict[str, tuple[int, int]]
    total: int

    @property
    def covered(self) -> int:
        """Questions all of whose words have a vector."""
        return sum(asked for _, asked in self.right.values())

    @property
    def accuracy(self) -> float:
        """The share of the covered questions that is right; NaN where there is none."""
        return sum(right for right, _ in self.right.values()) / self.covered if self.covered else float("nan")


def score_analogies(
    vectors: WordVectors,
    questions: Sequence[tuple[str, str, str, str, str]],
    *,
    method: Literal["add", "mul"] = "add",
    most: int = 300_000,
) -> AnalogyScore:
    """Answer analogies; only the exact word counts, and the three given words are no answers.

    Args:
        vectors: The vectors.
        questions: Section, a, b, c and the right answer.
        method: See `WordVectors.analogy`.
        most: How many of the most frequent words are looked among.
    """
    numbered: list[tuple[str, tuple[int, ...]]] = []
    right: dict[str, tuple[int, int]] = {}
    for section, *words in questions:
        right.setdefault(section, (0, 0))
        found = [vectors.find(word) for word in words]
        if all(number is not None and number < most for number in found):
            numbered.append((section, tuple(number for number in found if number is not None)))
    for at in range(0, len(numbered), 256):
        part = numbered[at : at + 256]
        asked = np.array([numbers for _, numbers in part])
        scores = vectors.analogy_scores(asked[:, :3], method=method, most=most)
        np.put_along_axis(scores, asked[:, :3], -np.inf, axis=1)
        for (section, numbers), best in zip(part, scores.argmax(axis=1), strict=True):
            hits, count = right[section]
            right[section] = (hits + (int(best) == numbers[3]), count + 1)
    return AnalogyScore(right, len(questions))


def parse_pairs(lines: Iterable[str], name: str) -> list[tuple[str, str, float]]:
    """Read word pairs with a number, one a line, with tabs, commas, semicolons or spaces between them.

    Raises:
        DataError: If no line is one. Lines that begin with # and a line of column names are passed over.
    """
    found = []
    for cells in _cells(lines):
        if len(cells) < 3:
            continue
        try:
            found.append((cells[0], cells[1], float(cells[2])))
        except ValueError:
            continue  # names of columns
    if not found:
        raise DataError(f"“{name}” has no line with two words and a number, such as “tiger cat 7.35”.")
    return found


def parse_questions(lines: Iterable[str], name: str) -> list[tuple[str, str, str, str, str]]:
    """Read analogies as word2vec's file has them: four words a line, sections headed by a line with a colon.

    Raises:
        DataError: If no line has four words.
    """
    found, section = [], "all"
    for cells in _cells(lines):
        if cells[0].startswith(":"):
            section = " ".join([cells[0][1:], *cells[1:]]).strip() or "all"
        elif len(cells) == 4:
            found.append((section, cells[0], cells[1], cells[2], cells[3]))
    if not found:
        raise DataError(f"“{name}” has no line with four words, such as “Athens Greece Baghdad Iraq”.")
    return found


def _cells(lines: Iterable[str]) -> Iterator[list[str]]:
    for line in lines:
        text = line.strip().lstrip("\ufeff")
        if not text or text.startswith("#"):
            continue
        for separator in ("\t", ";", ","):
            if separator in text:
                cells = [cell.strip() for cell in text.split(separator)]
                break
        else:
            cells = text.split()
        cells = [cell for cell in cells if cell]
        if cells:
            yield cells
