"""How answers that are texts differ from the truth: which are worst, what is taken for what, by length, by speaker."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from trasluz.api import Matrix
from trasluz.core.differences import aligned, errors, nearest, pieces

if TYPE_CHECKING:
    from .verdict import Judged

MOST_SHOWN = 16
"""Characters or words in the table of confusions."""
_STRETCHES = 6
_FEWEST_WORDS = 1.8
"""Words in a text, on average, from which on texts are held against each other word by word."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer beside the truth.

    Attributes:
        truth: The right answer, of several the one nearest to what was answered.
        wrong: How many characters (or words) have to be changed.
        of: How many the truth has.
    """

    item: "Judged"
    truth: str
    wrong: int
    of: int

    @property
    def path(self) -> str:
        """Of the item."""
        return self.item.path

    @property
    def part(self) -> str:
        """Of the item."""
        return self.item.part

    @property
    def share(self) -> float:
        """Errors for each character or word of the truth; may exceed 1."""
        return self.wrong / max(1, self.of)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Answers that have something in common, and how much of them is wrong."""

    name: str
    readings: tuple[Reading, ...]

    @property
    def share(self) -> float:
        """All errors over all that there is."""
        return sum(r.wrong for r in self.readings) / max(1, sum(r.of for r in self.readings))


@dataclass(slots=True)
class Readings:
    """All answers of a judgement, the worst first."""

    words: bool
    rows: list[Reading]
    long_by: str = "character"
    """What the length of an item is counted in: of what was asked, where that is a text, else of the truth."""
    confused: Counter[tuple[str, str]] = field(default_factory=Counter)
    where: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, items: Sequence["Judged"], *, by_words: bool, fewest: float = _FEWEST_WORDS) -> "Readings":
        """Hold every answer against its truth.

        Args:
            items: The judged items.
            by_words: Word by word, where the texts have several words; otherwise character by character.
            fewest: Words of a text, in the mean, that are several; 1 where each answer is a word that was chosen.
        """
        mean = float(np.mean([len(item.target.split()) for item in items])) if items else 0.0
        words = by_words and mean >= fewest
        rows = []
        for item in items:
            truth = nearest(item.target, item.answer, words=words)
            count = len(pieces(truth, words=words))
            rows.append(Reading(item, truth, errors(truth, item.answer, words=words), count))
        rows.sort(key=lambda r: (-r.share, -r.wrong, r.item.key))
        asked = [len(item.asked.split()) for item in items if item.asked]
        by = words and (not asked or float(np.mean(asked)) >= fewest)
        made = cls(words, rows, "word" if by else "character")
        for at, row in enumerate(rows):
            for pair in row_confusions(row, words=words):
                made.confused[pair] += 1
                made.where.setdefault(pair, []).append(at)
        return made

    @property
    def unit(self) -> str:
        """What is counted: `character` or `word`."""
        return "word" if self.words else "character"

    @property
    def wrong(self) -> list[Reading]:
        """Those with an error, the worst first."""
        return [row for row in self.rows if row.wrong]

    def names(self) -> list[str]:
        """The characters or words that are most often mixed up; the empty one stands for missing and extra."""
        weight: Counter[str] = Counter()
        for (truth, answer), count in self.confused.items():
            weight[truth] += count
            weight[answer] += count
        weight.pop("", None)
        return [name for name, _ in weight.most_common(MOST_SHOWN - 1)] + [""]

    def matrix(self) -> Matrix:
        """What is taken for what, of those that are most often mixed up."""
        names = self.names()
        values = np.array([[self.confused.get((a, b), 0) for b in names] for a in names], dtype=int)
        shown = [{"": "∅", " ": "␣"}.get(name, name) for name in names]
        return Matrix("What is read for what", values, shown, shown, "what it is", "what the model says")

    def confusion(self, pair: tuple[str, str]) -> list[Reading]:
        """The answers in which this is taken for that."""
        return [self.rows[i] for i in dict.fromkeys(self.where.get(pair, ()))]

    def by_length(self) -> list[Stretch]:
        """The answers in stretches of about equal number, by how long the truth, or what was asked, is."""
        if not self.rows:
            return []
        lengths = np.array([self.length(row) for row in self.rows])
        edges = np.unique(np.quantile(lengths, np.linspace(0, 1, _STRETCHES + 1)).astype(int))
        found = []
        for low, high in itertools.pairwise(edges):
            last = high == edges[-1]
            inside = [
                row
                for row, length in zip(self.rows, lengths, strict=True)
                if low <= length and (length < high or (last and length <= high))
            ]
            top = high if last else high - 1
            if inside:
                found.append(Stretch(f"{low}" if low == top else f"{low}–{top}", tuple(inside)))
        return found or [Stretch(str(int(lengths[0])), tuple(self.rows))]

    def length(self, row: Reading) -> int:
        """Words or characters of what was asked, where that is a text; otherwise of the truth."""
        return len(pieces(row.item.asked or row.truth, words=self.long_by == "word"))

    def by_group(self) -> list[Stretch]:
        """By speaker, writer or page, the worst first; empty where the data does not say, or each is alone."""
        groups: dict[str, list[Reading]] = defaultdict(list)
        for row in self.rows:
            if row.item.group and row.item.group != row.item.asked:
                groups[row.item.group].append(row)
        if not 2 <= len(groups) <= max(2, len(self.rows) * 0.7):
            return []
        return sorted((Stretch(name, tuple(rows)) for name, rows in groups.items()), key=lambda s: -s.share)


def row_confusions(row: Reading, *, words: bool) -> list[tuple[str, str]]:
    """What is taken for what in one answer, once for each time."""
    if not row.wrong:
        return []
    found: list[tuple[str, str]] = []
    for step in aligned(row.truth, row.item.answer, words=words):
        if step.change == "replaced":
            found.append((step.truth, step.answer))
        elif step.change == "missing":
            found += [(piece, "") for piece in pieces(step.truth, words=words)]
        elif step.change == "extra":
            found += [("", piece) for piece in pieces(step.answer, words=words)]
    return found
