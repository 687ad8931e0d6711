"""Text in pieces, each with a strength under it."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter

from trasluz.api import RichText

from .canvas import Canvas, number, write
from .colour import inks, mix, readable_on

_LINE = 26.0


class RichTextPainter(Canvas):
    """Pieces flow like words; the ground under each is the stronger the more it counts, for or against."""

    view: RichText

    def wanted_height(self, width: float) -> float:
        """As many lines as the words need."""
        boxes = self._boxes(QRectF(0, 0, width, 0))
        return (boxes[-1].bottom() if boxes else _LINE) + (24 if self.view.caption else 4)

    def spoken(self) -> str:
        """The text, and what counts most in it."""
        pairs = sorted(zip(self.view.pieces, self.view.strengths, strict=False), key=lambda p: -abs(p[1]))[:3]
        most = ", ".join(f"“{piece.strip()}” {number(float(s))}" for piece, s in pairs if s)
        text = "".join(self.view.pieces)[:400]
        return f"{self.view.title}: {text}" + (f". Strongest: {most}" if most else "")

    def draw(self, painter: QPainter, area: QRectF) -> None:
        """Grounds, then words."""
        ink = inks()
        font = self.body_font()
        bottom = area.top()
        for box, piece, strength in zip(self._boxes(area), self.view.pieces, self.view.strengths, strict=False):
            ground = self._ground(float(strength))
            if abs(strength) > 0.02:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(ground)
                round_by = 1.5 if self._single() else 4.0
                painter.drawRoundedRect(box.adjusted(0, 2, 0, -2), round_by, round_by)
            words = piece.replace("\n", " ")
            write(
                painter,
                box,
                words,
                font=font,
                elide=False,
                colour=readable_on(ground) if abs(strength) > 0.02 else ink.ink,
            )
            bottom = max(bottom, box.bottom())
        if self.view.caption:
            line = QRectF(area.left(), bottom + 4, area.width(), 18)
            write(painter, line, self.view.caption, font=self.caption_font(), colour=ink.muted)

    def tip_at(self, point: QPointF) -> str:
        """The piece and its strength."""
        boxes = self._boxes(QRectF(self.rect()))
        for box, piece, strength in zip(boxes, self.view.pieces, self.view.strengths, strict=False):
            if box.contains(point):
                return f"“{piece.strip()}”: {number(float(strength))}"
        return ""

    def _ground(self, strength: float) -> QColor:
        ink = inks()
        towards = ink.accent if strength >= 0 else ink.series_1
        return mix(ink.panel, towards, min(1.0, abs(strength)) * 0.85)

    def _single(self) -> bool:
        """Whether the pieces are characters, which stand as close as in any text."""
        return all(len(piece) <= 1 for piece in self.view.pieces)

    def _boxes(self, area: QRectF) -> list[QRectF]:
        metrics = QFontMetricsF(self.body_font())
        x, y = area.left(), area.top()
        boxes = []
        gap = 0 if self._single() else 2
        for piece in self.view.pieces:
            width = metrics.horizontalAdvance(piece.replace("\n", " ")) + gap
            if (x > area.left() and x + width > area.right()) or (boxes and piece.startswith("\n")):
                x, y = area.left(), y + _LINE
            boxes.append(QRectF(x, y, width, _LINE))
            x += width
        return boxes
