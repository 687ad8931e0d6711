"""Files that hold labelled series: which form they have, where each series lies in them, and what its numbers are.

| form | a row is |
| --- | --- |
| `wide` | a series: its label, then its values (`label,t0,t1,…`; UCR `.tsv`, where no line names the columns) |
| `long` | a step: `case,label[,t],d1,d2,…` |
| `alone` | a step of the one series of the file: `[t,]d1,d2,…[,label]` |
| `ts` | a series in the format of the UEA archive: channels between colons, the label last |
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from trasluz.api import DataError
from trasluz.core.data.names import quoted
from trasluz.core.data.walk import unopened

from .lines import encoding_of, looks_binary
from .numbers import cells_of, delimiter_of, has_decimal_commas, is_number, number_in, numbers_in

Form = Literal["wide", "long", "alone", "ts"]
SUFFIXES: Final = (".ts", ".tsv", ".csv")
"""In the order in which they are preferred where an archive holds the same series in several."""
LABELS: Final = ("label", "class", "target", "category", "activity", "state")
CASES: Final = ("case", "case_id", "caseid", "series", "series_id", "sample", "sample_id", "sequence", "id")
TIMES: Final = ("t", "time", "timestamp", "step", "date", "datetime", "seconds", "index", "dim_time")
_PROBE: Final = 2**20
_PROBED_ROWS: Final = 2_000
LONGEST_ROW: Final = 2**24
"""Bytes of a row at the most: a series of two million numbers."""
STEPS_AT_MOST: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class SeriesTable:
    """What a look at the beginning of a file tells.

    Attributes:
        headed: Whether the first line names the columns.
        names: The names of the value columns.
        label: The column of the label; -1 where there is none. And `case`, `time` likewise.
        values: The columns of the values.
        stepwise: Whether the label changes within a series.
        comma: Whether decimals are written with a comma.
    """

    form: Form
    encoding: str = "utf-8"
    delimiter: str = ","
    headed: bool = False
    names: tuple[str, ...] = ()
    label: int = -1
    case: int = -1
    time: int = -1
    values: tuple[int, ...] = ()
    stepwise: bool = False
    comma: bool = False

    def to_json(self) -> dict[str, Any]:
        """For a record."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "SeriesTable":
        """From a record."""
        return cls(**{**facts, "names": tuple(facts["names"]), "values": tuple(facts["values"])})


def look_at(path: Path, *, alone: bool = False) -> SeriesTable | None:
    """Say what form a file has; None where it holds no labelled series, nor one series alone.

    Args:
        path: The file.
        alone: Whether it is known to hold one series, whose label is told by its folder.

    Raises:
        OSError: If it cannot be read.
        DataError: If it is one, but in an encoding that cannot be read in pieces.
    """
    with path.open("rb") as file:
        start = file.read(_PROBE)
    if not start.strip() or looks_binary(start):
        return None
    encoding = encoding_of(path)
    if encoding.startswith(("utf-16", "utf-32")):
        table = _look(path, start.decode(encoding, errors="ignore"), encoding, alone)
        if table is not None:
            raise DataError(f"{quoted(path.name)} is written in {encoding.upper()}; save it as UTF-8 and try again.")
        return None
    return _look(path, start.decode(encoding, errors="replace"), encoding, alone)


