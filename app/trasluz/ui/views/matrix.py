"""What is taken for what: counts in cells that can be opened."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from trasluz.api import Matrix

from .canvas import Canvas, widest, write
from .colour import image_of, inks, mix, readable_on
from .grid import slanted

_LARGEST = 46.0
_TALLEST = 104.0
_WIDER = 1.4
"""How much wider than tall a cell may be where there is more room to the side than below."""
_SMALLEST = 5.0
_WITH_FIGURES = 19.0
_STEPS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class MatrixPainter(Canvas):
    """Rows are what it is, columns what the model says. Emits `(row, column)` when a cell is selected.

    The diagonal is blue, mistakes are red, and each is as strong as its share of the row; the figure is written in
    the cell, so nothing hangs on the colour alone.
    """

    cleared = Signal()
    """The person let go of the selected cell."""

    def __init__(self, view: Matrix, parent: QWidget | None = None) -> None:
        self.selected: tuple[int, int] | None = None
        self._hovered: tuple[int, int] | None = None
        super().__init__(view, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def set_view(self, view: object) -> None:
        """Show another matrix; the selection goes."""
        self.selected = self._hovered = None
        super().set_view(view)  # type: ignore[arg-type]

    def wanted_height(self, width: float) -> float:
        """As tall as the cells are when they fill the width, up to a comfortable cell."""
        left, top = self._margins(width)
        columns, rows = max(1, len(self.view.columns)), max(1, len(self.view.rows))
        cell = min(self._largest(), max(_SMALLEST, (width - left - self._lean()) / columns))
        return top + rows * cell + 4

    def spoken(self) -> str:
        """How many are right and the three most frequent mistakes, or the selected cell."""
        if self.selected is not None:
            return self._cell_words(*self.selected)
        values = np.asarray(self.view.values)
        if not values.size:
            return f"{self.view.title}: nothing to show"
        wrong = values.copy()
        for row, name in enumerate(self.view.rows):
            if name in self.view.columns:
                wrong[row, list(self.view.columns).index(name)] = 0
        order = [i for i in np.argsort(wrong, axis=None)[::-1][:3] if wrong.flat[i] > 0]
        worst = [self._cell_words(*(int(v) for v in np.unravel_index(i, wrong.shape))) for i in order]
        right = f"{int(values.sum() - wrong.sum())} of {int(values.sum())} are right"
        return f"{self.view.title}: {right}" + ("; most often " + "; ".join(worst) if worst else "")

    def draw(self, painter: QPainter, area: QRectF) -> None:
        """Names, then cells."""
        values = np.asarray(self.view.values)
        if not values.size:
            write(painter, area, "Nothing to show", font=self.body_font(), colour=inks().muted)
            return
        plot, wide, cell = self._plot(area)
        self._draw_names(painter, area, plot, wide, cell)
        shares = values / np.maximum(values.sum(axis=1, keepdims=True), 1)
        if cell < 12:
            self._draw_as_picture(painter, plot, values, shares)
            return
        gap = 4.0 if cell >= 28 else 2.0
        font = self.caption_font() if cell < 34 else self.body_font()
        painter.setPen(Qt.PenStyle.NoPen)
        for row in range(values.shape[0]):
            for column in range(values.shape[1]):
                box = QRectF(plot.left() + column * wide, plot.top() + row * cell, wide - gap, cell - gap)
                count = int(values[row, column])
                ground = self._ground(row, column, count, float(shares[row, column]))
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(ground)
                painter.drawRoundedRect(box, min(5.0, cell / 6), min(5.0, cell / 6))
                if count and cell >= _WITH_FIGURES:
                    write(
                        painter,
                        box,
                        f"{count:,}",
                        font=font,
                        colour=readable_on(ground),
                        elide=False,
                        align=Qt.AlignmentFlag.AlignCenter,
                    )

    def draw_over(self, painter: QPainter, area: QRectF) -> None:
        """A ring on the selected cell, a thin one under the pointer."""
        ink = inks()
        plot, wide, cell = self._plot(area)
        gap = 4.0 if cell >= 28 else 2.0 if cell >= 12 else 0.0
        painter.setBrush(Qt.BrushStyle.NoBrush)
        # without a selection the arrows start from the marked cell: that is where the keys are
        keys_here = self.hasFocus() and self.selected is None
        mark = (ink.ink, 1.6) if keys_here else (ink.muted, 1.0)
        marked = self._hovered if self.hasFocus() or self.underMouse() else None
        rings = ((marked, *mark), (self.selected, ink.accent, 2.0))
        for place, colour, width in rings:
            if place is None:
                continue
            box = QRectF(plot.left() + place[1] * wide, plot.top() + place[0] * cell, wide - gap, cell - gap)
            painter.setPen(QPen(colour, width))
            painter.drawRoundedRect(box.adjusted(-0.5, -0.5, 0.5, 0.5), min(5.0, cell / 6), min(5.0, cell / 6))

    def tip_at(self, point: QPointF) -> str:
        """How many of what are taken for what."""
        cell = self.cell_at(point)
        return self._cell_words(*cell) if cell else ""

    def select(self, row: int, column: int) -> None:
        """Select a cell as the person would."""
        self.selected = (row, column)
        self.setAccessibleDescription(self.spoken())
        self.update()
        self.chosen.emit((row, column))

    def cell_at(self, point: QPointF) -> tuple[int, int] | None:
        """Return (row, column) under a point of the widget."""
        plot, wide, cell = self._plot(QRectF(self.rect()))
        row, column = int((point.y() - plot.top()) // cell), int((point.x() - plot.left()) // wide)
        inside = 0 <= row < len(self.view.rows) and 0 <= column < len(self.view.columns)
        return (row, column) if inside else None

    def cell_centre(self, row: int, column: int) -> QPointF:
        """Return where a cell is drawn."""
        plot, wide, cell = self._plot(QRectF(self.rect()))
        return QPointF(plot.left() + (column + 0.45) * wide, plot.top() + (row + 0.45) * cell)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's: show which cell would be opened."""
        hovered = self.cell_at(event.position())
        if hovered != self._hovered:
            self._hovered = hovered
            has = hovered is not None
            self.setCursor(Qt.CursorShape.PointingHandCursor if has else Qt.CursorShape.ArrowCursor)
            self.update()

    def leaveEvent(self, event: object) -> None:
        """Qt's: the pointer is gone."""
        self._hovered = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's: open the cell."""
        super().mousePressEvent(event)
        cell = self.cell_at(event.position())
        if cell is not None:
            self.select(*cell)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Qt's: coming by the Tab key, something must be marked for the arrows to start from."""
        if self.selected is None and event.reason() != Qt.FocusReason.MouseFocusReason and len(self.view.rows):
            self._hovered = (0, 0)
        super().focusInEvent(event)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: arrows move the selection, Home and End go along the row, Esc lets go of it."""
        rows, columns = len(self.view.rows), len(self.view.columns)
        row, column = self.selected or self._hovered or (0, 0)
        key = Qt.Key(event.key())
        if not rows or not columns:
            super().keyPressEvent(event)
        elif key in _STEPS:
            down, right = _STEPS[key]
            if self.selected is None:
                down = right = 0
            self.select(min(rows - 1, max(0, row + down)), min(columns - 1, max(0, column + right)))
        elif key == Qt.Key.Key_Home:
            self.select(row, 0)
        elif key == Qt.Key.Key_End:
            self.select(row, columns - 1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.select(row, column)
        elif key == Qt.Key.Key_Escape and self.selected is not None:
            # the arrows go on from where they were
            self._hovered, self.selected = self.selected, None
            self.setAccessibleDescription(self.spoken())
            self.update()
            self.cleared.emit()
        else:
            super().keyPressEvent(event)

    def _cell_words(self, row: int, column: int) -> str:
        count = int(np.asarray(self.view.values)[row, column])
        truth, said = self.view.rows[row], self.view.columns[column]
        total = int(np.asarray(self.view.values)[row].sum())
        if truth == said:
            return f"{count} of {total} “{truth}” are seen as such"
        return f"{count} of {total} “{truth}” taken for “{said}”"

    def _ground(self, row: int, column: int, count: int, share: float) -> QColor:
        ink = inks()
        if not count:
            return ink.chip
        right = self.view.rows[row] == self.view.columns[column]
        if right:
            return mix(ink.chip, ink.series_1, 0.35 + 0.6 * share)
        return mix(ink.chip, ink.bad, 0.22 + 0.6 * min(1.0, share * 2.2))

    def _draw_names(self, painter: QPainter, area: QRectF, plot: QRectF, wide: float, cell: float) -> None:
        ink = inks()
        font = self.body_font() if cell >= 22 else self.caption_font()
        every = max(1, int(np.ceil(14 / cell)))
        chosen = self.selected or (-1, -1)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for row in range(0, len(self.view.rows), every):
            line = QRectF(area.left(), plot.top() + row * cell, plot.left() - area.left() - 10, cell - 2)
            if cell < 16:
                line = QRectF(line.left(), line.center().y() - 8, line.width(), 16)
            write(
                painter,
                line,
                self.view.rows[row],
                font=font,
                align=right,
                colour=ink.ink if row == chosen[0] else ink.ink if cell >= 22 else ink.muted,
            )
        top = self._margins(area.width())[1]
        level = widest(font, list(self.view.columns)) <= wide - 8
        for column in range(0, len(self.view.columns), every):
            if level:
                line = QRectF(plot.left() + column * wide, plot.top() - 24, wide - 4, 18)
                centred = Qt.AlignmentFlag.AlignCenter
                write(painter, line, self.view.columns[column], font=font, colour=ink.ink, align=centred)
                continue
            at = QPointF(plot.left() + (column + 0.42) * wide, plot.top() - 8)
            slanted(painter, at, self.view.columns[column], font=font, colour=ink.ink, length=top * 1.35)

    def _draw_as_picture(self, painter: QPainter, plot: QRectF, values: np.ndarray, shares: np.ndarray) -> None:
        """Very many classes: one pixel for each cell, stretched without smoothing."""
        ink = inks()
        same = np.array([[r == c for c in self.view.columns] for r in self.view.rows])
        ground = np.array(ink.chip.getRgb()[:3], dtype=np.float64)
        right = np.array(ink.series_1.getRgb()[:3], dtype=np.float64)
        wrong = np.array(ink.bad.getRgb()[:3], dtype=np.float64)
        strength = np.where(same, 0.35 + 0.6 * shares, 0.3 + 0.6 * np.minimum(1, shares * 2.2)) * (values > 0)
        colour = np.where(same[..., None], right, wrong)
        pixels = ground + (colour - ground) * strength[..., None]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(plot, image_of(pixels.astype(np.uint8)))
        painter.restore()

    def _margins(self, width: float) -> tuple[float, float]:
        font = self.body_font()
        left = min(widest(font, list(self.view.rows)) + 14, width * 0.3)
        top = min(widest(font, list(self.view.columns)), 120.0) * 0.72 + 22
        return left, top

    def _largest(self) -> float:
        """A comfortable cell: larger where there are few."""
        return min(_TALLEST, max(_LARGEST, 440.0 / max(1, len(self.view.columns))))

    def _lean(self) -> float:
        """Room at the right for the last column's leaning name."""
        last = list(self.view.columns)[-1:]
        return min(widest(self.body_font(), last), 120.0) * 0.72

    def _plot(self, area: QRectF) -> tuple[QRectF, float, float]:
        """Where the cells lie, and how wide and how tall one is; in the middle where they need not all the room."""
        left, top = self._margins(area.width())
        columns, rows = max(1, len(self.view.columns)), max(1, len(self.view.rows))
        across = (area.width() - left - self._lean()) / columns
        down = (area.height() - top - 2) / rows
        cell = max(_SMALLEST if min(across, down) > 0 else 1.0, min(_TALLEST, across, down))
        wide = max(cell, min(across, cell * _WIDER)) if cell >= _WITH_FIGURES else cell
        spare = max(0.0, across * columns - wide * columns) / 2
        below = max(0.0, down * rows - cell * rows) / 3
        plot = QRectF(area.left() + left + spare, area.top() + top + below, wide * columns, cell * rows)
        return plot, wide, cell
