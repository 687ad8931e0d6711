"""Whether a plugin is still what the person trusted: a hash over all its files."""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from .manifest import PluginError

SKIPPED_FOLDERS = frozenset({"__pycache__", "__MACOSX", ".git", ".hg", ".svn", ".venv", ".idea", ".vscode"})
SKIPPED_FILES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
SKIPPED_ENDINGS = (".pyc", ".pyo")


def is_left_out(parts: tuple[str, ...]) -> bool:
    """Say whether a file, given by the parts of its relative path, is none of the plugin's: caches, droppings."""
    return (
        not SKIPPED_FOLDERS.isdisjoint(parts[:-1]) or parts[-1] in SKIPPED_FILES or parts[-1].endswith(SKIPPED_ENDINGS)
    )


def files_of(folder: Path) -> Iterator[Path]:
    """Yield the plugin's files in a stable order.

    What is left out here is never run either: the registry's loader reads no compiled `.pyc`.

    Raises:
        PluginError: If something among them is no plain file: a link could point at anything tomorrow.
    """
    for place, folders, names in os.walk(folder, onerror=_raise):
        here = Path(place)
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS)
        for name in folders:
            if _is_link(here / name):
                raise _linked(folder, here / name)
        for name in sorted(names):
            path = here / name
            if is_left_out(path.relative_to(folder).parts):
                continue
            if not stat.S_ISREG(path.lstat().st_mode):
                raise _linked(folder, path)
            yield path


def content_hash(folder: Path) -> str:
    """Hash the names and the contents of all files of the plugin.

    Raises:
        PluginError: If one cannot be read or is a link.
    """
    whole = hashlib.sha256()
    for path in sorted(files_of(folder), key=lambda p: p.relative_to(folder).as_posix()):
        name = path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape")
        try:
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").digest()
        except OSError as error:
            raise PluginError(f"“{path}” cannot be read: {error.strerror}.") from error
        # Lengths in front keep two different folders from giving the same stream.
        whole.update(len(name).to_bytes(4, "little") + name + content)
    return whole.hexdigest()


def _is_link(folder: Path) -> bool:
    found = folder.lstat()
    # A junction is Windows' other link to a folder; Python 3.11 walks into it.
    junction = getattr(found, "st_reparse_tag", 0) == getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1)
    return stat.S_ISLNK(found.st_mode) or junction


def _linked(folder: Path, path: Path) -> PluginError:
    return PluginError(
        f"“{path.relative_to(folder).as_posix()}” in “{folder.name}” is a link or a device, not a file; "
        "a plugin holds plain files only, so that what was trusted is what runs."
    )


def _raise(error: OSError) -> None:
    raise PluginError(f"“{error.filename}” cannot be read: {error.strerror}.") from error
