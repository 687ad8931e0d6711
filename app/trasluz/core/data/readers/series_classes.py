"""Labelled series: one label each (`series-classes`), or one for each step (`series-steps`)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from trasluz.api import DataError, DatasetSource, Detection, Kind, Problem, Record, Sample, Severity
from trasluz.api.step_labels import joined
from trasluz.core.data.names import place_of, quoted, shown
from trasluz.core.data.splits import split_of_file
from trasluz.core.data.walk import listing, unopened

from .class_folders import ClassFolderWalk, find_class_folders
from .parts import file_and_part
from .series_table import SUFFIXES, BadRow, SeriesTable, Steps, look_at, places, steps_of

_LABELLED = ("wide", "long", "ts")
_SENTENCES = {
    "wide": "Series in rows, a label before the values of each",
    "long": "Series in rows of steps, with a case and a label",
    "ts": "Series in the format of the UEA archive",
    "alone": "Series in files of their own, a label at each step",
}


class LabelledSeries(DatasetSource):
    """What the two readers share; they differ in what the label belongs to."""

    suffixes = SUFFIXES
    stepwise: bool

    def detect(self, root: Path) -> Detection | None:
        """Look for files of labelled series, then for class folders with a file for each series.

        Raises:
            DataError: If there are some, but in an encoding that cannot be read.
        """
        tables = _tables(root)
        fitting = [table for _, table in tables if self._fits(table)]
        if fitting:
            return Detection(fitting[0].form, 0.93, _SENTENCES[fitting[0].form])
        if self.stepwise or root.is_file() or tables:
            return None
        return _folders(root)

    def records(self, root: Path) -> Iterator[Record | Problem]:
        """Yield a record for each series."""
        tables = _tables(root, at_most=100_000)
        if not tables and root.is_dir():
            yield from _walked(root)
            return
        folder = root if root.is_dir() else root.parent
        for path, table in tables:
            if not self._fits(table):
                yield _left(path, "is not in the form of the other files")
                continue
            yield from self._of_file(folder, path, table)

    def _of_file(self, folder: Path, path: Path, table: SeriesTable) -> Iterator[Record | Problem]:
        split = split_of_file(path)
        name = shown(path.relative_to(folder))
        if not table.encoding.startswith("utf"):
            sentence = f"{quoted(name)} is not UTF-8 and is read as {table.encoding}; save it as UTF-8 if unsure."
            yield Problem("encoding", sentence, Severity.NOTE, (name,))
        try:
            for found in places(path, table):
                if isinstance(found, BadRow):
                    sentence = f"Row {found.line:,} of {quoted(path.name)} {found.why}; it is left out."
                    yield Problem("series-row", sentence, Severity.WARNING, (name,))
                    continue
                part, place = found
                extra = {"table": table.to_json(), "stretches": place.stretches, "line": place.line}
                target = place.label
                if self.stepwise:
                    try:
                        target = joined(steps_of(path, path.name, table, place.stretches, place.line).labels)
                    except DataError as error:
                        yield Problem("unreadable", str(error), Severity.WARNING, (name,))
                        continue
                yield Record(name, target, part, split, extra=extra)
        except OSError as error:
            yield Problem("unreadable", unopened(name, error), paths=(name,))

    def _fits(self, table: SeriesTable) -> bool:
        if self.stepwise:
            return table.stepwise
        return table.form in _LABELLED and not table.stepwise

    def content(self, root: Path, record: Record) -> bytes:
        """The values, so that a series is known again whatever its label, file or form."""
        steps = _steps(root, record)
        return repr(steps.values.shape).encode() + steps.values.tobytes()

    def check(self, root: Path, record: Record) -> Record:
        """Read the series; its length is in steps.

        Raises:
            DataError: If it cannot be used.
        """
        steps = _steps(root, record)
        extra: dict[str, Any] = {**record.extra, "channels": steps.values.shape[1]}
        if steps.notes:
            extra["notes"] = [list(note) for note in steps.notes]
        return replace(record, length=float(len(steps.values)), extra=extra)

    def read(self, root: Path, record: Record) -> Sample:
        """Give `series` (T, D) float32, NaN where there is no value.

        Raises:
            DataError: If it cannot be read.
        """
        return Sample(record, {"series": _steps(root, record).values})

    def parts(self, given: str) -> Sequence[str]:
        """The series of a file, as `FILE#row 12`."""
        path, part = file_and_part(given)
        if part or not path.is_file():
            return [given]
        try:
            table = look_at(path)
            if table is None or table.form not in _LABELLED:
                return [given]
            return [f"{given}#{found[0]}" for found in places(path, table) if not isinstance(found, BadRow)] or [given]
        except (OSError, DataError):
            return [given]

    def open(self, given: str) -> Sample:
        """Read a series from anywhere: a file with one, or `FILE#row 12`, `FILE#case 3` of a file with several.

        Raises:
            DataError: If it cannot be read, or it is not said which.
        """
        path, part = file_and_part(given)
        record = Record(path=shown(given))
        try:
            table = look_at(path) or look_at(path, alone=True)
            if table is None:
                raise DataError(f"{quoted(path.name)} holds no series of numbers; it is left out.")
            there = [found for found in places(path, table) if not isinstance(found, BadRow)]
        except OSError as error:
            raise DataError(unopened(path.name, error)) from error
        chosen = [place for name, place in there if name == part] if part else [place for _, place in there]
        if not chosen:
            raise DataError(f"There is no “{part}” in {quoted(path.name)}." if part else f"{quoted(path)} is empty.")
        if len(chosen) > 1:
            raise DataError(
                f"{quoted(path.name)} holds {len(there):,} series; say which one: “{path.name}#{there[0][0]}”."
            )
        return Sample(record, {"series": steps_of(path, path.name, table, chosen[0].stretches, chosen[0].line).values})


class SeriesClasses(LabelledSeries):
    """Reads UCR/UEA `.ts` and `.tsv`, the same as CSV (wide, or long by `case`), and a CSV per series in folders."""

    id = "series-classes"
    kind = Kind.SERIES_CLASSES
    title = "Time series by class"
    input_name = "series"
    stepwise = False


class SeriesSteps(LabelledSeries):
    """Reads series with a label for each step: long CSVs by `case`, or a CSV per series with a column `label`."""

    id = "series-steps"
    kind = Kind.SERIES_STEPS
    title = "Time series with a label for each step"
    input_name = "series"
    stepwise = True


def _steps(root: Path, record: Record) -> Steps:
    table = SeriesTable.from_json(record.extra["table"])
    where = place_of(root, record.path)
    stretches: list[Sequence[int]] = record.extra["stretches"]
    return steps_of(where, record.path, table, stretches, int(record.extra["line"]))


def _tables(root: Path, at_most: int = 12) -> list[tuple[Path, SeriesTable]]:
    """The files of labelled series that lie in a folder, or the file itself; of one ending only."""
    try:
        files = [root] if root.is_file() else [root / name for name in listing(root).files]
    except OSError:
        return []
    for suffix in SUFFIXES:
        found = []
        for path in [path for path in files if path.suffix.lower() == suffix][:at_most]:
            try:
                table = look_at(path)
            except OSError:
                continue
            if table is not None and (table.form in _LABELLED or table.stepwise):
                found.append((path, table))
        if found:
            return found
    return []


def _is_table(name: str) -> bool:
    return name.lower().endswith((".csv", ".tsv"))


def _folders(root: Path) -> Detection | None:
    plan = find_class_folders(root, _is_table)
    if plan is None:
        return None
    first = next(iter(_walked(root, only=1)), None)
    return Detection(plan.form, 0.9, "A CSV for each series, in class folders") if first is not None else None


def _walked(root: Path, only: int = 0) -> Iterator[Record | Problem]:
    plan = find_class_folders(root, _is_table)
    if plan is None:
        raise DataError(f"{quoted(root)} has no class folders with tables of series; was it changed just now?")
    count = 0
    for found in ClassFolderWalk(root, plan, _is_table, _other, "series").records():
        if isinstance(found, Problem):
            if not only:
                yield found
            continue
        path = place_of(root, found.path)
        try:
            table = look_at(path, alone=True)
        except (OSError, DataError) as error:
            table, why = None, str(error)
        else:
            why = f"{quoted(found.path)} is no table of numbers; it is left out."
        if table is None:
            if not only:
                yield Problem("unreadable", why, Severity.WARNING, (found.path,))
            count += 1
        else:
            facts: Mapping[str, Any] = {
                "table": table.to_json(),
                "stretches": [(0, path.stat().st_size)],
                "line": 1 + table.headed,
            }
            yield replace(found, extra=facts)
            count += 1
        if only and count >= 20:
            return


def _other(_place: Path, path: str) -> Problem | None:
    return Problem("not-a-series", f"{quoted(path)} is no table; it is left out.", Severity.NOTE, (shown(path),))


def _left(path: Path, why: str) -> Problem:
    return Problem("unreadable", f"{quoted(path.name)} {why}; it is left out.", Severity.WARNING, (shown(path.name),))
