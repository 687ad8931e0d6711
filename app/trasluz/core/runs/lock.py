"""Who works on a run: a lock on a file, which the system lets go of when its holder dies, however it dies."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


class RunBusy(Exception):  # noqa: N818 - it is a state, not a fault
    """Another process works on the run."""


@contextmanager
def held(path: Path, *, wait: float) -> Iterator[None]:
    """Hold the lock, alone.

    Args:
        wait: Seconds to try.

    Raises:
        RunBusy: If another process holds it.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, is_singleton=False, thread_local=False)
    try:
        lock.acquire(timeout=wait, poll_interval=0.02)
    except Timeout as error:
        raise RunBusy(f"The run “{path.parent.name}” is being trained by another process.") from error
    try:
        yield
    finally:
        lock.release()


def is_held(path: Path) -> bool:
    """Whether somebody holds the lock now; False where there is none, or none can be had."""
    try:
        with path.open("rb") as file:
            return _held(file)
    except OSError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _held(file: BinaryIO) -> bool:
        # Only exclusive locks here, so two that look at once see each other; a run holds it longer than a blink.
        for _ in range(4):
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            except OSError:
                time.sleep(0.01)
                continue
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
            return False
        return True

else:
    import fcntl

    def _held(file: BinaryIO) -> bool:
        # A shared lock: any number may look at once and never take each other for the run.
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
