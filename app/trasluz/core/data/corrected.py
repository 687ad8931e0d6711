"""A person's corrections in the index: other labels, items left out; the split stays as it was divided."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from trasluz.api import DataError, Severity
from trasluz.core.corrections import Correction, Corrections

from . import checks, division
from .database import changed_copy, open_to_read
from .names import quoted
from .summary import has_classes

RULES = ("corrected", "left-out")


def settle(
    db: sqlite3.Connection, corrections: Corrections, *, noun: str, stratified: bool, uncorrected: str = ""
) -> dict[str, str]:
    """Bring an index that is divided to what the person says, and look for problems of the whole.

    Args:
        db: Without its unique index of places.
        corrections: All of them; what an earlier set said is taken back first.
        noun: What one item is called.
        stratified: Whether its targets are classes.
        uncorrected: The fingerprint without corrections, where it is known.

    Returns:
        What the table `meta` says of it.
    """
    before = {"fingerprint": uncorrected or checks.fingerprint(db)}
    _take_back(db)
    rows = _apply(db, corrections, noun)
    division.place(db)
    checks.forget(db, RULES)
    checks.check(db, noun=noun, stratified=stratified)
    checks.write(db, iter(rows))
    return {
        "fingerprint": checks.fingerprint(db) if rows else before["fingerprint"],
        "uncorrected": before["fingerprint"],
        "corrections": corrections.digest,
    }


def recorrect(at: Path, corrections: Corrections) -> bool:
    """Make an index that is there say what the person says now; a new file takes its place where that is news.

    Returns:
        Whether there was anything to change.

    Raises:
        DataError: If there is no index of this version, or it cannot be written.
    """
    from .index import Index

    index = Index.open(at)
    try:
        if index.corrections == corrections.digest:
            return False
        kind, noun, uncorrected = index.kind, index.input_name, index.uncorrected
    finally:
        index.close()
    with changed_copy(at) as db:
        meta = settle(db, corrections, noun=noun, stratified=has_classes(kind), uncorrected=uncorrected)
        db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta.items())
    return True


def as_told(at: Path, path: str, part: str = "") -> tuple[str, str]:
    """What the data says an item is, whatever was corrected, and the hash of its content in hex.

    Raises:
        DataError: If the index does not know it.
    """
    db = open_to_read(at)
    try:
        row = db.execute("SELECT coalesce(told, label), hash FROM items WHERE path = ? AND part = ?", (path, part))
        found = row.fetchone()
    except sqlite3.Error as error:
        raise DataError(f"The list of the data at {quoted(at)} cannot be read; look at the data again.") from error
    finally:
        db.close()
    if found is None:
        raise DataError(f"{quoted(path)} is not in the list of the data; look at the data again.")
    return str(found[0]), bytes(found[1] or b"").hex()


def _take_back(db: sqlite3.Connection) -> None:
    changed = db.execute("SELECT id, told FROM items WHERE told IS NOT NULL AND label != told").fetchall()
    for item, told in changed:
        _say_in_texts(db, item, told)
    db.execute("UPDATE items SET label = told, split = drawn, told = NULL, drawn = NULL WHERE told IS NOT NULL")


def _apply(db: sqlite3.Connection, corrections: Corrections, noun: str) -> list[checks.Found]:
    said: list[checks.Found] = []
    for correction in corrections:
        for item, path in list(_items(db, correction)):
            db.execute("UPDATE items SET told = label, drawn = split WHERE id = ?", (item,))
            if correction.now is None:
                db.execute("UPDATE items SET split = NULL, position = NULL WHERE id = ?", (item,))
                sentence = f"{quoted(path)} is left out, as you asked."
                said.append(("left-out", Severity.NOTE, sentence, item, path))
            else:
                db.execute("UPDATE items SET label = ? WHERE id = ?", (correction.now, item))
                _say_in_texts(db, item, correction.now)
                sentence = (
                    f"{quoted(path)} counts as {quoted(correction.now)} instead of {quoted(correction.was)}, as you "
                    "corrected it."
                )
                said.append(("corrected", Severity.NOTE, sentence, item, path))
    return said


def _say_in_texts(db: sqlite3.Connection, item: int, text: str) -> None:
    """Where an item is a row of texts, let its second one, which is its target, be this."""
    (extra,) = db.execute("SELECT extra FROM items WHERE id = ?", (item,)).fetchone()
    given = json.loads(extra) if extra else {}
    if isinstance(texts := given.get("texts"), dict) and len(texts) > 1:
        texts[list(texts)[1]] = text
        db.execute("UPDATE items SET extra = ? WHERE id = ?", (json.dumps(given), item))


def _items(db: sqlite3.Connection, correction: Correction) -> Iterator[tuple[int, str]]:
    """The item that was corrected: at its place if it is still the same, else wherever its content is now.

    One that can be used, that no correction has changed yet, and that the data still calls what it was.
    """
    usable = "error IS NULL AND split IS NOT NULL AND told IS NULL AND label = ?"
    here = db.execute(
        f"SELECT id, path, hash FROM items WHERE path = ? AND part = ? AND {usable}",
        (correction.path, correction.part, correction.was),
    ).fetchone()
    if here is not None and (not correction.content or bytes(here[2] or b"").hex() == correction.content):
        yield here[0], here[1]
        return
    there = db.execute("SELECT 1 FROM items WHERE path = ? AND part = ?", (correction.path, correction.part)).fetchone()
    if there is None and correction.content:
        yield from db.execute(
            f"SELECT id, path FROM items WHERE hash = ? AND {usable} ORDER BY id",
            (bytes.fromhex(correction.content), correction.was),
        ).fetchall()
