"""Making a training set by reading aloud: a prompt, a recording, a look at it, the next one."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from trasluz.api import DataError
from trasluz.core.data.recording_set import RecordingSet, prompts_of, trouble_of

from .files import choose_file, choose_folder
from .microphone import Microphone, written
from .pages.using.microphone import Levels
from .sound import Player
from .steps import plural
from .widgets import Label, PrimaryButton, SecondaryButton, StepProgress

LONGEST = 60.0
"""Seconds after which a recording ends by itself; no longer ones are listened to."""
_EDGE = 0.3
"""Seconds of a recording that are taken off at its end: of the key that ended it."""
_CLASSES, _SENTENCES = "words", "sentences"


class ReadingDialog(QDialog):
    """First what is read, by whom and into which folder; then prompt after prompt.

    Args:
        parent: The window.
        microphone: Another one than the system's, for tests.
    """

    made = Signal(object)
    """The folder of a set that is to be opened."""

    def __init__(self, parent: QWidget | None = None, *, microphone: Microphone | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Record a set by reading aloud")
        self.setMinimumSize(680, 540)
        self.microphone = microphone or Microphone(self)
        self.microphone.heard.connect(self._heard)
        self.player = Player(self)
        self.set: RecordingSet | None = None
        self.number = 0
        self._pieces: list[np.ndarray] = []
        self._rate = 1
        self._last: tuple[np.ndarray, int] | None = None
        self._stack = QStackedWidget()
        self._stack.addWidget(self._build_first())
        self._stack.addWidget(self._build_reading())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 20)
        layout.addWidget(self._stack)
        self._kind_chosen()
        self.trouble.setText(self.microphone.refusal())

    # the first side

    def _build_first(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        layout.addWidget(Label("Record a set by reading aloud", "heading"))
        self._lead = Label("", "muted", wrap=True)
        layout.addWidget(self._lead)
        self.kind = QComboBox()
        self.kind.addItem("Words or sounds to be told apart", _CLASSES)
        self.kind.addItem("Sentences to be written down", _SENTENCES)
        self.kind.currentIndexChanged.connect(lambda _index: self._kind_chosen())
        self.takes = QSpinBox()
        self.takes.setRange(2, 500)
        self.takes.setValue(10)
        self.takes.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.speaker = QLineEdit()
        self.speaker.setPlaceholderText("a name, so that the model can be judged by other voices")
        self.prompts = QPlainTextEdit()
        self.folder = QLineEdit()
        self.folder.setPlaceholderText("an empty folder, or one with a set to go on with")
        place = QHBoxLayout()
        place.addWidget(self.folder, 1)
        place.addWidget(SecondaryButton("Choose…", self._choose_folder))
        self._form = form = QFormLayout()
        form.setSpacing(10)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        rows: tuple[tuple[str, QWidget | QHBoxLayout], ...] = (
            ("What is read", self.kind),
            ("Prompts", self.prompts),
            ("Times each", self.takes),
            ("Who reads", self.speaker),
            ("Folder", place),
        )
        for name, widget in rows:
            form.addRow(name, widget)
            if isinstance(widget, QWidget):
                widget.setAccessibleName(name)
        self.folder.setAccessibleName("Folder")
        layout.addLayout(form, 1)
        self.trouble = Label("", "bad", wrap=True)
        layout.addWidget(self.trouble)
        buttons = QHBoxLayout()
        buttons.addWidget(SecondaryButton("Prompts from a text file…", self._choose_prompts))
        buttons.addStretch(1)
        buttons.addWidget(SecondaryButton("Close", self.reject))
        self.begin_button = PrimaryButton("Begin →", self.begin)
        buttons.addWidget(self.begin_button)
        layout.addLayout(buttons)
        return page

    def _kind_chosen(self) -> None:
        classes = self.kind.currentData() == _CLASSES
        self._form.setRowVisible(self.takes, classes)
        self.prompts.setPlaceholderText("yes\nno\nstop" if classes else "One sentence a line, as it is to be written.")
        self._lead.setText(
            "Each word is read several times, the words in changing order; a model learns to tell them apart."
            if classes
            else "Each sentence is read once; a model learns to write down what is said. To do so for "
            "anybody takes hours of speech; for one voice and few words far less."
        )

    def _choose_prompts(self) -> None:
        name = choose_file(self, "Prompts, one a line", "Text (*.txt *.csv *.md);;All files (*)")
        if not name:
            return
        try:
            text = Path(name).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            self.trouble.setText(f"“{Path(name).name}” cannot be read as text; save it as UTF-8.")
            return
        self.prompts.setPlainText("\n".join(prompts_of(text)))

    def _choose_folder(self) -> None:
        if name := choose_folder(self, "Where the recordings go"):
            self.folder.setText(name)

    def begin(self) -> None:
        """Go to the first prompt that is not recorded; say what is missing where it cannot be."""
        if refusal := self.microphone.refusal():
            self.trouble.setText(refusal)
            return
        if not self.folder.text().strip():
            self.trouble.setText("Choose a folder for the recordings first.")
            return
        try:
            self.set = RecordingSet(
                Path(self.folder.text().strip()).expanduser(),
                prompts_of(self.prompts.toPlainText()),
                speaker=self.speaker.text(),
                classes=self.kind.currentData() == _CLASSES,
                takes=self.takes.value(),
            )
        except DataError as error:
            self.trouble.setText(str(error))
            return
        self.trouble.setText("")
        self._stack.setCurrentIndex(1)
        self._show(self.set.following())

    # prompt after prompt

    def _build_reading(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(14)
        self.progress = StepProgress()
        self.prompt = Label("", "title", wrap=True)
        self.prompt.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.levels = Levels()
        self.said = Label("", "muted", wrap=True)
        self.wrong = Label("", "bad", wrap=True)
        self.record_button = PrimaryButton("Record", self.turn, tip="Space")
        self.play_button = SecondaryButton("Play", self._play, tip="P")
        self.back_button = SecondaryButton("← Back", lambda: self._show(max(0, self.number - 1)))
        self.next_button = SecondaryButton("Next →", self._next, tip="Enter")
        self.open_button = SecondaryButton("Open this data →", self._open)
        layout.addWidget(self.progress)
        layout.addStretch(1)
        layout.addWidget(self.prompt)
        layout.addStretch(1)
        layout.addWidget(self.levels)
        layout.addWidget(self.said)
        layout.addWidget(self.wrong)
        buttons = QHBoxLayout()
        for widget in (self.back_button, self.record_button, self.play_button, self.next_button):
            buttons.addWidget(widget)
        buttons.addStretch(1)
        buttons.addWidget(self.open_button)
        layout.addLayout(buttons)
        keys: tuple[tuple[Qt.Key, Callable[[], None]], ...] = (
            (Qt.Key.Key_Space, self.turn),
            (Qt.Key.Key_P, self._play),
            (Qt.Key.Key_Return, self._next),
        )
        for key, does in keys:
            QShortcut(QKeySequence(key), page, does, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        return page

    def _show(self, number: int) -> None:
        reading = self.set
        if reading is None:
            return
        self._stop()
        self._last = None
        count, done = len(reading.prompts), reading.recorded
        self.number = min(number, count)
        over = self.number >= count
        prompt = "" if over else reading.prompts[self.number].text
        self.prompt.setText("All is recorded." if over else prompt)
        self.progress.show_progress(
            f"Prompt {self.number + 1} of {count}" if not over else plural(count, "recording"),
            done / count,
            detail=f"{done} recorded by {reading.speaker}",
        )
        recorded = not over and reading.is_recorded(self.number)
        self.said.setText(
            ""
            if over
            else "This one is recorded; record it again to replace it."
            if recorded
            else "Press Record, read."
        )
        self.wrong.setText("")
        self.levels.forget()
        self.record_button.setEnabled(not over)
        self.back_button.setEnabled(self.number > 0)
        self.next_button.setEnabled(not over)
        self.play_button.setEnabled(False)
        self.open_button.setEnabled(done > 0)

    def turn(self) -> None:
        """Begin to record the prompt, or end it and keep it."""
        reading = self.set
        if reading is None or self.number >= len(reading.prompts):
            return
        if self.microphone.running:
            self._finish()
            return
        self.player.stop()
        self._pieces = []
        self.levels.forget()
        refusal = self.microphone.start()
        self.wrong.setText(refusal)
        if not refusal:
            self._rate = self.microphone.rate
            self.record_button.setText("Stop")
            self.said.setText("Recording…")

    def _heard(self, samples: np.ndarray) -> None:
        self._pieces.append(samples)
        self.levels.hear(samples)
        if sum(map(len, self._pieces)) >= LONGEST * self._rate and self.microphone.running:
            self._finish()

    def _stop(self) -> None:
        self.microphone.stop()
        self.player.stop()
        self.record_button.setText("Record")

    def _finish(self) -> None:
        self._stop()
        reading = self.set
        samples = np.concatenate(self._pieces) if self._pieces else np.zeros(0, np.float32)
        if reading is None:
            return
        if len(samples) > 3 * _EDGE * self._rate:
            samples = samples[: len(samples) - round(_EDGE / 3 * self._rate)]
        if wrong := trouble_of(samples, self._rate):
            self.wrong.setText(wrong)
            self.said.setText("It was not kept.")
            return
        try:
            reading.keep(self.number, written(samples), self._rate)
        except DataError as error:
            self.wrong.setText(str(error))
            return
        self._last = (samples, self._rate)
        self.wrong.setText("")
        self.said.setText(f"Kept: {len(samples) / self._rate:.1f} s. Play it, record it again, or go on.")
        self.play_button.setEnabled(True)
        self.open_button.setEnabled(True)
        done, count = reading.recorded, len(reading.prompts)
        self.progress.show_progress(
            f"Prompt {self.number + 1} of {count}", done / count, detail=f"{done} recorded by {reading.speaker}"
        )

    def _play(self) -> None:
        if self._last is not None and (refusal := self.player.play(*self._last)):
            self.wrong.setText(refusal)

    def _next(self) -> None:
        if self.set is not None and not self.microphone.running:
            self._show(self.set.following(self.number))

    def _open(self) -> None:
        if self.set is not None:
            folder = self.set.folder
            self.accept()
            self.made.emit(folder)

    # leaving

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: Enter goes on, and does not close what is read."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()
            return
        super().keyPressEvent(event)

    def done(self, result: int) -> None:
        """Qt's: the microphone is not left on."""
        self._stop()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Qt's: as above."""
        self._stop()
        super().closeEvent(event)
