"""Numbers as colour: heat maps and alignments."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from trasluz.api import Alignment, Heatmap

from .canvas import Canvas, number, widest, write
from .colour import between, image_of, inks, mix, scaled_to_unit

_SCALE = 72.0  # room for the colour scale at the right
_MOST = 1024  # pixels of a heat map drawn along one axis; more cannot be seen and would cost memory


class GridPainter(Canvas):
    """Draws (rows, columns) as coloured cells, with names where they fit and the scale beside them."""

    def values(self) -> np.ndarray:
        """The numbers, (rows, columns)."""
        return np.atleast_2d(np.asarray(self.view.values))

    def set_view(self, view: object) -> None:
        """Show other numbers."""
        self._cells = None
        super().set_view(view)  # type: ignore[arg-type]

    def cells(self) -> "_Cells":
        """What is drawn of the numbers, worked out once for a view."""
        if getattr(self, "_cells", None) is None:
            self._cells: _Cells | None = _Cells.of(self.values())
        assert self._cells is not None
        return self._cells

    def names(self) -> tuple[Sequence[str], Sequence[str]]:
        """Names of the rows and of the columns; either may be empty."""
        return self.view.row_labels, self.view.column_labels

    def titles(self) -> tuple[str, str]:
        """What the rows and the columns are."""
        return self.view.row_title, self.view.column_title

    def unit(self) -> str:
        """The unit of the numbers."""
        return ""

    def wanted_height(self, width: float) -> float:
        """Square cells where there are few; a flat strip where a sequence is long."""
        rows, columns = self.values().shape
        inner = max(60.0, width - _SCALE - self._left(width))
        cell = min(36.0, inner / max(1, columns))
        tall = rows * max(cell, 3.0 if rows < 200 else 1.0)
        return self._top(cell) + min(max(tall, 90.0), 560.0) + self._bottom()

    def spoken(self) -> str:
        """Size, range and where the greatest value is."""
        cells = self.cells()
        if cells.greatest is None:
            return f"{self.view.title}: nothing to show"
        rows, columns = self.values().shape
        where = f"{self._row_name(cells.greatest[0])}, {self._column_name(cells.greatest[1])}"
        return (
            f"{self.view.title}: {rows} rows and {columns} columns, from {number(cells.least, self.unit())} "
            f"to {number(cells.most, self.unit())}; the greatest at {where}"
        )

    def draw(self, painter: QPainter, area: QRectF) -> None:
        """Names, cells, scale."""
        ink = inks()
        plot = self._plot(area)
        cells = self.cells()
        if cells.greatest is None:
            write(painter, area, "Nothing to show", font=self.body_font(), colour=ink.muted)
            return
        low, high = cells.low, cells.high
        stops = _stops(two_sided=low < 0 < high)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(plot, image_of(between(cells.unit, stops)))
        painter.restore()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(ink.line, 1))
        painter.drawRect(plot)
        self._write_names(painter, area, plot)
        self._draw_scale(painter, plot, stops, low, high)

    def tip_at(self, point: QPointF) -> str:
        """The cell's row, column and value."""
        cell = self.cell_at(point)
        if cell is None:
            return ""
        row, column = cell
        value = number(float(self.values()[row, column]), self.unit())
        return f"{self._row_name(row)}, {self._column_name(column)}: {value}"

    def cell_at(self, point: QPointF) -> tuple[int, int] | None:
        """Return (row, column) under a point of the widget."""
        plot = self._plot(QRectF(self.rect()))
        rows, columns = self.values().shape
        if not plot.contains(point) or not rows or not columns:
            return None
        row = int((point.y() - plot.top()) / plot.height() * rows)
        column = int((point.x() - plot.left()) / plot.width() * columns)
        return min(row, rows - 1), min(column, columns - 1)

    def _plot(self, area: QRectF) -> QRectF:
        left = self._left(area.width())
        columns = max(1, self.values().shape[1])
        width = max(40.0, area.width() - left - _SCALE)
        if self.names()[1]:
            width = min(width, columns * 56.0)
        top = self._top(width / columns)
        return QRectF(area.left() + left, area.top() + top, width, max(20.0, area.height() - top - self._bottom()))

    def _left(self, width: float) -> float:
        rows = self.names()[0]
        names = widest(self.caption_font(), list(rows)[:400]) + 10 if rows else 0.0
        return min(names, width * 0.3) + (18 if self.titles()[0] else 0)

    def _top(self, cell: float) -> float:
        columns = self.names()[1]
        if not columns:
            return 2.0
        wide = widest(self.caption_font(), list(columns)[:400])
        return 20.0 if wide <= cell - 4 else min(wide, 96.0) * 0.72 + 18

    def _bottom(self) -> float:
        return 22.0 if self.titles()[1] else 4.0

    def _write_names(self, painter: QPainter, area: QRectF, plot: QRectF) -> None:
        ink, font = inks(), self.caption_font()
        row_names, column_names = self.names()
        row_title, column_title = self.titles()
        rows, columns = self.values().shape
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        height, width = plot.height() / max(1, rows), plot.width() / max(1, columns)
        every = max(1, int(np.ceil(14 / max(height, 1e-6))))
        for i in range(0, min(rows, len(row_names)), every):
            line = QRectF(area.left(), plot.top() + (i + 0.5) * height - 8, plot.left() - area.left() - 6, 16)
            write(painter, line, row_names[i], font=font, colour=ink.muted, align=right)
        flat = bool(column_names) and widest(font, list(column_names)[:400]) <= width - 4
        every = max(1, int(np.ceil(14 / max(width, 1e-6))))
        for i in range(0, min(columns, len(column_names)), 1 if flat else every):
            centre = plot.left() + (i + 0.5) * width
            if flat:
                line = QRectF(centre - width / 2, plot.top() - 18, width, 16)
                write(painter, line, column_names[i], font=font, colour=ink.muted, align=Qt.AlignmentFlag.AlignCenter)
            else:
                slanted(painter, QPointF(centre, plot.top() - 6), column_names[i], font=font, colour=ink.muted)
        if column_title:
            line = QRectF(plot.left(), plot.bottom() + 4, plot.width(), 16)
            write(painter, line, column_title, font=font, colour=ink.muted)
        if row_title:
            painter.save()
            painter.translate(area.left() + 8, plot.center().y())
            painter.rotate(-90)
            write(
                painter,
                QRectF(-plot.height() / 2, -8, plot.height(), 16),
                row_title,
                font=font,
                colour=ink.muted,
                align=Qt.AlignmentFlag.AlignCenter,
            )
            painter.restore()

    def _draw_scale(self, painter: QPainter, plot: QRectF, stops: list[QColor], low: float, high: float) -> None:
        ink, font = inks(), self.caption_font()
        bar = QRectF(plot.right() + 14, plot.top(), 8, min(plot.height(), 140))
        painter.drawImage(bar, image_of(between(np.linspace(1, 0, 64)[:, None], stops)))
        top = QRectF(bar.right() + 6, bar.top() - 3, _SCALE - 28, 14)
        write(painter, top, number(high, self.unit()), font=font, colour=ink.muted)
        bottom = QRectF(bar.right() + 6, bar.bottom() - 11, _SCALE - 28, 14)
        write(painter, bottom, number(low, self.unit()), font=font, colour=ink.muted)

    def _row_name(self, row: int) -> str:
        names = self.names()[0]
        return f"“{names[row]}”" if row < len(names) else f"row {row + 1}"

    def _column_name(self, column: int) -> str:
        names = self.names()[1]
        return f"“{names[column]}”" if column < len(names) else f"column {column + 1}"


