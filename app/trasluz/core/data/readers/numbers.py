"""Cells of tables as numbers: what is a number, what says that there is none, and what is text by mistake."""

import csv
from collections.abc import Sequence
from math import isinf, nan
from typing import Final

import numpy as np

_MISSING: Final = frozenset(
    {"", "nan", "na", "n/a", "#n/a", "#na", "null", "none", "nil", "?", "-", ".", "missing", "nat"}
)
DELIMITERS: Final = ",;\t|"


def number_in(cell: str, *, comma: bool = False) -> float:
    """The number in a cell; NaN where the cell says that there is none, or an infinite one.

    Args:
        cell: The text.
        comma: Whether the decimal mark is a comma.

    Raises:
        ValueError: If it is text.
    """
    text = cell.strip()
    if text.lower() in _MISSING:
        return nan
    if comma:
        text = text.replace(".", "").replace(",", ".") if text.count(",") == 1 else text
    if "_" in text:  # Python takes 1_000 for a number; nobody writes so in a table
        raise ValueError(cell)
    value = float(text)
    return nan if isinf(value) else value


def is_number(cell: str, *, comma: bool = False) -> bool:
    """Whether a cell is a number or says that there is none."""
    try:
        number_in(cell, comma=comma)
    except ValueError:
        return False
    return True


def numbers_in(cells: Sequence[str], *, comma: bool = False) -> np.ndarray:
    """The numbers of a row, (N,) float64; the quick way where all are plain.

    Raises:
        ValueError: If one is text.
    """
    if not comma:
        try:
            found = np.array(cells, np.float64)
            found[np.isinf(found)] = nan
            return found
        except ValueError:
            pass
    return np.array([number_in(cell, comma=comma) for cell in cells], np.float64)


def delimiter_of(lines: Sequence[str]) -> str:
    """What cuts most of the lines into the same number of cells, two at least; a comma where nothing does."""
    best, most = ",", 0.0
    for mark in DELIMITERS:
        widths = [len(cells_of(line, mark)) for line in lines]
        wide = [width for width in widths if width > 1]
        # Of two that agree, the one that cuts finer: decimal commas stand in fewer places than semicolons between.
        agreeing = max((wide.count(w) * (1 + min(w, 999) / 1e5) for w in set(wide)), default=0.0)
        if agreeing > most or (agreeing and mark == ";" and best == "," and agreeing >= 0.9 * most):
            best, most = mark, agreeing
    return best


def cells_of(line: str, delimiter: str) -> list[str]:
    """The cells of one line; the line itself where its quotation marks are broken."""
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return [line]


def has_decimal_commas(rows: Sequence[Sequence[str]], delimiter: str) -> bool:
    """Whether numbers are written with a comma, as where a semicolon stands between the cells."""
    if delimiter == ",":
        return False
    cells = [cell.strip() for row in rows for cell in row]
    return any("," in c and is_number(c, comma=True) for c in cells) and not any(
        "." in c and "," not in c and is_number(c) for c in cells
    )
