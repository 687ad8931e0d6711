"""What a person used last, by path. A convenience: whatever is wrong with such a list, nobody is stopped by it."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from . import places
from .atomic import write_whole

_PATIENCE = 3.0
"""Seconds to wait for another window that changes the list."""


class RecentList:
    """Paths in a file of the person's folder, the latest first.

    Args:
        name: The file's name.
        kept: How many are kept.
    """

    def __init__(self, name: str, *, kept: int) -> None:
        self._name, self._kept = name, kept

    def paths(self) -> list[str]:
        """What is on it; nothing where it cannot be read."""
        try:
            found = json.loads(self._file().read_bytes())
        except (OSError, ValueError):
            return []
        return [path for path in found if isinstance(path, str)] if isinstance(found, list) else []

    def put_first(self, path: Path) -> None:
        """Put a path at the top."""
        here = str(path)
        self._change(lambda known: [here, *(p for p in known if p != here)][: self._kept])

    def leave_out(self, path: Path) -> None:
        """Take a path off."""
        here = str(path)
        self._change(lambda known: [p for p in known if p != here])

    def _file(self) -> Path:
        return places.user_folder() / self._name

    def _change(self, change: Callable[[list[str]], list[str]]) -> None:
        from filelock import FileLock, Timeout

        # A lock, since two windows or two runs may do it at once.
        with suppress(OSError, Timeout), FileLock(self._file().with_suffix(".lock"), timeout=_PATIENCE):
            # json writes ASCII: a path on Linux may hold bytes that no encoding takes.
            write_whole(self._file(), json.dumps(change(self.paths()), indent=1))
