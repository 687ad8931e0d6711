"""Answers that are a label for each step of a series: counted step by step, not as right or wrong in one piece."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from trasluz.api.step_labels import parted

STEPWISE = frozenset({"series-steps"})
"""Kinds whose answers are a label for each step."""
UNSAID = "(nothing)"
"""Where an answer is shorter than the series."""


def paired(target: str, answer: str) -> list[tuple[str, str]]:
    """What each step is, and what is said of it."""
    true, said = parted(target), parted(answer)
    said = [*said[: len(true)], *[UNSAID] * (len(true) - len(said))]
    return list(zip(true, said, strict=True))


def counted(
    items: Sequence[tuple[str, str]], labels: Sequence[str]
) -> tuple[list[str], np.ndarray, dict[tuple[int, int], list[int]]]:
    """Count steps.

    Args:
        items: What each series is, and what is said of it.
        labels: Those that were learned.

    Returns:
        The labels with those that occur besides; how many steps of a label (row) are called another one (column); and
        for each such cell the numbers of the items with such a step.
    """
    pairs = [Counter(paired(*item)) for item in items]
    extra = {label for found in pairs for pair in found for label in pair} - set(labels)
    names = [*labels, *sorted(extra)]
    place = {label: number for number, label in enumerate(names)}
    counts = np.zeros((len(names), len(names)), dtype=int)
    cells: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, found in enumerate(pairs):
        for (true, said), count in found.items():
            cell = place[true], place[said]
            counts[cell] += count
            cells[cell].append(number)
    return names, counts, dict(cells)


def step_words(target: str, answer: str) -> tuple[str, str]:
    """How many steps are right, and what is wrong most often: `98.5% of the steps`, `3 Walking taken for Running`."""
    pairs = paired(target, answer)
    wrong = Counter(pair for pair in pairs if pair[0] != pair[1])
    share = f"{1 - wrong.total() / max(1, len(pairs)):.1%} of the steps"
    if not wrong:
        return share, "and so it is"
    ((true, said), count), *others = wrong.most_common()
    more = f", {sum(each for _, each in others):,} others" if others else ""
    return share, f"{count:,} {true} taken for {said}{more}"


def wrong_steps(target: str, answer: str) -> int:
    """How many steps are called otherwise than they are."""
    return sum(true != said for true, said in paired(target, answer))
