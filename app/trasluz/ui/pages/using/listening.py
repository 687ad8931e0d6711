"""Live listening: what the microphone hears is answered while it goes on, and what was surely heard is written down."""

import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSlider, QVBoxLayout

from trasluz.api import Bars
from trasluz.ui.kinds import KindWords
from trasluz.ui.microphone import Microphone
from trasluz.ui.pages.words import share_words
from trasluz.ui.views.bars import BarsPainter
from trasluz.ui.widgets import Card, Label, SmallButton

from .microphone import Levels

if TYPE_CHECKING:
    from pathlib import Path

    from trasluz.ui.bridge.call import Call, Trouble
    from trasluz.ui.session import Session

WINDOWS = {"half a second": 0.5, "one second": 1.0, "two seconds": 2.0, "five seconds": 5.0, "ten seconds": 10.0}
WINDOW = 1.0
SURE = 70
"""Percent from which on something counts as heard, before the person moves it."""
_LEAST = 0.1
"""Seconds of sound that are sent at once, at least."""
_MOST = 20.0
"""Seconds that wait at the most while the model is slower than the sound; older ones are let go."""
_BARS = 5
_HEARD = 200
_SHOWN = 9


class LiveEar(QObject):
    """Sends what is heard to the host, the next piece when the last is answered, so that nothing piles up there."""

    answered = Signal(dict)
    """The host's answer (`Service.hear`), with `at`: the second of the listening that it is about."""
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session: Session | None = None
        self._model = self._name = ""
        self._call: Call | None = None
        self._waiting: list[np.ndarray] = []
        self._rate = 1
        self._seconds = WINDOW
        self.heard, self.answers = 0.0, 0
        """Seconds that were heard, and how many answers came."""

    def start(self, session: "Session", model: "Path", *, rate: int, seconds: float) -> None:
        """Answer by this model from now on, looking back so many seconds."""
        self.stop()
        self._session, self._model, self._name = session, str(model), uuid4().hex
        self._rate, self._seconds = rate, seconds
        self._waiting, self.heard, self.answers = [], 0.0, 0

    @property
    def running(self) -> bool:
        """Whether it takes what is heard."""
        return self._session is not None

    def stop(self) -> None:
        """Send no more."""
        if self._call is not None:
            self._call.cancel()
        self._session = self._call = None

    def hear(self, samples: Any) -> None:
        """Take a piece, (S,) float32."""
        if self._session is None:
            return
        self.heard += len(samples) / self._rate
        self._waiting.append(samples)
        while len(self._waiting) > 1 and sum(map(len, self._waiting)) > _MOST * self._rate:
            self._waiting.pop(0)
        self._ask()

    def _ask(self) -> None:
        session = self._session
        if session is None or self._call is not None or sum(map(len, self._waiting)) < _LEAST * self._rate:
            return
        piece, at = np.ascontiguousarray(np.concatenate(self._waiting), np.float32), self.heard
        self._waiting = []
        self._call = session.host.call(
            self,
            "hear",
            {
                "model": self._model,
                "samples": piece,
                "rate": self._rate,
                "name": self._name,
                "seconds": self._seconds,
                "device": session.device,
            },
            success=lambda found: self._came(found, at),
            failure=self._no,
        )

    def _came(self, found: dict[str, Any], at: float) -> None:
        self._call = None
        self.answers += 1
        self.answered.emit({**found, "at": at})
        self._ask()

    def _no(self, trouble: "Trouble") -> None:
        self._call = None
        self.failed.emit(trouble.sentence)


