"""Tables of what was measured over time, wide (`time,a,b,…`) or long (`series_id,time,value`), as series on a grid.

A table is read in pieces and never more than the last `ROWS_AT_MOST` rows of it are held.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from trasluz.api import DataError
from trasluz.core.data.names import quoted
from trasluz.core.data.walk import unopened

from .lines import encoding_of, lines_of, looks_binary
from .numbers import cells_of, delimiter_of, has_decimal_commas, is_number, number_in
from .times import Rhythm, is_time, parsed, places_on_grid, rhythm_of

ROWS_AT_MOST: Final = 2_000_000
FEWEST: Final = 8
"""Rows of a series; with less there is nothing to learn and nothing to judge by."""
_PROBED: Final = 2_000
_PIECE: Final = 50_000
_LONGEST: Final = 100_000
_GROWTH: Final = 1.5
"""A series whose grid has more places than this for each row has no rhythm."""
_TIMES: Final = (
    "date time datetime timestamp ds day month year week quarter period t step index hour date_time time_stamp".split()
)
_IDS: Final = "series_id series unique_id id symbol ticker item item_id store name code sensor station country".split()


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a table are what: their places, and the names of the values."""

    encoding: str
    delimiter: str
    comma: bool
    time: int
    series: int
    values: tuple[int, ...]
    names: tuple[str, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MeasuredSeries:
    """One series on its grid.

    Attributes:
        name: Empty where the table has one series only.
        times: (T,) float64 days since 1970, or a count, ascending.
        values: (T, C) float32, NaN where there is none.
        columns: The names of the values.
        notes: Rule and sentence of what is unusual.
        trouble: Why it cannot be used; empty where it can.
    """

    name: str
    times: np.ndarray
    values: np.ndarray
    columns: tuple[str, ...]
    rhythm: Rhythm
    calendar: bool
    notes: tuple[tuple[str, str], ...] = ()
    trouble: str = ""


def columns_in(path: Path) -> Columns | None:
    """Look at the first rows of a table; None where it has no column of times, or none of numbers.

    Raises:
        OSError: If it cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(2**16)
    if not start.strip() or looks_binary(start):
        return None
    encoding = encoding_of(path)
    lines = [line.text for line in islice(lines_of(path, encoding, longest=_LONGEST), _PROBED) if line.text]
    lines = [line for line in lines if line.strip()]
    if len(lines) < 3:
        return None
    delimiter = delimiter_of(lines[:50])
    rows = [cells_of(line, delimiter) for line in lines]
    head = [cell.strip().strip('"') for cell in rows[0]]
    if len(head) < 2 or len(set(head)) != len(head) or any(is_number(name) and name for name in head):
        return None
    comma = has_decimal_commas(rows[1:50], delimiter)
    body = [row for row in rows[1:] if len(row) >= len(head)]
    lower = [name.lower() for name in head]
    by_column = [[row[i].strip() for row in body] for i in range(len(head))]
    time = _time_column(lower, by_column)
    if time is None or not body:
        return None
    numeric = [i for i in range(len(head)) if i != time and _share(by_column[i], comma) >= 0.5]
    series = _series_column(lower, by_column, time, numeric)
    values = tuple(i for i in numeric if i != series and not (not head[i] and i == 0))
    if not values:
        return None
    others = tuple(head[i] for i in range(len(head)) if i not in (*values, time, series))
    return Columns(encoding, delimiter, comma, time, series, values, tuple(head[i] for i in values), others)


def nearly_a_table(path: Path) -> bool:
    """Whether a table has times, and beside them numbers or nothing, but cannot be used: no names, or no numbers."""
    try:
        with path.open("rb") as file:
            if looks_binary(file.read(2**16)):
                return False
        lines = [line.text for line in islice(lines_of(path, encoding_of(path), longest=_LONGEST), 50) if line.text]
    except OSError:
        return False
    delimiter = delimiter_of(lines)
    rows = [[cell.strip() for cell in cells_of(line, delimiter)] for line in lines if line.strip()]
    body = [row for row in rows[1:] if len(row) == len(rows[0]) > 1]
    if len(body) < 2 or not any(is_time(row[0]) for row in body):
        return False
    timed = sum(is_time(row[0]) for row in body) >= 0.8 * len(body)
    return timed and all(is_number(cell) for row in body for cell in row[1:])


def unusable(name: str) -> str:
    """The sentence for a table that is none of times and numbers."""
    return (
        f"{quoted(name)} is no table of times and numbers; its first line has to name the columns, one of them the "
        "date or time, and another one has to hold numbers."
    )


def _time_column(names: Sequence[str], columns: Sequence[Sequence[str]]) -> int | None:
    named = [names.index(name) for name in _TIMES if name in names]
    for i in (*named, *(i for i in range(len(names)) if i not in named)):
        said = [cell for cell in columns[i] if cell]
        moments = sum(is_time(cell) for cell in said[:200])
        counted = i in named and sum(is_number(cell) for cell in said[:200]) >= 0.9 * min(200, len(said))
        # A column of four-digit numbers is one of years only where it says so, or stands first.
        dates = moments >= 0.8 * min(200, len(said)) and (i in named or i == 0 or not _plain(said[:200]))
        if said and len(said) >= 0.5 * len(columns[i]) and (dates or counted):
            return i
    return None


def _plain(cells: Sequence[str]) -> bool:
    return all(is_number(cell) for cell in cells)


def _share(cells: Sequence[str], comma: bool) -> float:
    numbers = sum(bool(cell) and is_number(cell, comma=comma) for cell in cells)
    said = sum(bool(cell) for cell in cells)
    return numbers / said if said else 0.0


def _series_column(names: Sequence[str], columns: Sequence[Sequence[str]], time: int, numeric: Sequence[int]) -> int:
    """The column that tells series apart: with it the times come once each; -1 where there is one series."""
    times = columns[time]
    repeated = len(set(times)) < 0.9 * len(times)
    named = [names.index(name) for name in _IDS if name in names]
    candidates = [*named, *(i for i in range(len(names)) if i not in (time, *named, *numeric))]
    for i in candidates:
        if i == time or (not repeated and i not in named):
            continue
        pairs = len(set(zip(times, columns[i], strict=True)))
        kinds = len(set(columns[i]))
        if pairs >= 0.95 * len(times) and (repeated or 1 < kinds <= len(times) // 3):
            return i
    return -1


@dataclass(slots=True)
class _Gathered:
    """What is read of one series, in pieces."""

    times: list[str] = field(default_factory=list)
    values: list[np.ndarray] = field(default_factory=list)


@dataclass(slots=True)
class _Slips:
    """What was wrong in the cells: how often, and where first."""

    cells: int = 0
    cell: str = ""
    rows: int = 0
    row: str = ""


_reading = threading.Lock()


def series_in(path: Path) -> Sequence[MeasuredSeries]:
    """All series of a table, kept in memory until other tables are read.

    Raises:
        DataError: If it cannot be read, or is no table of times and numbers.
    """
    try:
        status = path.stat()
        with _reading:  # or each of the threads that look into its parts would read the whole
            return _kept(path, status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise DataError(unopened(path.name, error)) from error


@lru_cache(maxsize=4)
def _kept(path: Path, _changed: int, _size: int) -> Sequence[MeasuredSeries]:
    columns = columns_in(path)
    if columns is None:
        raise DataError(unusable(path.name))
    total = sum(1 for _ in lines_of(path, columns.encoding, longest=_LONGEST)) - 1
    notes: list[tuple[str, str]] = []
    if total > ROWS_AT_MOST:
        notes.append(("too-long", f"{quoted(path.name)} has {total:,} rows; the last {ROWS_AT_MOST:,} are used."))
    slips = _Slips()
    gathered: dict[str, _Gathered] = {}
    for piece in _pieces(path, columns, skipped=max(0, total - ROWS_AT_MOST)):
        _gather(piece, columns, gathered, slips)
    if slips.cells:
        notes.append(
            (
                "text-in-numbers",
                f"{slips.cells:,} cells of numbers in {quoted(path.name)} hold text, first {slips.cell}; they count as "
                "missing.",
            )
        )
    if slips.rows:
        notes.append(
            ("series-row", f"{slips.rows:,} rows of {quoted(path.name)} cannot be used, first {slips.row}; left out.")
        )
    if columns.texts:
        named = ", ".join(f"“{name}”" for name in columns.texts[:5])
        notes.append(("text-column", f"Columns of text in {quoted(path.name)} are not used: {named}."))
    if not columns.encoding.startswith("utf"):
        notes.append(
            (
                "encoding",
                f"{quoted(path.name)} is not UTF-8 and is read as {columns.encoding}; save it as UTF-8 if letters look "
                "wrong.",
            )
        )
    found = [_on_grid(path, name, each, columns) for name, each in gathered.items()]
    if not found:
        raise DataError(f"{quoted(path.name)} has no row with a time and a number.")
    found[0] = replace(found[0], notes=(*notes, *found[0].notes))
    return tuple(found)


def _pieces(path: Path, columns: Columns, *, skipped: int) -> Iterator[list[tuple[int, list[str]]]]:
    rows = (
        (line.number, cells_of(line.text, columns.delimiter))
        for line in islice(lines_of(path, columns.encoding, longest=_LONGEST), 1 + skipped, None)
        if line.text is not None and line.text.strip()
    )
    while piece := list(islice(rows, _PIECE)):
        yield piece


def _gather(
    piece: list[tuple[int, list[str]]], columns: Columns, gathered: dict[str, _Gathered], slips: _Slips
) -> None:
    width = 1 + max(columns.time, columns.series, *columns.values)
    whole: list[list[str]] = []
    numbers: list[int] = []
    for number, cells in piece:
        if len(cells) < width or not cells[columns.time].strip():
            slips.rows += 1
            slips.row = slips.row or f"row {number:,}, which has no time or too few columns"
            continue
        whole.append(cells)
        numbers.append(number)
    if not whole:
        return
    values = _values(whole, numbers, columns, slips)
    times = [cells[columns.time].strip() for cells in whole]
    if columns.series < 0:
        each = gathered.setdefault("", _Gathered())
        each.times += times
        each.values.append(values)
        return
    names = [" ".join(cells[columns.series].split()) for cells in whole]
    order: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        order.setdefault(name, []).append(i)
    for name, places in order.items():
        each = gathered.setdefault(name, _Gathered())
        each.times += [times[i] for i in places]
        each.values.append(values[places])


def _values(rows: list[list[str]], numbers: list[int], columns: Columns, slips: _Slips) -> np.ndarray:
    found = np.empty((len(rows), len(columns.values)), np.float32)
    for d, column in enumerate(columns.values):
        cells = [row[column] for row in rows]
        try:
            if columns.comma:
                raise ValueError
            found[:, d] = np.array(cells, np.float64)
        except ValueError:
            for i, cell in enumerate(cells):
                try:
                    found[i, d] = number_in(cell, comma=columns.comma)
                except ValueError:
                    found[i, d] = np.nan
                    slips.cells += 1
                    slips.cell = slips.cell or f"{quoted(cell.strip())} in row {numbers[i]:,}"
    found[np.isinf(found)] = np.nan
    return found


def _on_grid(path: Path, name: str, gathered: _Gathered, columns: Columns) -> MeasuredSeries:
    times, how = parsed(gathered.times)
    values = np.concatenate(gathered.values)
    called = f"The series {quoted(name)} of {quoted(path.name)}" if name else quoted(path.name)
    notes: list[tuple[str, str]] = []
    known = np.isfinite(times)
    if not known.all():
        at = gathered.times[int(np.flatnonzero(~known)[0])]
        notes.append(("bad-time", f"{called} has {int((~known).sum()):,} times that are none, first {quoted(at)}."))
        times, values = times[known], values[known]
    nothing = int((~np.isfinite(values)).sum())
    if nothing:
        notes.append(("missing", f"{called} has no value in {nothing:,} of {values.size:,} cells of numbers."))
    if how.zoned:
        mixed = " and some name none" if how.zoned < len(gathered.times) else ""
        notes.append(("time-zone", f"The times of {called} name a time zone{mixed}; all are taken in UTC."))
    if how.ambiguous:
        notes.append(("day-or-month", f"Dates of {called} could be read in two ways; the month is taken first."))
    if len(times) > 1 and not (np.diff(times) >= 0).all():
        notes.append(("unsorted", f"{called} was not in the order of its times; it was sorted."))
        order = np.argsort(times, kind="stable")
        times, values = times[order], values[order]
    _, first = np.unique(times, return_index=True)
    if more := len(times) - len(first):
        rows = "1 row" if more == 1 else f"{more:,} rows"
        notes.append(("same-time", f"{called} has {rows} of a time that is there already; the first one counts."))
        times, values = times[first], values[first]
    rhythm = rhythm_of(times, how.calendar)
    if rhythm.name == "irregular":
        notes.append(("irregular", f"The times of {called} are irregular; its rows are taken as equally far apart."))
    elif len(times) > 1:
        places = places_on_grid(times, rhythm)
        missing = int(places[-1]) + 1 - len(np.unique(places))
        if places[-1] + 1 > _GROWTH * len(times):
            rhythm = Rhythm("rows", 1.0, 1, 12, "irregular")
            notes.append(("irregular", f"More times are missing in {called} than can be filled; rows count as steps."))
        elif missing or len(np.unique(places)) < len(places):
            times, values = _filled(times, values, places)
            notes.append(
                ("gaps", f"{called} ({rhythm.name}) lacks {missing:,} of its times; they count as missing values.")
            )
    flat = [n for n, column in zip(columns.names, values.T, strict=True) if _flat(column)]
    trouble = ""
    if len(times) < FEWEST:
        trouble = f"{called} has {len(times)} rows only; {FEWEST} are needed at least. Add more."
    elif len(flat) == len(columns.names):
        trouble = f"{called} is constant: the same value at each time, so there is nothing to learn."
    elif flat:
        named = ", ".join(f"“{n}”" for n in flat[:5])
        notes.append(("constant", f"In {called} these columns never change, and say nothing: {named}."))
    return MeasuredSeries(name, times, values, columns.names, rhythm, how.calendar, tuple(notes), trouble)


def _filled(times: np.ndarray, values: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    wanted = np.arange(int(places[-1]) + 1)
    kept, first = np.unique(places, return_index=True)
    full = np.full((len(wanted), values.shape[1]), np.nan, np.float32)
    full[kept] = values[first]
    return np.interp(wanted, kept, times[first]), full


def _flat(column: np.ndarray) -> bool:
    known = column[np.isfinite(column)]
    return not len(known) or float(known.min()) == float(known.max())
