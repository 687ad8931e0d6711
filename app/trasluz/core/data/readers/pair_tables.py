"""Tables of texts, TSV, CSV and JSONL: which cells a row has, and which columns hold text."""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from trasluz.api import Problem, Severity
from trasluz.core.data.names import quoted, shown

from .lines import LONGEST, encoding_of, lines_of, looks_binary

TABLES: Final = (".tsv", ".csv", ".jsonl", ".ndjson", ".txt")
LANGUAGES: Final = frozenset(
    (
        "af am ar as az be bg bn bo br bs ca ceb co cs cy da de dv el en eo es et eu fa fi fil fj fo fr fy ga gd "
        "gl gu ha haw he hi hmn hr ht hu hy ia id ig is it iu iw ja jv ka kk km kn ko ku ky la lb lg ln lo lt lv "
        "mg mi mk ml mn mr ms mt my nb ne nl nn no ny oc om or pa pl ps pt qu rm rn ro ru rw sa sd sg si sk sl sm "
        "sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt ug uk ur uz vi wo xh yi yo zh zu "
    ).split()
)
"""Codes of languages (ISO 639-1 and a few of 639-2), as they end the names of aligned files."""

_NAMES: Final = LANGUAGES | frozenset(
    (
        "source target src tgt trg input output text word words phonemes pronunciation sound question answer "
        "sentence translation original summary title document split subset group id score key value from to "
        "spelling date iso english german french spanish italian portuguese dutch polish russian greek latin "
        "catalan "
    ).split()
)
_SERVICE: Final = frozenset({"split", "subset", "group", "id", "score", "key"})
_MEDIA: Final = frozenset("path file filename file_name filepath image photo audio wav client_id mp3 label".split())
_REGION = re.compile(r"[-_][A-Za-z]{2,4}$")
_SEEN_FIRST: Final = 200
_DELIMITERS: Final = "\t,;|"


@dataclass(frozen=True, slots=True)
class Table:
    """What a look at the first rows tells of a table.

    Attributes:
        columns: The names of all columns, in their order; `1`, `2`, … where the first line names none.
        texts: Those that hold text, in their order.
        split: The column that says the split, or empty.
        headed: Whether the first line names the columns.
        delimiter: Between the cells; empty for JSON lines.
    """

    path: Path
    encoding: str
    columns: tuple[str, ...]
    texts: tuple[str, ...]
    split: str
    headed: bool
    delimiter: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line in the file, from 1, and its cells by column."""

    number: int
    cells: Mapping[str, str]


def is_language(name: str) -> bool:
    """Whether a name is the code of a language, perhaps with a region: `pt`, `pt-BR`, `zh_Hans`; or src, tgt, trg."""
    bare = _REGION.sub("", name).lower()
    return bare in LANGUAGES or bare in {"src", "tgt", "trg"}


def table_at(path: Path) -> Table | None:
    """Look at the first rows of a table; None where it is none of texts.

    Raises:
        OSError: If it cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(2**16)
    if not start.strip() or looks_binary(start):
        return None
    encoding = encoding_of(path)
    if _is_json(path):
        return _json_table(path, encoding)
    lines = [line.text for line in islice(lines_of(path, encoding), _SEEN_FIRST) if line.text]
    delimiter = "\t" if path.suffix.lower() == ".txt" else _delimiter(path, lines)
    rows = [row for row in csv_cells(lines, delimiter) if any(cell.strip() for cell in row)]
    if not rows or (path.suffix.lower() == ".txt" and min(map(len, rows)) < 2):
        return None
    width = max(set(map(len, rows)), key=[len(row) for row in rows].count)
    head = [cell.strip().lstrip("\ufeff").lower() for cell in rows[0]]
    if _MEDIA & set(head):
        return None
    headed = len(set(head)) == len(head) and all(is_language(name) or name in _NAMES for name in head)
    columns = tuple(head) if headed else tuple(str(i + 1) for i in range(width))
    body = [row for row in rows[headed:] if len(row) == len(columns)]
    texts = tuple(name for i, name in enumerate(columns) if name not in _SERVICE and _is_text([r[i] for r in body]))
    if 2 * len(texts) < len([name for name in columns if name not in _SERVICE]):
        return None  # a table of numbers with a few words in it
    split = next((name for name in ("split", "subset") if headed and name in columns), "")
    return Table(path, encoding, columns, texts, split, headed, delimiter)


