"""Series to forecast: tables of times and numbers. What is learned from comes before what is judged by."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from trasluz.api import DataError, DatasetSource, Detection, Kind, Problem, Record, Sample, Severity, Split
from trasluz.core.data.names import place_of, quoted, shown
from trasluz.core.data.splits import SHARE, split_of_file
from trasluz.core.data.walk import listing, unopened

from .forecast_table import Columns, MeasuredSeries, columns_in, nearly_a_table, series_in, unusable
from .parts import file_and_part

SUFFIXES = (".csv", ".tsv")


class Forecasts(DatasetSource):
    """Reads CSV and TSV with a column of times: wide (`time,a,b`) or long (`series_id,time,value`)."""

    id = "forecast"
    kind = Kind.FORECAST
    title = "Time series to forecast"
    suffixes = SUFFIXES
    input_name = "stretch"

    def detect(self, root: Path) -> Detection | None:
        """Look at the first rows of the tables.

        Raises:
            DataError: If there are several tables that do not belong together.
        """
        tables = _tables(root)
        if not tables:
            if root.is_file() and root.suffix.lower() in SUFFIXES and nearly_a_table(root):
                return Detection("forecast, unusable", 0.3, "A table of times that cannot be used")
            return None
        names = {columns.names for _, columns in tables}
        if len(names) > 1:
            raise DataError(
                f"The tables in {quoted(root.name)} have different columns ({quoted(tables[0][0].name)}, "
                f"{quoted(tables[-1][0].name)}), so they are different data; choose one of the files."
            )
        first = tables[0][1]
        form = "long" if first.series >= 0 else "wide"
        sentence = "Rows in time" + (", several series" if form == "long" or len(tables) > 1 else "")
        return Detection(f"forecast, {form}", 0.9, f"{sentence}: {', '.join(first.names[:6])}")

    def records(self, root: Path) -> Iterator[Record | Problem]:
        """Yield for each series the stretch that is learned from and the later one that is judged by."""
        tables = _tables(root)
        if not tables and root.is_file():
            yield Problem("unreadable", unusable(root.name), Severity.ERROR, (shown(root.name),))
            return
        yield from _others(root, [path for path, _ in tables])
        splits = {path: split_of_file(path) for path, _ in tables} if root.is_dir() else {}
        given = any(splits.values())
        judged = "val" in splits.values()
        folder = root if root.is_dir() else root.parent
        for path, _ in tables:
            split = splits.get(path)
            name = shown(path.relative_to(folder))
            if given and split is None:
                sentence = f"{quoted(name)} is named after no split while others are, and is left out."
                yield Problem("not-in-split", sentence, Severity.NOTE, (name,))
                continue
            try:
                found = series_in(path)
            except DataError as error:
                yield Problem("unreadable", str(error), Severity.ERROR, (name,))
                continue
            for each in found:
                for rule, sentence in each.notes:
                    yield Problem(rule, sentence, Severity.NOTE, (name,))
                if each.trouble:
                    rule = "constant" if "constant" in each.trouble else "too-short"
                    yield Problem(rule, each.trouble, Severity.WARNING, (name,))
                    continue
                whole = each.name or ("" if given or len(tables) == 1 else path.stem)
                for part, low, high in _stretches(len(each.times), split, judged):
                    extra = {
                        "series": whole,
                        "of_file": each.name,
                        "rows": [low, high],
                        "columns": list(each.columns),
                        "calendar": each.calendar,
                        "rhythm": asdict(each.rhythm),
                        "from": float(each.times[low]),
                    }
                    title = f"{each.name}, rows {low + 1}–{high}" if each.name else f"rows {low + 1}–{high}"
                    yield Record(name, "", title, part, f"{name} {each.name} {part}", float(high - low), extra)

    def content(self, root: Path, record: Record) -> bytes:
        """The times and values of the stretch."""
        sample = self.read(root, record)
        return sample.array("times").tobytes() + sample.array("series").tobytes()

    def read(self, root: Path, record: Record) -> Sample:
        """Give `series` (T, C) float32, NaN where there is no value, and `times` (T,) float64 days since 1970.

        Raises:
            DataError: If it cannot be read, or has changed.
        """
        found = series_in(place_of(root, record.path))
        each = next((each for each in found if each.name == record.extra["of_file"]), None)
        low, high = record.extra["rows"]
        if each is None or len(each.times) < high:
            raise DataError(f"{quoted(record.path)} has changed; open the data again.")
        return _sample(record, each, low, high)

    def parts(self, given: str) -> Sequence[str]:
        """The series of a file, as `FILE#name`."""
        path, part = file_and_part(given)
        if part or not path.is_file():
            return [given]
        try:
            names = [each.name for each in series_in(path)]
        except DataError:
            return [given]
        return [f"{given}#{name}" for name in names] if len(names) > 1 else [given]

    def open(self, given: str) -> Sample:
        """Read a table with one series, or one series of a table with several: `FILE#name`.

        Raises:
            DataError: If it cannot be read, or it is not said which.
        """
        path, part = file_and_part(given)
        found = series_in(path)
        chosen = [each for each in found if not part or part in (each.name, *_titles(each, part))]
        if not chosen:
            raise DataError(f"There is no series “{part}” in {quoted(path.name)}.")
        if len(chosen) > 1:
            raise DataError(f"{quoted(path.name)} holds {len(found)} series; say which: “{path.name}#{found[0].name}”.")
        each = chosen[0]
        extra: dict[str, Any] = {
            "series": each.name,
            "columns": list(each.columns),
            "calendar": each.calendar,
            "rhythm": asdict(each.rhythm),
        }
        low, high = _rows_named(part) or (0, len(each.times))
        return _sample(Record(path=shown(given), extra=extra), each, low, min(high, len(each.times)))


def _sample(record: Record, each: MeasuredSeries, low: int, high: int) -> Sample:
    times = np.ascontiguousarray(each.times[low:high])
    return Sample(record, {"series": np.ascontiguousarray(each.values[low:high]), "times": times})


def _titles(each: MeasuredSeries, part: str) -> tuple[str, ...]:
    """The part itself where it names a stretch of this series: `rows 1–93`, `AAPL, rows 1–93`."""
    before, _, rows = part.rpartition("rows ")
    return (part,) if _rows_named(part) and before.removesuffix(", ") == each.name and rows else ()


def _rows_named(part: str) -> tuple[int, int] | None:
    low, dash, high = part.rpartition("rows ")[2].partition("–")
    return (int(low) - 1, int(high)) if "rows " in part and dash and low.isdigit() and high.isdigit() else None


def _stretches(count: int, split: Split | None, judged: bool) -> list[tuple[Split, int, int]]:
    """The parts of a series in time: as its file's name says, else the last fifth is judged by."""
    if split is not None and (split != "train" or judged):
        return [(split, 0, count)]
    low = min(count - 1, max(1, round(count * (1 - SHARE))))
    return [("train", 0, low), ("val", low, count)]


def _others(root: Path, tables: Sequence[Path]) -> Iterator[Problem]:
    """Files beside the tables that are named as tables."""
    if root.is_file():
        return
    for name in listing(root).files:
        if name.lower().endswith(SUFFIXES) and root / name not in tables:
            sentence = f"{quoted(name)} is no table of times and numbers; it is left out."
            yield Problem("unreadable", sentence, Severity.WARNING, (shown(name),))


def _tables(root: Path) -> list[tuple[Path, Columns]]:
    try:
        files = [root] if root.is_file() else [root / name for name in listing(root).files]
    except OSError:
        return []
    found = []
    for path in files:
        if path.suffix.lower() not in SUFFIXES:
            continue
        try:
            columns = columns_in(path)
        except OSError as error:
            if root.is_file():
                raise DataError(unopened(path.name, error)) from error
            continue
        if columns is not None:
            found.append((path, columns))
    return found
