"""Series as small drawings, with what the model makes of them at the moment: a forecast, or a label in words."""

import math
from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from trasluz.api import Previewed, PreviewLine
from trasluz.ui import theme

_LEAST, _MOST = 64.0, 130.0
"""How tall a drawing is at the least and at the most."""
_WORDS = 22.0
_BETWEEN = 14.0
_NAMED = ("so far", "what came", "forecast now")
"""The lines of a forecast: muted, in ink, and in the colour of the model's own."""

Words = Callable[[QPainter, QRectF, Previewed, bool], None]
"""Paints what an item is, what is said of it, and whether that is right, into a line."""


def sketched(items: Sequence[Previewed]) -> bool:
    """Whether the items have drawings."""
    return any(item.lines for item in items)


def wanted_height(items: Sequence[Previewed], *, least: bool = False) -> int:
    """As tall as the items want to be, or, at the least, two of them."""
    count = min(2, len(items)) if least else len(items)
    each = _LEAST if least else 0.75 * _MOST
    return int(count * (each + _words_below(items) + _BETWEEN) + _legend(items))


def paint_sketches(painter: QPainter, area: QRectF, items: Sequence[Previewed], words: Words) -> None:
    """Paint as many items as there is room for, below one another.

    Args:
        painter: Of the widget.
        area: All of its room.
        items: What is to be shown.
        words: For items whose answer is a label.
    """
    below, head = _words_below(items), _legend(items)
    if head:
        _paint_legend(painter, QRectF(area.left(), area.top(), area.width(), head))
    room = area.height() - head
    count = max(1, min(len(items), int((room + _BETWEEN) // (_LEAST + below + _BETWEEN))))
    pitch = min(_MOST + below + _BETWEEN, (room + _BETWEEN) / count)
    for number, item in enumerate(items[:count]):
        place = QRectF(area.left(), area.top() + head + number * pitch, area.width(), pitch - _BETWEEN - below)
        paint_lines(painter, place, item.lines)
        if below:
            line = QRectF(place.left(), place.bottom() + 2, place.width(), below - 2)
            words(painter, line, item, item.text == item.target)


def paint_lines(painter: QPainter, place: QRectF, lines: Sequence[PreviewLine]) -> None:
    """Paint the lines of one item over the same steps and between the same heights."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("chip"))
    painter.drawRoundedRect(place, theme.THUMBNAIL_RADIUS, theme.THUMBNAIL_RADIUS)
    values = [v for line in lines for v in line.values if v is not None and math.isfinite(v)]
    if not values:
        return
    inner = place.adjusted(6, 6, -6, -6)
    first = min(line.start for line in lines)
    last = max(line.start + line.step * (len(line.values) - 1) for line in lines)
    low, high = min(values), max(values)
    wide, tall = max(last - first, 1e-9), high - low

    def point(line: PreviewLine, number: int, value: float) -> QPointF:
        share = (value - low) / tall if tall > 0 else 0.5
        x = inner.left() + (line.start + line.step * number - first) / wide * inner.width()
        return QPointF(x, inner.bottom() - share * inner.height())

    painter.setBrush(Qt.BrushStyle.NoBrush)
    for number, line in enumerate(lines):
        painter.setPen(_pen(line.name, number))
        for stretch in _stretches(line):
            points = [point(line, at, value) for at, value in stretch]
            painter.drawPolyline(QPolygonF(points)) if len(points) > 1 else painter.drawPoint(points[0])


def _stretches(line: PreviewLine) -> list[list[tuple[int, float]]]:
    """The values without the gaps between them."""
    found: list[list[tuple[int, float]]] = [[]]
    for at, value in enumerate(line.values):
        if value is not None and math.isfinite(value):
            found[-1].append((at, value))
        elif found[-1]:
            found.append([])
    return [stretch for stretch in found if stretch]


def _pen(name: str, number: int) -> QPen:
    if name not in _NAMED:
        return QPen(theme.series_color(number), 1.4)
    tokens: tuple[str, ...] = ("muted", "ink", "accent")
    return QPen(theme.color(tokens[_NAMED.index(name)]), 2.2 if name == _NAMED[-1] else 1.4)


def _legend(items: Sequence[Previewed]) -> float:
    return _WORDS if any(line.name for item in items for line in item.lines) else 0.0


def _words_below(items: Sequence[Previewed]) -> float:
    """Lines with names say all that there is to say."""
    return 0.0 if _legend(items) else _WORDS


def _paint_legend(painter: QPainter, place: QRectF) -> None:
    font = theme.font("caption")
    painter.setFont(font)
    x = place.left()
    for name in _NAMED:
        pen = _pen(name, 0)
        painter.setPen(pen)
        painter.drawLine(QPointF(x, place.center().y() - 2), QPointF(x + 14, place.center().y() - 2))
        painter.setPen(QColor(theme.color("muted")))
        width = QFontMetricsF(font).horizontalAdvance(name)
        words = QRectF(x + 20, place.top() - 4, width + 4, place.height())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, name)
        x += 20 + width + 18
