"""Files that lie beside their transcript: `NAME.jpg` with `NAME.gt.txt`, `NAME.wav` with `NAME.txt` or `NAME.lab`."""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from trasluz.api import Problem, Record, Severity, Split
from trasluz.core.data.names import located, quoted, shown
from trasluz.core.data.splits import split_named
from trasluz.core.data.walk import files_below, relative_name, unopened

_LARGEST: Final = 64 * 1024
"""Bytes of a transcript; whatever is longer is not the text of one line or one recording."""
_PROBED: Final = 2_000


def composed(text: str) -> str:
    """A text as it is learned: composed Unicode (NFC), every run of white space one blank."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def tidied(rows: Iterator[Record | Problem]) -> Iterator[Record | Problem]:
    """Records with their texts composed."""
    for row in rows:
        yield row if isinstance(row, Problem) else replace(row, target=composed(row.target))


def has_pairs(root: Path, wanted: Callable[[str], bool], endings: Sequence[str]) -> bool:
    """Whether most of the wanted files below `root` have a transcript beside them, by a look at the first names."""
    names: list[str] = []
    for found in files_below(root):
        if isinstance(found, str):
            names.append(found)
        if len(names) >= _PROBED:
            break
    there = set(names)
    files = [name for name in names if wanted(name)]
    # The last folder may have been left in the middle, where the pairs of its last files were not seen yet.
    paired = sum(_transcript_of(name, there, endings) is not None for name in files)
    return paired > 0 and 2 * paired >= len(files)


def paired_records(
    root: Path, wanted: Callable[[str], bool], endings: Sequence[str], *, noun: str
) -> Iterator[Record | Problem]:
    """Yield a record for each file with a transcript beside it, and a problem for each that has none.

    The first folder on the way gives the split where it is named after one.

    Args:
        root: The data.
        wanted: Which names are items.
        endings: What takes the place of a file's own ending in the name of its transcript, the preferred one first.
        noun: What an item is called.
    """
    for folder, names in _by_folder(root):
        there = set(names)
        used: set[str] = set()
        for name in filter(wanted, names):
            path = relative_name(folder, name)
            transcript = _transcript_of(name, there, endings)
            if transcript is None:
                yield Problem(
                    "no-transcript",
                    f"{quoted(path)} has no transcript beside it ({_named(name, endings)}); it is left out.",
                    Severity.WARNING,
                    (shown(path),),
                )
                continue
            used.add(transcript)
            yield _read_pair(root, path, relative_name(folder, transcript), noun)
        for name in names:
            if name not in used and name.endswith(tuple(endings)) and _alone(name, used, endings):
                path = relative_name(folder, name)
                yield Problem(
                    "no-file",
                    f"{quoted(path)} is a transcript without its {noun}; it is left out.",
                    Severity.NOTE,
                    (shown(path),),
                )


def _read_pair(root: Path, path: str, transcript: str, noun: str) -> Record | Problem:
    place = root / located(transcript)
    try:
        with place.open("rb") as file:
            raw = file.read(_LARGEST + 1)
    except OSError as error:
        return Problem("no-transcript", unopened(transcript, error), Severity.WARNING, (shown(path),))
    if len(raw) > _LARGEST:
        sentence = f"{quoted(transcript)} is too long for the text of one {noun}; {quoted(path)} is left out."
        return Problem("long-transcript", sentence, Severity.WARNING, (shown(path),))
    text = composed(decoded(raw))
    if not text:
        sentence = f"The transcript {quoted(transcript)} is empty; write what is in the {noun}, or remove both."
        return Problem("empty-transcript", sentence, Severity.WARNING, (shown(path),))
    return Record(path=shown(path), target=text, split=split_of(path))


def split_of(path: str) -> Split | None:
    """The split that one of the folders of a path means."""
    return next((s for s in map(split_named, path.split("/")[:-1]) if s is not None), None)


def decoded(raw: bytes) -> str:
    """Text from bytes: UTF-8 or UTF-16 by its mark, else as Windows writes it."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _by_folder(root: Path) -> Iterator[tuple[str, list[str]]]:
    folder: str | None = None
    names: list[str] = []
    for found in files_below(root):
        if isinstance(found, Problem):
            continue
        above, _, name = found.rpartition("/")
        if folder is not None and above != folder:
            yield folder, names
            names = []
        folder = above
        names.append(name)
    if folder is not None:
        yield folder, names


def _transcript_of(name: str, there: set[str], endings: Sequence[str]) -> str | None:
    stem = name.rpartition(".")[0]
    return next((stem + ending for ending in endings if stem + ending in there), None)


def _named(name: str, endings: Sequence[str]) -> str:
    stem = name.rpartition("/")[2].rpartition(".")[0]
    return " or ".join(quoted(stem + ending) for ending in endings)


def _alone(name: str, used: set[str], endings: Sequence[str]) -> bool:
    """Whether a transcript is nobody's: not even the second one of a file that has two."""
    ending = max((e for e in endings if name.endswith(e)), key=len)
    stem = name[: -len(ending)]
    return not any(stem + each in used for each in endings)
