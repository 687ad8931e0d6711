"""The camera, answered live. Qt's multimedia is loaded when the person asks for it, and not before."""

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QApplication, QComboBox, QHBoxLayout, QVBoxLayout

from trasluz.api import Bars
from trasluz.ui.pages.photos.detail import Picture
from trasluz.ui.views.bars import BarsPainter
from trasluz.ui.widgets import Card, Label, SecondaryButton, SmallButton

from .said import said_words

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtMultimedia import QVideoFrame

    from trasluz.ui.bridge.call import Call, Trouble
    from trasluz.ui.session import Session

_SHOWN_EVERY = 1 / 15
"""Seconds between two pictures on the screen; cameras give twice as many, and the window has other things to do."""
_LONGEST = 640
_BARS = 5
NO_CAMERA = "No camera was found. Connect one, let this program use it in the system's settings, and try again."
NO_MULTIMEDIA = "This computer lacks what Qt needs for cameras ({error}); `trasluz doctor` says what to install."


class Live(QObject):
    """Takes the frames of a camera and has the latest one answered; those that come meanwhile are passed over.

    So the host has one frame at a time, whatever the camera's pace and the model's.
    """

    shown = Signal(QImage)
    answered = Signal(dict)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session: Session | None = None
        self._model = ""
        self._call: Call | None = None
        self._latest: QImage | None = None
        self._last = 0.0
        self.frames, self.answers = 0, 0

    def start(self, session: "Session", model: "Path") -> None:
        """Answer by this model from now on."""
        self.stop()
        self._session, self._model = session, str(model)
        self.frames = self.answers = 0

    def stop(self) -> None:
        """Take no more frames."""
        if self._call is not None:
            self._call.cancel()
        self._session, self._call, self._latest = None, None, None

    def take(self, frame: "QVideoFrame") -> None:
        """Take a frame, if it is time for one; for `QVideoSink.videoFrameChanged`."""
        now = time.monotonic()
        if self._session is None or now - self._last < _SHOWN_EVERY or not frame.isValid():
            return
        self._last = now
        image = frame.toImage()
        if image.isNull():
            return
        if max(image.width(), image.height()) > _LONGEST:
            mode = Qt.TransformationMode.FastTransformation
            image = image.scaled(_LONGEST, _LONGEST, Qt.AspectRatioMode.KeepAspectRatio, mode)
        self.frames += 1
        self._latest = image
        self.shown.emit(image)
        self._ask()

    def _ask(self) -> None:
        session, image = self._session, self._latest
        if session is None or image is None or self._call is not None:
            return
        self._latest = None
        params = {"model": self._model, "image": pixels(image), "device": session.device}
        self._call = session.host.call(self, "predict_image", params, success=self._came, failure=self._no)

    def _came(self, found: dict[str, Any]) -> None:
        self._call = None
        self.answers += 1
        self.answered.emit({**found["prediction"], "provider": found.get("provider", "")})
        self._ask()

    def _no(self, trouble: "Trouble") -> None:
        self._call = None
        self.failed.emit(trouble.sentence)


