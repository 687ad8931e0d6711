"""Lines over a shared axis, labelled at their ends."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from trasluz.api import Curve, Series
from trasluz.ui import theme

from .bands import ends, paint_band
from .canvas import Canvas, number, sized, text_width, ticks, widest, write
from .colour import inks

_LINE_OF_TEXT = 16.0


class CurvePainter(Canvas):
    """Draws a curve view; no legend, each line carries its name and last value.

    `set_best({name: x})` puts a ring on a point, `set_span((low, high))` fixes the x axis where its end is known
    before the line gets there, as in a run of so many passes.
    """

    def __init__(self, view: Curve, parent: QWidget | None = None) -> None:
        self._best: dict[str, float] = {}
        self._span: tuple[float, float] | None = None
        self._strong: str | None = None
        self._pointer: QPointF | None = None
        super().__init__(view, parent)
        self.setMinimumHeight(140)

    def set_best(self, best: Mapping[str, float]) -> None:
        """Ring the point of each named line at that x."""
        self._best = dict(best)
        self.refresh()

    def set_strong(self, name: str | None) -> None:
        """Draw this line and its name bolder than the others."""
        self._strong = name
        self.refresh()

    def set_span(self, span: tuple[float, float] | None) -> None:
        """Let the x axis go from one number to the other at least, or only as far as the lines."""
        self._span = span
        self.refresh()

    def spoken(self) -> str:
        """Where each line ends, and the baselines."""
        last = [f"{s.name} ends at {number(float(s.y[-1]), self.view.unit)}" for s in self.view.series if len(s.y)]
        last += [f"{n} at {number(v, self.view.unit)}" for n, v in (self.view.baselines or {}).items()]
        said = f"{self.view.title}: " + ("; ".join(last) if last else "no points yet")
        return f"{said}. {self.view.caption}" if self.view.caption else said

    def wanted_height(self, width: float) -> float:
        """A calm landscape format."""
        return min(420.0, max(180.0, width * 0.5)) + self._caption_height(width)

    def draw(self, painter: QPainter, area: QRectF) -> None:
        """Grid, baselines, lines, names."""
        plot = self._plot(area)
        x_low, x_high, y_low, y_high = self._ranges()
        self._draw_grid(painter, area, plot)
        for band in self.view.bands:
            paint_band(painter, band, line_colour(band.of), lambda x, y: self._point(plot, x, y))
        ink = inks()
        names: list[tuple[float, str, QColor, bool]] = []
        for i, series in enumerate(self.view.series):
            x, y = _clean(series)
            if not len(x):
                continue
            colour = line_colour(i)
            strong = series.name == self._strong
            x, y = _thinned(x, y, plot.width())
            across = plot.left() + (x - x_low) / (x_high - x_low) * plot.width()
            down = plot.bottom() - (y - y_low) / (y_high - y_low) * plot.height()
            painter.setPen(
                QPen(
                    colour,
                    2.4 if strong else 1.8,
                    Qt.PenStyle.SolidLine,
                    Qt.PenCapStyle.RoundCap,
                    Qt.PenJoinStyle.RoundJoin,
                )
            )
            if len(x) == 1:
                painter.setBrush(colour)
                painter.drawEllipse(QPointF(across[0], down[0]), 2.5, 2.5)
            elif len(x) > plot.width():
                # more than a point for each pixel: Qt's joins cost seconds there and cannot be seen
                painter.setPen(QPen(colour, 1.0))
                places = [QPointF(a, b) for a, b in zip(across, down, strict=True)]
                painter.drawLines([QLineF(a, b) for a, b in pairwise(places)])
            else:
                painter.drawPolyline(QPolygonF([QPointF(a, b) for a, b in zip(across, down, strict=True)]))
            last = series.y[np.isfinite(series.y)][-1] if np.isfinite(series.y).any() else float("nan")
            at = self._best.get(series.name)
            shown = float(np.interp(at, *_clean(series))) if at is not None else float(last)
            names.append((float(down[-1]), f"{series.name} {_short(shown, self.view.unit)}", colour, strong))
        self._draw_baselines(painter, plot, y_low, y_high)
        for i, series in enumerate(self.view.series):
            if series.name in self._best and len(series.x):
                point = self._point(
                    plot, self._best[series.name], float(np.interp(self._best[series.name], *_clean(series)))
                )
                painter.setPen(QPen(line_colour(i), 2.4))
                painter.setBrush(ink.panel)
                painter.drawEllipse(point, 5, 5)
        self._draw_names(painter, plot, names)
        if self.view.caption:
            height = self._caption_height(area.width())
            place = QRectF(area.left(), area.bottom() - height, area.width(), height)
            painter.setFont(self.body_font())
            painter.setPen(ink.ink)
            painter.drawText(place, int(Qt.AlignmentFlag.AlignBottom | Qt.TextFlag.TextWordWrap), self.view.caption)

    def _caption_height(self, width: float) -> float:
        if not self.view.caption:
            return 0.0
        room = QRectF(0, 0, max(40.0, width), 1e4)
        metrics = QFontMetricsF(self.body_font())
        return metrics.boundingRect(room, int(Qt.TextFlag.TextWordWrap), self.view.caption).height() + 8

    def draw_over(self, painter: QPainter, area: QRectF) -> None:
        """A hairline through the nearest points under the pointer."""
        if self._pointer is None or not self.view.series:
            return
        plot = self._plot(area)
        if not plot.adjusted(-4, -4, 4, 4).contains(self._pointer):
            return
        x = self._nearest_x(plot, self._pointer.x())
        if x is None:
            return
        ink = inks()
        at = self._point(plot, x, 0).x()
        painter.setPen(QPen(ink.muted, 1))
        painter.drawLine(QPointF(at, plot.top()), QPointF(at, plot.bottom()))
        for i, series in enumerate(self.view.series):
            xs, ys = _clean(series)
            if len(xs) and xs[0] <= x <= xs[-1]:
                painter.setBrush(line_colour(i))
                painter.setPen(QPen(ink.panel, 1.5))
                painter.drawEllipse(self._point(plot, x, float(np.interp(x, xs, ys))), 4, 4)

    def tip_at(self, point: QPointF) -> str:
        """The values of all lines at the nearest x."""
        plot = self._plot(QRectF(self.rect()))
        x = self._nearest_x(plot, point.x())
        if x is None or not plot.adjusted(-6, -6, 6, 6).contains(point):
            return ""
        lines = [f"{self.view.x_title or 'x'} {number(x)}"]
        for series in self.view.series:
            xs, ys = _clean(series)
            if len(xs) and xs[0] <= x <= xs[-1]:
                lines.append(f"{series.name}: {number(float(np.interp(x, xs, ys)), self.view.unit)}")
        for band in self.view.bands:
            xs, *both = ends(band)
            if len(xs) and xs[0] <= x <= xs[-1]:
                low, high = (number(float(np.interp(x, xs, each)), self.view.unit) for each in both)
                lines.append(f"{band.name}: {low} to {high}")
        return "\n".join(lines)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's: the hairline follows."""
        self._pointer = event.position()
        self.update()

    def leaveEvent(self, event: object) -> None:
        """Qt's: the pointer is gone."""
        self._pointer = None
        self.update()

    def _ranges(self) -> tuple[float, float, float, float]:
        xs = [_clean(s)[0] for s in self.view.series if len(_clean(s)[0])]
        ys = [_clean(s)[1] for s in self.view.series if len(_clean(s)[1])]
        heights = [*(float(y.min()) for y in ys), *(float(y.max()) for y in ys)]
        heights += list((self.view.baselines or {}).values())
        heights += [float(each) for band in self.view.bands for end in ends(band)[1:] for each in end]
        x_low = min((float(x.min()) for x in xs), default=0.0)
        x_high = max((float(x.max()) for x in xs), default=1.0)
        if self._span:
            x_low, x_high = min(x_low, self._span[0]), max(x_high, self._span[1])
        y_low, y_high = min(heights, default=0.0), max(heights, default=1.0)
        if self.view.unit == "%":
            y_high = 1.0 if y_high > 0.6 else y_high
        room = (y_high - y_low) * 0.06 or abs(y_high) * 0.1 or 0.5
        low, high = y_low - room, y_high + room
        if self.view.unit == "%":
            low, high = max(0.0, low), min(1.0, high)
        elif y_low >= 0:
            low = max(0.0, low)
        marks = ticks(low, high, 5)
        if len(marks) > 1:
            step = marks[1] - marks[0]
            low = min(low, marks[0]) if marks[0] - low < step * 0.05 else marks[0] - step
            if self.view.unit == "%" or y_low >= 0:
                low = max(0.0, low)
        if x_high <= x_low:
            x_high = x_low + 1
        return x_low, x_high, low, high if high > low else low + 1

    def _plot(self, area: QRectF) -> QRectF:
        _, _, low, high = self._ranges()
        left = widest(self.caption_font(), [_short(t, self.view.unit) for t in ticks(low, high, 5)]) + 10
        names = [f"{s.name} {_short(float(s.y[-1]), self.view.unit)}" for s in self.view.series if len(s.y)]
        font = self.body_font(bold=True)
        right = min(area.width() * 0.34, widest(font, names) + 17) if names else 8
        if self._span:  # a line that is still on its way has room for its name before the axis ends
            reached = [float(s.x[-1]) for s in self.view.series if len(s.x)]
            x_low, x_high = self._ranges()[:2]
            inside = (area.width() - left) * (1 - (max(reached, default=x_low) - x_low) / (x_high - x_low))
            right = max(8.0, right - inside)
        return QRectF(
            area.left() + left,
            area.top() + 8,
            max(40.0, area.width() - left - right),
            max(30.0, area.height() - 8 - 26 - self._caption_height(area.width())),
        )

    def _point(self, plot: QRectF, x: float, y: float) -> QPointF:
        x_low, x_high, y_low, y_high = self._ranges()
        return QPointF(
            plot.left() + (x - x_low) / (x_high - x_low) * plot.width(),
            plot.bottom() - (y - y_low) / (y_high - y_low) * plot.height(),
        )

    def _nearest_x(self, plot: QRectF, at: float) -> float | None:
        x_low, x_high = self._ranges()[:2]
        wanted = x_low + (at - plot.left()) / plot.width() * (x_high - x_low)
        best: float | None = None
        for series in self.view.series:
            xs = _clean(series)[0]
            if len(xs):
                near = float(xs[int(np.argmin(np.abs(xs - wanted)))])
                best = near if best is None or abs(near - wanted) < abs(best - wanted) else best
        return best

    def _draw_grid(self, painter: QPainter, area: QRectF, plot: QRectF) -> None:
        ink, font = inks(), self.caption_font()
        x_low, x_high, y_low, y_high = self._ranges()
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for mark in ticks(y_low, y_high, 5):
            y = self._point(plot, x_low, mark).y()
            painter.setPen(QPen(ink.line, 1))
            painter.drawLine(QPointF(plot.left(), round(y) + 0.5), QPointF(plot.right(), round(y) + 0.5))
            label = QRectF(area.left(), y - 8, plot.left() - area.left() - 8, 16)
            write(painter, label, _short(mark, self.view.unit), font=font, colour=ink.muted, align=right, elide=False)
        line = QRectF(plot.left(), plot.bottom() + 8, plot.width(), 16)
        write(painter, line, f"{self.view.x_title} {number(x_low)}".strip(), font=font, colour=ink.muted)
        write(painter, line, number(x_high), font=font, colour=ink.muted, align=right)

    def _draw_baselines(self, painter: QPainter, plot: QRectF, y_low: float, y_high: float) -> None:
        ink, font = inks(), self.caption_font()
        for name, value in (self.view.baselines or {}).items():
            y = plot.bottom() - (value - y_low) / (y_high - y_low) * plot.height()
            painter.setPen(QPen(ink.muted, 1.2, Qt.PenStyle.CustomDashLine))
            pen = painter.pen()
            pen.setDashPattern([4, 3])
            painter.setPen(pen)
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            words = f"{name}, {number(value, self.view.unit)}"
            width = text_width(font, words)
            above = y - _LINE_OF_TEXT - 2
            top = above if above > plot.top() - 6 else y + 2  # at the upper edge there is room below only
            box = QRectF(plot.right() - width - 2, top, width + 2, _LINE_OF_TEXT)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink.panel)
            painter.drawRect(box.adjusted(-3, 3, 1, -2))
            write(painter, box, words, font=font, colour=ink.muted, elide=False)

    def _draw_names(self, painter: QPainter, plot: QRectF, names: list[tuple[float, str, QColor, bool]]) -> None:
        ends = [float(s.x[-1]) for s in self.view.series if len(s.x)]
        if not ends:
            return
        x_low = self._ranges()[0]
        left = self._point(plot, max(ends, default=x_low), 0).x() + 11
        placed = spread([y for y, *_ in names], _LINE_OF_TEXT, plot.top(), plot.bottom() + 6)
        for at, (_, words, colour, strong) in zip(placed, names, strict=True):
            font = sized(self.body_font(bold=strong), 12)
            wide = min(text_width(font, words) + 4, self.width() - left)
            write(painter, QRectF(left, at - 8, wide, _LINE_OF_TEXT), words, font=font, colour=colour)


