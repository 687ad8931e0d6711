"""Text pairs: tables with two columns or more, or aligned files, one for each language.

The texts of a row lie in the index beside each other: short texts are found again faster there than in a file that
has to be cut into rows anew, and whoever reads them shuffled opens no file. Memory holds none of them.
"""

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Final

from trasluz.api import DataError, DatasetSource, Detection, Kind, Problem, Record, Sample, Severity, Split
from trasluz.core.data.names import quoted, shown
from trasluz.core.data.splits import split_named, split_of_file
from trasluz.core.data.walk import listing, unopened

from .lines import LONGEST, cleaned, encoding_note, encoding_of, has_controls, lines_of
from .pair_tables import TABLES, Table, is_language, left_out, rows_of, table_at

_MOST_TEXTS: Final = 8


class TextPairs(DatasetSource):
    """Reads TSV, CSV and JSONL with two columns of text, and aligned files `NAME.en` + `NAME.de`."""

    id = "text-pairs"
    kind = Kind.TEXT_PAIRS
    title = "Text pairs"
    suffixes = ()
    input_name = "text"

    def detect(self, root: Path) -> Detection | None:
        """Look for tables with two columns of text, then for aligned files."""
        if root.is_file():
            table = _table(root) if root.suffix.lower() in TABLES else None
            if table is None or len(table.texts) < 2:
                if table is not None and _one_column(table) and root.suffix.lower() in (".tsv", ".jsonl", ".ndjson"):
                    raise DataError(_one_column_sentence(root))
                return None
            return Detection("table of pairs", 0.6, f"{quoted(root.name)} has texts side by side")
        tables = _tables(root)
        if tables:
            # A table or two among many texts are not what the folder is about.
            confidence = 0.6 if 2 * len(tables) >= len(_files(root)) else 0.3
            return Detection(
                "tables of pairs", confidence, f"Texts side by side in {_and([t.path.name for t in tables])}"
            )
        groups = _aligned(root)
        if groups:
            names = [path.name for path in next(iter(groups.values())).values()]
            return Detection("aligned files", 0.7, f"Files that go line by line together: {_and(names)}")
        lone = _one_column_table(root)
        if lone is not None:
            raise DataError(_one_column_sentence(lone))
        return None

    def records(self, root: Path) -> Iterator[Record | Problem]:
        """Yield a record for each pair; a row that cannot be used is said and left out."""
        try:
            if root.is_file():
                table = _table(root)
                if table is None:
                    raise DataError(f"{quoted(root.name)} has no texts side by side; was it changed just now?")
                yield from _table_records(table, None)
                return
            if tables := _tables(root):
                divided = any(split_of_file(table.path) for table in tables)
                for table in tables:
                    split = split_of_file(table.path)
                    if divided and split is None and not table.split:
                        yield _ignored(table.path)
                    else:
                        yield from _table_records(table, split)
                return
            groups = _aligned(root)
            divided = any(split_of_file(Path(stem)) for stem in groups)
            for stem, files in groups.items():
                split = split_of_file(Path(stem))
                if divided and split is None:
                    yield from (_ignored(path) for path in files.values())
                else:
                    yield from _aligned_records(files, split)
        except OSError as error:
            raise DataError(unopened(error.filename or root, error)) from error

    def content(self, root: Path, record: Record) -> bytes:
        """The texts of the row."""
        return "\0".join(record.extra["texts"].values()).encode("utf-8", "surrogatepass")

    def read(self, root: Path, record: Record) -> Sample:
        """Give the source as `text`; the other columns are in the record."""
        return Sample(record, {"text": next(iter(record.extra["texts"].values()))})

    def open(self, given: str) -> Sample:
        """Take a text as it was typed.

        Raises:
            DataError: If there is nothing in it, or far too much.
        """
        text = cleaned(given)
        if not text:
            raise DataError("There is no text to answer; type some.")
        if len(text) > LONGEST:
            raise DataError(f"The text has {len(text):,} characters, and {LONGEST:,} can be taken at once; cut it.")
        return Sample(Record(path=given[:200]), {"text": text})


def _table_records(table: Table, split: Split | None) -> Iterator[Record | Problem]:
    note = encoding_note(table.path, table.encoding)
    if note is not None:
        yield note
    names = table.texts[:_MOST_TEXTS]
    if len(names) < 2:
        yield Problem("one-column", _one_column_sentence(table.path), Severity.ERROR, (shown(table.path.name),))
        return
    for row in rows_of(table):
        if isinstance(row, Problem):
            yield row
            continue
        given = row.cells.get(table.split, "").strip() if table.split else ""
        if given and split_named(given) is None:
            yield left_out(
                table.path, row.number, f"has the split {quoted(given)}, which is none of train, val and test"
            )
            continue
        texts = {name: row.cells.get(name, "") for name in names}
        yield from _record(table.path, row.number, texts, split_named(given) if given else split, "row")


