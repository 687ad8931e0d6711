"""What vectors are judged by: in places of the text, the word that stands there among others drawn by chance.

It is what word2vec learns, asked of text that it did not learn from; frequent words are thinned as they are while it
learns. A choice between ten is right one time in ten by
chance alone.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from trasluz.api import ArrangedDataset, DataError, Dataset, Record, Sample, Split

from .reading import words_of
from .shares import NOISE_POWER, kept_share

PLACES = 2_000
"""Places of a part of the data at the most."""
PASSAGES = 500
"""Passages that are opened for them."""
CHOICES = 10
CONTEXT = 5
"""Words to each side that are shown."""


class Windows(ArrangedDataset):
    """A `trasluz.api.Dataset` whose items are places in the text of another one."""

    def __init__(self, dataset: Dataset, settings: Mapping[str, Any]) -> None:
        super().__init__(dataset)
        self._ignore_case = bool(settings.get("ignore_case", True))
        self._subsampling = float(settings.get("subsampling", 1e-3))
        self._counts: Counter[str] = Counter()
        self._made: dict[Split, list[Record]] = {}

    def records(self, split: Split) -> Sequence[Record]:
        """The places, evenly over the part; the same each time."""
        if split not in self._made:
            self._made[split] = self._places(split)
        return self._made[split]

    def read(self, record: Record) -> Sample:
        """Give the place as `text`, with the words to choose from in brackets."""
        return Sample(record, {"text": str(record.extra["text"])})

    def _places(self, split: Split) -> list[Record]:
        passages = self._dataset.records(split)
        chosen = np.unique(np.linspace(0, len(passages) - 1, min(PASSAGES, len(passages))).astype(int))
        texts = self._thinned(list(self._texts(passages, chosen.tolist())))
        each = -(-PLACES // max(1, len(texts)))
        found: list[tuple[Record, list[str], int]] = []
        for record, words in texts:
            most = min(each, len(words) // (2 * CONTEXT))
            places = np.linspace(CONTEXT, len(words) - CONTEXT - 1, most).astype(int) if most else []
            found += [(record, words, int(place)) for place in dict.fromkeys(places)]
        names = sorted(self._counts)
        if len(names) < 2:
            return []
        weights = np.array([self._counts[name] for name in names], float) ** NOISE_POWER
        weights /= weights.sum()
        chance = np.random.default_rng(0)
        return [_place(record, words, at, names, weights, chance) for record, words, at in found[:PLACES]]

    def _thinned(self, texts: list[tuple[Record, list[str]]]) -> list[tuple[Record, list[str]]]:
        """The texts without many of their most frequent words, as the vectors see them while they learn."""
        self._counts = Counter(word for _, words in texts for word in words)
        names = list(self._counts)
        if not self._subsampling or not names:
            return texts
        shares = kept_share(np.array([self._counts[name] for name in names]), self._subsampling)
        kept = dict(zip(names, shares.tolist(), strict=True))
        chance = np.random.default_rng(1)
        return [
            (r, [w for w, x in zip(words, chance.random(len(words)), strict=True) if x < kept[w]]) for r, words in texts
        ]

    def _texts(self, passages: Sequence[Record], chosen: Sequence[int]) -> Iterator[tuple[Record, list[str]]]:
        for number in chosen:
            try:
                text = self._dataset.read(passages[number]).inputs["text"]
            except DataError:
                continue
            if isinstance(text, str):
                yield passages[number], words_of(text, ignore_case=self._ignore_case)


def _place(  # noqa: PLR0917 - one place, all that makes it
    record: Record, words: list[str], at: int, names: list[str], weights: np.ndarray, chance: np.random.Generator
) -> Record:
    right = words[at]
    drawn = dict.fromkeys(names[int(i)] for i in chance.choice(len(names), 4 * CHOICES, p=weights))
    drawn.pop(right, None)
    choices = [right, *list(drawn)[: CHOICES - 1]]
    choices = [choices[int(i)] for i in chance.permutation(len(choices))]
    before, after = words[max(0, at - CONTEXT) : at], words[at + 1 : at + 1 + CONTEXT]
    text = " ".join([*before, f"[{'|'.join(choices)}]", *after])
    return Record(
        path=record.path,
        target=right,
        part=f"{record.part}, word {at + 1}",
        split=record.split,
        extra={**record.extra, "text": text},
    )
