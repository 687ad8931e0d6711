"""The characters that a recogniser can write, taken from the transcripts it learns from.

Texts are composed (Unicode NFC) and their white space is one blank, so that what looks alike is one character.
"""

import itertools
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

FORM = "NFC"
RARE = 3
"""Characters that occur fewer times than this will hardly be learned."""


def composed(text: str) -> str:
    """A text as it is learned and scored."""
    return " ".join(unicodedata.normalize(FORM, text).split())


@dataclass(frozen=True, slots=True)
class Alphabet:
    """Characters by number; 0 is the blank of CTC, so the first character is 1."""

    characters: tuple[str, ...]

    @property
    def size(self) -> int:
        """Numbers in all, with the blank."""
        return len(self.characters) + 1

    def numbers(self, text: str) -> list[int]:
        """The numbers of a text; characters that are not in the alphabet are left out."""
        place = {c: n for n, c in enumerate(self.characters, start=1)}
        return [place[c] for c in text if c in place]

    def text(self, numbers: Iterable[int]) -> str:
        """The text of numbers; there is no blank of CTC among them."""
        return "".join(self.characters[n - 1] for n in numbers)

    def larger(self, texts: Iterable[str]) -> "Alphabet":
        """This alphabet with the characters of `texts` that it lacks behind its own."""
        found = set().union(*map(set, texts)) - set(self.characters)
        return Alphabet((*self.characters, *sorted(found)))


def alphabet_of(texts: Iterable[str]) -> Alphabet:
    """The characters of composed texts, sorted."""
    return Alphabet(()).larger(texts)


def rare(items: Sequence[tuple[str, str]]) -> list[tuple[str, int, str]]:
    """The characters that occur hardly ever: character, how often, and the first item that holds it.

    Args:
        items: (name, composed text) of each item.
    """
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    for name, text in items:
        counts.update(text)
        for character in text:
            first.setdefault(character, name)
    return [(c, n, first[c]) for c, n in sorted(counts.items(), key=lambda each: (each[1], each[0])) if n < RARE]


def steps_needed(numbers: Sequence[int]) -> int:
    """The fewest steps in which CTC can write a text: one a character, and a blank between two alike."""
    return len(numbers) + sum(a == b for a, b in itertools.pairwise(numbers))
