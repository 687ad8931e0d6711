"""Plain text and source code: one file, or a folder of them, in passages that are found again by their place.

A passage is a stretch of whole lines. It is what is divided between the splits, and what is held in memory at once,
however large the file. The characters of all passages of a file, in their order, are the file.
"""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from trasluz.api import DataError, DatasetSource, Detection, Kind, Problem, Record, Sample, Split
from trasluz.core.data.names import place_of, quoted, shown
from trasluz.core.data.splits import draw, split_named
from trasluz.core.data.walk import files_below, listing, unopened

from .lines import encoding_note, encoding_of, looks_binary

SUFFIXES: Final = tuple(
    (
        ".txt .md .text .rst .tex .cor .log .srt .py .c .h .cc .cpp .hpp .cs .java .js .mjs .ts .tsx .jsx .go "
        ".rs .rb .php .pl .lua .r .jl .sh .bash .sql .html .htm .css .scss .xml .json .toml .yaml .yml .kt "
        ".swift .scala .hs .ml .clj .el .lisp .f90 .m "
    ).split()
)
PASSAGE: Final = 8_192
"""Bytes of a passage at the most, but for what is left of its last line."""
SMALLEST: Final = 512
PASSAGES: Final = 50
"""A small text is cut into as many as this, so that enough are left to judge by."""
KEPT: Final = 0.1
"""The end of each text that is kept for judging, so that what is judged by never stands before what is learned from."""
FEWEST: Final = 5
"""A text of fewer passages is learned from or judged by as a whole, one in ten."""
_HEAD, _SHOWN = 1_200, 300
"""Bytes and characters of a passage that are kept to show how it begins."""
_LINE: Final = 65_536
"""Bytes after which a line without an end is cut."""
_SOURCE = re.compile(r"[._\-]+")