class HeatmapPainter(GridPainter):
    """Any numbers: features, hidden states over time, similarities."""

    view: Heatmap


class AlignmentPainter(GridPainter):
    """Which source token each target token looked at."""

    view: Alignment

    def values(self) -> np.ndarray:
        """The weights."""
        return np.atleast_2d(np.asarray(self.view.weights))

    def names(self) -> tuple[Sequence[str], Sequence[str]]:
        """Targets down, sources across."""
        return self.view.targets, self.view.sources

    def titles(self) -> tuple[str, str]:
        """What is written at each side."""
        if list(self.view.targets) == list(self.view.sources):  # a text that reads itself
            return "each token", "takes from"
        return "written", "read"

    def unit(self) -> str:
        """Weights are shares."""
        return "%"

    def spoken(self) -> str:
        """For each target the source it looked at most."""
        weights = self.values()
        if not weights.size:
            return f"{self.view.title}: nothing to show"
        pairs = [
            f"“{target}” looked most at “{self.view.sources[int(np.argmax(row))]}”"
            for target, row in list(zip(self.view.targets, weights, strict=False))[:40]
        ]
        return f"{self.view.title}: " + "; ".join(pairs)


def slanted(painter: QPainter, at: QPointF, words: str, *, font: object, colour: QColor, length: float = 110) -> None:
    """Write words that rise to the right from a point, as column heads do."""
    painter.save()
    painter.translate(at)
    painter.rotate(-45)
    write(painter, QRectF(0, -8, length, 16), words, font=font, colour=colour)  # type: ignore[arg-type]
    painter.restore()


def _stops(*, two_sided: bool) -> list[QColor]:
    ink = inks()
    if two_sided:
        return [
            ink.series_1,
            mix(ink.series_1, ink.panel, 0.5),
            ink.chip,
            mix(ink.series_2, ink.panel, 0.5),
            ink.series_2,
        ]
    return [ink.chip, mix(ink.chip, ink.series_1, 0.5), ink.series_1, mix(ink.series_1, ink.ink, 0.5)]


@dataclass(frozen=True, slots=True)
class _Cells:
    """Numbers made ready to be drawn: stretched to 0–1, and their extremes.

    Where there are more than can be seen, a cell stands for several, and shows the one farthest from zero.
    """

    unit: np.ndarray
    low: float
    high: float
    least: float
    most: float
    greatest: tuple[int, int] | None

    @classmethod
    def of(cls, values: np.ndarray) -> "_Cells":
        shape = values.shape
        for axis in (0, 1):
            if shape[axis] > _MOST:
                starts = np.linspace(0, shape[axis], _MOST, endpoint=False).astype(int)
                high = np.maximum.reduceat(values, starts, axis=axis)
                low = np.minimum.reduceat(values, starts, axis=axis)
                values = np.where(high >= -low, high, low)
        finite = np.isfinite(values)
        if not finite.any():
            return cls(np.zeros((1, 1)), 0.0, 0.0, 0.0, 0.0, None)
        unit, scale_low, scale_high = scaled_to_unit(values)
        known = np.where(finite, values, -np.inf)
        row, column = np.unravel_index(int(np.argmax(known)), values.shape)
        place = int(row) * shape[0] // values.shape[0], int(column) * shape[1] // values.shape[1]
        least = float(np.min(np.where(finite, values, np.inf)))
        return cls(unit, scale_low, scale_high, least, float(known[row, column]), place)