def line_colour(index: int) -> QColor:
    """Return the colour of the n-th line of a plot."""
    return theme.series_color(index)


def spread(wanted: list[float], gap: float, low: float, high: float) -> list[float]:
    """Move labels apart until none overlaps its neighbour, each as little as may be."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    gap = min(gap, (high - low) / max(1, len(wanted) - 1))
    # with the gaps taken out, labels that keep their order are a sequence that never falls: neighbours that would
    # overlap are pooled at their mean (Ayer et al. 1955), which moves them the least
    pools: list[tuple[float, int]] = []
    for rank, i in enumerate(order):
        total, count = wanted[i] - rank * gap, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            earlier = pools.pop()
            total, count = total + earlier[0], count + earlier[1]
        pools.append((total, count))
    level = [total / count for total, count in pools for _ in range(count)]
    last = high - (len(wanted) - 1) * gap
    result = [0.0] * len(wanted)
    for rank, i in enumerate(order):
        result[i] = min(max(level[rank], low), max(low, last)) + rank * gap
    return result


def _short(value: float, unit: str) -> str:
    if unit == "%":
        percent = value * 100
        return f"{percent:.0f}%" if abs(percent - round(percent)) < 0.05 else f"{percent:.1f}%"
    return number(float(f"{value:.3g}") if abs(value) < 1 else value, unit)


def _clean(series: Series) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(series.x, dtype=np.float64), np.asarray(series.y, dtype=np.float64)
    good = np.isfinite(x) & np.isfinite(y)
    return x[good], y[good]


def _thinned(x: np.ndarray, y: np.ndarray, pixels: float) -> tuple[np.ndarray, np.ndarray]:
    """At most four points for each pixel column: its first, least, greatest and last."""
    columns = max(1, int(pixels))
    if len(x) <= 4 * columns:
        return x, y
    edges = np.unique(np.linspace(0, len(x), columns + 1).astype(int))
    keep: set[int] = set()
    for start, end in pairwise(edges):
        part = y[start:end]
        keep.update((start, start + int(part.argmin()), start + int(part.argmax()), end - 1))
    chosen = np.array(sorted(keep))
    return x[chosen], y[chosen]
