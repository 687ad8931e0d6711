"""Remembers which plugin was being loaded when a process ended, so that it cannot end every process to come.

A plugin's code may call `os._exit`, crash or hang while it is imported. No `try` helps then, and a host that is
started again would load it again. So each attempt leaves a mark, under a lock, that is removed when loading is
over; a mark whose lock nobody holds any more is an attempt that never came back.
"""

import contextlib
import hashlib
import uuid
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from trasluz.core import places

ALLOWED = 2
"""Attempts that may be lost: one alone may have been somebody pulling the plug."""


@contextlib.contextmanager
def attempt(plugin: str, content_hash: str) -> Iterator[None]:
    """Mark that a plugin is being loaded, until the block ends; that it ended at all makes up for lost attempts."""
    with contextlib.ExitStack() as stack:
        # A full or read-only disk must not keep plugins from loading.
        with contextlib.suppress(OSError):
            mark = _folder() / f"{_name(plugin, content_hash)}-{uuid.uuid4().hex}"
            mark.parent.mkdir(parents=True, exist_ok=True)
            stack.callback(_clear, _lock_of(mark))
            stack.enter_context(FileLock(_lock_of(mark)))
            mark.touch()
            stack.callback(forgive, plugin)
            stack.callback(_clear, mark)
        yield


def lost(plugin: str, content_hash: str) -> int:
    """Count the attempts to load this content of the plugin that never came back."""
    return sum(_is_abandoned(mark) for mark in _marks(f"{_name(plugin, content_hash)}-"))


def forgive(plugin: str | None = None) -> None:
    """Forget the lost attempts of a plugin, or of all: the person wants them tried again."""
    for mark in _marks(f"{_who(plugin)}-" if plugin is not None else ""):
        if _is_abandoned(mark):
            _clear(mark)
            _clear(_lock_of(mark))


def _who(plugin: str) -> str:
    # A folder's name may stand for an id that could not be read; hashed, it is a plain file name.
    return hashlib.sha256(plugin.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _name(plugin: str, content_hash: str) -> str:
    return f"{_who(plugin)}-{content_hash[:16]}"


def _marks(beginning: str) -> list[Path]:
    try:
        return [p for p in _folder().iterdir() if p.name.startswith(beginning) and p.suffix != ".lock"]
    except OSError:
        return []


def _is_abandoned(mark: Path) -> bool:
    try:
        with FileLock(_lock_of(mark), timeout=0):
            return True
    except (Timeout, OSError):
        return False


def _lock_of(mark: Path) -> Path:
    return mark.with_name(f"{mark.name}.lock")


def _clear(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _folder() -> Path:
    return places.user_folder() / "loading"
