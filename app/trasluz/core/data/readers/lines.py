"""Lines of text files: whatever the encoding, however long, in bounded memory."""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trasluz.api import Problem, Severity
from trasluz.core.data.names import quoted, shown

LONGEST: Final = 20_000
"""Characters of one line at most; a longer one is no sentence."""

_PIECE: Final = 2**20
_GUESSED_FROM: Final = 2**18
"""Bytes that an encoding which says nothing of itself is guessed from."""
_TOO_FEW, _RARELY = 16, 0.05
"""Bytes beyond ASCII, and their share, below which nothing can be guessed."""
_BY_MARK: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_RARE: Final = ("mac_", "hp_", "cp4", "cp7", "cp8", "cp11", "ptcp", "kz")
"""Codes of DOS and of old machines, which a few letters among numbers are easily taken for."""
# What no eye sees and no font draws. Marks of direction and the joiners of emoji are text, and stay.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_SPACES = re.compile(r"[ \t\r\n\x0b\x0c\x85\xa0\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number in the file, from 1, and its text without the line end; None where it is too long."""

    number: int
    text: str | None


def encoding_of(path: Path) -> str:
    """Say how a file is encoded: by its byte-order mark, as UTF-8 where all of it is, else as it looks.

    Raises:
        OSError: If it cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(_PIECE)
        for mark, name in _BY_MARK:
            if start.startswith(mark):
                return name
        decoder = codecs.getincrementaldecoder("utf-8")()
        piece = start
        try:
            while piece:
                decoder.decode(piece)
                piece = file.read(_PIECE)
            decoder.decode(b"", final=True)
            return "utf-8"
        except UnicodeDecodeError:
            pass
    foreign = sum(byte > 127 for byte in start[:_GUESSED_FROM])
    if foreign < _TOO_FEW and foreign < _RARELY * len(start[:_GUESSED_FROM]):
        return "cp1252"  # whichever way a handful of letters is read, it looks right to a guesser
    from charset_normalizer import from_bytes

    guesses = [each.encoding for each in from_bytes(start[:_GUESSED_FROM])]
    return next((each for each in guesses if not each.startswith(_RARE)), "cp1252")


def encoding_note(path: Path, encoding: str) -> Problem | None:
    """What is said of a file that is not UTF-8."""
    if encoding.startswith("utf"):
        return None
    return Problem(
        "encoding",
        f"{quoted(path.name)} is not UTF-8 and is read as {encoding}; save it as UTF-8 if letters look wrong.",
        Severity.NOTE,
        (shown(path.name),),
    )


def lines_of(path: Path, encoding: str, *, longest: int = LONGEST) -> Iterator[Line]:
    """Read a file line by line; of a line longer than `longest` characters only its number is told.

    Raises:
        OSError: If it cannot be read.
    """
    with path.open(encoding=encoding, errors="replace", newline=None) as file:
        number = 0
        while text := file.readline(longest + 1):
            number += 1
            if text.endswith("\n"):
                yield Line(number, text[:-1])
            elif len(text) <= longest:
                yield Line(number, text)  # the last one
            else:
                while (rest := file.readline(_PIECE)) and not rest.endswith("\n"):
                    pass
                yield Line(number, None)


def cleaned(text: str) -> str:
    """One line of text as it is learned from: NFC, no control characters, single spaces, none at the ends."""
    return unicodedata.normalize("NFC", _SPACES.sub(" ", _CONTROL.sub("", text)).strip())


def has_controls(text: str) -> bool:
    """Whether there are characters that `cleaned` takes out; a tab or a line end is none."""
    return _CONTROL.search(text.replace("\r", "")) is not None


def looks_binary(start: bytes) -> bool:
    """Whether the first bytes of a file are no text of any encoding: zero bytes without the mark of a wide one."""
    if any(start.startswith(mark) for mark, name in _BY_MARK if name != "utf-8-sig"):
        return False
    zeros = start.count(b"\0")
    return zeros > 1 and zeros > len(start) // 1000
