"""A label for each step as one text, that a person can read and that comes back exactly: `walk × 12 → run × 40`."""

from collections.abc import Sequence
from itertools import groupby

BETWEEN, TIMES = " → ", " × "


def joined(labels: Sequence[str]) -> str:
    """Write labels as runs."""
    return BETWEEN.join(f"{label.replace(BETWEEN, ' ')}{TIMES}{sum(1 for _ in run)}" for label, run in groupby(labels))


def parted(text: str) -> list[str]:
    """The label of each step; what is no such text is one step with the text as its label."""
    labels = list[str]()
    for run in text.split(BETWEEN):
        label, times, count = run.rpartition(TIMES)
        if not times or not count.isdigit():
            return [text]
        labels += [label] * int(count)
    return labels