class PlainText(DatasetSource):
    """Reads text files and source files, alone or in folders; UTF-8, and other encodings as they look."""

    id = "plain-text"
    kind = Kind.TEXT
    title = "Plain text or code"
    suffixes = ()
    input_name = "text"

    def detect(self, root: Path) -> Detection | None:
        """Look for files with endings of text; a single file may have any ending."""
        if root.is_file():
            if not _is_text(root):
                return None
            known = root.suffix.lower() in SUFFIXES
            return Detection("text file", 0.4 if known else 0.15, f"{quoted(root.name)} is a text")
        try:
            there = listing(root)
        except OSError:
            return None
        names = there.files
        for folder in there.folders[:8]:
            try:
                names = [*names, *listing(root / folder).files]
            except OSError:
                continue
        texts = sum(Path(name).suffix.lower() in SUFFIXES for name in names)
        # A few notes beside photos or recordings are not what the folder is about.
        if texts and texts >= 0.5 * len(names):
            return Detection("text files", 0.35, f"{texts:,} text files" if texts > 1 else "A folder with a text file")
        return None

    def records(self, root: Path) -> Iterator[Record | Problem]:
        """Yield a record for each passage, with the place of its bytes in the file."""
        folder, first = (root if root.is_dir() else root.parent), True
        for name in files_below(root) if root.is_dir() else iter([root.name]):
            if isinstance(name, Problem):
                yield name
                continue
            path = folder / name
            if root.is_dir() and path.suffix.lower() not in SUFFIXES:
                continue
            try:
                for found in _passages(path, name, alone=first):
                    yield found
                    first = first and isinstance(found, Problem)
            except OSError as error:
                yield Problem("unreadable", unopened(name, error), paths=(shown(name),))

    def content(self, root: Path, record: Record) -> bytes:
        """The bytes of the passage."""
        return _bytes(root, record)

    def read(self, root: Path, record: Record) -> Sample:
        """Give the passage as `text`, as it stands in the file but for the line ends, which become `\\n`."""
        text = _bytes(root, record).decode(record.extra["encoding"], errors="replace")
        return Sample(record, {"text": text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")})

    def open(self, given: str) -> Sample:
        """Take a text as it was typed.

        Raises:
            DataError: If there is nothing in it.
        """
        if not given.strip():
            raise DataError("There is no text to answer; type some.")
        return Sample(Record(path=given[:200]), {"text": given})


def _passages(path: Path, name: str, *, alone: bool) -> Iterator[Record | Problem]:
    with path.open("rb") as file:
        if looks_binary(file.read(2**16)):
            yield Problem("not-a-text", f"{quoted(name)} is not a text and is left out.", paths=(shown(name),))
            return
    size = path.stat().st_size
    if not size:
        yield Problem("empty", f"{quoted(name)} is empty (0 bytes); it is left out.", paths=(shown(name),))
        return
    encoding = _without_mark(path, encoding_of(path))
    note = encoding_note(path, encoding)
    if note is not None:
        yield note
    split = _split_of(name)
    target = max(SMALLEST, min(PASSAGE, size // PASSAGES))
    stretches = list(_stretches(path, target, encoding))
    kept_from = _kept_from(len(stretches), name, alone=alone)
    with path.open("rb") as file:
        for number, (start, length) in enumerate(stretches):
            file.seek(start)
            begins = _begins(file.read(min(_HEAD, length)), encoding)
            yield Record(
                path=shown(name),
                part=str(start),
                split=split or ("val" if number >= kept_from else "train"),
                length=float(length),
                extra={"start": start, "bytes": length, "encoding": encoding, "texts": {"text": begins}},
            )


def _kept_from(count: int, name: str, *, alone: bool) -> int:
    """The number of the first passage that is kept for judging, where neither folder nor name says it."""
    if count >= FEWEST or (alone and count > 1):
        return count - max(1, round(count * KEPT))
    return 0 if not alone and draw(0, name) < KEPT else count  # the first text is never kept as a whole


def _begins(head: bytes, encoding: str) -> str:
    """How a passage begins, in one line, for the list of the data."""
    return " ".join(head.decode(encoding, "ignore").replace("\0", " ").split())[:_SHOWN]


def _stretches(path: Path, target: int, encoding: str) -> Iterator[tuple[int, int]]:
    """The first byte and the number of bytes of each passage."""
    wide = 4 if encoding.startswith("utf-32") else 2 if encoding.startswith("utf-16") else 1
    with path.open("rb") as file:
        start = at = 0
        while line := file.readline(_LINE):
            if wide > 1:
                # The byte of a line end is one of two or four; what belongs to it is read too.
                line += file.read(-(at + len(line)) % wide)
                if wide == 2 and _half_pair(line[-2:], encoding):
                    line += file.read(2)
            elif not line.endswith(b"\n") and len(line) == _LINE:
                line += _rest_of_character(file)
            at += len(line)
            if at - start >= target:
                yield start, at - start
                start = at
        if at > start:
            yield start, at - start


def _rest_of_character(file: BinaryIO) -> bytes:
    """Up to three bytes that continue a UTF-8 character which a cut went through."""
    rest = b""
    while len(rest) < 3:
        byte = file.read(1)
        if not byte:
            break
        if byte[0] & 0xC0 != 0x80:
            file.seek(-1, 1)
            break
        rest += byte
    return rest


def _half_pair(unit: bytes, encoding: str) -> bool:
    """Whether two bytes of UTF-16 are the first half of a character of four."""
    return 0xD800 <= int.from_bytes(unit, "little" if encoding.endswith("le") else "big") < 0xDC00


def _without_mark(path: Path, encoding: str) -> str:
    """The name under which a stretch from the middle is decoded: there is no byte-order mark there."""
    if encoding in ("utf-16", "utf-32"):
        with path.open("rb") as file:
            return f"{encoding}-{'le' if file.read(2) == codecs.BOM_UTF16_LE else 'be'}"
    return "utf-8" if encoding == "utf-8-sig" else encoding


def _bytes(root: Path, record: Record) -> bytes:
    path = place_of(root, record.path)
    try:
        with path.open("rb") as file:
            file.seek(int(record.extra["start"]))
            found = file.read(int(record.extra["bytes"]))
    except OSError as error:
        raise DataError(unopened(record.path, error)) from error
    if len(found) < int(record.extra["bytes"]):
        raise DataError(f"{quoted(record.path)} has become shorter since it was looked at; look at the data again.")
    return found


def _split_of(name: str) -> Split | None:
    """The split that the first folder, or the file's name, is called after."""
    parts = Path(name).parts
    words = [parts[0]] if len(parts) > 1 else []
    words += [w for w in _SOURCE.split(Path(name).stem.lower()) if w][:1]
    return next((split for word in words if (split := split_named(word))), None)


def _is_text(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(2**16)
    except OSError:
        return False
    if not start or looks_binary(start):
        return False
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        start[:-4].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
