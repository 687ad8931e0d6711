"""A table of two by two over two measured axes: the cells, the axes with their marks, and the point in its place."""

import math

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from trasluz.api import Axis, Quadrant, Quadrants
from trasluz.ui import theme

from .canvas import Canvas, number, sized, text_width, write
from .colour import inks, mix

_SIDE = 112.0
"""Room for the names of the halves at the left."""
_TOP = 46.0
_GAP = 8.0
_PAD = 12.0
_LINE = 17.0
_POINT = 6.5
_BAND = 34.0
"""The lowest stretch of each cell, where the point may lie; words stay above it."""
_STEPS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class QuadrantsPainter(Canvas):
    """Four cells that can be chosen by mouse and keyboard; emits the number of the cell."""

    view: Quadrants
    hinted = Signal(int)
    """The cell under the pointer or the focus, -1 for none."""

    def __init__(self, view: Quadrants, parent: QWidget | None = None) -> None:
        self._under: int | None = None
        self._at = 0
        super().__init__(view, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wanted_height(self, width: float) -> float:
        """As tall as the words of its cells at that width."""
        heights = [self._cell_height(cell, self._cell_width(width)) for cell in self.view.cells]
        rows = max(heights[:2], default=0.0) + max(heights[2:], default=0.0)
        return _TOP + rows + _GAP + 2 + self._caption_height(width)

    def spoken(self) -> str:
        """Where the point lies, and what is chosen."""
        said = [f"{axis.title}: {_measured(axis)}, {axis.word}" for axis in (self.view.down, self.view.across)]
        if self.view.chosen is not None:
            said.append(f"chosen: {self.view.cells[self.view.chosen].title}")
        return f"{self.view.title}. {'; '.join(said)}. {self.view.caption}".strip()

    def draw(self, painter: QPainter, area: QRectF) -> None:
        """Axes, cells, point."""
        cells = self._cells(area)
        self._draw_axes(painter, area, cells)
        for i, (cell, box) in enumerate(zip(self.view.cells, cells, strict=True)):
            self._draw_cell(painter, cell, box, chosen=i == self.view.chosen)
        self._draw_point(painter, area, cells)
        if self.view.caption:
            room = QRectF(area.left(), cells[3].bottom() + 8, area.width(), self._caption_height(area.width()))
            painter.setFont(self.body_font())
            painter.setPen(inks().ink)
            painter.drawText(room, int(Qt.TextFlag.TextWordWrap), self.view.caption)

    def draw_over(self, painter: QPainter, area: QRectF) -> None:
        """The frame of the cell under the pointer or the focus."""
        cells = self._cells(area)
        for i in {self._under, self._at if self.hasFocus() else None} - {None}:
            assert i is not None
            painter.setPen(QPen(inks().accent, 2 if self.hasFocus() and i == self._at else 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(cells[i].adjusted(1, 1, -1, -1), theme.CONTROL_RADIUS, theme.CONTROL_RADIUS)

    def tip_at(self, point: QPointF) -> str:
        """What a cell stands for; over an axis, how it was measured."""
        area = QRectF(self.rect())
        where = self.cell_at(point)
        if where is not None:
            near = self.point_at(area)
            if near is not None and math.hypot(near.x() - point.x(), near.y() - point.y()) < 2.5 * _POINT:
                return "\n".join(
                    f"{axis.title}: {_measured(axis)} ({axis.word})" for axis in (self.view.down, self.view.across)
                )
            return self.view.cells[where].tip or self.view.cells[where].sentence
        axis = self.view.across if point.y() < area.top() + _TOP else self.view.down
        return f"{axis.title}: {axis.sentence}" if axis.sentence else axis.title

    # mouse and keyboard

    def cell_at(self, point: QPointF) -> int | None:
        """The cell under a point."""
        return next((i for i, box in enumerate(self._cells(QRectF(self.rect()))) if box.contains(point)), None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's: light the cell under the pointer."""
        self._point_to(self.cell_at(event.position()))

    def leaveEvent(self, event: object) -> None:
        """Qt's: nothing is under the pointer any more."""
        self._point_to(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's: choose the cell."""
        super().mousePressEvent(event)
        if (cell := self.cell_at(event.position())) is not None:
            self._at = cell
            self.update()
            self.chosen.emit(cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: the arrows go from cell to cell, space and return choose."""
        key = Qt.Key(event.key())
        if key in _STEPS:
            down, across = _STEPS[key]
            row, column = self._at // 2 + down, self._at % 2 + across
            if row in (0, 1) and column in (0, 1):
                self._at = 2 * row + column
                self.setAccessibleDescription(f"{self.view.cells[self._at].title}. {self.spoken()}")
                self.update()
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit(self._at)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Qt's: begin at the chosen cell."""
        if self.view.chosen is not None and event.reason() != Qt.FocusReason.MouseFocusReason:
            self._at = self.view.chosen
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Qt's: no frame without the focus."""
        self.update()
        super().focusOutEvent(event)

    def _point_to(self, cell: int | None) -> None:
        if cell != self._under:
            self._under = cell
            self.setCursor(Qt.CursorShape.PointingHandCursor if cell is not None else Qt.CursorShape.ArrowCursor)
            self.hinted.emit(-1 if cell is None else cell)
            self.update()

    # where things are

    def _cell_width(self, width: float) -> float:
        return max(80.0, (width - _SIDE - _GAP - 2) / 2)

    def _cells(self, area: QRectF) -> list[QRectF]:
        """The four cells, row by row; a row is as tall as its taller cell needs, and shares what is left."""
        wide = self._cell_width(area.width())
        heights = [self._cell_height(cell, wide) for cell in self.view.cells]
        rows = [max(heights[:2]), max(heights[2:])]
        room = area.height() - _TOP - _GAP - 2 - self._caption_height(area.width())
        spare = (room - sum(rows)) / 2
        tops = [area.top() + _TOP, area.top() + _TOP + rows[0] + spare + _GAP]
        left = area.left() + _SIDE
        return [
            QRectF(left + (i % 2) * (wide + _GAP), tops[i // 2], wide, max(20.0, rows[i // 2] + spare))
            for i in range(4)
        ]

    def _cell_height(self, cell: Quadrant, width: float) -> float:
        words = self._wrapped(cell.sentence, width - 2 * _PAD)
        return 10 + 20 + words + _LINE * len(cell.lines) + (4 if cell.lines else 0) + _BAND

    def _caption_height(self, width: float) -> float:
        return self._wrapped(self.view.caption, width) + 12 if self.view.caption else 0.0

    def _wrapped(self, words: str, width: float) -> float:
        if not words:
            return 0.0
        room = QRectF(0, 0, max(40.0, width), 2000)
        flags = int(Qt.TextFlag.TextWordWrap)
        return float(QFontMetricsF(self.body_font()).boundingRect(room, flags, words).height())

    def point_at(self, area: QRectF) -> QPointF | None:
        """Where the point lies, or None where both axes are unmeasured."""
        if self.view.across.value is None and self.view.down.value is None:
            return None
        box = self._cells(area)[self.view.place]
        return QPointF(
            _along(self.view.across, box.left() + 16, box.right() - 16),
            _along(self.view.down, box.bottom() - _BAND + _POINT + 3, box.bottom() - _POINT - 5),
        )

    # drawing

    def _draw_axes(self, painter: QPainter, area: QRectF, cells: list[QRectF]) -> None:
        ink = inks()
        across, down = self.view.across, self.view.down
        strong, small = self.body_font(bold=True), self.caption_font()
        for i, word in enumerate((across.low, across.high)):
            box = QRectF(cells[i].left(), area.top(), cells[i].width(), 20)
            on = across.value is not None and across.is_high == bool(i)
            write(painter, box, word, font=strong, colour=ink.accent if on else ink.ink)
            words = _bound(across, high=bool(i))
            if on:
                words = f"yours: {_measured(across)} · {words}"
            write(painter, QRectF(box.left(), area.top() + 20, box.width(), 16), words, font=small, colour=ink.muted)
        for i, word in enumerate((down.low, down.high)):
            cell = cells[2 * i]
            on = down.value is not None and down.is_high == bool(i)
            box = QRectF(area.left(), cell.top() + 8, _SIDE - _GAP, 20)
            write(painter, box, word, font=strong, colour=ink.accent if on else ink.ink)
            lines = [_bound(down, high=bool(i))]
            if on:
                lines.insert(0, f"yours: {_measured(down)}")
            for n, words in enumerate(lines):
                line = QRectF(area.left(), box.bottom() + 16 * n, _SIDE - _GAP, 16)
                write(painter, line, words, font=small, colour=ink.muted)

    def _draw_cell(self, painter: QPainter, cell: Quadrant, box: QRectF, *, chosen: bool) -> None:
        ink = inks()
        painter.setPen(QPen(ink.accent if chosen else ink.line, 1.5 if chosen else 1))
        painter.setBrush(ink.accent_ground if chosen else ink.panel)
        painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), theme.CONTROL_RADIUS, theme.CONTROL_RADIUS)
        inner = box.adjusted(_PAD, 10, -_PAD, 0)
        title = QRectF(inner.left(), inner.top(), inner.width(), 20)
        if cell.badge:
            font = self.caption_font()
            wide = text_width(font, cell.badge) + 16
            chip = QRectF(title.right() - wide, title.top() + 1, wide, 18)
            painter.setPen(QPen(ink.accent, 1))
            painter.setBrush(ink.panel)
            painter.drawRoundedRect(chip, 9, 9)
            write(painter, chip, cell.badge, font=font, colour=ink.accent, align=Qt.AlignmentFlag.AlignCenter)
            title.setRight(chip.left() - 8)
        write(painter, title, cell.title, font=self.body_font(bold=True), colour=ink.ink)
        tall = self._wrapped(cell.sentence, inner.width())
        painter.setFont(self.body_font())
        painter.setPen(ink.muted)
        room = QRectF(inner.left(), title.bottom(), inner.width(), tall)
        painter.drawText(room, int(Qt.TextFlag.TextWordWrap), cell.sentence)
        for i, line in enumerate(cell.lines):
            at = QRectF(inner.left(), room.bottom() + 4 + i * _LINE, inner.width(), _LINE)
            font = sized(self.body_font(bold=not i), 11 if i else 13)
            write(painter, at, line, font=font, colour=ink.ink if i == 0 else ink.muted)

    def _draw_point(self, painter: QPainter, area: QRectF, cells: list[QRectF]) -> None:
        at = self.point_at(area)
        if at is None:
            return
        ink, box = inks(), cells[self.view.place]
        x, y = at.x(), at.y()
        soft = mix(ink.line, ink.accent, 0.55)
        painter.setPen(QPen(soft, 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(box.left() + 2, y), QPointF(x - _POINT - 2, y))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(soft)
        top = cells[0].top() - 3
        painter.drawPolygon(QPolygonF([QPointF(x - 5, top - 6), QPointF(x + 5, top - 6), QPointF(x, top)]))
        painter.setPen(QPen(ink.panel, 3))
        painter.setBrush(ink.accent)
        painter.drawEllipse(QPointF(x, y), _POINT, _POINT)
        words = "your data"
        font = self.caption_font()
        wide = text_width(font, words) + 4
        left = x + _POINT + 6 if x + _POINT + 6 + wide < box.right() - 4 else x - _POINT - 6 - wide
        write(painter, QRectF(left, y - 9, wide, 18), words, font=font, colour=ink.accent, elide=False)


def _along(axis: Axis, start: float, end: float) -> float:
    """Where a value lies within its half, by magnitudes; in the middle where it was not measured."""
    if axis.value is None:
        return (start + end) / 2
    low, high = (axis.threshold, axis.ends[1]) if axis.is_high else (axis.ends[0], axis.threshold)
    share = math.log(max(axis.value, 1e-9) / low) / math.log(high / low) if low > 0 and high > low else 0.5
    return start + (end - start) * min(1.0, max(0.0, share))


def _measured(axis: Axis) -> str:
    if axis.value is None:
        return "not measured"
    value = float(axis.value)
    shown = number(value) if value.is_integer() else f"{value:.2f}" if value < 10 else f"{value:.0f}"
    return f"{shown} {axis.unit}".strip()


def _bound(axis: Axis, *, high: bool) -> str:
    bound = number(axis.threshold) if axis.threshold.is_integer() else f"{axis.threshold:.2f}"
    return f"{bound} or more" if high else f"below {bound}"
