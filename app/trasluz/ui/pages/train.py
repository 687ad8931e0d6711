"""Watching it learn: curves, progress, what it thinks now; stop, resume, or what went wrong."""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from trasluz.ui.steps import duration, plural
from trasluz.ui.thumbnails import Thumbnails, key_of
from trasluz.ui.views.stages import StagesPainter
from trasluz.ui.widgets import Card, EmptyState, PrimaryButton, SecondaryButton, StepProgress

from .earlier import best_earlier
from .judging.verdict import root_of
from .page import Page
from .training.curves import CurvesCard
from .training.notes import FailureCard, NotesCard, titled
from .training.previews import PreviewList
from .training.queue import QueueCard
from .training.samples import SamplesCard
from .training.story import Story
from .training.stretches import StretchList
from .words import left_words, metric_words

if TYPE_CHECKING:
    from trasluz.ui.session import Session

_STAGES, _STAGES_ALONE = 112, 176
"""How tall the drawing of the stages is, under curves and where it may grow."""
_COLUMN, _ANY_WIDTH = 320, 16_777_215
"""Pixels of the column at the side; Qt's own word for no limit."""
_PICTURE = 560
"""Pixels of the longer side of a preview's picture, which may be a line as wide as its card on a dense screen."""


class TrainPage(Page):
    """Follows the chosen run from its folder; closing the window changes nothing for it."""

    title = "Train"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.story = Story()
        self._asked_stop = False
        self._asked_resume = False
        self._asked_pause = False
        self._due = QTimer(self, interval=120, singleShot=True)
        self._due.timeout.connect(self._draw)
        self._no_project = EmptyState(
            "Nothing to train on yet",
            "Open a folder of data first; then choose a model.",
            action="Open your data →",
            clicked=lambda: self.go.emit("start"),
            drawing="sheets",
        )
        self._no_run = EmptyState(
            "Nothing has been trained yet",
            "Choose a model and press Train. Here you will see it learn.",
            action="Choose a model →",
            clicked=lambda: self.go.emit("model"),
            drawing="curve",
        )
        self.stop_button = SecondaryButton("Stop and keep the best", self._stop)
        self.pause_button = SecondaryButton("Pause", self._pause)
        self.pause_button.setToolTip("It ends at a checkpoint and leaves the computer to you; it goes on from there")
        self.leave_button = SecondaryButton("Take out of the queue", self._leave_queue)
        self.resume_button = PrimaryButton("Resume →", self._resume)
        self.further_button = SecondaryButton("Go on learning", self._resume)
        self.further_button.setToolTip("You stopped it early: it goes on where it was, and keeps the best of all")
        self.again_button = SecondaryButton("Change settings", lambda: self.go.emit("model"))
        self.judge_button = PrimaryButton("See how good it is →", lambda: self.go.emit("judge"))
        self.progress = StepProgress()
        self._progress_card = Card()
        self._progress_card.body.addWidget(self.progress)
        self.curves = CurvesCard()
        self.stretches = StretchList()
        self._steps_card = titled(self.stretches, "What is done")
        self.previews = PreviewList()
        self._preview_card = titled(self.previews, "What it thinks now")
        self._preview_card.setFixedWidth(_COLUMN)
        self._preview_card.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.notes = NotesCard()
        self.notes.setFixedWidth(_COLUMN)
        self.queue = QueueCard()
        self.queue.setFixedWidth(_COLUMN)
        self.failure = FailureCard()
        self._stages_card = Card("Which stages learn")
        self._stages: StagesPainter | None = None
        self._stages_height = _STAGES
        self.samples = SamplesCard()
        self._main = QStackedWidget()
        self._main.addWidget(self.curves)
        self._main.addWidget(self._steps_card)
        policy = self._main.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # what stands beside it stays where it is
        self._main.setSizePolicy(policy)
        self._live = self._build()
        self.stack = QStackedWidget()
        for widget in (self._no_project, self._no_run, self._live):
            self.stack.addWidget(widget)
        self.body.addWidget(self.stack, 1)

    def _build(self) -> QWidget:
        live = QWidget()
        layout = QVBoxLayout(live)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(14)
        self._progress_card.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        layout.addWidget(self._progress_card)
        layout.addWidget(self.failure)
        self._middle = middle = QHBoxLayout()
        middle.setSpacing(16)
        middle.addWidget(self._main, 1)
        self._side = side = QVBoxLayout()
        side.setSpacing(14)
        side.addWidget(self._preview_card, 1)
        side.addWidget(self.notes)
        side.addWidget(self.queue)
        side.addStretch(0)  # takes what is left only where there are no notes
        middle.addLayout(side)
        layout.addLayout(middle, 1)
        self._stages_card.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self._foot = QHBoxLayout()
        self._foot.setSpacing(16)
        self._foot.addWidget(self._stages_card, 1)
        self._foot.addWidget(self.samples, 1)
        layout.addLayout(self._foot)
        layout.addStretch(0)  # what neither needs stays below
        return live

    def connect_session(self, session: "Session") -> None:
        """Follow whatever run is chosen."""
        self.previews.set_thumbnails(Thumbnails(session.host, self, size=_PICTURE))
        self.queue.follow(session)
        session.queue.changed.connect(self._soon)
        session.run_changed.connect(self._run_changed)
        session.run_arrived.connect(self._arrived)
        session.run_state_changed.connect(self._state_changed)
        for signal in (session.project_changed, session.runs_changed, session.catalogue_changed):
            signal.connect(self._soon)
        self._run_changed()

    def refresh(self) -> None:
        """Draw now: the page has come to the front."""
        self._draw()

    # what comes from the run

    def _run_changed(self) -> None:
        self.story = Story()
        self._asked_stop = self._asked_resume = self._asked_pause = False
        self.curves.forget()
        self.samples.forget()
        run = self.session.run if self.session is not None else None
        if run is not None:
            self.story.add(run.events)
        self._soon()

    def _arrived(self, events: list[Any]) -> None:
        self.story.add(events)
        if any(e.type == "started" for e in events):
            self._asked_resume = False
        self._soon()

    def _state_changed(self, state: str) -> None:
        if state != "running":
            self._asked_stop = self._asked_pause = False
        if state == "queued":
            self._asked_resume = False
        self._soon()

    def _soon(self) -> None:
        # a burst of events is drawn once
        if self.isVisible() and not self._due.isActive():
            self._due.start()

    # what the person does

    def _stop(self) -> None:
        if self.session is not None:
            self._asked_stop = True
            self.session.stop_run()
            self._draw()

    def _pause(self) -> None:
        if self.session is not None:
            self._asked_pause = True
            self.session.pause_run()
            self._draw()

    def _leave_queue(self) -> None:
        if self.session is not None and self.session.run is not None:
            self.session.take_out(self.session.run.folder.path)

    def _resume(self) -> None:
        if self.session is not None:
            self._asked_resume = True
            self.session.resume_run()
            self._draw()

    # drawing

    def _draw(self) -> None:
        session = self.session
        if session is None or session.project is None:
            self._show_empty(self._no_project, "Train")
            return
        if session.run is None:
            noun = session.words.noun
            sentence = f"Choose a model and press Train. Here you will see it learn, {noun} by {noun}."
            self._no_run.set_words("Nothing has been trained yet", sentence)
            self._show_empty(self._no_run, "Train")
            return
        run, story = session.run, self.story
        request = run.folder.request
        family = session.family(request.family) or {}
        headline = str(family.get("headline") or "accuracy")
        state = run.state or "waiting"
        running = state in {"running", "waiting"} or self._asked_resume
        self.stack.setCurrentWidget(self._live)
        self._draw_header(state, family.get("title") or request.family, headline)
        self._draw_progress(state, headline)
        # a solver's loss is no learning curve: without passes the stages say more
        by_passes = headline in story.metrics(headline) or (story.passes or 0) > 1
        self._main.setCurrentWidget(self.curves if by_passes else self._steps_card)
        if by_passes:
            self.curves.show_story(story, headline, self._baselines(headline))
        else:
            noun = session.words.noun
            self.stretches.show_stretches(story.stretches, running=running, noun=noun)
            self._steps_card.setMaximumHeight(self.stretches.sizeHint().height() + 64)
        self._main.setVisible(by_passes or bool(story.stretches))
        self._share_height(by_passes=by_passes)
        self._draw_previews()
        self._draw_stages()
        self.samples.show_samples(session, run.folder, story.sampled, running=running)
        self.notes.show_notes(story.notes)
        self.notes.setVisible(bool(story.notes))
        self.queue.draw()
        self._draw_failure(state)

    def _share_height(self, *, by_passes: bool) -> None:
        """Curves take all the room there is; a list of steps does not, and leaves it to the drawing of the stages."""
        vertical = QSizePolicy.Policy.Maximum if by_passes else QSizePolicy.Policy.Expanding
        self._stages_card.setSizePolicy(QSizePolicy.Policy.Expanding, vertical)
        self._stages_height = _STAGES if by_passes else _STAGES_ALONE
        self._stages_card.setMaximumHeight(self._stages_height + 58)
        if self._stages is not None:
            self._stages.setMaximumHeight(self._stages_height)
        column = self._live.layout()
        assert isinstance(column, QVBoxLayout)
        column.setStretch(column.indexOf(self._middle), 1 if by_passes else 0)
        column.setStretch(column.indexOf(self._foot), 0 if by_passes else 1000)
        column.setStretch(column.count() - 1, 0 if by_passes else 1)

    def _show_empty(self, empty: QWidget, title: str) -> None:
        self.header.set_title(title, "")
        self.header.set_actions()
        self.stack.setCurrentWidget(empty)

    def _draw_header(self, state: str, family: str, headline: str) -> None:
        story = self.story
        titles = {
            "running": "Learning",
            "waiting": "Starting",
            "finished": "It has learned",
            "queued": "Waiting for its turn",
            "paused": "Paused",
            "stopped": "Stopped",
            "failed": "It did not work",
            "interrupted": "Interrupted",
        }
        title = "Starting" if self._asked_resume else titles.get(state, "Train")
        summary = self.session.summary if self.session is not None else None
        line = family
        if summary is not None:
            count = sum(summary.counts.get("train", {}).values())
            line += f" on {plural(count, self.session.words.noun)}" if count and self.session is not None else ""
        if story.device:
            device = "the CPU" if story.device == "cpu" else story.device
            line += f" · on {device if device.startswith('the ') else f'the {device}'}"
        self.header.set_title(title, line)
        if state == "running":
            self.stop_button.setEnabled(not self._asked_stop)
            self.stop_button.setText("Stopping…" if self._asked_stop else "Stop and keep the best")
            self.pause_button.setEnabled(not self._asked_pause and not self._asked_stop)
            self.pause_button.setText("Pausing…" if self._asked_pause else "Pause")
            self.header.set_actions(self.pause_button, self.stop_button)
        elif state == "queued":
            self.header.set_actions(self.leave_button)
        elif state == "finished":
            run = self.session.run if self.session is not None else None
            early = run is not None and run.folder.stopped_early() and run.folder.has_checkpoint()
            further = (self.further_button,) if early and not self._asked_resume else ()
            self.header.set_actions(*further, self.again_button, self.judge_button)
        elif state in {"stopped", "paused", "interrupted", "failed"} and not self._asked_resume:
            self.resume_button.setText("Go on →" if state == "paused" else "Resume →")
            self.header.set_actions(self.again_button, self.resume_button)
        else:
            self.header.set_actions()

    def _draw_progress(self, state: str, headline: str) -> None:
        story, progress = self.story, self.story.progress
        words = metric_words(headline)
        best = story.best.get(headline)
        right = f"best so far: pass {best[0]:.3g}" if best else ""
        if state == "finished" and story.finished is not None:
            value = story.finished.metrics.get(headline)
            stage = f"{words.title}: {words.write(value)}" if value is not None else "Done"
            detail = f"learned in {duration(story.finished.seconds)}"
            self.progress.show_progress(stage, 1.0, detail=detail, right=f"best: pass {best[0]:.3g}" if best else "")
            self.progress.line.set_fraction(1.0, "good")
            return
        if state == "queued":
            self.progress.show_progress("In the queue", 0.0, detail=self._turn())
            return
        if progress is None:
            self.progress.show_progress(
                "Getting ready",
                0.0 if state in {"failed", "stopped", "paused"} else None,
                detail="the first start takes a few seconds" if state in {"running", "waiting"} else "",
            )
            return
        ended = state in {"stopped", "paused", "interrupted", "failed"}  # nothing moves any more
        stage, fraction = progress.stage, 0.0 if ended else None
        if progress.total:
            fraction = story.share if state == "running" else progress.done / progress.total
            if progress.current_pass is not None:
                apart = progress.stage.partition(", ")[2]  # one that is taught beside the model says what for
                stage = f"Pass {progress.current_pass:,} of {progress.passes:,.0f}" + (f", {apart}" if apart else "")
        details = []
        if state == "running":
            details.append(
                "finishing the pass, then keeping the best"
                if self._asked_stop
                else "leaving a checkpoint"
                if self._asked_pause
                else left_words(progress.seconds_left)
            )
        elif ended:
            words = {
                "interrupted": "its process was ended; it can go on from here",
                "paused": "paused; it goes on from here, also tomorrow",
            }
            details.append(words.get(state, state))
        rate = _rate(progress)
        if state == "running" and rate:
            details.append(rate)
        self.progress.show_progress(stage, fraction, detail=" · ".join(filter(None, details)), right=right)
        self.progress.line.set_fraction(fraction, "accent" if state in {"running", "waiting"} else "muted")

    def _turn(self) -> str:
        queue, run = (self.session.queue, self.session.run) if self.session is not None else (None, None)
        waiting = [path for path, _ in queue.waiting] if queue is not None else []
        if run is None or run.folder.path not in waiting:
            return "it starts by itself"
        before = waiting.index(run.folder.path)
        held = queue is not None and queue.state is not None and queue.state.held
        if held:
            return "it starts when you go on with the paused run, or let the queue go on"
        return "it starts by itself" + (f", after {plural(before, 'other run')} that wait too" if before > 1 else "")

    def _draw_previews(self) -> None:
        preview, session = self.story.preview, self.session
        self._preview_card.setVisible(preview is not None)
        self._side.setStretch(2, 0 if preview is not None else 1)
        if preview is None or session is None or session.run is None:
            return
        root, index = root_of(session.run.folder), session.run.folder.index_path
        self._preview_card.set_title("What it thinks now" if session.run.running else "What it thought at the end")
        self.previews.show_kind(session.words, str(index) if index.exists() else "")
        self.previews.show_items([(key_of(str(root / item.path), item.part), item) for item in preview.items])

    def _draw_stages(self) -> None:
        view = self.story.stages
        self._stages_card.setVisible(view is not None)
        # beside the stages as narrow as the column above it; alone with all the room there is
        self.samples.setMaximumWidth(_COLUMN if view is not None else _ANY_WIDTH)
        self.samples.setMinimumWidth(_COLUMN)
        if view is None:
            return
        self._stages_card.set_title("Which stages learn", self.story.stages_sentence)
        if self._stages is None:
            self._stages = StagesPainter(view)
            self._stages.setMinimumHeight(_STAGES)
            self._stages.setMaximumHeight(self._stages_height)
            self._stages_card.body.addWidget(self._stages)
        elif self._stages.view != view:
            self._stages.set_view(view)

    def _draw_failure(self, state: str) -> None:
        failed, run = self.story.failed, self.session.run if self.session is not None else None
        self.failure.setVisible(state == "failed" and not self._asked_resume)
        if state != "failed" or run is None:
            return
        log = str(run.folder.log_path)
        if failed is not None:
            title = "The data cannot be used as it is" if failed.data_at_fault else "It did not work"
            self.failure.show_failure(title, failed.sentence, details=failed.details, log=log)
        else:
            self.failure.show_failure(
                "It did not work", "The run ended before it could say why; its log may tell.", details="", log=log
            )

    def _baselines(self, headline: str) -> dict[str, float]:
        """What the curve is held against: a baseline that the run told, else the best earlier run."""
        told = self.story.facts.get("baseline")
        if isinstance(told, dict) and isinstance(told.get("value"), int | float):
            return {str(told.get("name", "baseline")): float(told["value"])}
        best = best_earlier(self.session, headline)
        return {best.name: best.score} if best is not None else {}


def _rate(progress: Any) -> str:
    if not progress.rate:
        return ""
    unit = progress.unit or "steps"
    if unit in {"passes", "epochs"}:
        seconds = 1 / progress.rate
        return f"{seconds:.0f} s a pass" if seconds >= 1.5 else ""
    return f"{progress.rate:,.0f} {unit} a second" if progress.rate >= 1.5 else f"{progress.rate:.2g} {unit} a second"
