"""Manifests: a CSV, TSV or JSONL file with a row for each item. Any encoding, any delimiter, one problem a bad row."""

import codecs
import csv
import itertools
import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from trasluz.api import DataError, Problem, Record, Severity
from trasluz.core.data.names import quoted, shown
from trasluz.core.data.splits import split_named
from trasluz.core.data.walk import listing, relative_name

SUFFIXES: Final = (".csv", ".tsv", ".jsonl", ".ndjson")

_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "path": ("path", "file", "filename", "file_name", "filepath", "image", "photo", "audio", "recording", "wav"),
    "label": ("label", "class", "category", "target"),
    "text": ("text", "transcript", "transcription", "sentence"),
    "split": ("split", "subset", "part"),
    # A fold keeps together what belongs together, e.g. the clips of one recording.
    "group": ("group", "speaker", "client_id", "writer", "fold"),
}
Answer = Literal["label", "text"]
"""What a row says of its file: the class that it is of, or the text that it holds."""
_LINE_LIMIT: Final = 2**20


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number in the file, from 1, and its cells by column."""

    number: int
    cells: Mapping[str, str]


def columns_of(path: Path) -> list[str]:
    """The columns of a manifest, in lower case; empty where it has none.

    Raises:
        OSError: If it cannot be read.
    """
    if _is_json(path):
        for row in itertools.islice(rows_of(path), 20):
            if isinstance(row, Row):
                return list(row.cells)
        return []
    with path.open(encoding=_encoding(path), errors="replace", newline="") as file:
        head = file.readline(_LINE_LIMIT)
    try:
        return [_column(c) for c in next(csv.reader([head], delimiter=_delimiter(path, head)), [])]
    except csv.Error:
        return []


def rows_of(path: Path) -> Iterator[Row | Problem]:
    """Read a manifest row by row; a row that cannot be read becomes a problem.

    Raises:
        OSError: If it cannot be read.
    """
    encoding = _encoding(path)
    if encoding == "cp1252":
        yield Problem(
            "encoding",
            f"{quoted(path.name)} is not UTF-8 and is read as Windows text; save it as UTF-8 if letters look wrong.",
            Severity.NOTE,
            (shown(path.name),),
        )
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        yield from _json_rows(path, file) if _is_json(path) else _csv_rows(path, file)


def answer_columns(columns: Sequence[str], answer: Answer) -> dict[str, str] | None:
    """Which column is the path, the answer, the split and the group; None unless there are path and answer."""
    found = {meaning: next((n for n in names if n in columns), None) for meaning, names in _COLUMNS.items()}
    if found["path"] is None or found[answer] is None:
        return None
    return {meaning: name for meaning, name in found.items() if name is not None}


def class_columns(columns: Sequence[str]) -> dict[str, str] | None:
    """The columns of a manifest of classes; None unless there are path and label."""
    return answer_columns(columns, "label")


def class_records(path: Path) -> Iterator[Record | Problem]:
    """Yield a record for each row of a manifest `path,label[,split][,group]`.

    Raises:
        DataError: If the file has no such columns or cannot be read.
    """
    yield from answer_records(path, "label")


def answer_records(path: Path, answer: Answer, *, folder: str = "") -> Iterator[Record | Problem]:
    """Yield a record for each row of a manifest `path,label` or `path,text`, with `split` and `group` where given.

    Args:
        path: The manifest.
        answer: What a row says of its file.
        folder: Where the files lie, from the manifest's own folder.

    Raises:
        DataError: If the file has no such columns or cannot be read.
    """
    try:
        columns = answer_columns(columns_of(path), answer)
        if columns is None:
            raise DataError(
                f"{quoted(path.name)} needs a first line with the columns “path” and “{answer}”; add them and try "
                "again."
            )
        for row in rows_of(path):
            yield row if isinstance(row, Problem) else _record(path, row, columns, answer, folder)
    except OSError as error:
        raise DataError(f"{quoted(path.name)} cannot be read ({error.strerror or error}).") from error


def manifest_in(root: Path, answer: Answer, wanted: Callable[[str], bool]) -> Path | None:
    """The manifest that lies directly in a folder, if exactly one of its files is one; see `lists_files`."""
    try:
        names = [n for n in listing(root).files if n.lower().endswith(SUFFIXES)]
    except OSError:
        return None
    found = [root / n for n in names[:50] if lists_files(root / n, answer, wanted)]
    return found[0] if len(found) == 1 else None


def lists_files(path: Path, answer: Answer, wanted: Callable[[str], bool]) -> bool:
    """Whether one of the first rows has an answer and the name of a file that is wanted."""
    try:
        columns = answer_columns(columns_of(path), answer)
        if columns is None:
            return False
        rows = (row for row in itertools.islice(rows_of(path), 50) if isinstance(row, Row))
        return any(wanted(row.cells.get(columns["path"], "").strip()) for row in rows)
    except OSError:
        return False


def _record(manifest: Path, row: Row, columns: Mapping[str, str], answer: Answer, folder: str) -> Record | Problem:
    def cell(meaning: str) -> str:
        return row.cells.get(columns.get(meaning, ""), "").strip()

    def left_out(why: str) -> Problem:
        return Problem(
            "manifest-row", f"Row {row.number} of {quoted(manifest.name)} {why}; it is left out.", Severity.WARNING
        )

    given, said, split = cell("path"), cell(answer), cell("split")
    if not given:
        return left_out("names no file")
    if not said:
        return left_out(f"has no {answer}")
    if split and split_named(split) is None:
        # Never guessed: what the person calls something else may be what they keep for the end.
        return left_out(f"has the split {quoted(split)}, which is none of train, val and test")
    return Record(
        path=shown(relative_name(folder, _relative(manifest.parent, given))),
        target=unicodedata.normalize("NFC", shown(said)),
        split=split_named(split),
        group=shown(cell("group")),
    )


def _relative(folder: Path, given: str) -> str:
    """Write the path with forward slashes; a manifest from Windows has the other ones."""
    path = given
    if "\\" in path:
        try:
            literal = (folder / path).exists()
        except (OSError, ValueError):
            literal = False
        if not literal:
            path = path.replace("\\", "/")
    while path.startswith("./"):
        path = path[2:].lstrip("/")
    return path or given


def _csv_rows(path: Path, file: Any) -> Iterator[Row | Problem]:
    head = file.readline(_LINE_LIMIT)
    delimiter = _delimiter(path, head)
    try:
        columns = [_column(c) for c in next(csv.reader([head], delimiter=delimiter), [])]
    except csv.Error:
        return
    reader = csv.reader(file, delimiter=delimiter)
    number = 1
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield _unreadable_row(path, number, "cannot be read: a quotation mark may be missing before it")
            continue
        if any(cells):
            yield Row(number, dict(zip(columns, cells, strict=False)))


def _json_rows(path: Path, file: Any) -> Iterator[Row | Problem]:
    number = 0
    while line := file.readline(_LINE_LIMIT):
        number += 1
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            yield _unreadable_row(path, number, "is not JSON")
            continue
        if not isinstance(found, dict):
            yield _unreadable_row(path, number, "is not a JSON object in braces")
            continue
        yield Row(number, {_column(k): _text(v) for k, v in found.items()})


def _unreadable_row(path: Path, number: int, why: str) -> Problem:
    return Problem("manifest-row", f"Row {number} of {quoted(path.name)} {why}; it is left out.", Severity.WARNING)


def _column(text: str) -> str:
    return text.strip().lstrip("\ufeff").lower()


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _is_json(path: Path) -> bool:
    return path.suffix.lower() in (".jsonl", ".ndjson")


def _delimiter(path: Path, head: str) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    return max(",;\t|", key=head.count)


def _encoding(path: Path) -> str:
    """UTF-8 if all of it is, UTF-16 where it says so, else Windows' own; reads the file once, in pieces."""
    with path.open("rb") as file:
        start = file.read(4)
        if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while piece := file.read(2**20):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"
