"""What is wrong with the data as a whole: twins, leaks between splits, classes that are too small or alone."""

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Final

from trasluz.api import Severity
from trasluz.core.nouns import plurals

from .database import SEVERITIES
from .names import quoted

FEW: Final = 10
"""Classes with fewer items than this are said to be small."""
UNEQUAL: Final = 3.0
VERY_UNEQUAL: Final = 10.0

Found = tuple[str, Severity, str, int | None, str | None]
"""rule, severity, sentence, item, path"""
_OF_THE_WHOLE: Final = (
    "conflict",
    "leak",
    "duplicate",
    "one-item",
    "no-train",
    "no-val",
    "one-class",
    "not-learned",
    "single",
    "few",
    "not-judged",
    "imbalance",
)
"""What `check` looks for."""


def check(db: sqlite3.Connection, *, noun: str, stratified: bool) -> None:
    """Look for problems of the whole and write them into the index."""
    write(db, _twins(db, noun))
    write(db, _parts(db, noun))
    if stratified:
        write(db, _classes(db, noun))


def forget(db: sqlite3.Connection, others: Sequence[str] = ()) -> None:
    """Take out what `check` has found, and the problems of other rules, before it looks again."""
    rules = (*_OF_THE_WHOLE, *others)
    db.execute(f"DELETE FROM problems WHERE rule IN ({', '.join('?' * len(rules))})", rules)


def together(rule: str, count: int, noun: str, first: str) -> str:
    """One sentence for all problems of a rule; the first one's own where there is one, or no common sentence."""
    if count == 1:
        return first
    template = _TOGETHER.get(rule)
    if template is None:
        return f"{first} There are {count - 1:,} more like it." if count > 2 else f"{first} There is another like it."
    return template.format(n=f"{count:,}", nouns=plurals(noun), noun=noun)


def fingerprint(db: sqlite3.Connection) -> str:
    """The hash of paths, targets, splits and contents of what can be used, whatever order it was met in."""
    digest = hashlib.blake2b(digest_size=16)
    for path, part, label, split, content in db.execute(
        "SELECT path, part, label, split, hash FROM items WHERE split IS NOT NULL ORDER BY path, part"
    ):
        for text in (path, part, label, split):
            raw = text.encode("utf-8")
            digest.update(len(raw).to_bytes(4, "little") + raw)
        digest.update(content)
    return digest.hexdigest()


_TOGETHER: Final = {
    "unreadable": "{n} {nouns} are damaged and cannot be read; they are set aside. Save them again from their origin.",
    "missing": "{n} {nouns} are not there or may not be opened; they are set aside.",
    "empty": "{n} files are empty (0 bytes) and set aside; copy them again from where they came from.",
    "truncated": "{n} {nouns} are cut off or damaged and set aside; copy them again from where they came from.",
    "too-large": "{n} {nouns} have too many pixels to decode and are set aside; make them smaller.",
    "not-a-photo": "{n} files are not photos and are left out.",
    "heic": "{n} photos are HEIC or AVIF, which are not read here; export them as JPEG.",
    "outside": "{n} {nouns} or folders lie in no class folder and are left out; move them into one.",
    "unreadable-folder": "{n} folders cannot be opened; what is in them is left out.",
    "link-loop": "{n} links lead back to a folder above them; each was read once.",
    "empty-class": "{n} class folders have no {nouns}; put some in or remove them.",
    "manifest-row": "{n} rows of the list cannot be used and are left out.",
    "listed-twice": "{n} rows name a {noun} again that is listed above; the first time counts.",
    "mislabelled": "{n} {nouns} are of another format than their names say; they are read all the same.",
    "animated": "{n} files hold several pictures; the first one of each is used.",
    "deep": "{n} {nouns} have more than 8 bits per colour; the upper 8 are used.",
    "cmyk": "{n} {nouns} are in printing colours (CMYK); they are turned into screen colours.",
    "huge": "{n} {nouns} have more than 64 million pixels; smaller ones would train faster.",
    "silent": "{n} {nouns} are silent; are the microphone's tracks empty?",
    "clipped": "{n} {nouns} are clipped: they were recorded too loudly and sound distorted.",
    "channels": "{n} {nouns} have several channels; they are mixed into one.",
    "too-long": "{n} {nouns} are longer than a minute; only the first minute of each is listened to.",
    "not-a-recording": "{n} files are not recordings (WAV, FLAC, MP3 or OGG) and are left out.",
    "pair-row": "{n} rows cannot be read as pairs and are left out.",
    "pair-empty": "{n} rows have nothing on one side and are left out.",
    "pair-controls": "{n} rows hold control characters; they were taken out.",
    "pair-identical": "{n} rows have the same text on both sides.",
    "duplicate": "{n} {nouns} are exact copies of others in the same split; they count twice, but do no harm.",
    "leak": "{n} {nouns} are both learned from and judged by, so the score will look better than it is; "
    "remove the copies.",
    "conflict": "{n} {nouns} are in two classes at once; keep each in the right one.",
    "single": "{n} classes have one {noun} only, and none to judge by; add more.",
    "few": f"{{n}} classes have fewer than {FEW} {{nouns}}; they will be recognised badly. Add more.",
    "not-learned": "{n} classes are judged by but have nothing to learn from; every answer to them will be wrong.",
    "corrected": "{n} {nouns} count as another class than their place says, as you corrected them.",
    "left-out": "{n} {nouns} are left out, as you asked.",
    "not-judged": "{n} classes have no {nouns} to judge by, so the score says nothing about them.",
}


