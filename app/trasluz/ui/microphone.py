"""The microphone: whether there is one, and what it hears, as numbers. Qt's multimedia is loaded when it is asked for.

Everything that records or listens goes through `Microphone`, and a test gives it another `Source`.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from PySide6.QtCore import QIODevice, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication

from .sound import NO_MULTIMEDIA

NO_MICROPHONE = (
    "No microphone was found. Connect one, let this program use it in the system's settings, or open a recording "
    "from a file."
)
NO_SOUND = "The microphone cannot be opened: another program may have it. Close that program and try again."
RATE = 16_000
"""Hz that are asked for; a microphone that cannot gives its own rate."""
_EVERY = 50


class Source(Protocol):
    """What gives the sound: the system's microphone, or whatever a test puts in its place."""

    rate: int
    """In Hz."""
    frame: int
    """Bytes of one moment of all channels."""

    def start(self) -> QIODevice | None:
        """Begin; where the bytes come from, or None where it cannot be opened."""
        ...

    def samples(self, piece: bytes) -> np.ndarray:
        """Whole samples of bytes that have come: (S,) float32 from -1 to 1."""
        ...

    def stop(self) -> None:
        """End."""
        ...


class Microphone(QObject):
    """Gives what is heard, piece by piece, from `start` to `stop`.

    Args:
        parent: Its owner.
        source: Makes what gives the sound; the system's microphone where None.
    """

    heard = Signal(object)
    """(S,) float32 from -1 to 1, a few hundredths of a second."""

    def __init__(self, parent: QObject | None = None, *, source: Callable[[], Source] | None = None) -> None:
        super().__init__(parent)
        self._make = source
        self._source: Source | None = None
        self._device: QIODevice | None = None
        self._rest = b""
        self._pace = QTimer(self, interval=_EVERY)
        self._pace.timeout.connect(self._take)

    @property
    def running(self) -> bool:
        """Whether it listens now."""
        return self._source is not None

    @property
    def rate(self) -> int:
        """Hz of what is heard, while it listens."""
        return self._source.rate if self._source is not None else RATE

    def refusal(self) -> str:
        """Why nothing can be heard, or empty."""
        if self._make is not None:
            return ""
        try:
            from PySide6.QtMultimedia import QMediaDevices
        except ImportError:
            return NO_MULTIMEDIA
        if QMediaDevices.defaultAudioInput().isNull():
            return NO_MICROPHONE
        from PySide6.QtCore import QMicrophonePermission

        app = QApplication.instance()
        denied = app is not None and app.checkPermission(QMicrophonePermission()) == Qt.PermissionStatus.Denied
        return NO_MICROPHONE if denied else ""

    def start(self) -> str:
        """Begin to listen; why that cannot be, or empty. Where the system asks the person first, it begins then."""
        if self.running:
            return ""
        if refusal := self.refusal():
            return refusal
        if self._make is None and self._must_ask():
            return ""
        self._source = self._make() if self._make is not None else _System(self)
        self._device = self._source.start()
        if self._device is None:
            self.stop()
            return NO_SOUND
        self._rest = b""
        self._pace.start()
        return ""

    def _must_ask(self) -> bool:
        from PySide6.QtCore import QMicrophonePermission

        app, wanted = QApplication.instance(), QMicrophonePermission()
        if app is None or app.checkPermission(wanted) != Qt.PermissionStatus.Undetermined:
            return False
        app.requestPermission(wanted, self, lambda _permission: self.start())
        return True

    def stop(self) -> None:
        """End; what is still on its way is taken."""
        self._pace.stop()
        if self._device is not None:
            self._take()
        if self._source is not None:
            self._source.stop()
        self._source = self._device = None

    def _take(self) -> None:
        device, source = self._device, self._source
        if device is None or source is None:
            return
        waiting = self._rest + bytes(device.readAll().data())
        whole = len(waiting) // source.frame * source.frame
        self._rest = waiting[whole:]
        if whole:
            self.heard.emit(source.samples(waiting[:whole]))


class _System:
    """The system's own microphone, at 16 kHz where it can, else as it likes best."""

    def __init__(self, parent: QObject) -> None:
        from PySide6.QtMultimedia import QAudioFormat, QAudioSource, QMediaDevices

        device = QMediaDevices.defaultAudioInput()
        form = QAudioFormat()
        form.setSampleRate(RATE)
        form.setChannelCount(1)
        form.setSampleFormat(QAudioFormat.SampleFormat.Int16)
        if not device.isFormatSupported(form):
            form = device.preferredFormat()
        self.rate = form.sampleRate()
        self._channels = max(1, form.channelCount())
        kinds = QAudioFormat.SampleFormat
        self._how = {
            kinds.UInt8: ("<u1", 128.0, 128.0),
            kinds.Int16: ("<i2", 0.0, 32768.0),
            kinds.Int32: ("<i4", 0.0, 2147483648.0),
            kinds.Float: ("<f4", 0.0, 1.0),
        }[form.sampleFormat()]
        self.frame = self._channels * np.dtype(self._how[0]).itemsize
        self._source: Any = QAudioSource(device, form, parent)

    def start(self) -> QIODevice | None:
        """Begin."""
        found: QIODevice | None = self._source.start()
        return found

    def samples(self, piece: bytes) -> np.ndarray:
        """The mean of the channels."""
        form, middle, full = self._how
        values = np.frombuffer(piece, form).astype(np.float32).reshape(-1, self._channels)
        found: np.ndarray = (values.mean(axis=1) - middle) / full
        return found.clip(-1, 1).astype(np.float32)

    def stop(self) -> None:
        """End."""
        self._source.stop()
        self._source.deleteLater()


def written(samples: np.ndarray) -> bytes:
    """(S,) float32 from -1 to 1 as samples of 16 bits."""
    return (np.asarray(samples).clip(-1, 1) * 32767).round().astype("<i2").tobytes()
