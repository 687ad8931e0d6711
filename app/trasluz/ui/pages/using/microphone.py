"""Recording from the microphone: level, seconds, and a WAV file that is answered like any other recording."""

import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QIODevice, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from trasluz.ui import theme
from trasluz.ui.sound import NO_MULTIMEDIA
from trasluz.ui.widgets import Card, Label, PrimaryButton, SmallButton
from trasluz.ui.widgets.basic import Painted

NO_MICROPHONE = "No microphone was found. Connect one, or open a recording from a file."
RATE = 16_000
LONGEST = 60.0
"""Seconds after which a recording ends by itself."""
_SHORTEST = 0.1


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

    def add(self, level: float) -> None:
        """One more moment, from 0 to 1."""
        self._levels.append(level)
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


class MicrophonePanel(Card):
    """Records as long as the person likes, up to a minute."""

    kept = Signal(object)
    """The path of a recording that was made."""
    closed = Signal()

    def __init__(self) -> None:
        super().__init__("Record")
        self._source: Any = None
        self._device: QIODevice | None = None
        self._pieces: list[bytes] = []
        self._begun = 0.0
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
        self._pace = QTimer(self, interval=50)
        self._pace.timeout.connect(self._listen)
        self._say_ready()

    @property
    def recording(self) -> bool:
        """Whether it records now."""
        return self._source is not None

    def refusal(self) -> str:
        """Why there can be no recording, or empty."""
        try:
            from PySide6.QtMultimedia import QMediaDevices
        except ImportError:
            return NO_MULTIMEDIA
        return NO_MICROPHONE if QMediaDevices.defaultAudioInput().isNull() else ""

    def turn(self) -> None:
        """Begin, or end and keep."""
        if self.recording:
            self.finish()
        else:
            self._begin()

    def _begin(self) -> None:
        if refusal := self.refusal():
            self.trouble.setText(refusal)
            return
        from PySide6.QtMultimedia import QAudioFormat, QAudioSource, QMediaDevices

        form = QAudioFormat()
        form.setSampleRate(RATE)
        form.setChannelCount(1)
        form.setSampleFormat(QAudioFormat.SampleFormat.Int16)
        device = QMediaDevices.defaultAudioInput()
        if not device.isFormatSupported(form):
            self.trouble.setText(
                "The microphone gives no sound at 16 kHz; record with another program and open the file."
            )
            return
        self.trouble.setText("")
        self._pieces, self._begun = [], time.monotonic()
        self.levels.forget()
        self._source = QAudioSource(device, form, self)
        self._device = self._source.start()
        self.record_button.setText("Stop and answer")
        self._pace.start()

    def _listen(self) -> None:
        if self._device is None:
            return
        self.heard(bytes(self._device.readAll().data()))
        if self.seconds >= LONGEST:
            self.finish()

    def heard(self, piece: bytes) -> None:
        """Take a piece of sound: 16-bit samples."""
        if not piece:
            return
        self._pieces.append(piece)
        samples = np.frombuffer(piece[: len(piece) // 2 * 2], dtype="<i2")
        self.levels.add(float(np.abs(samples).max(initial=0)) / 32768)
        self.said.setText(f"{self.seconds:.1f} s")

    @property
    def seconds(self) -> float:
        """How much is recorded."""
        return sum(map(len, self._pieces)) / 2 / RATE

    def finish(self) -> None:
        """End, and keep what was recorded."""
        self.stop()
        if self.seconds < _SHORTEST:
            self.trouble.setText("Nothing was recorded: the microphone gave no sound.")
            return
        path = write_recording(b"".join(self._pieces))
        self._pieces = []
        self.kept.emit(path)

    def stop(self) -> None:
        """End, and keep nothing."""
        self._pace.stop()
        if self._source is not None:
            self._source.stop()
            self._source.deleteLater()
            self._source = self._device = None
        self._say_ready()

    def _say_ready(self) -> None:
        self.record_button.setText("Record")
        self.said.setText(f"Up to {LONGEST:.0f} seconds; it is answered when you stop.")

    def _close(self) -> None:
        self.stop()
        self.closed.emit()


def write_recording(samples: bytes) -> Path:
    """Write 16-bit samples to a WAV file in the cache, named by the moment."""
    from trasluz.core.places import cache_folder

    folder = cache_folder() / "recorded"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"recording-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 1000:03d}.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples)
    return path
