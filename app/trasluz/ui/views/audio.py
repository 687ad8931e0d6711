"""Sound that can be seen and played, with marked stretches."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from trasluz.api import Audio
from trasluz.ui.sound import Player

from .canvas import Canvas, number, ticks, write
from .colour import inks, mix

_BUTTON = 34.0
_AXIS = 20.0


class AudioPainter(Canvas):
    """The waveform with its words. A click on the button or the space key plays it; a click on the wave jumps there.

    QtMultimedia is loaded with the first sound played; without a loudspeaker the button says so.
    """

    def __init__(self, view: Audio, parent: QWidget | None = None) -> None:
        self._at = 0.0
        self._trouble = ""
        super().__init__(view, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._player = Player(self)
        self._player.moved.connect(self._moved)

    @property
    def seconds(self) -> float:
        """How long the sound is."""
        return len(self.view.samples) / max(1, self.view.rate)

    @property
    def playing(self) -> bool:
        """Whether it sounds now."""
        return self._player.playing

    def wanted_height(self, width: float) -> float:
        """A strip, taller where words are marked."""
        return 120.0 + (24 if self.view.spans else 0)

    def spoken(self) -> str:
        """Length and words."""
        words = " ".join(s.text for s in self.view.spans)
        said = f"{self.view.title}: {number(self.seconds)} seconds of sound. Space plays it"
        return f"{said}. Words: {words}" if words else said

    def draw(self, painter: QPainter, area: QRectF) -> None:
        """Stretches, wave, time axis."""
        ink = inks()
        wave = self._wave(area)
        for i, span in enumerate(self.view.spans):
            left, right = self._x(wave, span.start), self._x(wave, span.end)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink.accent_ground if i % 2 == 0 else ink.chip)
            painter.drawRoundedRect(QRectF(left, wave.top(), max(2.0, right - left), wave.height()), 4, 4)
            box = QRectF(left, wave.bottom() + 2, max(8.0, right - left), 20)
            write(painter, box, span.text, font=self.body_font(), colour=ink.ink, align=Qt.AlignmentFlag.AlignCenter)
        self._draw_wave(painter, wave)
        below = wave.bottom() + (24 if self.view.spans else 2)
        for mark in ticks(0, self.seconds, max(2, int(wave.width() / 120))):
            line = QRectF(self._x(wave, mark) - 30, below, 60, 16)
            align = Qt.AlignmentFlag.AlignCenter
            if mark == 0:
                line, align = QRectF(wave.left(), below, 60, 16), Qt.AlignmentFlag.AlignLeft
            write(painter, line, f"{number(mark)} s", font=self.caption_font(), colour=ink.muted, align=align)

    def draw_over(self, painter: QPainter, area: QRectF) -> None:
        """The button and, while it plays, where it is."""
        ink = inks()
        centre = self._button(area).center()
        painter.setPen(QPen(ink.accent if self.hasFocus() else ink.line, 1.5))
        painter.setBrush(ink.panel)
        painter.drawEllipse(centre, _BUTTON / 2 - 1, _BUTTON / 2 - 1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink.accent)
        if self.playing:
            painter.drawRoundedRect(QRectF(centre.x() - 5, centre.y() - 5, 10, 10), 2, 2)
        else:
            triangle = [QPointF(-4, -6.5), QPointF(7, 0), QPointF(-4, 6.5)]
            painter.drawPolygon(QPolygonF([centre + p for p in triangle]))
        wave = self._wave(area)
        if self._at > 0:
            x = self._x(wave, min(self._at, self.seconds))
            painter.setPen(QPen(ink.accent, 1.5))
            painter.drawLine(QPointF(x, wave.top()), QPointF(x, wave.bottom()))
        if self._trouble:
            write(
                painter,
                QRectF(wave.left() + 8, wave.top(), wave.width() - 16, 20),
                self._trouble,
                font=self.caption_font(),
                colour=ink.bad,
            )

    def tip_at(self, point: QPointF) -> str:
        """Time and word."""
        if self._button(QRectF(self.rect())).contains(point):
            return self._trouble or ("Stop" if self.playing else "Play")
        wave = self._wave(QRectF(self.rect()))
        if not wave.left() <= point.x() <= wave.right():
            return ""
        time = (point.x() - wave.left()) / wave.width() * self.seconds
        words = [s.text for s in self.view.spans if s.start <= time <= s.end]
        return f"{time:.2f} s" + (f": {words[0]}" if words else "")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's: play, stop, or jump."""
        super().mousePressEvent(event)
        area = QRectF(self.rect())
        wave = self._wave(area)
        if self._button(area).contains(event.position()):
            self.toggle()
        elif wave.contains(event.position()):
            self.stop()
            self.play((event.position().x() - wave.left()) / wave.width() * self.seconds)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: the space key plays and stops."""
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return):
            self.toggle()
        else:
            super().keyPressEvent(event)

    def hideEvent(self, event: object) -> None:
        """Qt's: a page that is left falls silent."""
        self.stop()

    def toggle(self) -> None:
        """Play from the start, or stop."""
        self.stop() if self.playing else self.play()

    def play(self, start: float = 0.0) -> None:
        """Play from `start` seconds."""
        self._trouble = self._player.play(self.view.samples, int(self.view.rate), start=start)
        self._at = start
        self.update()

    def stop(self) -> None:
        """Fall silent."""
        self._player.stop()
        self._at = 0.0
        self.update()

    def _moved(self) -> None:
        self._at = self._player.at if self._player.playing else 0.0
        self.update()

    def _draw_wave(self, painter: QPainter, wave: QRectF) -> None:
        ink = inks()
        samples = np.asarray(self.view.samples, dtype=np.float64)
        painter.setPen(QPen(mix(ink.line, ink.muted, 0.3), 1))
        painter.drawLine(QPointF(wave.left(), wave.center().y()), QPointF(wave.right(), wave.center().y()))
        if not samples.size:
            return
        columns = max(1, min(int(wave.width()), samples.size))
        starts = np.linspace(0, samples.size, columns, endpoint=False).astype(int)
        high, low = np.maximum.reduceat(samples, starts), np.minimum.reduceat(samples, starts)
        loudest = max(0.05, float(np.abs(samples).max()))
        middle, half = wave.center().y(), wave.height() / 2 - 4
        x = wave.left() + np.arange(columns) / columns * wave.width()
        upper = [QPointF(a, middle - b / loudest * half) for a, b in zip(x, high, strict=True)]
        lower = [QPointF(a, middle - b / loudest * half + 1) for a, b in zip(x, low, strict=True)]
        painter.setPen(QPen(ink.series_1, 1))
        painter.setBrush(ink.series_1)
        painter.drawPolygon(QPolygonF(upper + lower[::-1]))

    def _wave(self, area: QRectF) -> QRectF:
        below = _AXIS + (22 if self.view.spans else 0)
        left = area.left() + _BUTTON + 12
        return QRectF(left, area.top() + 2, max(20.0, area.right() - left - 2), max(20.0, area.height() - below - 2))

    def _button(self, area: QRectF) -> QRectF:
        wave = self._wave(area)
        return QRectF(area.left() + 1, wave.center().y() - _BUTTON / 2, _BUTTON, _BUTTON)

    def _x(self, wave: QRectF, seconds: float) -> float:
        return wave.left() + seconds / max(self.seconds, 1e-9) * wave.width()
