"""The index as a file: its tables, how it is opened, and what is said when the disk fails it."""

import errno
import os
import shutil
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from trasluz.api import DataError

from .names import quoted

VERSION: Final = 2
"""Of the tables and of the checks; an index of another version is built anew."""

SEVERITIES: Final = ("note", "warning", "error")

_SCHEMA: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE items (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    part TEXT NOT NULL,
    label TEXT NOT NULL,
    given TEXT,             -- the split that the layout says
    grp TEXT NOT NULL,
    length REAL,
    extra TEXT,             -- JSON, as the source walked past it
    size INTEGER,
    mtime INTEGER,          -- nanoseconds
    hash BLOB,
    found TEXT,             -- JSON, what looking into the file added: width, height, length, notes
    width INTEGER,
    height INTEGER,
    error TEXT,             -- why it is set aside
    rule TEXT,
    split TEXT,             -- the split it is in; NULL where it is set aside
    position INTEGER,       -- its place in the split
    told TEXT,              -- the label as the data says it, where the person corrected it
    drawn TEXT,             -- and the split that it was in before
    UNIQUE (path, part)
);
CREATE TABLE problems (
    id INTEGER PRIMARY KEY,
    rule TEXT NOT NULL,
    severity INTEGER NOT NULL,
    sentence TEXT NOT NULL,
    item INTEGER,
    path TEXT
);
"""
_PLACES: Final = "CREATE UNIQUE INDEX items_place ON items (split, position);"
_INDEXES: Final = f"""
{_PLACES}
CREATE INDEX items_label ON items (label, id);
CREATE INDEX problems_item ON problems (item);
CREATE INDEX problems_rule ON problems (rule, item);
"""


def open_to_read(at: Path) -> sqlite3.Connection:
    """Open an index that is there, for reading only; it may lie in a read-only folder.

    Raises:
        sqlite3.Error: If it cannot be opened.
    """
    connection = sqlite3.connect(f"{at.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    return connection


@contextmanager
def written_anew(at: Path) -> Iterator[sqlite3.Connection]:
    """Give an empty database under a temporary name and put it in place of `at` at the end, or not at all.

    Raises:
        DataError: If the disk is full or the folder cannot be written to.
    """
    part = at.with_name(f".{at.name}.{uuid.uuid4().hex[:12]}.part")
    with _storage_sentences(at):
        at.parent.mkdir(parents=True, exist_ok=True)
        _sweep(at)
        try:
            with closing(sqlite3.connect(part.absolute().as_uri(), uri=True, check_same_thread=False)) as db:
                # Nobody sees the file before it is whole, so it needs no journal and no flush on the way.
                db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16000;")
                db.executescript(_SCHEMA)
                yield db
                db.executescript(_INDEXES)
                db.commit()
            _flush(part)
            _put_in_place(part, at)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)


@contextmanager
def changed_copy(at: Path) -> Iterator[sqlite3.Connection]:
    """Give a copy of an index to change, without its index of places, and put it in place of `at` at the end.

    Whoever has `at` open, or another name for it, keeps what it opened.

    Raises:
        DataError: If the disk is full or the folder cannot be written to.
    """
    part = at.with_name(f".{at.name}.{uuid.uuid4().hex[:12]}.part")
    with _storage_sentences(at):
        try:
            shutil.copyfile(at, part)
            with closing(sqlite3.connect(part.absolute().as_uri(), uri=True, check_same_thread=False)) as db:
                db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; DROP INDEX items_place;")
                yield db
                db.executescript(_PLACES)
                db.commit()
            _flush(part)
            _put_in_place(part, at)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def same_file_version(at: Path) -> bool:
    """Whether `at` is an index that this version of the program wrote and can take hashes over from."""
    if not at.is_file():
        return False
    try:
        with closing(open_to_read(at)) as db:
            row = db.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
            return row is not None and row[0] == str(VERSION)
    except sqlite3.Error:
        return False


def _put_in_place(part: Path, at: Path) -> None:
    try:
        part.replace(at)
    except PermissionError:
        # Windows does not rename over a file that a window or a run has open; SQLite's own copy is as atomic.
        if os.name != "nt":
            raise
        with closing(sqlite3.connect(part)) as source, closing(sqlite3.connect(at)) as target:
            source.backup(target)


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _sweep(at: Path) -> None:
    """Remove what a killed process left behind; nobody builds for six hours."""
    for left in at.parent.glob(f".{at.name}.*.part"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > 6 * 3600:
                left.unlink()


@contextmanager
def _storage_sentences(at: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        text = str(error)
        if "full" in text:
            raise DataError(_full(at)) from error
        if "readonly" in text or "unable to open" in text:
            raise DataError(_closed(at)) from error
        raise DataError(
            f"The list of the data at {quoted(at)} cannot be written ({text}); "
            "check that its disk has room and can be written to."
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DataError(_full(at)) from error
        raise DataError(_closed(at)) from error


def _full(at: Path) -> str:
    return f"There is no room left on the disk for the list of the data at {quoted(at)}; free some and try again."


def _closed(at: Path) -> str:
    return f"The list of the data cannot be written to {quoted(at)}; choose a project folder that you may write to."
