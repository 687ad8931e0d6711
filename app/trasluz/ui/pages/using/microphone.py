"""Recording from the microphone: level, seconds, and a WAV file that is answered like any other recording."""

import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from trasluz.ui import theme
from trasluz.ui.microphone import RATE, Microphone, written
from trasluz.ui.widgets import Card, Label, PrimaryButton, SmallButton
from trasluz.ui.widgets.basic import Painted

LONGEST = 60.0
"""Seconds after which a recording ends by itself."""
SHORTEST = 0.1


class Levels(Painted):
    """How loud it was, moment by moment, the latest at the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._levels: list[float] = []
        self.setMinimumHeight(120)
        self.setAccessibleName("How loud it is")

    def forget(self) -> None:
        """Begin anew."""
        self._levels.clear()
        self.update()

    def hear(self, samples: np.ndarray) -> None:
        """One more moment, (S,) from -1 to 1."""
        self._levels = [*self._levels[-_MOMENTS:], float(np.abs(samples).max(initial=0))]
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's: bars around the middle."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("chip"))
        painter.drawRoundedRect(QRectF(self.rect()), 8, 8)
        painter.setBrush(theme.color("accent"))
        room = max(1, (self.width() - 24) // 5)
        for i, level in enumerate(self._levels[-room:]):
            tall = max(3.0, level**0.5 * (self.height() - 24))
            painter.drawRoundedRect(QRectF(12 + i * 5, (self.height() - tall) / 2, 3, tall), 1.5, 1.5)


_MOMENTS = 1000


class MicrophonePanel(Card):
    """Records as long as the person likes, up to a minute."""

    kept = Signal(object)
    """The path of a recording that was made."""
    closed = Signal()

    def __init__(self, microphone: Microphone | None = None) -> None:
        super().__init__("Record")
        self.microphone = microphone or Microphone(self)
        self.microphone.heard.connect(self.heard)
        self._pieces: list[np.ndarray] = []
        self._rate = RATE
        self.levels = Levels()
        self.said = Label("", "muted", wrap=True)
        self.trouble = Label("", "bad", wrap=True)
        self.record_button = PrimaryButton("Record", self.turn)
        self.head.addWidget(SmallButton("Close", self._close))
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(self.record_button)
        row.addWidget(self.said, 1)
        self.body.addWidget(self.levels)
        self.body.addLayout(row)
        self.body.addWidget(self.trouble)
        self.body.addStretch(1)
        words = "What you record goes to the model on this computer and nowhere else."
        self.body.addWidget(Label(words, "muted", wrap=True))
        self._say_ready()

    @property
    def recording(self) -> bool:
        """Whether it records now."""
        return self.microphone.running

    def refusal(self) -> str:
        """Why there can be no recording, or empty."""
        return self.microphone.refusal()

    def turn(self) -> None:
        """Begin, or end and keep."""
        if self.recording:
            self.finish()
        else:
            self._begin()

    def _begin(self) -> None:
        self._pieces = []
        self.levels.forget()
        refusal = self.microphone.start()
        self.trouble.setText(refusal)
        if not refusal:
            self._rate = self.microphone.rate
            self.record_button.setText("Stop and answer")

    def heard(self, samples: Any) -> None:
        """Take a piece of sound, (S,) float32."""
        self._pieces.append(np.asarray(samples, np.float32))
        self.levels.hear(self._pieces[-1])
        self.said.setText(f"{self.seconds:.1f} s")
        if self.seconds >= LONGEST and self.recording:
            self.finish()

    @property
    def seconds(self) -> float:
        """How much is recorded."""
        return sum(map(len, self._pieces)) / self._rate

    def finish(self) -> None:
        """End, and keep what was recorded."""
        self.stop()
        if self.seconds < SHORTEST:
            self.trouble.setText("Nothing was recorded: the microphone gave no sound.")
            return
        path = write_recording(written(np.concatenate(self._pieces)), self._rate)
        self._pieces = []
        self.kept.emit(path)

    def stop(self) -> None:
        """End, and keep nothing."""
        self.microphone.stop()
        self._say_ready()

    def _say_ready(self) -> None:
        self.record_button.setText("Record")
        self.said.setText(f"Up to {LONGEST:.0f} seconds; it is answered when you stop.")

    def _close(self) -> None:
        self.stop()
        self.closed.emit()


def write_recording(samples: bytes, rate: int = RATE) -> Path:
    """Write 16-bit samples to a WAV file in the cache, named by the moment."""
    from trasluz.core.places import cache_folder

    folder = cache_folder() / "recorded"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"recording-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 1000:03d}.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples)
    return path
