"""From passages of text to a file of word numbers, which is read again and again: memory holds the vocabulary alone.

Words that belong together become one first, if asked (Mikolov et al. 2013, “Distributed representations of words and
phrases”, equation 6): score(a, b) = (count(a b) − δ) · N / (count(a) · count(b)), with δ the least count.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from trasluz.api import Dataset, FamilyError

from .config import WordVectorsConfig
from .reading import paragraphs

MOST_COUNTED = 8_000_000
"""Different words or pairs that are counted at once; beyond, the rarest so far are forgotten, as word2vec does."""
BREAK = -1
"""In the file of numbers: a paragraph ends."""
Reports = Callable[[str, int], None]
"""Told of a stage and of the words read so far."""
_TOLD_EVERY = 50_000


@dataclass(frozen=True, slots=True)
class Corpus:
    """A text as numbers.

    Attributes:
        words: V words, the most frequent first.
        counts: (V,) int64, how often each is in the text.
        file: int32 numbers of words, `BREAK` between paragraphs; words without a vector are not in it.
        length: Numbers in the file.
        phrases: How many words are several joined.
    """

    words: Sequence[str]
    counts: np.ndarray
    file: Path
    length: int
    phrases: int

    @property
    def total(self) -> int:
        """Words of the text that have a vector."""
        return int(self.counts.sum())

    def stretch(self, begin: int, end: int) -> np.ndarray:
        """A part of the numbers, (end − begin,) int32."""
        with self.file.open("rb") as file:
            file.seek(4 * begin)
            return np.frombuffer(file.read(4 * (end - begin)), np.int32)


def build(dataset: Dataset, config: WordVectorsConfig, file: Path, report: Reports) -> Corpus:
    """Count the words of the training part, join phrases, and write the numbers.

    Raises:
        FamilyError: If too few words are left.
    """
    joined: list[frozenset[tuple[str, str]]] = []

    def read(stage: str) -> Iterator[list[str]]:
        done, told = 0, 0
        for words in paragraphs(dataset, "train", ignore_case=config.ignore_case):
            done += len(words)
            if done - told >= _TOLD_EVERY:
                told = done
                report(stage, done)
            for together in joined:
                words = joined_words(words, together)
            yield words

    for _ in range(config.phrases):
        joined.append(_phrases(read("Looking for phrases"), config))
    counted = _counted(read("Counting the words"))
    found = sorted(
        ((n, word) for word, n in counted.items() if n >= config.least), key=lambda each: (-each[0], each[1])
    )
    found = found[: config.vocabulary]
    if len(found) < 2:
        raise FamilyError(
            f"No {config.least} words of the text are the same, or hardly any; take more text, or lower “Least count”."
            if counted
            else "There are no words in the text."
        )
    words = [word for _, word in found]
    numbers = {word: number for number, word in enumerate(words)}
    length = _write(read("Writing the words as numbers"), numbers, file)
    phrases = sum("_" in word for word in words)
    return Corpus(words, np.array([n for n, _ in found], np.int64), file, length, phrases)


def joined_words(words: Sequence[str], together: frozenset[tuple[str, str]]) -> list[str]:
    """Words with each pair that belongs together as one, from left to right."""
    found: list[str] = []
    at = 0
    while at < len(words):
        if at + 1 < len(words) and (words[at], words[at + 1]) in together:
            found.append(f"{words[at]}_{words[at + 1]}")
            at += 2
        else:
            found.append(words[at])
            at += 1
    return found


def _counted(read: Iterable[Iterable[str]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for words in read:
        counts.update(words)
        _forget(counts)
    return counts


def _phrases(read: Iterable[list[str]], config: WordVectorsConfig) -> frozenset[tuple[str, str]]:
    counts: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    total = 0
    for words in read:
        total += len(words)
        counts.update(words)
        pairs.update(pairwise(words))
        _forget(counts)
        _forget(pairs)
    return frozenset(
        (a, b)
        for (a, b), n in pairs.items()
        if n >= config.least
        and counts[a]
        and counts[b]
        and (n - config.least) * total / (counts[a] * counts[b]) > config.phrase_threshold
    )


def _forget(counts: Counter) -> None:  # type: ignore[type-arg]
    """Forget what was seen least where there is too much to remember."""
    least = 1
    while len(counts) > MOST_COUNTED:
        for each in [each for each, n in counts.items() if n <= least]:
            del counts[each]
        least *= 2


def _write(read: Iterable[list[str]], numbers: dict[str, int], file: Path) -> int:
    length = 0
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as out:
        for words in read:
            known = [number for number in map(numbers.get, words) if number is not None]
            if known:
                out.write(np.array([*known, BREAK], np.int32).tobytes())
                length += len(known) + 1
    return length