class ListeningPanel(Card):
    """How loud it is, what is heard now, and what was heard surely enough, with its moment."""

    closed = Signal()

    def __init__(self, microphone: Microphone | None = None) -> None:
        super().__init__("Listening")
        self.microphone = microphone or Microphone(self)
        self.live = LiveEar(self)
        self.microphone.heard.connect(self._hear)
        self.live.answered.connect(self._answer)
        self.live.failed.connect(self._fail)
        self._session: Session | None = None
        self._model: Path | None = None
        self._texts = False
        self.heard: list[tuple[float, str, float]] = []
        """What was surely heard: second, class, how sure at its surest."""
        self._last: tuple[float, str] = (-1e9, "")
        self._began = 0.0
        self.levels = Levels()
        self.title = Label("", "heading", wrap=True)
        self.facts = Label("", "muted", wrap=True)
        self.trouble = Label("", "bad", wrap=True)
        self.bars = BarsPainter(Bars("What it could be", (), ()))
        self.bars.setFixedHeight(_BARS * 30)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 99)
        self.slider.setAccessibleName("How sure the model must be, in percent")
        self.slider.valueChanged.connect(self._threshold_moved)
        self.threshold_words = Label("", "strong")
        self.windows = QComboBox()
        self.windows.setAccessibleName("How far back an answer looks")
        for words, seconds in WINDOWS.items():
            self.windows.addItem(words, seconds)
        self.windows.setCurrentIndex(list(WINDOWS.values()).index(WINDOW))
        self.windows.activated.connect(lambda _index: self._begin())
        self.log = Label("", "body", wrap=True)
        self.log.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.log.setAccessibleName("What was heard")
        self._log_title = Label("Heard", "strong")
        self.stop_button = SmallButton("Stop listening", self._close)
        self.head.addWidget(self.stop_button)
        self._lay_out()
        self.slider.setValue(SURE)

    def _lay_out(self) -> None:
        left, right = QVBoxLayout(), QVBoxLayout()
        for column in (left, right):
            column.setSpacing(10)
        self._window_label = Label("An answer looks back", "muted")
        window = QHBoxLayout()
        window.setSpacing(10)
        window.addWidget(self._window_label)
        window.addWidget(self.windows)
        window.addStretch(1)
        for widget in (self.levels, self.title, self.facts, self.trouble, self.bars):
            left.addWidget(widget)
        left.addStretch(1)
        for widget in (self.threshold_words, self.slider):
            right.addWidget(widget)
        right.addLayout(window)
        right.addSpacing(8)
        right.addWidget(self._log_title)
        right.addWidget(self.log, 1)
        row = QHBoxLayout()
        row.setSpacing(28)
        row.addLayout(left, 5)
        row.addLayout(right, 3)
        self.body.addLayout(row, 1)
        words = "What is heard goes to the model on this computer and is not kept."
        self.body.addWidget(Label(words, "muted", wrap=True))

    @property
    def running(self) -> bool:
        """Whether it listens."""
        return self.microphone.running

    def start(self, session: "Session", model: "Path", words: KindWords) -> str:
        """Begin; why that cannot be, or empty."""
        self._session, self._model, self._texts = session, model, not words.classes
        for widget in (self.bars, self.slider, self.threshold_words, self.windows, self._window_label):
            widget.setVisible(not self._texts)
        for widget in (self.log, self._log_title):
            widget.setVisible(not self._texts)
        self._say("Listening…")
        self.facts.setText("")
        self.trouble.setText("")
        self.heard, self._last = [], (-1e9, "")
        self._show_heard()
        self.levels.forget()
        if refusal := self.microphone.start():
            return refusal
        self._begin()
        return ""

    def _begin(self) -> None:
        """Begin to answer, anew where the window has changed."""
        if self._session is not None and self._model is not None and self.running:
            seconds = float(self.windows.currentData())
            self._began = time.monotonic()
            self.live.start(self._session, self._model, rate=self.microphone.rate, seconds=seconds)

    def stop(self) -> None:
        """Listen no more."""
        self.microphone.stop()
        self.live.stop()

    def _close(self) -> None:
        self.stop()
        self.closed.emit()

    # what comes

    def _hear(self, samples: Any) -> None:
        if not self.live.running:
            self._begin()  # the system has asked the person first
        self.levels.hear(samples)
        self.live.hear(samples)

    def _answer(self, found: dict[str, Any]) -> None:
        self.trouble.setText("")
        self._tell_pace(found)
        prediction = found.get("prediction")
        if self._texts:
            if prediction is not None:
                self._say(str(prediction["text"]) or "Listening…")
            return
        top = list((prediction or {}).get("top") or [])[:_BARS]
        sure = float((prediction or {}).get("score") or 0.0)
        certain = bool(top) and sure >= self.threshold
        label = str(top[0][0]) if top else ""
        self.bars.set_view(
            Bars("What it could be", [t[0] for t in top], [t[1] for t in top], highlight=label if certain else None)
        )
        if found.get("quiet") or not top:
            self._say("It is quiet" if found.get("quiet") else "Listening…")
        elif certain:
            self._say(f"{label} · {share_words(sure)} sure")
            self._keep(float(found["at"]), label, sure)
        else:
            self._say("Nothing it is sure of")

    @property
    def threshold(self) -> float:
        """From how sure on, 0 to 1, something counts as heard."""
        return self.slider.value() / 100

    def _keep(self, at: float, label: str, sure: float) -> None:
        """The same class again within the window is the same sound."""
        last, before = self._last
        self._last = (at, label)
        if before == label and self.heard and at - last <= float(self.windows.currentData()):
            moment, _, most = self.heard[-1]
            self.heard[-1] = (moment, label, max(most, sure))
        else:
            self.heard = [*self.heard[-_HEARD:], (at, label, sure)]
        self._show_heard()

    def _show_heard(self) -> None:
        rows = [f"{_clock(at)}   {label} · {share_words(sure)}" for at, label, sure in reversed(self.heard[-_SHOWN:])]
        self.log.setText("\n".join(rows) if rows else "Nothing yet.")

    def _threshold_moved(self, percent: int) -> None:
        self.threshold_words.setText(f"Counts as heard from {percent}% sure" if percent else "Everything counts")

    def _tell_pace(self, found: dict[str, Any]) -> None:
        rate = self.live.answers / max(time.monotonic() - self._began, 1e-6)
        how = "each moment is heard once, and remembered" if found.get("remembers") else "the last moments, each time"
        self.facts.setText(f"{rate:.0f} answers a second · {how}" if rate >= 1 else how)

    def _say(self, words: str) -> None:
        if words != self.title.text():
            self.title.setText(words)

    def _fail(self, sentence: str) -> None:
        self.trouble.setText(sentence)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
