"""Which items are learned from and which are kept for judging: stratified, grouped, seeded, and stable.

Each unit (items that must stay together: one content, one group) draws a number from its own content and the
seed. In each class the units with the lowest numbers are kept for judging until their share is reached. So the
split does not depend on names, places or order, and a new photo moves at most one unit at the edge of its own
class. A split that the layout gives is never changed; only what is missing is drawn.
"""

import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trasluz.api import Split

SHARE: Final = 0.2
"""The part kept for judging where the layout gives none."""

_NAMES: Final[Mapping[str, Split]] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
_BETWEEN_WORDS = re.compile(r"[._\-]+")


@dataclass(frozen=True, slots=True)
class Unit:
    """Items that go into the same split.

    Attributes:
        key: What they have in common: a content hash or a group.
        label: The class they are counted in; empty where the data has no classes.
        size: How many items.
    """

    key: str
    label: str
    size: int


def split_named(name: str) -> Split | None:
    """The split that a folder's name or a cell means, e.g. `Validation` → `val`; None where it means none."""
    return _NAMES.get(name.strip().lower())


def split_of_file(path: Path) -> Split | None:
    """The split that a file's name begins or ends with: `train.tsv`, `test_2016.en`, `GunPoint_TRAIN.ts`."""
    stem = path.name if "." not in path.name else path.stem
    words = [word for word in _BETWEEN_WORDS.split(stem.lower()) if word]
    return next((split for word in (words[:1] + words[-1:]) if (split := split_named(word))), None)


def draw(seed: int, key: str) -> float:
    """The number from 0 to 1 that a unit draws; the same on every machine."""
    digest = hashlib.blake2b(f"{seed}\0{key}".encode("utf-8", "surrogatepass"), digest_size=7).digest()
    return int.from_bytes(digest, "big") / 2**56


def wanted(total: int, share: float = SHARE) -> int:
    """How many of `total` items of a class are to be kept for judging: at least one of two, never all."""
    return 0 if total < 2 else min(total - 1, max(1, round(total * share)))


def kept_for_judging(units: Iterable[Unit], totals: Mapping[str, int], share: float = SHARE) -> Iterator[str]:
    """Choose the units that are kept for judging and yield their keys.

    Args:
        units: All units, those of a class together, within a class by the number they drew.
        totals: How many items each class has.
        share: The part of each class to keep.
    """
    for label, members in itertools.groupby(units, key=lambda unit: unit.label):
        missing = wanted(totals[label], share)
        taken = 0
        smallest: Unit | None = None
        count = 0
        for unit in members:
            count += 1
            if smallest is None or unit.size < smallest.size:
                smallest = unit
            # A unit of many items is taken where that comes nearer to the share than leaving it,
            # and never where it would leave nothing to learn from.
            if taken < missing and unit.size <= 2 * (missing - taken) and taken + unit.size < totals[label]:
                taken += unit.size
                yield unit.key
        if not taken and missing and count > 1 and smallest is not None:
            yield smallest.key  # two speakers: too many for the share, but one must be kept


def joined(links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Follow links between groups and return, for each linked group, the one that stands for all it hangs with."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        parent.setdefault(key, key)
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for a, b in links:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return {key: root(key) for key in list(parent)}
