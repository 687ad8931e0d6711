"""Walking a folder of somebody's files: in a stable order, past everything that cannot be entered."""

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trasluz.api import Problem, Severity

from .names import quoted, shown

_SYSTEM_FOLDERS = frozenset({"__macosx", "@eadir", "$recycle.bin", "system volume information", "__pycache__"})
_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db"})


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies directly in a folder: names as the system gives them, sorted."""

    folders: list[str]
    files: list[str]


def ignored(name: str) -> bool:
    """Whether a name belongs to the system or an editor, never to the person."""
    lower = name.lower()
    return name.startswith(".") or lower in _SYSTEM_FOLDERS or lower in _SYSTEM_FILES


def listing(folder: Path) -> Listing:
    """List a folder; links are followed, pipes, devices and dead links are left out.

    Raises:
        OSError: If it cannot be listed.
    """
    folders, files = [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            if ignored(entry.name):
                continue
            try:
                if entry.is_dir():
                    folders.append(entry.name)
                elif entry.is_file():
                    files.append(entry.name)
            except OSError:
                # A link that leads round in a circle, or a file that went away just now.
                continue
    return Listing(sorted(folders), sorted(files))


def files_below(root: Path, start: str = "") -> Iterator[str | Problem]:
    """Yield every file below `root/start` relative to `root`, depth first and sorted; problems as they are met.

    Only the names of the folders on the way down are held, so that a hundred thousand files cost little.
    """
    yield from _below(root, start, frozenset())


def relative_name(folder: str, name: str) -> str:
    """Join a folder relative to the root with a name in it."""
    return f"{folder}/{name}" if folder else name


def _below(root: Path, folder: str, above: frozenset[tuple[int, int]]) -> Iterator[str | Problem]:
    place = root / folder
    try:
        status = place.stat()
        identity = (status.st_dev, status.st_ino)
        # Windows gives 0 for some network drives; then the length of the path is the guard.
        if (identity in above and status.st_ino) or len(folder) > 4000:
            yield Problem(
                "link-loop",
                f"The folder {quoted(folder)} is a link to a folder that holds it; it was read once.",
                Severity.NOTE,
                (shown(folder),),
            )
            return
        found = listing(place)
    except OSError as error:
        yield unreadable_folder(folder or place.name, error)
        return
    for name in found.files:
        yield relative_name(folder, name)
    for name in found.folders:
        yield from _below(root, relative_name(folder, name), above | {identity})


def unreadable_folder(folder: str, error: OSError) -> Problem:
    """The problem that a folder cannot be listed."""
    if isinstance(error, PermissionError):
        reason = "may not be read; give yourself permission to open it"
    elif isinstance(error, FileNotFoundError | NotADirectoryError):
        reason = "went away while it was being read; is its drive still there"
    else:
        reason = f"cannot be read ({error.strerror or type(error).__name__}); is its drive still there"
    mark = "." if "permission" in reason else "?"
    return Problem(
        "unreadable-folder", f"The folder {quoted(folder)} {reason}{mark}", Severity.WARNING, (shown(folder),)
    )


def unopened(path: str | Path, error: OSError) -> str:
    """The sentence that a file cannot be opened, with the reason and what to do."""
    if isinstance(error, FileNotFoundError):
        return f"{quoted(path)} is not there; was it moved or renamed, or is its drive away?"
    if isinstance(error, PermissionError):
        return f"{quoted(path)} may not be read; give yourself permission to read it."
    if error.errno in (errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL, errno.ENOTDIR):
        return f"{quoted(path)} cannot be opened: its name leads nowhere."
    return f"{quoted(path)} cannot be read ({error.strerror or type(error).__name__}); is its drive still there?"
