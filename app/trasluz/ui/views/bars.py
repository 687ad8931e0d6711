"""Labelled bars."""

from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from trasluz.api import Bars

from .canvas import Canvas, number, numbers, widest, write
from .colour import inks

_ROW = 30.0
_BAR = 8.0
_BESIDE = 0.42
"""The share of the width that names may take beside their bars; longer ones stand above them."""
_LINE, _BELOW, _LINES = 18.0, 24.0, 2


class BarsPainter(Canvas):
    """One row for each label: name, bar on its track, value. Emits the label that was selected.

    Names that are too long to stand beside their bars, sentences for example, stand above them if there is room.
    """

    def __init__(self, view: Bars, parent: QWidget | None = None) -> None:
        super().__init__(view, parent)
        self._current = -1
        self.as_high_as_needed = False
        """Whether it sets its own height, by its rows."""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def set_view(self, view: Any) -> None:
        """Show others."""
        super().set_view(view)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's: another width may need another height."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if self.as_high_as_needed and self.width() > 0:
            self.setFixedHeight(int(self.wanted_height(self.width())))

    def wanted_height(self, width: float) -> float:
        """Rows of equal height."""
        return max(1, len(self.view.labels)) * self._row(width)

    def _row(self, width: float) -> float:
        """How high a row would like to be."""
        widest_name = widest(self.body_font(bold=True), list(self.view.labels))
        if widest_name + 12 <= width * _BESIDE or width <= 0:
            return _ROW
        return _LINE * min(_LINES, -(-widest_name // width)) + _BELOW

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
        height = self._row_height(area)
        above = height - _BELOW if height > _ROW else 0.0
        name_width = min(widest(self.body_font(bold=True), list(self.view.labels)) + 12, area.width() * _BESIDE)
        track_left = area.left() + (0.0 if above else name_width)
        track_width = max(16.0, area.right() - value_width - 12 - track_left)
        zero, scale = _axis(list(self.view.values), self.view.unit)
        for i, (label, value, words) in enumerate(zip(self.view.labels, self.view.values, values, strict=False)):
            row = QRectF(area.left(), area.top() + i * height, area.width(), height)
            marked = label == self.view.highlight
            font = self.body_font(bold=True) if marked else body
            if above:
                lines = QRectF(row.left(), row.top(), row.width(), above)
                _write_lines(painter, lines, label, font=font, colour=ink.ink)
                row.setTop(row.top() + above)
                row.setHeight(_BELOW - 8)
            else:
                name = QRectF(row.left(), row.top(), name_width - 12, row.height())
                write(painter, name, label, font=font, colour=ink.ink)
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
        height = self._row_height(area)
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

    def _row_height(self, area: QRectF) -> float:
        return min(self._row(area.width()), area.height() / max(1, len(self.view.labels)))

    def _row_at(self, point: QPointF) -> int:
        row = int(point.y() // self._row_height(QRectF(self.rect())))
        return row if 0 <= row < len(self.view.labels) else -1


def _write_lines(painter: QPainter, area: QRectF, words: str, *, font: QFont, colour: QColor) -> None:
    """Write a name into as many lines as there is room for; the last one is cut short where that does not do."""
    rest = words
    for at in range(count := max(1, int(area.height() // _LINE))):
        line = QRectF(area.left(), area.top() + at * _LINE, area.width(), _LINE)
        fits = len(rest) if at + 1 == count else _fitting(rest, font, area.width())
        write(painter, line, rest[:fits].rstrip(), font=font, colour=colour)
        rest = rest[fits:].lstrip()


def _fitting(words: str, font: QFont, width: float) -> int:
    """How many characters fit into a line, whole words as long as there are any."""
    metrics = QFontMetricsF(font)
    if metrics.horizontalAdvance(words) <= width:
        return len(words)
    fits = next((n for n in range(len(words), 0, -1) if metrics.horizontalAdvance(words[:n]) <= width), 1)
    return words.rfind(" ", 0, fits + 1) + 1 or fits


def _axis(values: list[float], unit: str) -> tuple[float, float]:
    """Where zero lies on the track, and how long one unit is, both as shares of the track."""
    high = max([*values, 0.0])
    low = min([*values, 0.0])
    if unit == "%" and low >= 0:
        high = max(1.0, high)
    reach = (high - low) or 1.0
    return -low / reach, 1 / reach
