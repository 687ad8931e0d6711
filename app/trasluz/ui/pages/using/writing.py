"""Letting a model write: from a start or from nothing, as fast as an eye can follow, with what else might have come."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from trasluz.api import Bars
from trasluz.ui.pages.scrolled import scrolled
from trasluz.ui.views.bars import BarsPainter
from trasluz.ui.widgets import Card, Label, PrimaryButton, SecondaryButton

from .answer import provider_words
from .inside import Inside
from .written import WrittenText

if TYPE_CHECKING:
    from trasluz.ui.bridge.call import Call, Trouble
    from trasluz.ui.session import Session

_TICK = 33
_PACES = (("slowly", 8.0), ("as one reads", 40.0), ("fast", 400.0), ("at once", 0.0))
_MOST_KEPT = 8
_SIDE = 400
_WORDS = 118
_VISIBLE = {" ": "␣", "\n": "⏎", "\t": "⇥"}


class WritingPanel(QWidget):
    """Asks a model to write on, shows the text as it comes, and the likelihoods behind each character."""

    def __init__(self) -> None:
        super().__init__()
        self._session: Session | None = None
        self._model = ""
        self._call: Call | None = None
        self._waiting: list[dict[str, Any]] = []
        self._shown: list[dict[str, Any]] = []
        self._result: dict[str, Any] | None = None
        self._due = 0.0
        self._clock = QTimer(self)
        self._clock.setInterval(_TICK)
        self._clock.timeout.connect(self._tick)
        self.start = QPlainTextEdit()
        self.start.setAccessibleName("What it goes on from")
        self.start.setPlaceholderText("What it goes on from. Left empty, it begins by itself, from one start symbol.")
        self.start.setFixedHeight(62)
        self.start.setTabChangesFocus(True)
        self.temperature = QSlider(Qt.Orientation.Horizontal)
        self.temperature.setRange(0, 200)
        self.temperature.setValue(80)
        self.temperature.setAccessibleName("Temperature, in hundredths")
        self.temperature.setToolTip("Below 1 the likely comes more often, at 0 always the likeliest; above 1 it dares.")
        self.top_k = QSlider(Qt.Orientation.Horizontal)
        self.top_k.setRange(0, 40)
        self.top_k.setAccessibleName("Top-k")
        self.top_k.setToolTip("Only so many of the likeliest characters may be drawn; all the way left, all of them.")
        self.length = _counted(1, 100_000, 600, "How many characters it writes")
        self.seed = _counted(0, 2**31 - 1, 0, "The same seed writes the same text")
        self.pace = QComboBox()
        for name, _ in _PACES:
            self.pace.addItem(name)
        self.pace.setCurrentIndex(1)
        self.pace.setMinimumWidth(152)  # of its longest choice
        self.pace.setAccessibleName("How fast it is shown")
        self._temperature_words, self._top_k_words = Label("", "body"), Label("", "body")
        self.at_top: tuple[SecondaryButton, ...] = ()
        self.write_button = PrimaryButton("Write →", self.write)
        self.stop_button = SecondaryButton("Stop", self.stop)
        self.stop_button.setEnabled(False)
        self.text = WrittenText()
        self.text.pointed.connect(self._pointed)
        self.facts = Label("", "muted", wrap=True)
        self.bars = BarsPainter(Bars("What came next", (), ()))
        self.bars.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.bars.setFixedHeight(_MOST_KEPT * 30)
        self.place = Label("", "muted", wrap=True)
        self.inside = Inside()
        for slider in (self.temperature, self.top_k):
            slider.valueChanged.connect(self._say_sliders)
        self._temperature_words.setMinimumWidth(_WORDS)
        self._say_sliders()
        self._arrange()

    def _arrange(self) -> None:
        left = Card()
        left.body.addWidget(self.start)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        for column, (words, widget) in enumerate(
            ((self._temperature_words, self.temperature), (self._top_k_words, self.top_k))
        ):
            grid.addWidget(words, 0, column)
            grid.addWidget(widget, 1, column)
            grid.setColumnStretch(column, 1)
        for column, (name, widget) in enumerate(
            (("Characters", self.length), ("Seed", self.seed), ("Shown", self.pace)), start=2
        ):
            grid.addWidget(Label(name, "body"), 0, column)
            grid.addWidget(widget, 1, column)
        left.body.addLayout(grid)
        row = QHBoxLayout()
        row.addWidget(self.write_button)
        row.addWidget(self.stop_button)
        row.addWidget(self.facts, 1)
        left.body.addLayout(row)
        left.body.addWidget(self.text, 1)
        right = Card("What came next")
        right.body.addWidget(self.place)
        right.body.addWidget(self.bars)
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(16)
        column.addWidget(right)
        column.addWidget(self.inside, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(16)
        layout.addWidget(left, 1)
        area = scrolled(side)
        area.setFixedWidth(_SIDE)
        layout.addWidget(area)
        self.place.setText("Point at a character of the text to see what else might have stood there.")

    # what to show

    def show_model(self, session: "Session", model: Path) -> None:
        """Write with another model."""
        self._session = session
        if str(model) == self._model:
            return
        self.forget()
        self._model = str(model)
        self.inside.show_model(session, model)

    def forget(self) -> None:
        """Stop, and take a fresh sheet."""
        self.stop()
        self._model = ""
        self._shown = []
        self.text.begin("")
        self.facts.setText("")
        self.bars.set_view(Bars("What came next", (), ()))

    # writing

    @property
    def under_way(self) -> bool:
        """Whether something is still to be shown."""
        return self._clock.isActive()

    def write(self) -> None:
        """Write from the start that stands there."""
        if self._session is None or not self._model:
            return
        self.stop()
        start = self.start.toPlainText()
        self._shown, self._waiting, self._result, self._due = [], [], None, 0.0
        self.text.begin(start)
        self.facts.setText("")
        params = {
            "model": self._model,
            "start": start,
            "length": self.length.value(),
            "temperature": self.temperature.value() / 100,
            "top_k": self.top_k.value(),
            "seed": self.seed.value(),
            "device": self._session.device,
        }
        self._call = self._session.host.call(
            self, "generate", params, success=self._done, failure=self._failed, progress=self._came
        )
        self.stop_button.setEnabled(True)
        self._clock.start()

    def stop(self) -> None:
        """Write no further; what stands there stays."""
        if self._call is not None:
            self._call.cancel()
            self._call = None
        if self._clock.isActive():
            self._clock.stop()
            self.facts.setText(f"Stopped after {len(self._shown):,} characters.")
            self._look_inside()
        self._waiting = []
        self.stop_button.setEnabled(False)

    def _came(self, step: dict[str, Any]) -> None:
        self._waiting += step.get("rows", ())

    def _done(self, result: dict[str, Any]) -> None:
        self._call = None
        self._result = result

    def _failed(self, trouble: "Trouble") -> None:
        self._call = None
        self._clock.stop()
        self.stop_button.setEnabled(False)
        self.facts.setText(trouble.sentence)

    def _tick(self) -> None:
        pace = _PACES[self.pace.currentIndex()][1]
        self._due = float(len(self._waiting)) if not pace else min(self._due + pace * _TICK / 1000, 1e6)
        count = min(int(self._due), len(self._waiting), 2000)
        if count:
            self._due -= count
            rows, self._waiting = self._waiting[:count], self._waiting[count:]
            self._shown += rows
            self.text.add([str(row["text"]) for row in rows])
            self._show_step(len(self._shown) - 1)
        elif not self._waiting:
            self._due = min(self._due, 1.0)  # it is not made up for what the model took
        if self._result is not None and not self._waiting:
            self._clock.stop()
            self.stop_button.setEnabled(False)
            self._say_result(self._result)
            self._look_inside()

    def _say_result(self, result: dict[str, Any]) -> None:
        words = (
            f"{result['length']:,} characters, {result['pieces_per_second']:,.0f} a second on the "
            f"{provider_words(str(result['provider']))}."
        )
        if result["unknown"]:
            words += f" It never learned {' '.join(f'“{c}”' for c in result['unknown'])}."
        self.facts.setText(words)

    def _look_inside(self) -> None:
        self.inside.show_text(self.text.written)

    # one step

    def _pointed(self, number: int) -> None:
        if not self._clock.isActive() and 0 <= number < len(self._shown):
            self._show_step(number)

    def _show_step(self, number: int) -> None:
        row = self._shown[number]
        top = row.get("top", [])[:_MOST_KEPT]
        chosen = _VISIBLE.get(row["text"], row["text"])
        before = "".join(str(each["text"]) for each in self._shown[max(0, number - 16) : number])
        context = f"…{before}" if number else (self.start.toPlainText()[-16:] or "the start")
        self.place.setText(f"After “{' '.join(context.split())}” it drew “{chosen}” ({row.get('score') or 0:.1%}).")
        self.bars.set_view(
            Bars("What came next", [name for name, _ in top], [share for _, share in top], highlight=chosen)
        )

    def _say_sliders(self) -> None:
        self._temperature_words.setText(f"Temperature {self.temperature.value() / 100:.2f}")
        k = self.top_k.value()
        self._top_k_words.setText(f"Top-k: {k}" if k else "Top-k: all")


def _counted(low: int, high: int, value: int, name: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(low, high)
    box.setValue(value)
    box.setAccessibleName(name)
    box.setToolTip(name)
    box.setGroupSeparatorShown(True)
    box.setMaximumWidth(100)
    box.lineEdit().setTextMargins(6, 0, 0, 0)
    return box
