"""Sound out of the loudspeaker. QtMultimedia is loaded with the first sound that is played."""

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QTimer, Signal

from trasluz.api import Audio, view_from_json

if TYPE_CHECKING:
    from .bridge.call import Call, Trouble
    from .session import Session

NO_MULTIMEDIA = "Sound needs QtMultimedia, which this installation lacks."


class Player(QObject):
    """Plays one sound at a time.

    Attributes:
        at: Where it is, in seconds.
    """

    moved = Signal()
    """It has gone on, or fallen silent."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.at = 0.0
        self._sink: Any = None
        self._buffer: QBuffer | None = None
        self._start = self._seconds = 0.0
        self._timer = QTimer(self, interval=33)
        self._timer.timeout.connect(self._look)

    @property
    def playing(self) -> bool:
        """Whether it sounds now."""
        return self._sink is not None

    def play(self, samples: np.ndarray, rate: int, *, start: float = 0.0) -> str:
        """Play `samples` (T,) from -1 to 1 from `start` seconds on; why it cannot be heard, or empty."""
        self.stop()
        try:
            from PySide6.QtMultimedia import QAudioFormat, QAudioSink, QMediaDevices
        except ImportError:
            return NO_MULTIMEDIA
        device = QMediaDevices.defaultAudioOutput()
        if device.isNull():
            return "No loudspeaker or headphones were found."
        form = QAudioFormat()
        form.setSampleRate(rate)
        form.setChannelCount(1)
        form.setSampleFormat(QAudioFormat.SampleFormat.Int16)
        rest = np.asarray(samples, dtype=np.float64)[int(start * rate) :]
        self._buffer = QBuffer(self)
        self._buffer.setData(QByteArray((np.clip(rest, -1, 1) * 32767).astype("<i2").tobytes()))
        self._buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        self._sink = QAudioSink(device, form, self)
        self._start, self._seconds, self.at = start, len(samples) / max(1, rate), start
        self._sink.start(self._buffer)
        self._timer.start()
        return ""

    def stop(self) -> None:
        """Fall silent."""
        self._timer.stop()
        self.at = 0.0
        if self._sink is not None:
            self._sink.stop()
            self._sink.deleteLater()
            self._sink = None
            self.moved.emit()

    def _look(self) -> None:
        if self._sink is None:
            return
        self.at = self._start + self._sink.processedUSecs() / 1e6
        if self.at >= self._seconds:
            self.stop()
        else:
            self.moved.emit()


class Hearing(QObject):
    """Recordings of the data, heard at a press: asked of the host, played one at a time."""

    changed = Signal()
    """Another one sounds, or none."""

    def __init__(self, session: "Session", parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._call: Call | None = None
        self.path = ""
        """What sounds now, or is asked for."""
        self._player = Player(self)
        self._player.moved.connect(self._moved)

    def toggle(self, path: str) -> None:
        """Play the recording at that path, or stop it where it sounds."""
        again = path == self.path
        self.stop()
        if again:
            return
        self.path = path
        self._call = self._session.host.call(
            self, "sound", {"path": path}, success=lambda found: self._heard(path, found["view"]), failure=self._failed
        )
        self.changed.emit()

    def stop(self) -> None:
        """Fall silent."""
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self._player.stop()
        if self.path:
            self.path = ""
            self.changed.emit()

    def _heard(self, path: str, found: dict[str, Any]) -> None:
        view = view_from_json(found)
        if isinstance(view, Audio) and path == self.path:
            self._call = None
            if trouble := self._player.play(view.samples, int(view.rate)):
                self._session.say(trouble, "warn")
                self.stop()

    def _failed(self, trouble: "Trouble") -> None:
        self._session.show_trouble(trouble)
        self.stop()

    def _moved(self) -> None:
        if not self._player.playing and self._call is None:
            self.stop()