def _look(path: Path, text: str, encoding: str, alone: bool) -> SeriesTable | None:
    lines = [line for line in text.splitlines()[: _PROBED_ROWS + 1] if line.strip()]
    if len(lines) > 1 and len(text) >= _PROBE // 4 and len(lines) <= _PROBED_ROWS:
        lines = lines[:-1]  # the last one may be cut off
    if not lines:
        return None
    if path.suffix.lower() == ".ts":
        marks = [line for line in lines if not line.lstrip().startswith("#")]
        return SeriesTable("ts", encoding) if marks and marks[0].lstrip().startswith("@") else None
    delimiter = delimiter_of(lines[:50])
    rows = [cells_of(line, delimiter) for line in lines]
    comma = has_decimal_commas(rows[:50], delimiter)
    head = [cell.strip().lower() for cell in rows[0]]
    headed = len(set(head)) == len(head) > 0 and not any(is_number(cell, comma=comma) for cell in head)
    if not headed and alone:
        if not _numeric([cell for row in rows[:200] for cell in row], comma):
            return None
        values = tuple(range(max(map(len, rows[:200]))))
        return SeriesTable("alone", encoding, delimiter, values=values, comma=comma)
    if not headed:
        return _unheaded(path, rows, encoding, delimiter, comma)
    body = rows[1:]
    label, case, time = (next((head.index(n) for n in names if n in head), -1) for names in (LABELS, CASES, TIMES))
    others = [i for i in range(len(head)) if i not in (label, case, time)]
    values = tuple(i for i in others if _numeric([row[i] for row in body if i < len(row)], comma))
    if not values or not body or len(values) < 0.9 * len(others):
        return None  # a table of texts, or of many things
    form: Form = "long" if case >= 0 and label >= 0 and not alone else "alone"
    if label >= 0 and case < 0 and time < 0 and len(values) > 1 and not alone:
        form, values = "wide", tuple(others)
    if case >= 0 and form != "long" and not alone:
        return None
    stepwise = form == "long" and _changes(body, case, label)
    if form == "alone" and label >= 0:
        stepwise = _are_classes([row[label].strip() for row in body if label < len(row)], comma)
    names = tuple(rows[0][i].strip() for i in values)
    return SeriesTable(form, encoding, delimiter, True, names, label, case, time, values, stepwise, comma)


