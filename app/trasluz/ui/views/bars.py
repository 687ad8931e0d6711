"""Labelled bars."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from trasluz.api import Bars

from .canvas import Canvas, number, numbers, widest, write
from .colour import inks

_ROW = 30.0
_BAR = 8.0


class BarsPainter(Canvas):
    """One row for each label: name, bar on its track, value. Emits the label that was selected."""

    def __init__(self, view: Bars, parent: QWidget | None = None) -> None:
        super().__init__(view, parent)
        self._current = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wanted_height(self, width: float) -> float:
        """Rows of equal height."""
        return max(1, len(self.view.labels)) * _ROW

    def spoken(self) -> str:
        """The values in their order."""
        pairs = zip(self.view.labels, self.view.values, strict=False)
        said = ", ".join(f"{label} {number(v, self.view.unit)}" for label, v in list(pairs)[:20])
        return f"{self.view.title}: {said}" if said else f"{self.view.title}: nothing to show"

    def draw(self, painter: QPainter, area: QRectF) -> None:
        """Rows, from the top."""
        ink = inks()
        body, caption = self.body_font(), self.body_font()
        values = numbers(self.view.values, self.view.unit)
        value_width = widest(caption, values) + 4
        name_width = min(widest(self.body_font(bold=True), list(self.view.labels)) + 12, area.width() * 0.42)
        track_left = area.left() + name_width
        track_width = max(16.0, area.right() - value_width - 12 - track_left)
        zero, scale = _axis(list(self.view.values), self.view.unit)
        for i, (label, value, words) in enumerate(zip(self.view.labels, self.view.values, values, strict=False)):
            top = area.top() + i * _row_height(area, len(values))
            row = QRectF(area.left(), top, area.width(), _row_height(area, len(values)))
            marked = label == self.view.highlight
            font = self.body_font(bold=True) if marked else body
            write(
                painter, QRectF(row.left(), row.top(), name_width - 12, row.height()), label, font=font, colour=ink.ink
            )
            track = QRectF(track_left, row.center().y() - _BAR / 2, track_width, _BAR)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink.chip)
            painter.drawRoundedRect(track, _BAR / 2, _BAR / 2)
            start, end = sorted((zero, zero + value * scale))
            bar = QRectF(track.left() + start * track.width(), track.top(), (end - start) * track.width(), _BAR)
            if bar.width() > 0.5:
                painter.setBrush(ink.accent if marked else ink.series_1)
                radius = min(_BAR / 2, bar.width() / 2)
                painter.drawRoundedRect(bar, radius, radius)
            write(
                painter,
                QRectF(row.right() - value_width, row.top(), value_width, row.height()),
                words,
                font=caption,
                colour=ink.ink if marked else ink.muted,
                align=Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
            )

    def draw_over(self, painter: QPainter, area: QRectF) -> None:
        """The selected row, while the keyboard is here."""
        if self._current < 0 or not self.hasFocus():
            return
        height = _row_height(area, len(self.view.labels))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(inks().accent, 1.5))
        row = QRectF(area.left() + 1, area.top() + self._current * height + 2, area.width() - 2, height - 4)
        painter.drawRoundedRect(row, 6, 6)

    def tip_at(self, point: QPointF) -> str:
        """The row's label and value, unshortened."""
        row = self._row_at(point)
        return f"{self.view.labels[row]}: {number(self.view.values[row], self.view.unit)}" if row >= 0 else ""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's: select the row."""
        super().mousePressEvent(event)
        self._select(self._row_at(event.position()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: the arrows go through the rows."""
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if step is None or not self.view.labels:
            super().keyPressEvent(event)
            return
        self._select(min(len(self.view.labels) - 1, max(0, self._current + step)))

    def _select(self, row: int) -> None:
        if row < 0:
            return
        self._current = row
        self.update()
        self.chosen.emit(self.view.labels[row])

    def _row_at(self, point: QPointF) -> int:
        row = int(point.y() // _row_height(QRectF(self.rect()), len(self.view.labels)))
        return row if 0 <= row < len(self.view.labels) else -1


def _row_height(area: QRectF, rows: int) -> float:
    return min(_ROW, area.height() / max(1, rows))


def _axis(values: list[float], unit: str) -> tuple[float, float]:
    """Where zero lies on the track, and how long one unit is, both as shares of the track."""
    high = max([*values, 0.0])
    low = min([*values, 0.0])
    if unit == "%" and low >= 0:
        high = max(1.0, high)
    reach = (high - low) or 1.0
    return -low / reach, 1 / reach
