"""Which pairs are learned from: each rule can be switched, and what it leaves out is counted."""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from .pairs import Directed

SEEN = 20_000
"""Pairs that tell which scripts a side is written in."""
RARE = 0.02
"""A script with a smaller share of a side's letters does not belong to it."""
SHORT = 20
"""Characters up to which no ratio of lengths is wrong: a word and its translation may be of any length."""


def kept(data: Directed, settings: Mapping[str, Any]) -> tuple[list[tuple[str, str]], dict[str, int]]:
    """The pairs to learn from, and how many were left out by which rule."""
    judged: set[str] = set()
    if settings.get("drop_leaks"):
        judged = {source for split in ("val", "test") for source, _ in data.pairs(split)}
    ratio = float(settings.get("drop_ratio") or 0)
    usual = _usual_scripts(data) if settings.get("drop_script") else None
    left: dict[str, int] = {}
    found: list[tuple[str, str]] = []
    met: set[int] = set()
    for source, target in data.pairs("train"):
        longer, shorter = max(len(source), len(target)), min(len(source), len(target))
        key = hash((source, target))
        if source in judged:
            why = "the source is also judged or tested by"
        elif settings.get("drop_duplicates") and key in met:
            why = "the same pair is there before"
        elif settings.get("drop_identical") and source == target:
            why = "both sides are the same"
        elif ratio and longer > ratio * shorter and longer > SHORT:
            why = f"one side is more than {ratio:g} times as long"
        elif usual is not None and not all(
            _fits(text, side) for text, side in zip((source, target), usual, strict=True)
        ):
            why = "a side is in another script"
        else:
            met.add(key)
            found.append((source, target))
            continue
        left[why] = left.get(why, 0) + 1
    return found, left


@lru_cache(maxsize=1 << 16)
def script_of(character: str) -> str:
    """The script of a letter, by the first word of its Unicode name: `LATIN`, `CJK`; nothing for other signs."""
    return unicodedata.name(character, "").partition(" ")[0] if character.isalpha() else ""


def scripts(text: str) -> Counter[str]:
    """How many letters of which script."""
    return Counter(script for script in map(script_of, text) if script)


def _usual_scripts(data: Directed) -> Sequence[frozenset[str]]:
    """For each side the scripts that belong to it."""
    counts = (Counter[str](), Counter[str]())
    for number, pair in enumerate(data.pairs("train")):
        if number == SEEN:
            break
        for count, text in zip(counts, pair, strict=True):
            count.update(scripts(text))
    return tuple(frozenset(script for script, n in count.items() if n >= RARE * count.total()) for count in counts)


def _fits(text: str, usual: frozenset[str]) -> bool:
    """Whether at least half of a text's letters are in scripts of its side; one without letters fits."""
    found = scripts(text)
    return 2 * sum(n for script, n in found.items() if script in usual) >= found.total()