class CameraPanel(Card):
    """The live picture, and beside it what the model says."""

    kept = Signal(QImage)
    """The person wants to keep this picture."""
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.live = Live(self)
        self._source: QObject | None = None
        self._capture: QObject | None = None
        self._sink: QObject | None = None
        self._image: QImage | None = None
        self._counted = (0.0, 0)
        self.picture = Picture()
        self.title = Label("", "heading", wrap=True)
        self.facts = Label("", "muted", wrap=True)
        self.trouble = Label("", "bad", wrap=True)
        self.bars = BarsPainter(Bars("What it could be", (), ()))
        self.bars.setFixedHeight(_BARS * 30)
        self.cameras = QComboBox()
        self.cameras.setAccessibleName("Which camera")
        self.cameras.activated.connect(lambda _index: self._open_chosen())
        self.keep_button = SecondaryButton("Keep this picture", self._keep, tip="Puts it among the photos")
        self.stop_button = SmallButton("Stop the camera", self.stop)
        words = QVBoxLayout()
        words.setSpacing(6)
        top = QHBoxLayout()
        top.addWidget(self.cameras)
        top.addStretch(1)
        top.addWidget(self.stop_button)
        words.addLayout(top)
        words.addSpacing(6)
        for widget in (self.title, self.facts, self.trouble, self.bars):
            words.addWidget(widget)
        words.addSpacing(6)
        words.addWidget(self.keep_button, 0, Qt.AlignmentFlag.AlignLeft)
        words.addStretch(1)
        words.addWidget(Label("The pictures go to the model on this computer and nowhere else.", "muted", wrap=True))
        row = QHBoxLayout()
        row.setSpacing(24)
        row.addWidget(self.picture, 5)
        row.addLayout(words, 3)
        self.body.addLayout(row, 1)
        self.live.shown.connect(self._show)
        self.live.answered.connect(self._answer)
        self.live.failed.connect(self._fail)
        self._pace = QTimer(self, interval=1000)
        self._pace.timeout.connect(self._count)

    def start(self, session: "Session", model: "Path") -> str:
        """Start the first camera; returns why that cannot be, or nothing."""
        try:
            from PySide6.QtMultimedia import QMediaDevices
        except ImportError as error:
            return NO_MULTIMEDIA.format(error=str(error).split(":")[0])
        found = QMediaDevices.videoInputs()
        if not found:
            return NO_CAMERA
        if refusal := self._permission(session, model):
            return refusal
        self.cameras.clear()
        for device in found:
            self.cameras.addItem(device.description(), device)
        self.cameras.setVisible(len(found) > 1)
        self.watch(session, model)
        self._open_chosen()
        return ""

    def _permission(self, session: "Session", model: "Path") -> str:
        """Ask the system, where it wants to be asked; the camera starts when the person has agreed."""
        from PySide6.QtCore import QCameraPermission

        app, wanted = QApplication.instance(), QCameraPermission()
        status = app.checkPermission(wanted) if app is not None else Qt.PermissionStatus.Denied
        if status == Qt.PermissionStatus.Denied:
            return NO_CAMERA
        if status == Qt.PermissionStatus.Undetermined and app is not None:
            app.requestPermission(wanted, self, lambda _permission: self.start(session, model))
        return ""

    def watch(self, session: "Session", model: "Path") -> QObject:
        """Be ready for frames; returns the sink that takes them (`QVideoSink`)."""
        from PySide6.QtMultimedia import QVideoSink

        self.trouble.setVisible(False)
        self.title.setText("Waiting for the camera…")
        self.facts.setText("")
        self.bars.set_view(Bars("What it could be", (), ()))
        self.picture.set_picture(None, "")
        self.keep_button.setEnabled(False)
        self.live.start(session, model)
        sink = QVideoSink(self)
        sink.videoFrameChanged.connect(self.live.take)
        self._sink = sink
        self._counted = (time.monotonic(), 0)
        self._pace.start()
        return sink

    def _open_chosen(self) -> None:
        from PySide6.QtMultimedia import QCamera, QMediaCaptureSession

        self._close_camera()
        camera = QCamera(self.cameras.currentData(), self)
        capture = QMediaCaptureSession(self)
        capture.setCamera(camera)
        capture.setVideoSink(self._sink)
        camera.errorOccurred.connect(lambda _error, words: self._fail(f"The camera gives no picture: {words}."))
        self._source, self._capture = camera, capture
        camera.start()

    def _close_camera(self) -> None:
        if self._source is not None:
            self._source.stop()  # type: ignore[attr-defined]
            self._source.deleteLater()
        if self._capture is not None:
            self._capture.deleteLater()
        self._source = self._capture = None

    def stop(self) -> None:
        """Switch the camera off."""
        if self._sink is None:
            return
        self._pace.stop()
        self.live.stop()
        self._close_camera()
        self._sink.deleteLater()
        self._sink = self._image = None
        self.closed.emit()

    @property
    def running(self) -> bool:
        """Whether frames are awaited."""
        return self._sink is not None

    def _show(self, image: QImage) -> None:
        self._image = image
        self.keep_button.setEnabled(True)
        self.picture.set_picture(QPixmap.fromImage(image))

    def _answer(self, prediction: dict[str, Any]) -> None:
        self.trouble.setVisible(bool(prediction.get("error")))
        if prediction.get("error"):
            self._fail(str(prediction["error"]))
            return
        self.title.setText(said_words(prediction))
        top = list(prediction.get("top") or [])[:_BARS]
        self.bars.set_view(
            Bars(
                "What it could be", [t[0] for t in top], [t[1] for t in top], highlight=prediction.get("label") or None
            )
        )

    def _count(self) -> None:
        since, before = self._counted
        now, answers = time.monotonic(), self.live.answers
        self._counted = (now, answers)
        rate = (answers - before) / max(now - since, 1e-6)
        self.facts.setText(f"{rate:.0f} answers a second" if rate >= 0.5 else "")

    def _fail(self, sentence: str) -> None:
        self.trouble.setText(sentence)
        self.trouble.setVisible(True)

    def _keep(self) -> None:
        if self._image is not None:
            self.kept.emit(self._image)


def pixels(image: QImage) -> np.ndarray:
    """The picture as (H, W, 3) uint8 RGB."""
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), plain.bytesPerLine())
    return rows[:, : plain.width() * 3].reshape(plain.height(), plain.width(), 3).copy()
