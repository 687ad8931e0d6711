"""The state that the window holds: project, data, run, catalogue. Widgets show it; they are not it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from .advising import Advising
from .bridge.call import Call, Trouble
from .bridge.host import HostBridge
from .bridge.work import Work
from .corrections import CorrectionDesk
from .kinds import KindWords, words_for
from .queue import RunQueue, run_path
from .steps import STEPS, StepState, run_steps

if TYPE_CHECKING:
    from trasluz.core.data.index import DataSummary, Index
    from trasluz.core.project import Project

    from .bridge.runs import RunWatch


class Session(QObject):
    """What the person is working on, and the ways to the host and to background work.

    Attributes:
        host: Asks the host child (`session.host.call(self, "devices", success=…)`).
        work: Threads for work in this process.
        index_work: The one thread that the index is read on.
        project: The open project, or None.
        summary: What is in its data (`DataSummary`), or None while it is looked at.
        index: Its `Index`; read it only in `index_work`.
        catalogue: The host's catalogue: families with schemas, kinds, plugins.
        devices: The host's device report, as JSON.
        corrections: What the person corrected about the project's data, with undo.
        runs: The project's runs, newest first (`core.runs.history.RunSummary`).
        run: The watch of the chosen run, or None.
        queue: Which run is trained and which wait (`ui.queue.RunQueue`).
        advising: What suits the data, measured (`ui.advising.Advising`).
    """

    project_changed = Signal()
    project_renamed = Signal()
    data_changed = Signal()
    data_progress = Signal(dict)
    """While data is looked at: `{"stage", "done", "total"}`."""
    data_failed = Signal(object)
    """A `Trouble`: the data cannot be used."""
    catalogue_changed = Signal()
    devices_changed = Signal()
    data_away = Signal(str)
    """The project's data is not where it was: the folder that is missing."""
    runs_changed = Signal()
    run_changed = Signal()
    """Another run was chosen (or none): `session.run`."""
    run_arrived = Signal(list)
    """New events of the chosen run."""
    run_state_changed = Signal(str)
    steps_changed = Signal()
    busy_changed = Signal(str)
    """What the machine is doing, in a few words; empty when idle."""
    said = Signal(str, str)
    """A sentence to show for a while, and its level: good, warn, bad or info."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.host = HostBridge(self)
        self.work = Work(self, threads=2)
        self.index_work = Work(self, threads=1, name="index")
        # one thread, so that what the person asks for happens in that order
        self._run_work = Work(self, threads=1, name="runs")
        self.project: Project | None = None
        self.summary: DataSummary | None = None
        self.index: Index | None = None
        self.catalogue: dict[str, Any] = {}
        self.devices: dict[str, Any] = {}
        self.runs: list[Any] = []
        self.run: RunWatch | None = None
        self.queue = RunQueue(self._run_work, self)
        self.queue.changed.connect(self.refresh_runs)
        self.advising = Advising(self)
        self.handed: dict[str, str] = {}  # what a model handed on, for the next form: setting → value
        self.device = "auto"
        """The device that the person chose: auto, cpu or cuda."""
        self._steps: dict[str, StepState] = {name: StepState() for name, _ in STEPS}
        self._said: dict[str, StepState] = {}
        self._busy: dict[str, str] = {}
        self._inspection: Call | None = None
        self.corrections = CorrectionDesk(self)
        for courier in (self.host, self.work, self.index_work, self._run_work):
            courier.trouble.connect(self.show_trouble)
        self.host.died.connect(lambda sentence: self.said.emit(sentence, "warn"))

    @property
    def quiet(self) -> bool:
        """Whether nothing is awaited from host or threads."""
        return self.host.idle and self.work.idle and self.index_work.idle and self._run_work.idle

    @property
    def run_settled(self) -> bool:
        """Whether the history is read and the chosen run has been replayed."""
        return self.work.idle and (self.run is None or bool(self.run.state))

    @property
    def words(self) -> KindWords:
        """What the open data is called."""
        known = self.summary
        return words_for("") if known is None else words_for(known.kind, known.input_name)

    # what the machine is doing

    def set_busy(self, what: str, sentence: str) -> None:
        """Say what is under way, under a name of one's own: `set_busy("export", "Exporting")`; empty ends it."""
        self._busy = {name: said for name, said in (self._busy | {what: sentence}).items() if said}
        self.busy_changed.emit(self.busy)

    @property
    def busy(self) -> str:
        """What is being done now, the latest first."""
        return " · ".join(reversed(self._busy.values()))

    def say(self, sentence: str, level: str = "info") -> None:
        """Show a sentence for a while."""
        self.said.emit(sentence, level)

    def show_trouble(self, trouble: Trouble) -> None:
        """Show a trouble that nobody else looks after."""
        self.said.emit(trouble.sentence, "bad")

    # the steps at the left

    def step(self, name: str) -> StepState:
        """The state line of a step: data model train judge use export."""
        return self._said.get(name) or self._steps[name]

    def set_step(self, name: str, line: str, *, done: bool) -> None:
        """Let a page say more about its step than the session can know; forgotten when the run or project changes."""
        self._said[name] = StepState(line, done=done)
        self.steps_changed.emit()

    def _update_steps(self) -> None:
        self._steps = run_steps(self)
        self.steps_changed.emit()

    # the host's answers that everybody needs

    def warm_up(self) -> None:
        """Start the host and ask it for what the window shows; called after the first frame."""
        self.host.start()
        self.refresh_catalogue()
        self.host.call(self, "devices", success=self._devices_came, failure=self._devices_failed)

    def refresh_catalogue(self) -> None:
        """Ask for families, kinds and plugins again."""
        self.host.call(self, "catalogue", success=self._catalogue_came)

    def _catalogue_came(self, catalogue: dict[str, Any]) -> None:
        self.catalogue = catalogue
        self._update_steps()  # a project that was opened before has the title of its family now
        self.catalogue_changed.emit()

    def _devices_came(self, report: dict[str, Any]) -> None:
        self.devices = report
        self.devices_changed.emit()

    def _devices_failed(self, trouble: Trouble) -> None:
        self.devices = {"sentence": trouble.sentence, "failed": True}
        self.devices_changed.emit()

    def family(self, identity: str) -> dict[str, Any] | None:
        """The catalogue's entry of a family as it works with the open data, or None."""
        entry = next((f for f in self.catalogue.get("families", []) if f["id"] == identity), None)
        if entry is None or self.summary is None:
            return entry
        return {**entry, **entry.get("by_kind", {}).get(self.summary.kind, {})}

    # projects and data

    def open_project(self, folder: Path) -> None:
        """Open the project in that folder, then its data."""

        def opening() -> Any:
            from trasluz.core.project import Project, remember

            project = Project.open(folder)
            remember(project)
            return project

        self.set_busy("project", "Opening the project")
        self.work.run(self, opening, success=self._project_came, failure=self._project_failed)

    def open_data(self, data: Path, *, name: str = "") -> None:
        """Make a project for a folder of data (or open the one it has), then look at the data."""

        def making() -> Any:
            from .projects import project_for

            return project_for(data, name=name)

        self.set_busy("project", "Opening the project")
        self.work.run(self, making, success=self._project_came, failure=self._project_failed)

    def open_sample(self, name: str) -> None:
        """Build the sample of that name (surfaces, digits) where it is not there yet, and open it."""
        self.set_busy("project", "Preparing the sample")
        self.host.call(
            self,
            "sample",
            {"name": name},
            success=lambda path: self.open_data(Path(path["folder"])),
            failure=self._project_failed,
        )

    def _project_failed(self, trouble: Trouble) -> None:
        self.set_busy("project", "")
        self.data_failed.emit(trouble)

    def _project_came(self, project: Any) -> None:
        self.set_busy("project", "")
        self.close_project()
        self.project = project
        self.project_changed.emit()
        self.inspect()
        self.refresh_runs(choose_latest=True)
        self.queue.follow(project.runs_folder)

    def rename_project(self, name: str) -> None:
        """Give the project another name; its folder stays where it is."""
        if (project := self.project) is not None:
            self.work.run(self, lambda: project.rename(name), success=lambda _: self.project_renamed.emit())

    def close_project(self) -> None:
        """Put the open project away; its runs go on."""
        if self._inspection is not None:
            self._inspection.cancel()
            self._inspection = None
        self.choose_run(None)
        self.project, self.summary, self.index, self.runs = None, None, None, []
        self.queue.follow(None)
        self._said.clear()
        self.set_busy("data", "")
        self._update_steps()

    def inspect(self, *, rebuild: bool = False) -> None:
        """Look at the project's data; `rebuild` reads everything again."""
        if self.project is None:
            return
        if self._inspection is not None:
            self._inspection.cancel()
        self.set_busy("data", "Looking at your data")
        self._inspection = self.host.call(
            self,
            "inspect",
            {
                "data": str(self.project.data),
                "index": str(self.project.index_path),
                "corrections": str(self.project.corrections_path),
                "rebuild": rebuild,
            },
            success=self._inspected,
            failure=self._inspect_failed,
            progress=self.data_progress.emit,
        )

    def point_at(self, data: Path) -> None:
        """Tell the project where its data is now, and look at it there."""
        if (project := self.project) is None:
            return

        def pointed(_: Any) -> None:
            self.summary = None
            self.inspect(rebuild=True)

        self.work.run(self, lambda: project.set_data(data), success=pointed)

    def _inspect_failed(self, trouble: Trouble) -> None:
        self.set_busy("data", "")
        if (project := self.project) is None:
            return

        def looked(there: bool) -> None:
            if there:
                self.data_failed.emit(trouble)
            else:
                self.data_away.emit(str(project.data))

        self.work.run(self, project.data.exists, success=looked)

    def _inspected(self, found: dict[str, Any]) -> None:
        if (project := self.project) is None:
            return

        def opening() -> Any:
            from trasluz.core.data.index import DataSummary, Index

            return Index.open(project.index_path), DataSummary.model_validate(found), project.data.exists()

        self.index_work.run(self, opening, success=self._index_came, failure=self._inspect_failed)

    def _index_came(self, found: tuple[Any, Any, bool]) -> None:
        self.index, self.summary, there = found
        self.set_busy("data", "")
        self._update_steps()
        self.data_changed.emit()
        if not there and self.project is not None:
            self.data_away.emit(str(self.project.data))

    # runs

    def refresh_runs(self, *, choose_latest: bool = False) -> None:
        """Read the project's history again."""
        if self.project is None:
            return
        folder = self.project.runs_folder

        def reading() -> Any:
            from trasluz.core.runs.history import runs_in

            return list(runs_in(folder))

        def came(runs: list[Any]) -> None:
            if self.project is None or self.project.runs_folder != folder:
                return
            self.runs = runs
            self._say_training()
            self.runs_changed.emit()
            if choose_latest and runs and self.run is None:
                self.choose_run(run_path(runs[0]))

        self.work.run(self, reading, success=came)

    def choose_run(self, folder: Path | None) -> None:
        """Follow the run in that folder, or none."""
        if self.run is not None:
            self.run.stop()
            self.run.deleteLater()
            self.run = None
        for name in ("train", "judge", "use", "export"):
            self._said.pop(name, None)
        if folder is not None:
            from .bridge.runs import RunWatch

            self.run = RunWatch(folder, self.work, self)
            self.run.arrived.connect(self._run_arrived)
            self.run.state_changed.connect(self._run_state)
            self.run.start()
        self._say_training()
        self._update_steps()
        self.run_changed.emit()

    def _say_training(self) -> None:
        self.set_busy("run", "Training" if self.queue.training or (self.run and self.run.running) else "")

    def _run_arrived(self, events: list[Any]) -> None:
        self._update_steps()
        self.run_arrived.emit(events)

    def _run_state(self, state: str) -> None:
        self._say_training()
        self._update_steps()
        self.run_state_changed.emit(state)
        self.refresh_runs()
        if state == "finished":
            self.refresh_catalogue()  # the run may have kept something that later ones can start from

    def start_run(
        self,
        family: str,
        settings: dict[str, Any],
        *,
        name: str = "",
        device: str = "auto",
        then: Callable[[Path], object] | None = None,
    ) -> None:
        """Train on the project's data: at once, which chooses the run, or after the runs that are on their way.

        Args:
            family: The id of the model family.
            settings: Its settings.
            name: What the run is called.
            device: `auto`, `cpu`, `cuda`.
            then: Called with the run's folder when its request is written, whether it was started or waits.
        """
        if (project := self.project) is None:
            return

        def came(made: tuple[Path, bool]) -> None:
            folder, started = made
            if started or self.run is None:
                self.choose_run(folder)
            self.refresh_runs()
            if then is not None:
                then(folder)

        self.queue.start(project, family, settings, name=name, device=device, then=came)

    def stop_run(self) -> None:
        """Ask the chosen run to stop and keep its best."""
        if self.run is not None:
            self.queue.stop(run_path(self.run.folder))

    def pause_run(self) -> None:
        """Ask the chosen run to leave a checkpoint and end; it goes on from there."""
        if self.run is not None:
            self.queue.pause(run_path(self.run.folder))

    def resume_run(self) -> None:
        """Take the chosen run up again, at once or right after the one that is being trained."""
        if self.run is not None:
            self.queue.take_up(run_path(self.run.folder), then=lambda: self.run and self.run.start())

    def take_out(self, folder: Path) -> None:
        """Let a run wait no more; where it was the chosen one and is gone, follow the one that is trained."""
        if self.run is not None and run_path(self.run.folder) == folder:
            runs = [run_path(run) for run in self.runs if run_path(run) != folder]
            self.choose_run(self.queue.training or next(iter(runs), None))
        self.queue.take_out(folder)

    def numbered_runs(self) -> list[tuple[int, Any]]:
        """The runs, newest first, with the numbers that people call them by: the first one ever is 1."""
        return [(len(self.runs) - i, run) for i, run in enumerate(self.runs)]

    def run_number(self, folder: Path) -> int | None:
        """The number of the run in that folder, or None while the history is not read."""
        return next((number for number, run in self.numbered_runs() if run_path(run) == folder), None)

    def choose_device(self, device: str) -> None:
        """Compute on `auto`, `cuda` or `cpu` from now on, and ask what that really gives."""
        self.device = device
        self.devices = {}
        self.devices_changed.emit()
        self.host.call(self, "devices", {"device": device}, success=self._devices_came, failure=self._devices_failed)

    @property
    def model(self) -> Path | None:
        """The model folder of the chosen run, where it has finished."""
        run = self.run
        return Path(run.folder.model_folder) if run is not None and run.state == "finished" else None

    def close(self) -> None:
        """Let go of threads and of the host; runs go on."""
        self.choose_run(None)
        self.work.close()
        self.index_work.close()
        self._run_work.close()
        self.host.close()
