"""A line of writing, and under it the answer, each piece where it was read."""

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPen
from PySide6.QtWidgets import QWidget

from trasluz.api import Reading
from trasluz.ui import theme

from .canvas import Canvas, number, write
from .colour import image_of, inks, mix, readable_on

_LETTER = 24.0
_GAP = 14.0
_CAPTION = 22.0
_LOWEST, _TALLEST, _MOST_ROWS = 44.0, 120.0, 4
_CENTRE = Qt.AlignmentFlag.AlignCenter


class ReadingPainter(Canvas):
    """The picture in as many rows as keep it readable; under each piece of it what was read there, and how surely."""

    view: Reading

    def __init__(self, view: Reading, parent: QWidget | None = None) -> None:
        super().__init__(view, parent)
        self._picture: QImage | None = None

    def set_view(self, view: object) -> None:
        """Show another line."""
        self._picture = None
        super().set_view(view)  # type: ignore[arg-type]

    def wanted_height(self, width: float) -> float:
        """All rows, and the caption."""
        rows, tall = self._rows(width)
        return rows * (tall + _LETTER + _GAP) + (_CAPTION if self.view.caption else 0)

    def spoken(self) -> str:
        """The text, and what it was least sure of."""
        pairs = sorted(zip(self.view.strengths, self.view.pieces, strict=False))[:3]
        least = ", ".join(f"“{piece}” {number(float(share), '%')}" for share, piece in pairs)
        return f"{self.view.title}: {''.join(self.view.pieces)}" + (f". Least sure of {least}" if least else "")

    def draw(self, painter: QPainter, area: QRectF) -> None:
        """Rows of picture and letters, and the caption."""
        ink = inks()
        height, width = self.view.image.shape[:2]
        rows, tall = self._rows(area.width())
        if self._picture is None:
            self._picture = image_of(np.asarray(self.view.image)[..., :3])
        for row in range(rows):
            top = area.top() + row * (tall + _LETTER + _GAP)
            left = row / rows
            room = min(area.width(), width / rows * tall / height)
            painter.drawImage(
                QRectF(area.left(), top, room, tall), self._picture, QRectF(left * width, 0, width / rows, height)
            )
        for box, piece, strength in self._boxes(area):
            sure = theme.color("good" if strength >= 0.8 else "warn" if strength >= 0.5 else "bad")
            ground = mix(ink.panel, sure, 0.3)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            painter.drawRoundedRect(box.adjusted(0.5, 0, -0.5, 0), 3, 3)
            shown = "␣" if piece == " " else piece
            write(painter, box, shown, font=self.body_font(), colour=readable_on(ground), align=_CENTRE, elide=False)
            painter.setPen(QPen(ink.line, 1))
            painter.drawLine(QPointF(box.left(), box.top() - 3), QPointF(box.left(), box.top()))
        if self.view.caption:
            below = area.top() + rows * (tall + _LETTER + _GAP)
            line = QRectF(area.left(), below, area.width(), _CAPTION - 4)
            write(painter, line, self.view.caption, font=self.caption_font(), colour=ink.muted)

    def tip_at(self, point: QPointF) -> str:
        """The piece, and how sure it was."""
        for box, piece, strength in self._boxes(QRectF(self.rect())):
            if box.contains(point):
                return f"“{piece}”: {number(float(strength), '%')}"
        return ""

    def _rows(self, width: float) -> tuple[int, float]:
        """Into how many rows the picture is cut, and how tall each is."""
        height, wide = self.view.image.shape[:2]
        whole = width * height / max(1, wide)
        rows = min(_MOST_ROWS, max(1, math.ceil(_LOWEST / max(whole, 1e-6)))) if whole < _LOWEST else 1
        return rows, min(_TALLEST, whole * rows)

    def _boxes(self, area: QRectF) -> list[tuple[QRectF, str, float]]:
        """Where each piece is written."""
        height, wide = self.view.image.shape[:2]
        rows, tall = self._rows(area.width())
        room = min(area.width(), wide / rows * tall / max(1, height))
        found = []
        for piece, start, end, strength in zip(
            self.view.pieces, self.view.starts, self.view.ends, self.view.strengths, strict=False
        ):
            row = min(rows - 1, int((start + end) / 2 * rows))
            left, right = (min(1.0, max(0.0, share * rows - row)) * room for share in (start, end))
            top = area.top() + row * (tall + _LETTER + _GAP) + tall + 4
            found.append((QRectF(area.left() + left, top, max(5.0, right - left), _LETTER - 4), piece, float(strength)))
        return found
