"""Chips and dots: a fact in a rounded frame, with a shape beside it so that colour never stands alone."""

from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from trasluz.ui import theme

from .basic import Painted

Mark = Literal["none", "info", "good", "warn", "bad", "busy"]


def paint_mark(painter: QPainter, mark: Mark, centre: QPointF, radius: float = 4.0) -> None:
    """Paint a mark: a disc is well, a triangle a warning, a diamond bad, a ring busy, a small disc a note."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    if mark == "busy":
        painter.setPen(QPen(theme.color("accent"), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(centre, radius - 1, radius - 1)
        return
    if mark == "none":
        return
    if mark == "info":
        painter.setBrush(theme.color("muted"))
        painter.drawEllipse(centre, radius - 1.5, radius - 1.5)
        return
    painter.setBrush(theme.color(mark))
    x, y = centre.x(), centre.y()
    if mark == "good":
        painter.drawEllipse(centre, radius, radius)
    elif mark == "warn":
        corners = [QPointF(x, y - radius), QPointF(x + radius, y + radius), QPointF(x - radius, y + radius)]
        painter.drawPolygon(QPolygonF(corners))
    else:
        r = radius + 0.6
        painter.drawPolygon(QPolygonF([QPointF(x, y - r), QPointF(x + r, y), QPointF(x, y + r), QPointF(x - r, y)]))


class Dot(Painted):
    """A mark by itself, for the start of a line."""

    def __init__(self, mark: Mark = "good", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mark: Mark = mark
        self.setFixedSize(14, 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the mark."""
        paint_mark(QPainter(self), self._mark, QPointF(self.width() / 2, self.height() / 2 + 0.5))


class Chip(QAbstractButton):
    """A fact in a rounded frame; with `arrow` it opens something when pressed."""

    def __init__(self, text: str = "", mark: Mark = "none", *, arrow: bool = False, quiet: bool = False) -> None:
        super().__init__()
        self._mark: Mark = mark
        self._arrow = arrow
        self.setFont(theme.font("body"))
        font = self.font()
        font.setPixelSize(12)
        self.setFont(font)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus if quiet else Qt.FocusPolicy.TabFocus)
        if not quiet:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.set_fact(text, mark)

    def set_fact(self, text: str, mark: Mark | None = None, *, tip: str = "") -> None:
        """Change what it says."""
        if mark is not None:
            self._mark = mark
        self.setText(text)
        self.setAccessibleName(text)
        if tip:
            self.setToolTip(tip)
        self.updateGeometry()
        self.update()

    @property
    def mark(self) -> Mark:
        """The mark beside the text."""
        return self._mark

    def sizeHint(self) -> QSize:
        """The text with room around it."""
        width = self.fontMetrics().horizontalAdvance(self.text()) + 22
        width += 16 if self._mark != "none" else 0
        width += 14 if self._arrow else 0
        return QSize(width, 24)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint frame, mark, text and arrow."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(theme.color("accent" if self.hasFocus() else "line"), 1))
        painter.setBrush(theme.color("line" if self.isDown() or self.underMouse() else "chip"))
        painter.drawRoundedRect(frame, frame.height() / 2, frame.height() / 2)
        left = 11.0
        if self._mark != "none":
            paint_mark(painter, self._mark, QPointF(left + 4, self.height() / 2))
            left += 16
        painter.setPen(theme.color("ink" if theme.tokens().dark else "muted"))
        painter.setFont(self.font())
        right = 11 + (14 if self._arrow else 0)
        text = self.fontMetrics().elidedText(
            self.text(), Qt.TextElideMode.ElideRight, int(self.width() - left - right + 2)
        )
        painter.drawText(
            QRectF(left, 0, self.width() - left - right + 2, self.height()), Qt.AlignmentFlag.AlignVCenter, text
        )
        if self._arrow:
            x, y = self.width() - 17.0, self.height() / 2 - 1
            painter.setPen(QPen(theme.color("muted"), 1.5))
            painter.drawPolyline(QPolygonF([QPointF(x, y - 1), QPointF(x + 3.5, y + 2.5), QPointF(x + 7, y - 1)]))
