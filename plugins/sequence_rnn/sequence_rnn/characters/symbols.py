"""The characters that a text is made of, as numbers; those that hardly ever occur share one.

Texts are composed (Unicode NFC); nothing else about them is changed: blanks, tabs and line ends are characters.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

START, OTHER = 0, 1
"""What stands before a text, and what stands for a character that the model does not know."""
FIRST = 2
RARE = 5
"""A character that occurs fewer times than this in what is learned from is set aside."""
MOST = 4_000
"""Characters that are kept, the most frequent ones: more than a Chinese newspaper has."""
UNKNOWN = "\ufffd"
_VISIBLE = {" ": "␣", "\n": "⏎", "\t": "⇥", "": "start"}


def composed(text: str) -> str:
    """A text as it is learned, scored and continued."""
    return unicodedata.normalize("NFC", text)


def visible(character: str) -> str:
    """A character as it is shown where it would not be seen."""
    return _VISIBLE.get(character, character)


@dataclass(frozen=True)
class Symbols:
    """Characters by number: 0 is the start, 1 any other character, the first one of the text is 2."""

    characters: tuple[str, ...]
    _points: np.ndarray = field(init=False, repr=False, compare=False)
    _places: np.ndarray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        points = np.array([ord(c) for c in self.characters], np.uint32)
        order = np.argsort(points)
        object.__setattr__(self, "_points", points[order])
        object.__setattr__(self, "_places", (order + FIRST).astype(np.int64))

    @property
    def size(self) -> int:
        """Numbers in all."""
        return len(self.characters) + FIRST

    @property
    def names(self) -> list[str]:
        """What each number writes: nothing for the start, a replacement character for any other."""
        return ["", UNKNOWN, *self.characters]

    def numbers(self, text: str) -> np.ndarray:
        """The numbers (T,) int64 of a composed text."""
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        if not len(self._points):
            return np.full(len(points), OTHER, np.int64)
        place = np.searchsorted(self._points, points).clip(0, len(self._points) - 1)
        return np.where(self._points[place] == points, self._places[place], OTHER)

    def unknown(self, text: str) -> list[str]:
        """The characters of a text that the model does not know, each once, in their order."""
        known = set(self.characters)
        return [c for c in dict.fromkeys(composed(text)) if c not in known]


def symbols_of(texts: Iterable[str]) -> tuple[Symbols, list[tuple[str, int]]]:
    """The characters of composed texts, sorted, and those that were set aside with how often they occur."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    often = [c for c, n in counts.most_common(MOST) if n >= RARE]
    kept = set(often or counts)  # a text so short that all are rare has them all
    aside = sorted(((c, n) for c, n in counts.items() if c not in kept), key=lambda each: (-each[1], each[0]))
    return Symbols(tuple(sorted(kept))), aside


def continued(symbols: Symbols, text: str) -> np.ndarray:
    """The numbers (T + 1,) of a text with the start before it: what the network reads to tell the next character."""
    return np.concatenate([[START], symbols.numbers(composed(text))])


def top_of(names: Sequence[str], weighed: np.ndarray, count: int) -> tuple[tuple[str, float], ...]:
    """The likeliest characters, as they are shown, with their probabilities; best first.

    Args:
        names: Of all numbers.
        weighed: (K - 2,) what `sampling.weights` gives.
        count: How many at the most.
    """
    return likeliest([visible(name) for name in names[FIRST:]], weighed, count)


def likeliest(shown: Sequence[str], weighed: np.ndarray, count: int) -> tuple[tuple[str, float], ...]:
    """The same, where it is known already how each character from the first of the text on is shown."""
    order = (-weighed).argsort(kind="stable")[:count]
    total, values = float(weighed.sum()), weighed[order].tolist()
    return tuple([(shown[n], min(1.0, v / total)) for n, v in zip(order.tolist(), values, strict=True) if v > 0])
