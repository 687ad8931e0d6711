"""From a typed text to an answer by word vectors, with the graph's numbers; also the heart of `predict.py`.

A text with words in brackets, `the ship [sailed|seventeen] at dawn`, is a choice: which of them belongs there. Any
other text is answered by the words nearest to it, to the mean of its words where it has several.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np

_WORD = re.compile(r"[^\W_]+(?:[_'’\-]+[^\W_]+)*")
_CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
NEAREST = 10


class Unknown(ValueError):  # noqa: N818 - what is wrong, not a class of programs
    """A text none of whose words has a vector."""


def asked(text: str, numbers: Mapping[str, int]) -> tuple[list[int], list[str]]:
    """The numbers of a text's words, in their order and those without a vector left out, and the words of a choice.

    Raises:
        Unknown: If no word has a vector and there is nothing to choose from.
    """
    choice = _CHOICE.search(text)
    choices = [each.strip() for each in choice[1].split("|") if each.strip()] if choice else []
    rest = _CHOICE.sub(" ", text)
    found = [number for word in _WORD.findall(rest) if (number := find(word, numbers)) is not None]
    if not found and not choices:
        shown = " ".join(text.split())[:60]
        raise Unknown(f"None of the words of “{shown}” is among the {len(numbers):,} words of these vectors.")
    return found, choices


def find(word: str, numbers: Mapping[str, int]) -> int | None:
    """The number of a word as it is written, else in small letters, else with a large first letter."""
    spelled = (word, word.lower(), word.capitalize())
    return next((numbers[each] for each in spelled if each in numbers), None)


def chosen(fits: np.ndarray, choices: Sequence[str], numbers: Mapping[str, int]) -> np.ndarray:
    """How likely each choice is: the softmax of its fit (V,) among them.

    Of a word without a vector nothing is known, so it comes after all that have one: 0 would be no middle, for a word
    of noise fits by far less than that.
    """
    found = [find(each, numbers) for each in choices]
    known = [float(fits[number]) for number in found if number is not None]
    least = min(known, default=0.0) - 1.0
    scores = np.array([least if number is None else float(fits[number]) for number in found])
    raised = np.exp(scores - scores.max())
    likely: np.ndarray = raised / raised.sum()
    return likely


def nearest(cosines: np.ndarray, words: Sequence[str], without: Sequence[int]) -> list[tuple[str, float]]:
    """The words with the largest cosines (V,), without the ones that were asked about."""
    cosines = cosines.copy()
    cosines[list(without)] = -np.inf
    count = max(1, min(NEAREST, len(words) - len(set(without))))
    best = np.argsort(-cosines, kind="stable")[:count]
    return [(words[int(i)], float(np.clip(cosines[i], 0.0, 1.0))) for i in best]


def rows(found: Sequence[Sequence[int]]) -> np.ndarray:
    """Numbers of words as the graph takes them: (B, W), −1 behind the shorter ones."""
    padded = np.full((len(found), max(1, max(map(len, found), default=1))), -1, np.int64)
    for row, numbers in enumerate(found):
        padded[row, : len(numbers)] = numbers
    return padded