def _twins(db: sqlite3.Connection, noun: str) -> Iterator[Found]:
    """Compare each item with the first one of the same content."""
    rows = db.execute(
        "WITH firsts AS (SELECT hash, min(id) AS id FROM items WHERE split IS NOT NULL"
        " GROUP BY hash HAVING count(*) > 1)"
        " SELECT i.id, i.path, i.part, i.label, i.split, f.path, f.part, f.label, f.split FROM firsts"
        " JOIN items AS f ON f.id = firsts.id JOIN items AS i ON i.hash = firsts.hash AND i.id <> f.id"
        " WHERE i.split IS NOT NULL"
    )
    for item, path, part, label, split, other, other_part, other_label, other_split in rows:
        same = f"{_place(path, part, noun)} is the same {noun} as {_place(other, other_part, noun)}"
        if label != other_label:
            yield "conflict", Severity.WARNING, f"{same}, but in another class; keep the right one.", item, path
        if split != other_split:
            sentence = f"{same}: one is in {split}, one in {other_split}; remove one, or the score flatters."
            yield "leak", Severity.WARNING, sentence, item, path
        elif label == other_label:
            yield "duplicate", Severity.NOTE, f"{same}; it counts twice.", item, path


def _place(path: str, part: str, noun: str) -> str:
    if noun == "text" and part.isdigit():  # where it begins
        return f"the passage from character {int(part):,} of {quoted(path)}"
    return f"{part} of {quoted(path)}" if part else quoted(path)


def _parts(db: sqlite3.Connection, noun: str) -> Iterator[Found]:
    sizes = dict(db.execute("SELECT split, count(*) FROM items WHERE split IS NOT NULL GROUP BY split").fetchall())
    if sum(sizes.values()) == 1:
        yield _whole("one-item", Severity.ERROR, f"There is one {noun} only; a model needs many of each class.")
    elif not sizes.get("train"):
        kept = " and ".join(s for s in ("val", "test") if sizes.get(s))
        yield _whole(
            "no-train", Severity.ERROR, f"There is {kept} but no train; nothing can be learned from this data."
        )
    elif not sizes.get("val"):
        yield _whole("no-val", Severity.WARNING, f"No {noun} is left to judge by; add more to each class.")


def _classes(db: sqlite3.Connection, noun: str) -> Iterator[Found]:
    nouns = plurals(noun)
    counts: dict[str, dict[str, int]] = {}
    for label, split, count in db.execute(
        "SELECT label, split, count(*) FROM items WHERE split IS NOT NULL GROUP BY label, split ORDER BY label"
    ):
        counts.setdefault(label, {})[split] = count
    if len(counts) == 1 and sum(map(sum, (c.values() for c in counts.values()))) > 1:
        only = quoted(next(iter(counts)))
        yield _whole(
            "one-class",
            Severity.ERROR,
            f"All {nouns} are of the one class {only}; a model needs at least two classes to tell apart.",
        )
    judged_splits = {s for c in counts.values() for s in c if s != "train"}
    learned = {label: c["train"] for label, c in counts.items() if c.get("train")}
    for label, parts in counts.items():
        name, total = quoted(label), sum(parts.values())
        if label not in learned:
            where = " and ".join(sorted(parts))
            sentence = f"The class {name} is in {where} only; with nothing to learn from, it will never be recognised."
            if learned:
                yield _whole("not-learned", Severity.WARNING, sentence)
        elif total == 1:
            sentence = f"The class {name} has one {noun} only, and none to judge by; add more."
            yield _whole("single", Severity.WARNING, sentence)
        else:
            if total < FEW:
                sentence = f"The class {name} has only {total} {nouns}; it will be recognised badly. Add more."
                yield _whole("few", Severity.WARNING, sentence)
            if "val" in judged_splits and not parts.get("val"):
                sentence = f"The class {name} has no {nouns} to judge by, so the score says nothing about it."
                yield _whole("not-judged", Severity.NOTE, sentence)
    if len(learned) > 1:
        yield from _balance(learned, nouns)


def _balance(learned: dict[str, int], nouns: str) -> Iterator[Found]:
    large, small = max(learned, key=lambda k: learned[k]), min(learned, key=lambda k: learned[k])
    ratio = learned[large] / learned[small]
    if ratio >= UNEQUAL:
        yield _whole(
            "imbalance",
            Severity.WARNING if ratio >= VERY_UNEQUAL else Severity.NOTE,
            f"The class {quoted(large)} has {learned[large]:,} {nouns} to learn from, {ratio:.0f} times as many as "
            f"{quoted(small)} with {learned[small]:,}; the small class will be recognised less well. Add to it.",
        )


def _whole(rule: str, severity: Severity, sentence: str) -> Found:
    return rule, severity, sentence, None, None


def write(db: sqlite3.Connection, found: Iterator[Found]) -> None:
    """Put what was found into the index."""
    db.executemany(
        "INSERT INTO problems (rule, severity, sentence, item, path) VALUES (?, ?, ?, ?, ?)",
        (
            (rule, SEVERITIES.index(str(severity)), sentence, item, path)
            for rule, severity, sentence, item, path in found
        ),
    )
