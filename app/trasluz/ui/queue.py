"""The project's queue as the window sees it: which run is trained, which wait; kept going while the window is open."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from .bridge.work import Work

if TYPE_CHECKING:
    from trasluz.core.project import Project

    from .bridge.runs import QueueState

_LOOK_EVERY = 2000
"""Milliseconds between two looks. A run that ends starts the next one itself; a look is for those that were killed."""


class RunQueue(QObject):
    """Looks at the queue of one folder of runs, starts the next one where it is its turn, and changes the order.

    Attributes:
        state: How it stands (`bridge.runs.QueueState`), or None before the first look.
    """

    changed = Signal()

    def __init__(self, work: Work, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state: QueueState | None = None
        self._work = work
        self._runs: Path | None = None
        self._looking = False
        self._timer = QTimer(self, interval=_LOOK_EVERY)
        self._timer.timeout.connect(self.look)

    def follow(self, runs: Path | None) -> None:
        """Look at the runs of that folder from now on, or at none."""
        self._runs, self.state = runs, None
        if runs is None:
            self._timer.stop()
            self._work.run(self, _no_spare)
        else:
            self._timer.start()
            self.look()
        self.changed.emit()

    def look(self) -> None:
        """See how the queue stands, if no look is under way."""
        runs = self._runs
        if runs is None or self._looking:
            return
        self._looking = True

        def looking() -> Any:
            from .bridge.runs import look_at_queue

            return look_at_queue(runs)

        self._work.run(self, looking, success=lambda state: self._came(runs, state), failure=self._failed)

    def _came(self, runs: Path, state: "QueueState") -> None:
        self._looking = False
        if runs == self._runs and state != self.state:
            self.state = state
            self.changed.emit()

    def _failed(self, _trouble: object) -> None:
        self._looking = False  # a network drive that is away for a moment; the next look tells

    @property
    def training(self) -> Path | None:
        """The run that a process works on, where there is one."""
        return self.state.training[0] if self.state is not None and self.state.training is not None else None

    @property
    def waiting(self) -> "tuple[tuple[Path, str], ...]":
        """The runs that wait, the next one first, with what they are called."""
        return self.state.waiting if self.state is not None else ()

    def start(
        self,
        project: "Project",
        family: str,
        settings: dict[str, Any],
        *,
        name: str,
        device: str,
        then: Callable[[tuple[Path, bool]], object],
    ) -> None:
        """Write the request of a run, and start it or let it wait; `then` is told its folder and which of the two."""

        def starting() -> tuple[Path, bool]:
            from .bridge.runs import create_run

            return create_run(project, family=family, settings=settings, name=name, device=device)

        self._change(starting, then)

    def stop(self, run: Path) -> None:
        """Ask a run to stop and keep its best."""

        def stopping() -> None:
            from .bridge.runs import stop_run

            stop_run(run)

        self._change(stopping)

    def pause(self, run: Path) -> None:
        """Ask a run to leave a checkpoint and end; those that wait go on waiting."""

        def pausing() -> None:
            from .bridge.runs import pause_run

            pause_run(run)

        self._change(pausing)

    def take_up(self, run: Path, *, then: Callable[[], object]) -> None:
        """Go on with a run that ended, at once or right after the one that is being trained."""

        def taking() -> None:
            from .bridge.runs import resume_run

            resume_run(run)

        self._change(taking, lambda _: then())

    def move(self, run: Path, by: int) -> None:
        """Move a run that waits: `by` -1 to the front, 1 to the back."""

        def moving() -> None:
            from trasluz.core.runs import queue

            queue.move(run, by)

        self._change(moving)

    def take_out(self, run: Path) -> None:
        """Let it wait no more. One that has never run is deleted, for there is nothing in it but the wish."""

        def taking() -> None:
            from .bridge.runs import take_out

            take_out(run)

        self._change(taking)

    def let_go(self) -> None:
        """Let those that wait go on, though the one before them pauses."""
        runs = self._runs

        def letting() -> None:
            from trasluz.core.runs import queue

            if runs is not None:
                queue.let_go(runs)

        self._change(letting)

    def _change(self, change: Callable[[], Any], then: Callable[[Any], object] = lambda _: None) -> None:
        def came(result: Any) -> None:
            then(result)
            self.look()

        self._work.run(self, change, success=came)


def run_path(run: Any) -> Path:
    """The folder of a run folder or of a line of the history."""
    return Path(getattr(run, "path", None) or run.folder)


def _no_spare() -> None:
    from trasluz.core.runs.launch import SPARE

    SPARE.let_go()
