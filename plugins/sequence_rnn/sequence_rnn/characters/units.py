"""What single units of the recurrent layers follow in a text: quotes, brackets, the length of a line.

A unit is held against what a reader keeps count of while reading (Karpathy, Johnson and Fei-Fei, “Visualizing and
understanding recurrent networks”, 2015): the correlation of its value with that, over a text that it did not learn
from.

Shapes: T characters, H units.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

FOLLOWED = 3
"""Units that are named for each thing that can be followed."""
_OPEN, _CLOSE = "([{", ")]}"
_QUOTES = '"“”«»„‟'


def in_quotes(text: str) -> np.ndarray:
    """1 inside a quotation, 0 outside; a blank line ends one that was never closed."""
    found = np.zeros(len(text))
    inside = False
    for at, character in enumerate(text):
        if character in _QUOTES:
            inside = {"“": True, "«": True, "„": True, "”": False, "»": False}.get(character, not inside)
        elif character == "\n" and at and text[at - 1] == "\n":
            inside = False
        found[at] = inside
    return found


def in_brackets(text: str) -> np.ndarray:
    """How many brackets are open, up to 3."""
    found, depth = np.zeros(len(text)), 0
    for at, character in enumerate(text):
        depth = min(3, depth + (character in _OPEN)) if character in _OPEN else max(0, depth - (character in _CLOSE))
        found[at] = depth
    return found


def line_length(text: str) -> np.ndarray:
    """How many characters the line has so far, up to 120."""
    found, count = np.zeros(len(text)), 0
    for at, character in enumerate(text):
        count = 0 if character == "\n" else min(120, count + 1)
        found[at] = count
    return found


def word_length(text: str) -> np.ndarray:
    """How many letters the word has so far, up to 20."""
    found, count = np.zeros(len(text)), 0
    for at, character in enumerate(text):
        count = min(20, count + 1) if character.isalnum() else 0
        found[at] = count
    return found


def capitals(text: str) -> np.ndarray:
    """1 while a word in capitals goes on, a heading or a name."""
    found, inside = np.zeros(len(text)), False
    for at, character in enumerate(text):
        inside = character.isupper() or (inside and not character.isalpha() and not character.isspace())
        found[at] = inside
    return found


def indentation(text: str) -> np.ndarray:
    """How far the line is indented, up to 24; a tab counts four."""
    found, count, begun = np.zeros(len(text)), 0, False
    for at, character in enumerate(text):
        if character == "\n":
            count, begun = 0, False
        elif not begun and character in " \t":
            count = min(24, count + (4 if character == "\t" else 1))
        else:
            begun = True
        found[at] = count
    return found


FEATURES: Mapping[str, Callable[[str], np.ndarray]] = {
    "quotes": in_quotes,
    "brackets": in_brackets,
    "line length": line_length,
    "word length": word_length,
    "capitals": capitals,
    "indentation": indentation,
}
"""What can be followed, by its name."""


def followers(text: str, hidden: Mapping[str, np.ndarray]) -> dict[str, list[list[Any]]]:
    """The units that follow each thing most closely, best first: layer, unit, correlation.

    Args:
        text: (T,) the characters.
        hidden: Output of each layer (T, H) after each character, `hidden_1` first.
    """
    found: dict[str, list[list[Any]]] = {}
    for name, feature in FEATURES.items():
        wanted = feature(text)
        if wanted.std() < 1e-3:
            continue  # nothing of the kind is in the text
        rows: list[list[Any]] = []
        for depth in range(1, len(hidden) + 1):
            values = np.asarray(hidden[f"hidden_{depth}"], np.float64)
            correlations = _correlations(values, wanted)
            rows += [[depth, int(unit) + 1, float(r)] for unit, r in enumerate(correlations)]
        rows.sort(key=lambda row: -abs(row[2]))
        found[name] = rows[:FOLLOWED]
    return found


def _correlations(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Pearson's correlation of each column (T, H) with (T,); 0 for a unit that never moves."""
    a = values - values.mean(0)
    b = wanted - wanted.mean()
    scale = np.sqrt((a**2).sum(0) * (b**2).sum())
    return np.divide(a.T @ b, scale, out=np.zeros(values.shape[1]), where=scale > 1e-9)


def named(units: Mapping[str, Sequence[Sequence[Any]]]) -> dict[str, tuple[int, int, float]]:
    """The units under the names that a person chooses from: `quotes: layer 2, unit 17`."""
    return {
        f"{name}: layer {depth}, unit {unit}": (int(depth), int(unit), float(r))
        for name, rows in units.items()
        for depth, unit, r in rows
    }
