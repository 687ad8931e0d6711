"""File names as text: any name on disk becomes valid Unicode and comes back exactly.

A name on Linux is bytes and need not be UTF-8; Python holds the odd bytes as lone surrogates, which neither
SQLite, JSON files nor the window can take. So in records, in the index and on the wire a byte that is not text
is written as U+FFFD and two hex digits (`caf�E9.jpg`).
"""

import os
import re
from pathlib import Path

_LONE = re.compile("[\ud800-\udfff]+")
_LOOKS_ESCAPED = re.compile("\ufffd(?=[0-9A-F]{2})")
_ESCAPED = re.compile("(?:\ufffd[0-9A-F]{2})+")
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def shown(path: str | Path) -> str:
    """Write a path as valid Unicode with forward slashes; `located` is the way back."""
    text = path.as_posix() if isinstance(path, Path) else path
    if "\ufffd" in text:
        text = _LOOKS_ESCAPED.sub(lambda m: _escape(m.group()), text)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = _LONE.sub(lambda m: _escape(m.group()), text)
    return text


def located(text: str) -> str:
    """Turn what `shown` gave into the path on disk."""
    if "\ufffd" not in text:
        return text
    return _ESCAPED.sub(lambda m: os.fsdecode(bytes.fromhex(m.group().replace("\ufffd", ""))), text)


def quoted(path: str | Path) -> str:
    """Put the path in quotation marks for a sentence: one line, the middle of a very long one left out."""
    text = _INVISIBLE.sub("␤", shown(path))
    if len(text) > 120:
        text = f"{text[:56]}…{text[-60:]}"
    return f"“{text}”"


def place_of(root: Path, path: str) -> Path:
    """Where a record's path lies on disk: relative to the data's folder, or to that of its manifest."""
    return (root if root.is_dir() else root.parent) / located(path)


def _escape(text: str) -> str:
    try:
        raw = os.fsencode(text)
    except UnicodeEncodeError:  # surrogates that no file name can hold, from a damaged manifest
        raw = text.encode("utf-8", "surrogatepass")
    return "".join(f"\ufffd{byte:02X}" for byte in raw)
