"""Two models on the same items: how often each is right, and whether the difference may be chance.

Both answered the same items, so their scores are not independent: what they both get right or both get wrong says
nothing about which is better. Only the items that one alone gets right do.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from trasluz.api.scores import wilson

_CHANCE = 0.05
"""A difference that chance alone would give less often than this is called likely real."""


class Told(NamedTuple):
    """One judged item.

    Attributes:
        key: The item, the same word in both judgements.
        target: What it is.
        answer: What the model says.
    """

    key: str
    target: str
    answer: str


@dataclass(frozen=True, slots=True)
class Pair:
    """The items that both models were judged on, by who is right.

    Attributes:
        both: Keys of what both get right; likewise the others.
        alone: How many items only the first, only the second was judged on.
        relabelled: How many items had another target in the two judgements; the one that counts is used for both.
    """

    both: tuple[str, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    neither: tuple[str, ...]
    alone: tuple[int, int] = (0, 0)
    relabelled: int = 0

    @property
    def items(self) -> int:
        """How many items both were judged on."""
        return len(self.both) + len(self.only_first) + len(self.only_second) + len(self.neither)

    @property
    def right(self) -> tuple[int, int]:
        """How many the first, the second gets right."""
        return len(self.both) + len(self.only_first), len(self.both) + len(self.only_second)

    @property
    def accuracy(self) -> tuple[float, float]:
        """The share that each gets right."""
        first, second = self.right
        return first / max(1, self.items), second / max(1, self.items)

    @property
    def intervals(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Wilson's 95 % interval of each accuracy."""
        first, second = self.right
        return wilson(first, self.items), wilson(second, self.items)

    @property
    def p_value(self) -> float:
        """McNemar's exact test."""
        return mcnemar(len(self.only_first), len(self.only_second))

    @property
    def difference_interval(self) -> tuple[float, float]:
        """95 % interval of the second's accuracy less the first's."""
        return paired_difference(len(self.both), len(self.only_second), len(self.only_first), len(self.neither))

    def as_json(self) -> dict[str, Any]:
        """The figures as plain data, as `runs compare --json` prints them."""
        first, second = self.accuracy
        return {
            "items": self.items,
            "judged_by_one_only": list(self.alone),
            "relabelled": self.relabelled,
            "accuracy": [first, second],
            "intervals": [list(i) for i in self.intervals],
            "both_right": len(self.both),
            "only_first_right": len(self.only_first),
            "only_second_right": len(self.only_second),
            "neither_right": len(self.neither),
            "difference": second - first,
            "difference_interval": list(self.difference_interval),
            "p_value": self.p_value,
            "sentence": sentence(self),
        }


def pair(first: Iterable[Told], second: Iterable[Told], *, first_counts: bool = False) -> Pair:
    """Hold two judgements against each other, item by item, in the order of the first.

    Args:
        first: The first model's answers.
        second: The second model's.
        first_counts: Whether the first judgement's target counts where the two name different ones; else the second's.
    """
    others = {told.key: told for told in second}
    cells: dict[tuple[bool, bool], list[str]] = {(a, b): [] for a in (True, False) for b in (True, False)}
    met, only_in_first, relabelled = 0, 0, 0
    for mine in first:
        other = others.get(mine.key)
        if other is None:
            only_in_first += 1
            continue
        met += 1
        relabelled += mine.target != other.target
        target = mine.target if first_counts else other.target
        cells[mine.answer == target, other.answer == target].append(mine.key)
    return Pair(
        both=tuple(cells[True, True]),
        only_first=tuple(cells[True, False]),
        only_second=tuple(cells[False, True]),
        neither=tuple(cells[False, False]),
        alone=(only_in_first, len(others) - met),
        relabelled=relabelled,
    )


def mcnemar(only_first: int, only_second: int) -> float:
    """McNemar's exact test: how likely chance alone gives a split at least this uneven, were both equally good.

    The two-sided sign test on the items that one alone gets right (McNemar 1947, Psychometrika 12; exact: the
    binomial distribution with p = 1/2, doubled).
    """
    count, fewer = only_first + only_second, min(only_first, only_second)
    logs = [math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1) for k in range(fewer + 1)]
    return min(1.0, 2 * math.fsum(math.exp(log - count * math.log(2)) for log in logs))


def paired_difference(both: int, plus: int, minus: int, neither: int) -> tuple[float, float]:
    """95 % interval of a difference of two paired proportions (Newcombe 1998, Stat. Med. 17, 2635, method 10).

    Wilson's intervals of the two, joined as their correlation demands; unlike the plain normal interval it has its
    coverage with few items and near 0 and 1.

    Args:
        both: How often both happen.
        plus: How often the first alone.
        minus: How often the second alone.
        neither: How often none.

    Returns:
        Lower and upper end of the first's proportion less the second's.
    """
    n = both + plus + minus + neither
    if n == 0:
        return -1.0, 1.0
    p, q = (both + plus) / n, (both + minus) / n
    (p_low, p_high), (q_low, q_high) = wilson(both + plus, n), wilson(both + minus, n)
    margins = (both + plus) * (minus + neither) * (both + minus) * (plus + neither)
    cross = both * neither - plus * minus
    # a continuity correction, for a positive correlation only
    phi = (max(cross - n / 2, 0.0) if cross > 0 else cross) / math.sqrt(margins) if margins else 0.0

    def reach(a: float, b: float) -> float:
        return math.sqrt(max(0.0, a * a - 2 * phi * a * b + b * b))

    return (
        max(-1.0, p - q - reach(p - p_low, q_high - q)),
        min(1.0, p - q + reach(p_high - p, q - q_low)),
    )


def sentence(pair: Pair, first: str = "the first", second: str = "the second", *, nouns: str = "items") -> str:
    """What the comparison says, in plain words.

    Args:
        pair: The comparison.
        first: What the first model is called.
        second: And the second.
        nouns: What the items are called.
    """
    if not pair.items:
        return f"They were not judged on the same {nouns}, so they cannot be held against each other one by one."
    a, b = len(pair.only_first), len(pair.only_second)
    if a + b == 0:
        return f"On all {pair.items:,} {nouns} both are right or both are wrong: nothing tells them apart."
    if a == b:
        return f"Each alone is right on {a:,} of {pair.items:,} {nouns}: nothing says that one is better."
    better, worse = (first, second) if a > b else (second, first)
    low, high = pair.difference_interval
    told = (
        f"{better[0].upper()}{better[1:]} alone is right on {max(a, b):,} {nouns}, {worse} alone on {min(a, b):,}. "
        f"Were both equally good, chance would give a difference like this {_often(pair.p_value)}"
    )
    verdict = "so it is likely real" if pair.p_value < _CHANCE else "so it may be chance"
    span = sorted((abs(low), abs(high))) if low * high > 0 else None
    if span and pair.p_value < _CHANCE:
        return f"{told}, {verdict}: {span[0] * 100:.1f} to {span[1] * 100:.1f} points, with 95 % confidence."
    return f"{told}, {verdict}."


def _often(p: float) -> str:
    if p >= 0.995:
        return "nearly always"
    if p >= 0.01:
        return f"in {p * 100:.0f} of 100 comparisons"
    if p >= 0.001:
        return f"in {max(1, round(p * 1000))} of 1,000 comparisons"
    return "in fewer than 1 of 1,000 comparisons"
