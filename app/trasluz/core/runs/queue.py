"""The queue of a folder of runs: which wait, in which order, and who is next.

A run waits while there is a file `queued` in its folder, which holds its place, a number; the smallest is next. Each
change is one file that is whole or not there, so that a kill at any moment leaves a queue in its old order or its
new one. Whoever sees that nothing is trained may call `advance`: the run that ends does, and a window that looks.

A pause holds the queue, for who pauses wants the computer for something else; going on, or starting another, lets go
of it.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from trasluz.api import DataError, Failed
from trasluz.core.atomic import write_whole

from . import lock
from .folder import QUEUED_NAME, RunFolder
from .launch import launch
from .request import RunRequest

_LOCK, _HELD = ".queue.lock", ".queue.held"
_PATIENCE = 30.0
"""Seconds to wait while another process starts a run, which takes it a hundredth of one."""


def start(path: Path | str, request: RunRequest) -> tuple[RunFolder, bool]:
    """Make a run and train it at once, or after those that are on their way.

    Returns:
        Its folder, and whether it was started.

    Raises:
        DataError: If it cannot be written.
        RunBusy: If other processes change the queue all the while.
    """
    folder = RunFolder(path)
    runs = folder.path.absolute().parent
    try:
        runs.mkdir(parents=True, exist_ok=True)
        with lock.held(runs / _LOCK, wait=_PATIENCE):
            # Nothing is trained though others wait: the queue was held by a pause, and this one was asked for now.
            now = not training(runs)
            if not RunFolder.is_one(folder.path):
                folder.path.mkdir(exist_ok=True)
                # the place before the request: a folder is no run without one, so a kill in between leaves nothing
                put(folder, first=now)
            RunFolder.create(folder.path, request)
            if now:
                let_go(runs)
            started = _start_next(runs) if now else None
    except OSError as error:
        raise DataError(
            f"The run cannot be written to “{path}”: {error.strerror or error}. "
            "Choose another folder, or make room for it."
        ) from error
    return folder, started == folder.path.absolute()


def take_up(run: RunFolder | Path | str) -> bool:
    """Go on with a run that ended, at once or right after the one that is being trained.

    Returns:
        Whether it was started.

    Raises:
        OSError: If its folder cannot be written to.
        RunBusy: If other processes change the queue all the while.
    """
    folder = RunFolder(run)
    runs = folder.path.absolute().parent
    with lock.held(runs / _LOCK, wait=_PATIENCE):
        if folder.busy():
            return False
        put(folder, first=True)
        let_go(runs)
        started = None if training(runs) else _start_next(runs)
    return started == folder.path.absolute()


def pause(run: RunFolder | Path | str) -> None:
    """Ask a run to leave a checkpoint and end; those that wait go on waiting.

    Raises:
        OSError: If its folder cannot be written to.
    """
    folder = RunFolder(run)
    runs = folder.path.absolute().parent
    if waiting(runs):
        write_whole(runs / _HELD, b"")
    folder.ask_pause()


def held(runs: Path | str) -> bool:
    """Whether those that wait are held by a pause."""
    return (Path(runs) / _HELD).exists()


def let_go(runs: Path | str) -> None:
    """Let the queue go on."""
    (Path(runs) / _HELD).unlink(missing_ok=True)


def waiting(runs: Path | str) -> list[RunFolder]:
    """The runs that wait, the next one first."""
    return [run for _, run in _placed(Path(runs)) if not run.busy()]


def training(runs: Path | str) -> list[RunFolder]:
    """The runs that a process works on, or is about to."""
    return [run for run in _runs(Path(runs)) if run.busy()]


def place(run: RunFolder | Path | str) -> int | None:
    """Where in the queue a run is, from 1; None where it does not wait."""
    path = RunFolder(run).path.absolute()
    order = [each.path.absolute() for each in waiting(path.parent)]
    return order.index(path) + 1 if path in order else None


def put(run: RunFolder | Path | str, *, first: bool = False) -> None:
    """Let a run wait, behind all others or before them.

    Raises:
        OSError: If its folder cannot be written to.
    """
    folder = RunFolder(run)
    places = [number for number, other in _placed(folder.path.absolute().parent) if other.path.name != folder.path.name]
    number = (min(places) - 1 if first else max(places) + 1) if places else 0.0
    _write(folder, number)


def leave(run: RunFolder | Path | str) -> None:
    """Take a run out of the queue; its folder stays."""
    (RunFolder(run).path / QUEUED_NAME).unlink(missing_ok=True)


def move(run: RunFolder | Path | str, by: int) -> None:
    """Move a run towards the front (`by` below 0) or the back of the queue; at an end it stays.

    Raises:
        OSError: If it cannot be written.
    """
    folder = RunFolder(run)
    queue = [(n, each) for n, each in _placed(folder.path.absolute().parent) if not each.busy()]
    names = [each.path.name for _, each in queue]
    if folder.path.name not in names:
        return
    at = names.index(folder.path.name)
    to = min(max(0, at + by), len(queue) - 1)
    if to == at:
        return
    others = [n for i, (n, _) in enumerate(queue) if i != at]
    below = others[to - 1] if to else others[0] - 2
    above = others[to] if to < len(others) else others[-1] + 2
    between = (below + above) / 2
    if not below < between < above:  # the numbers have become too close
        _spread(queue)
        move(folder, by)
        return
    _write(folder, between)


def advance(runs: Path | str) -> Path | None:
    """Start the next run where none is being trained and the queue is not held.

    Any number of processes may call it at once; one of them starts the run.

    Returns:
        The folder of the run that was started.
    """
    runs = Path(runs).absolute()
    if held(runs) or not _placed(runs):
        return None
    try:
        with lock.held(runs / _LOCK, wait=2.0):
            return None if training(runs) else _start_next(runs)
    except (lock.RunBusy, OSError):
        return None  # somebody else does it, or the folder is away


def _start_next(runs: Path) -> Path | None:
    for run in waiting(runs):
        try:
            _ = run.request
            launch(run)
        except DataError:
            leave(run)  # its request is damaged, which the history tells
        except OSError as error:
            leave(run)
            with run.lock(), run:
                run.append(Failed(sentence=f"The training process could not be started: {error.strerror or error}."))
        else:
            return run.path.absolute()
    return None


def _runs(runs: Path) -> Iterator[RunFolder]:
    try:
        names = sorted(entry.name for entry in os.scandir(runs) if not entry.name.startswith("."))
    except OSError:
        return
    for name in names:
        yield RunFolder(runs / name)


def _placed(runs: Path) -> list[tuple[float, RunFolder]]:
    """The runs with a place, by place, then by name."""
    found = []
    for run in _runs(runs):
        try:
            number = float((run.path / QUEUED_NAME).read_text())
        except (OSError, ValueError):
            continue
        if RunFolder.is_one(run.path):
            found.append((number, run))
    return sorted(found, key=lambda each: (each[0], each[1].path.name))


def _write(run: RunFolder, number: float) -> None:
    write_whole(run.path / QUEUED_NAME, repr(number))


def _spread(queue: list[tuple[float, RunFolder]]) -> None:
    """Number them anew, a whole number apart; from the last to the first, so that no step changes the order."""
    top = queue[-1][0]
    for i in range(len(queue) - 1, -1, -1):
        _write(queue[i][1], top + 1 + i)
