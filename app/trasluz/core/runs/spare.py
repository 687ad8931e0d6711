"""A child that has already imported what every training needs, and waits for a run.

Torch and ONNX Runtime take seconds to import. The window has a child do that while the person still chooses, and the
run begins at once. The child holds nothing of a run, a plugin or a project; it ends when whoever made it ends.
"""

import contextlib
import json
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

WAITING = "-"
"""In place of a run's folder, on the command line of a child that waits to be told it."""

Child = subprocess.Popen[bytes]


class Spare:
    """At most one child that waits. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        """The process that waits, if it lives."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def prepare(self, start: Callable[[], Child]) -> None:
        """Have a child get ready, where none is; without one, a run simply starts a little later.

        Args:
            start: Starts it, with a pipe for its standard input.
        """
        with self._lock:
            if self.pid is None:
                _close(self._child)
                self._child = None
                with contextlib.suppress(OSError):
                    self._child = start()

    def take(self, folder: Path, log: Path) -> Child | None:
        """Give a run to the child that waits, and what it says to a file; None where no child waits."""
        with self._lock:
            child, self._child = self._child, None
        if child is None or child.stdin is None:
            return None
        told = json.dumps({"folder": str(folder), "log": str(log)})
        try:
            child.stdin.write(told.encode() + b"\n")
            child.stdin.close()
        except OSError:
            told = ""
        if told and child.poll() is None:
            return child
        _close(child)  # it had died
        return None

    def let_go(self) -> None:
        """End the child that waits."""
        with self._lock:
            child, self._child = self._child, None
        _close(child)


def _close(child: Child | None) -> None:
    if child is None:
        return
    if child.stdin is not None:
        with contextlib.suppress(OSError):
            child.stdin.close()
    # somebody has to wait for a child, or it stays in the process table
    threading.Thread(target=child.wait, name=f"spare-{child.pid}", daemon=True).start()