def _unheaded(
    path: Path, rows: Sequence[Sequence[str]], encoding: str, delimiter: str, comma: bool
) -> SeriesTable | None:
    """UCR's own layout: the label, then the values, and no line of names."""
    width = max(map(len, rows))
    if width < 4 or not _numeric([cell for row in rows[:50] for cell in row[1:]], comma):
        return None
    labels = {row[0].strip() for row in rows}
    few = len(labels) <= max(2, len(rows) // 2) or path.suffix.lower() == ".tsv"
    whole = all(not is_number(label) or float(number_in(label)).is_integer() for label in labels if label)
    if not few or not whole:
        return None
    return SeriesTable("wide", encoding, delimiter, label=0, values=tuple(range(1, width)), comma=comma)


def _numeric(cells: Sequence[str], comma: bool) -> bool:
    """Whether nearly all are numbers, so that a slip in one of them does not change what the column is."""
    if not cells:
        return True
    return sum(is_number(cell, comma=comma) for cell in cells) >= 0.8 * len(cells)


def _are_classes(labels: Sequence[str], comma: bool) -> bool:
    """Whether the labels of the steps are a few that come again, and no measurement."""
    kinds = set(labels)
    if any(is_number(k, comma=comma) and not number_in(k, comma=comma).is_integer() for k in kinds):
        return False
    return 1 < len(kinds) <= max(2, min(100, len(labels) // 4))


def _changes(rows: Sequence[Sequence[str]], case: int, label: int) -> bool:
    seen: dict[str, str] = {}
    for row in rows:
        if max(case, label) < len(row) and seen.setdefault(row[case], row[label].strip()) != row[label].strip():
            return True
    return False


# Places


@dataclass(slots=True)
class Place:
    """Where a series lies: its label, its first line in the file, from 1, and the stretches of bytes that hold it."""

    label: str
    line: int
    stretches: list[tuple[int, int]]
    rows: int = 1


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used, and why."""

    line: int
    why: str


STRETCHES_AT_MOST: Final = 2_000_000


def places(path: Path, table: SeriesTable) -> Iterator[tuple[str, Place] | BadRow]:
    """Yield each series of a file with its part's name: `row 12`, `case 3`; empty where the file is one series.

    Raises:
        OSError: If the file cannot be read.
        DataError: If the rows of its cases lie about so much that they cannot be found again.
    """
    if table.form == "alone":
        yield "", Place("", 1 + table.headed, [(0, path.stat().st_size)], 0)
    elif table.form == "long":
        yield from _cases(path, table)
    else:
        yield from _rows(path, table)


def _lines(path: Path) -> Iterator[tuple[int, int, bytes | None]]:
    """Number, place and bytes of each line; None where it is longer than any series."""
    with path.open("rb") as file:
        number, at = 0, 0
        while line := file.readline(LONGEST_ROW + 1):
            number += 1
            if len(line) > LONGEST_ROW and not line.endswith(b"\n"):
                size = len(line)
                while line and not line.endswith(b"\n"):
                    line = file.readline(LONGEST_ROW)
                    size += len(line)
                yield number, at, None
                at += size
                continue
            yield number, at, line
            at += len(line)


def _rows(path: Path, table: SeriesTable) -> Iterator[tuple[str, Place] | BadRow]:
    begun, labelled = table.form != "ts", True
    for number, at, line in _lines(path):
        if line is None:
            yield BadRow(number, f"is longer than {LONGEST_ROW >> 20} MB")
            continue
        text = line.strip()
        if not text or (number == 1 and table.headed):
            continue
        if table.form == "ts" and (text.startswith(b"#") or not begun):
            lower = text.lower()
            if lower.startswith((b"@classlabel", b"@targetlabel")):
                labelled = b"true" in lower.split()[1:2]
            begun = begun or lower.startswith(b"@data")
            continue
        if table.form == "ts":
            cut = text.decode(table.encoding, errors="replace")
            label = cut.rsplit(":", 1)[1].strip() if labelled and ":" in cut else ""
        else:
            cells = cells_of(text.decode(table.encoding, errors="replace").lstrip("\ufeff"), table.delimiter)
            label = cells[table.label].strip() if len(cells) > 1 else ""
        label = _tidy(label)
        if not label:
            yield BadRow(number, "has no label")
            continue
        yield f"row {number}", Place(label, number, [(at, at + len(line))])


def _cases(path: Path, table: SeriesTable) -> Iterator[tuple[str, Place] | BadRow]:
    found: dict[str, Place] = {}
    last, stretches, needed = "", 0, max(table.case, table.label) + 1
    several: set[str] = set()
    for number, at, line in _lines(path):
        if (number == 1 and table.headed) or (line is not None and not line.strip()):
            continue
        cells = [] if line is None else cells_of(line.decode(table.encoding, "replace").rstrip("\r\n"), table.delimiter)
        case = cells[table.case].strip() if len(cells) >= needed else ""
        if not case:
            yield BadRow(number, "names no case")
            continue
        assert line is not None
        place, label = found.get(case), _tidy(cells[table.label])
        if place is None:
            found[case] = Place(label, number, [(at, at + len(line))])
            stretches += 1
        elif last == case and place.stretches[-1][1] == at:
            place.stretches[-1] = (place.stretches[-1][0], at + len(line))
            place.rows += 1
        else:
            place.stretches.append((at, at + len(line)))
            place.rows += 1
            stretches += 1
        if place is not None and not table.stepwise and label != place.label and case not in several:
            several.add(case)
            yield BadRow(number, f"gives case {case} another label than its first row, which counts")
        last = case
        if stretches > STRETCHES_AT_MOST:
            raise DataError(
                f"The rows of the cases of {quoted(path.name)} lie mixed and are too many to be sorted here; sort the "
                "file by its column of cases."
            )
    for case, place in found.items():
        if place.label or table.stepwise:
            yield f"case {case}", place
        else:
            yield BadRow(place.line, f"gives case {case} no label")


def _tidy(label: str) -> str:
    return " ".join(label.split())


# Numbers


class NotNumbersError(DataError):
    """Text, or nothing at all, where the numbers of a series should be."""

    rule = "not-numbers"


@dataclass(frozen=True, slots=True)
class Steps:
    """A series: values (T, D) float32, NaN where there is none; a label for each step where the table has them."""

    values: np.ndarray
    labels: tuple[str, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()


def steps_of(path: Path, called: str, table: SeriesTable, stretches: Sequence[Sequence[int]], line: int) -> Steps:
    """Read the series that lies in these stretches of a file.

    Args:
        path: The file.
        called: What it is called in sentences.
        table: Its form.
        stretches: Where the series lies.
        line: The number of its first line, for sentences.

    Raises:
        DataError: If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            pieces = []
            for start, end in stretches:
                if end - start > 2**30:
                    raise DataError(f"{quoted(called)} is larger than a gigabyte, and one series; cut it into several.")
                file.seek(start)
                pieces.append(file.read(end - start))
    except OSError as error:
        raise DataError(unopened(called, error)) from error
    text = b"".join(pieces).decode(table.encoding, errors="replace").removeprefix("\ufeff")
    where = f"Row {line:,} of {quoted(called)}" if table.form in ("wide", "ts") else quoted(called)
    if table.form == "ts":
        values, found = _ts_values(text, where), Steps(np.empty((0, 0)))
    elif table.form == "wide":
        cells = cells_of(text.strip("\r\n"), table.delimiter)
        values = _numbers([c for i, c in enumerate(cells) if i != table.label], where, table)[:, None]
        values, found = _without_end(values), Steps(np.empty((0, 0)))
    else:
        found = _by_steps(text, where, table)
        values = found.values
    if not len(values) or not np.isfinite(values).any():
        raise NotNumbersError(f"{where} holds no number; it is left out.")
    notes = list(found.notes)
    flat = [d for d in range(values.shape[1]) if np.isfinite(values[:, d]).any() and np.nanstd(values[:, d]) == 0]
    if flat and len(flat) == values.shape[1] and len(values) > 1:
        notes.append(("constant", f"{where} is constant: the same value at each step."))
    return Steps(np.ascontiguousarray(values, np.float32), found.labels, tuple(notes))


def _numbers(cells: Sequence[str], where: str, table: SeriesTable) -> np.ndarray:
    try:
        return numbers_in(cells, comma=table.comma)
    except ValueError:
        at = next(i for i, cell in enumerate(cells) if not is_number(cell, comma=table.comma))
        name = table.names[at] if at < len(table.names) else f"value {at + 1}"
        raise NotNumbersError(
            f"{where} has {quoted(cells[at].strip())} at {name}, which is no number; it is left out. Correct it, or "
            "leave the cell empty."
        ) from None


def _without_end(values: np.ndarray) -> np.ndarray:
    """Without the empty cells at the end, which the archives fill shorter series with."""
    there = np.flatnonzero(np.isfinite(values).any(axis=1))
    return values[: there[-1] + 1] if len(there) else values[:0]


def _ts_values(text: str, where: str) -> np.ndarray:
    channels = text.strip().rsplit(":", 1)[0].split(":")
    table = SeriesTable("ts")
    rows: list[np.ndarray] = []
    for channel in channels:
        if channel.lstrip().startswith("("):
            pairs = [pair.split(",", 1) for pair in channel.strip().strip("()").split("),(")]
            if any(len(pair) != 2 for pair in pairs):
                raise DataError(f"{where} has a step that is no pair (time,value); it is left out.")
            channel = ",".join(value for _, value in pairs)
        rows.append(_numbers(channel.split(","), where, table))
    values = np.full((max(map(len, rows)), len(rows)), np.nan)
    for d, row in enumerate(rows):
        values[: len(row), d] = row
    return _without_end(values)


def _by_steps(text: str, where: str, table: SeriesTable) -> Steps:
    lines = [line for line in text.splitlines() if line.strip()]
    if table.form == "alone" and table.headed:
        lines = lines[1:]
    notes: list[tuple[str, str]] = []
    if len(lines) > STEPS_AT_MOST:
        notes.append(("too-long", f"{where} has {len(lines):,} steps; the first {STEPS_AT_MOST:,} are used."))
        lines = lines[:STEPS_AT_MOST]
    rows = [cells_of(line, table.delimiter) for line in lines]
    width = 1 + max((*table.values, table.label, table.time))
    short = next((i for i, row in enumerate(rows) if len(row) < width), None)
    if short is not None:
        raise DataError(
            f"{where} has a step with {len(rows[short])} columns only, where the others have {width}: "
            f"{quoted(lines[short])}; it is left out."
        )
    flat = _numbers([row[i] for row in rows for i in table.values], where, table)
    values = flat.reshape(len(rows), len(table.values))
    labels = tuple(_tidy(row[table.label]) for row in rows) if table.stepwise else ()
    order = _in_time([row[table.time].strip() for row in rows]) if table.time >= 0 else None
    if order is not None:
        if len(order) < len(rows):
            notes.append(("same-time", f"{where} has several steps of one time; the first of each counts."))
        if not np.array_equal(order, np.sort(order)):
            notes.append(("unsorted", f"{where} was not in the order of its times; it was sorted."))
        values, labels = values[order], tuple(labels[i] for i in order) if labels else ()
    return Steps(values, labels, tuple(notes))


def _in_time(cells: Sequence[str]) -> np.ndarray | None:
    """Which rows in which order, the first of each time; None where they are so already, or times are no times."""
    try:
        times = np.array([number_in(cell) for cell in cells])
    except ValueError:
        from .times import parsed

        times = parsed(cells)[0]
    if not np.isfinite(times).all() or (np.diff(times) > 0).all():
        return None
    _, first = np.unique(times, return_index=True)
    return first
