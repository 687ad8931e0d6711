"""Runs as the window sees them: followed by their folder, started and stopped by it. The run is never ours."""

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
        state: `waiting running finished stopped failed interrupted`, or empty before the first look.
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
        self._timer.setInterval(250 if state in {"running", "waiting", ""} else 1500)

    @property
    def running(self) -> bool:
        """Whether a process works on it now."""
        return self.state == "running"


def create_run(
    project: "Project", *, family: str, settings: dict[str, Any], name: str = "", device: str = "auto"
) -> Path:
    """Write the request of a new run on the project's data and start it; its folder comes back. For a `Work`."""
    from trasluz.core.runs.folder import RunFolder
    from trasluz.core.runs.launch import launch
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
    folder = RunFolder.create(Path(project.runs_folder) / request.id, request)
    launch(folder)
    return folder.path


def resume_run(path: Path) -> Path:
    """Take a run up again where it stopped. For a `Work` thread."""
    from trasluz.core.runs.folder import RunFolder
    from trasluz.core.runs.launch import launch

    launch(RunFolder(path))
    return path


def stop_run(path: Path) -> Path:
    """Ask a run to stop and keep its best. For a `Work` thread."""
    from trasluz.core.runs.folder import RunFolder

    RunFolder(path).ask_stop()
    return path