def rows_of(table: Table) -> Iterator[Row | Problem]:
    """Read a table row by row; a row that cannot be read becomes a problem.

    Raises:
        OSError: If it cannot be read.
    """
    for line in lines_of(table.path, table.encoding, longest=2 * LONGEST):
        if line.number == 1 and table.headed:
            continue
        if line.text is None:
            yield left_out(table.path, line.number, f"is longer than {2 * LONGEST:,} characters")
        elif not line.text.strip():
            continue
        elif not table.delimiter:
            yield _json_row(table, line.number, line.text)
        else:
            cells = next(csv_cells([line.text], table.delimiter), [])
            if len(cells) < len(table.columns) and not all(name in table.columns[: len(cells)] for name in table.texts):
                one = "one column only" if len(cells) == 1 else f"{len(cells)} columns only"
                yield left_out(table.path, line.number, f"has {one}, where the others have {len(table.columns)}")
            else:
                yield Row(line.number, dict(zip(table.columns, cells, strict=False)))


def left_out(path: Path, number: int, why: str, rule: str = "pair-row") -> Problem:
    """That a row cannot be used."""
    return Problem(
        rule, f"Row {number:,} of {quoted(path.name)} {why}; it is left out.", Severity.WARNING, (shown(path.name),)
    )


def csv_cells(lines: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    """Cut lines into cells. A tab never stands in quotation marks, which are then text like any other."""
    if delimiter == "\t":
        for line in lines:
            yield line.split("\t")
        return
    for line in lines:
        try:
            yield next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            yield [line]


def _json_table(path: Path, encoding: str) -> Table | None:
    found: dict[str, list[str]] = {}
    for line in islice(lines_of(path, encoding, longest=2 * LONGEST), _SEEN_FIRST):
        try:
            row = json.loads(line.text or "null")
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            for name, value in _flat(row).items():
                found.setdefault(name, []).append(value)
    if not found or _MEDIA & {name.lower() for name in found}:
        return None
    texts = tuple(name for name, values in found.items() if name.lower() not in _SERVICE and _is_text(values))
    split = next((name for name in found if name.lower() in {"split", "subset"}), "")
    return Table(path, encoding, tuple(found), texts, split, headed=False, delimiter="")


def _json_row(table: Table, number: int, text: str) -> Row | Problem:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return left_out(table.path, number, "is not JSON")
    if not isinstance(found, dict):
        return left_out(table.path, number, "is not a JSON object in braces")
    return Row(number, _flat(found))


def _flat(row: Mapping[str, object]) -> dict[str, str]:
    """The texts of a JSON object; those of an object inside it too (`{"translation": {"en": …, "de": …}}`)."""
    cells: dict[str, str] = {}
    for name, value in row.items():
        if isinstance(value, str):
            cells[str(name)] = value
        elif isinstance(value, int | float):
            cells[str(name)] = str(value)
        elif isinstance(value, Mapping):
            cells |= {str(k): v for k, v in value.items() if isinstance(v, str)}
    return cells


def _is_text(values: Sequence[str]) -> bool:
    """Whether most of the cells are neither empty nor a number of their own (dates with words in them are text)."""
    if not values:
        return False
    words = sum(bool(v.strip()) and not _plain_number(v.strip()) for v in values)
    return words >= 0.6 * len(values)


def _plain_number(text: str) -> bool:
    # A date such as 2024-05-01 or 1.5.2024 is a text to be learned; 3.5, 1,200 and 17 % are not.
    try:
        float(text.rstrip(" %").replace(",", "."))
    except ValueError:
        return re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text) is not None
    return True


def _delimiter(path: Path, lines: Sequence[str]) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    # The one that cuts most of the first lines into the same number of cells.
    best, most = ",", 0
    for delimiter in _DELIMITERS:
        widths = [len(row) for row in csv_cells(lines[:50], delimiter)]
        agreeing = sum(width == 2 for width in widths) or max(
            map(widths.count, {w for w in widths if w > 1}), default=0
        )
        if agreeing > most:
            best, most = delimiter, agreeing
    return best


def _is_json(path: Path) -> bool:
    return path.suffix.lower() in (".jsonl", ".ndjson")
