"""The folder of the person's plugins: copies appear and vanish there by renaming, never piece by piece.

What is half done has a name that begins with a dot: `.new-…` is being copied, `.old-ID-…` was replaced just now,
`.gone-…` is being deleted. Whoever finds such names without holding the lock finds what an ended process left.
"""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from filelock import FileLock

from trasluz.core import places

_PATIENCE = 30.0
"""Seconds to wait for another process that is installing something."""


@contextmanager
def changing() -> Iterator[Path]:
    """Hold the lock on the person's plugins and give their folder; the leftovers of earlier ends are cleared."""
    place = places.user_plugins()
    place.mkdir(parents=True, exist_ok=True)
    with FileLock(place / ".lock", timeout=_PATIENCE):
        _recover(place)
        yield place


def recover(place: Path) -> None:
    """Bring back what a process left half done when it ended, unless another is at it right now."""
    with suppress(OSError):
        if any(place.glob(".old-*")):
            with FileLock(place / ".lock", timeout=0):
                _recover(place)


@contextmanager
def placing(place: Path, name: str, *, replacing: Path | None) -> Iterator[Path]:
    """Give an empty folder to fill; when the block ends without an error it takes its place.

    Args:
        place: The folder of plugins, locked by the caller.
        name: The new plugin's folder name, if no other plugin's folder has it.
        replacing: The folder of the plugin that it replaces. It is kept until the new one is in its place.
    """
    mark = uuid.uuid4().hex[:8]
    new = place / f".new-{mark}"
    target = next(p for p in _names(place / name) if p == replacing or not _exists(p))
    new.mkdir()
    try:
        yield new
        if replacing is None:
            new.rename(target)
            return
        old = place / f".old-{mark}-{replacing.name}"
        replacing.rename(old)
        try:
            new.rename(target)
        except BaseException:
            old.rename(replacing)
            raise
        _delete(old)
    finally:
        _delete(new)


def drop(place: Path, folder: Path) -> None:
    """Delete a plugin's folder; of a link, the link alone."""
    gone = place / f".gone-{uuid.uuid4().hex[:8]}"
    folder.rename(gone)
    _delete(gone)


def _recover(place: Path) -> None:
    for path in sorted(place.glob(".old-*")):
        name = path.name.split("-", 2)[2]
        if not _exists(place / name):
            # The process ended between two renames: what was there comes back.
            path.rename(place / name)
    for pattern in (".old-*", ".new-*", ".gone-*"):
        for path in place.glob(pattern):
            _delete(path)


def _names(path: Path) -> Iterator[Path]:
    yield path
    yield from (path.with_name(f"{path.name}~{number}") for number in count(2))


def _exists(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _delete(path: Path) -> None:
    # What cannot be deleted now (a file that is open on Windows) is tried again with the next change.
    with suppress(OSError):
        if path.is_symlink():
            path.unlink()
        elif path.exists():
            shutil.rmtree(path)
