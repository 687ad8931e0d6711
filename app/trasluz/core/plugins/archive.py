"""Unpacks a plugin's .zip as if a stranger had made it: nothing lands outside, nothing grows without end."""

import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from .manifest import RESERVED_NAMES, PluginError
from .trust import is_left_out

MOST_FILES = 5_000
MOST_BYTES = 1 << 30
"""A plugin may carry weights, but not a data set."""
_LONGEST_NAME = 240
_CHUNK = 1 << 20


def unpack(archive: Path, to: Path) -> None:
    """Unpack `archive` into the empty folder `to`.

    Raises:
        PluginError: If it is not a .zip, is damaged, too large, or holds a name or an entry that no plugin needs.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            left = MOST_BYTES
            for entry, path in _entries(archive, opened):
                left = _write(archive, opened, entry, to / path, left)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, UnicodeDecodeError) as error:
        raise PluginError(f"“{archive.name}” is not a whole .zip file; download or pack it again.") from error
    except NotImplementedError as error:
        raise PluginError(f"“{archive.name}” is packed in a way that cannot be read here; pack it as .zip.") from error
    except RuntimeError as error:
        raise PluginError(f"“{archive.name}” is locked with a password; unpack it first.") from error


def _entries(archive: Path, opened: zipfile.ZipFile) -> Iterator[tuple[zipfile.ZipInfo, Path]]:
    seen: set[str] = set()
    for entry in opened.infolist():
        # zipfile cuts a name at a NUL and turns the system's separators into slashes; the raw name is judged.
        path = _safe(archive, entry.orig_filename)
        if entry.is_dir() or is_left_out(path.parts):
            continue
        if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
            raise PluginError(
                f"“{_shown(entry)}” in “{archive.name}” is a link or a device; a plugin holds plain files."
            )
        # Two names that differ in case only are one file on Windows and macOS.
        key = path.as_posix().casefold()
        if key in seen:
            raise PluginError(f"“{archive.name}” holds “{_shown(entry)}” twice.")
        seen.add(key)
        if len(seen) > MOST_FILES:
            raise PluginError(f"“{archive.name}” holds more than {MOST_FILES:,} files; that is no plugin.")
        yield entry, Path(*path.parts)


def _safe(archive: Path, name: str) -> PurePosixPath:
    parts = name.removesuffix("/").split("/")
    fit = (
        0 < len(name) <= _LONGEST_NAME
        and not any(c in name for c in '\\:*?"<>|')
        and all(ord(c) >= 32 for c in name)
        and all(p not in ("", ".", "..") and p == p.rstrip(". ") for p in parts)
        and all(p.partition(".")[0].lower() not in RESERVED_NAMES for p in parts)
    )
    if not fit:
        clean = "".join(c if c.isprintable() else "�" for c in name)[:80]
        raise PluginError(f"“{archive.name}” holds the name “{clean}”, which is not safe to unpack; it was left alone.")
    return PurePosixPath(*parts)


def _write(archive: Path, opened: zipfile.ZipFile, entry: zipfile.ZipInfo, to: Path, left: int) -> int:
    to.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(entry) as packed, to.open("xb") as file:
        # The sizes in the headers may lie, so what comes out is counted.
        while chunk := packed.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise PluginError(f"“{archive.name}” unpacks to more than {MOST_BYTES >> 20:,} MB; that is no plugin.")
            file.write(chunk)
    return left


def _shown(entry: zipfile.ZipInfo) -> str:
    return "".join(c if c.isprintable() else "�" for c in entry.filename)[:80]