def _aligned_records(files: Mapping[str, Path], split: Split | None) -> Iterator[Record | Problem]:
    counts: dict[str, int] = {}
    encodings = {name: encoding_of(path) for name, path in files.items()}
    for name, path in files.items():
        note = encoding_note(path, encodings[name])
        if note is not None:
            yield note
        counts[name] = sum(1 for _ in lines_of(path, encodings[name]))
    if len(set(counts.values())) > 1:
        several = _and([f"{quoted(path.name)} has {counts[name]:,} lines" for name, path in files.items()])
        yield Problem(
            "unequal",
            f"{several}: they do not go together line by line, and are left out. Look where a line is missing.",
            Severity.ERROR,
            tuple(shown(path.name) for path in files.values()),
        )
        return
    first = next(iter(files.values()))
    streams = [lines_of(path, encodings[name]) for name, path in files.items()]
    for lines in zip_longest(*streams):
        number = lines[0].number
        texts = {name: line.text for name, line in zip(files, lines, strict=True) if line.text is not None}
        if len(texts) < len(lines):
            yield left_out(first, number, f"is longer than {LONGEST:,} characters")
            continue
        yield from _record(first, number, texts, split, "line")


def _record(
    path: Path, number: int, texts: Mapping[str, str], split: Split | None, word: str
) -> Iterator[Record | Problem]:
    clean = {name: cleaned(text) for name, text in texts.items()}
    source, target, *_ = clean.values()
    empty = next((name for name, text in clean.items() if not text), None)
    too_long = next((name for name, text in clean.items() if len(text) > LONGEST), None)
    if empty is not None:
        yield left_out(path, number, f"has nothing in {quoted(empty)}", "pair-empty")
        return
    if too_long is not None:
        yield left_out(path, number, f"has more than {LONGEST:,} characters in {quoted(too_long)}")
        return
    if any(has_controls(text) for text in texts.values()):
        yield Problem(
            "pair-controls",
            f"{word.capitalize()} {number:,} of {quoted(path.name)} holds control characters; they were taken out.",
            Severity.NOTE,
            (shown(path.name),),
        )
    if source == target:
        yield Problem(
            "pair-identical",
            f"{word.capitalize()} {number:,} of {quoted(path.name)} has the same text on both sides.",
            Severity.NOTE,
            (shown(path.name),),
        )
    yield Record(
        path=shown(path.name),
        target=target,
        part=f"{word} {number}",
        split=split,
        group=source,
        length=float(len(source)),
        extra={"texts": clean},
    )


def _tables(root: Path) -> list[Table]:
    """The tables of a folder with two columns of text at least."""
    found = []
    for name in _files(root):
        if Path(name).suffix.lower() in TABLES:
            table = _table(root / name)
            if table is not None and len(table.texts) >= 2:
                found.append(table)
    return found


def _table(path: Path) -> Table | None:
    try:
        return table_at(path)
    except OSError:
        return None  # the walk will say why


def _aligned(root: Path) -> dict[str, dict[str, Path]]:
    """Files of one name and different languages: name → language → file."""
    groups: dict[str, dict[str, Path]] = {}
    for name in _files(root):
        bare = name.removesuffix(".txt")
        stem, dot, language = bare.rpartition(".")
        if dot and is_language(language):
            groups.setdefault(stem, {})[language] = root / name
    pairs = {stem: files for stem, files in groups.items() if len(files) >= 2}
    # What has no partner in one of the languages is no group of the same kind.
    common = max(pairs.values(), key=len, default={})
    return {stem: files for stem, files in sorted(pairs.items()) if set(files) == set(common)}


def _files(root: Path) -> list[str]:
    try:
        return listing(root).files
    except OSError:
        return []


def _one_column(table: Table) -> bool:
    return len([name for name in table.columns if name not in (table.split,)]) == 1


def _one_column_table(root: Path) -> Path | None:
    for name in _files(root):
        if Path(name).suffix.lower() == ".tsv":
            table = _table(root / name)
            if table is not None and _one_column(table):
                return root / name
    return None


def _one_column_sentence(path: Path) -> str:
    return (
        f"{quoted(path.name)} has one column of text only; text pairs need two in each row, "
        "with a tab or a comma between them."
    )


def _ignored(path: Path) -> Problem:
    return Problem(
        "not-in-split",
        f"{quoted(path.name)} is named after no split while others are, and is left out; "
        "begin its name with train, val or test to use it.",
        Severity.NOTE,
        (shown(path.name),),
    )


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
