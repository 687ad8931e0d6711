"""Runs as the window sees them: followed by their folder, started and stopped by it. The run is never ours."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from .work import Work

if TYPE_CHECKING:
    from trasluz.core.project import Project


class RunWatch(QObject):
    """Follows one run folder: replays what it said, then tells what is new.

    Reading happens on a thread of `work`; the signals come on the window's thread.

    Attributes:
        folder: The run folder (`core.runs.folder.RunFolder`).
        events: Everything the run said so far.
        state: One of `core.runs.folder.RunState`, or empty before the first look.
    """

    arrived = Signal(list)
    """New events, a list of `api.events.Event` in order; the first batch is the replay."""
    event = Signal(object)
    """Each of the same events by itself, after `arrived`."""
    state_changed = Signal(str)

    def __init__(self, folder: Path, work: Work, parent: QObject | None = None, *, every: int = 250) -> None:
        super().__init__(parent)
        from trasluz.core.runs.folder import RunFolder
        from trasluz.core.runs.follow import Follower

        self.folder = RunFolder(folder)
        self.events: list[Any] = []
        self.state = ""
        self._follower = Follower(self.folder)
        self._work = work
        self._looking = False
        self._timer = QTimer(self)
        self._timer.setInterval(every)
        self._timer.timeout.connect(self.look)

    def start(self) -> None:
        """Begin to follow."""
        self._timer.start()
        self.look()

    def stop(self) -> None:
        """Follow no more; the run itself goes on."""
        self._timer.stop()

    def look(self) -> None:
        """Look now, if no look is under way."""
        if self._looking:
            return
        self._looking = True
        self._work.run(self, self._read, success=self._came, failure=self._nothing)

    def _read(self) -> tuple[list[Any], str]:
        # the state first: events that were written before an end are never missed
        state = str(self.folder.state())
        found: list[Any] = []
        while more := self._follower.poll():
            found.extend(more)
        return found, state

    def _nothing(self, _trouble: object) -> None:
        # a network drive that is away for a moment comes back; the next look tells
        self._looking = False

    def _came(self, found: tuple[list[Any], str]) -> None:
        self._looking = False
        events, state = found
        if events:
            self.events.extend(events)
            self.arrived.emit(events)
            for event in events:
                self.event.emit(event)
        if state != self.state:
            self.state = state
            self.state_changed.emit(state)
        # a run that is over changes only when it is taken up again, which restarts the timer's pace
        self._timer.setInterval({"running": 250, "waiting": 250, "": 250, "queued": 500}.get(state, 1500))

    @property
    def running(self) -> bool:
        """Whether a process works on it now."""
        return self.state == "running"


@dataclass(frozen=True, slots=True)
class QueueState:
    """What the window shows of the queue.

    Attributes:
        waiting: The folders of the runs that wait, the next one first, each with what it is called.
        training: The folder of the run that a process works on, and what it is called.
        held: Whether a pause holds those that wait.
    """

    waiting: tuple[tuple[Path, str], ...] = ()
    training: tuple[Path, str] | None = None
    held: bool = False


def create_run(
    project: "Project", *, family: str, settings: dict[str, Any], name: str = "", device: str = "auto"
) -> tuple[Path, bool]:
    """Write the request of a new run on the project's data and start it, or let it wait for those on their way.

    For a `Work` thread.

    Returns:
        Its folder, and whether it was started.
    """
    from trasluz.core.runs import queue
    from trasluz.core.runs.history import remember
    from trasluz.core.runs.request import RunRequest

    request = RunRequest.new(
        family=family,
        data=str(project.data),
        settings=settings,
        name=name,
        index=str(project.index_path),
        cache=str(project.cache_folder),
        corrections=str(project.corrections_path),
        device=device,
    )
    folder, started = queue.start(Path(project.runs_folder) / request.id, request)
    remember(folder)
    return folder.path, started


def resume_run(path: Path) -> bool:
    """Take a run up again where it stopped, and say whether it started or waits. For a `Work` thread."""
    from trasluz.core.runs import queue

    return queue.take_up(path)


def stop_run(path: Path) -> Path:
    """Ask a run to stop and keep its best. For a `Work` thread."""
    from trasluz.core.runs.folder import RunFolder

    RunFolder(path).ask_stop()
    return path


def pause_run(path: Path) -> Path:
    """Ask a run to pause; those that wait go on waiting. For a `Work` thread."""
    from trasluz.core.runs import queue

    queue.pause(path)
    return path


def take_out(path: Path) -> None:
    """Let a run wait no more; one that has never begun is deleted. For a `Work` thread."""
    from trasluz.core.runs import queue
    from trasluz.core.runs.folder import RunFolder
    from trasluz.core.runs.history import remove

    run = RunFolder(path)
    queue.leave(run)
    if run.last_turn() is None and not run.busy():
        remove(run)


def look_at_queue(runs: Path) -> QueueState:
    """Start the next run where it is its turn, and say how the queue stands. For a `Work` thread.

    A run that ends starts the next one itself; this is for those that were killed. Where nothing is trained, a child
    gets ready for the run that the person is about to ask for.
    """
    from trasluz.core.runs import queue
    from trasluz.core.runs.folder import RunFolder
    from trasluz.core.runs.launch import get_ready

    def called(run: RunFolder) -> tuple[Path, str]:
        return run.path, run.request.name or run.request.id

    queue.advance(runs)
    training = next(iter(queue.training(runs)), None)
    waiting = tuple(called(run) for run in queue.waiting(runs))
    if training is None:
        get_ready()
    return QueueState(waiting, called(training) if training is not None else None, queue.held(runs))
