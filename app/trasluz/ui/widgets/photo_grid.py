"""A grid of square photos over any number of items: places are computed, never stored."""

from typing import Any, Protocol

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QFrame, QWidget

from trasluz.ui import theme

from .chip import Mark, paint_mark


class Photos(Protocol):
    """What the grid asks its model, row by row.

    They are plain methods and not roles of `data`: a picture need not travel through Qt and back to be painted.
    """

    def picture(self, row: int) -> QPixmap | None:
        """The picture, or None while it is not there."""
        ...

    def failed(self, row: int) -> bool:
        """Whether there will be no picture."""
        ...

    def mark(self, row: int) -> Mark:
        """`warn` or `bad` for an item with a problem, else `none`."""
        ...


class PhotoGrid(QAbstractItemView):
    """Photos in rows that fill the width. Only what is seen is asked of the model and painted."""

    seen = Signal(int, int)
    """The first and the last row of the model that are in sight, after they changed."""

    def __init__(self, parent: QWidget | None = None, *, cell: int = 132, gap: int = 8) -> None:
        super().__init__(parent)
        self._least, self._gap = cell, gap
        self._columns, self._cell = 1, float(cell)
        self._in_sight = (0, -1)
        self._covers: dict[tuple[int, int], Any] = {}
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.viewport().setAutoFillBackground(False)
        self.setStyleSheet("QAbstractItemView { background: transparent; }")
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self.setAccessibleName("Photos")

    # places

    @property
    def columns(self) -> int:
        """How many photos stand in a row."""
        return self._columns

    def _count(self) -> int:
        model = self.model()
        return model.rowCount() if model is not None else 0

    def _pitch(self) -> float:
        return self._cell + self._gap

    def _height(self) -> float:
        """How tall an item is; a photo is square."""
        return self._cell

    def _step(self) -> float:
        return self._height() + self._gap

    def _edge(self) -> int:
        return 3  # room for the ring around a chosen photo

    def _measure(self) -> None:
        width = max(1, self.viewport().width() - 2 * self._edge())
        self._columns = max(1, int((width + self._gap) // (self._least + self._gap)))
        self._cell = (width - self._gap * (self._columns - 1)) / self._columns
        rows = -(-self._count() // self._columns)
        height = int(rows * self._step() - self._gap + 2 * self._edge()) if rows else 0
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, height - self.viewport().height()))
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(max(1, int(self._step() / 3)))
        self._tell()

    def _place(self, number: int) -> QRectF:
        row, column = divmod(number, self._columns)
        x = self._edge() + column * self._pitch()
        y = self._edge() + row * self._step() - self.verticalOffset()
        return QRectF(x, y, self._cell, self._height())

    def rows_in_sight(self) -> tuple[int, int]:
        """The first and the last number that can be seen; the last is smaller where there is nothing."""
        count = self._count()
        if not count:
            return 0, -1
        top = int((self.verticalOffset() - self._edge()) // self._step())
        bottom = int((self.verticalOffset() + self.viewport().height()) // self._step())
        return max(0, top * self._columns), min(count, (bottom + 1) * self._columns) - 1

    def _tell(self) -> None:
        sight = self.rows_in_sight()
        if sight != self._in_sight:
            self._in_sight = sight
            self.seen.emit(*sight)

    # what QAbstractItemView asks for

    def visualRect(self, index: QModelIndex) -> QRect:
        """Where an item is in the viewport."""
        return self._place(index.row()).toRect() if index.isValid() else QRect()

    def scrollTo(
        self, index: QModelIndex, hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible
    ) -> None:
        """Bring an item into sight."""
        if not index.isValid():
            return
        place, bar = self._place(index.row()), self.verticalScrollBar()
        if place.top() < 0 or hint == QAbstractItemView.ScrollHint.PositionAtTop:
            bar.setValue(bar.value() + int(place.top()) - self._edge())
        elif place.bottom() > self.viewport().height():
            bar.setValue(bar.value() + int(place.bottom() - self.viewport().height()) + self._edge())

    def indexAt(self, point: QPoint) -> QModelIndex:
        """The item under a point of the viewport."""
        x, y = point.x() - self._edge(), point.y() + self.verticalOffset() - self._edge()
        column, row = int(x // self._pitch()), int(y // self._step())
        number = row * self._columns + column
        inside = 0 <= column < self._columns and row >= 0 and number < self._count()
        if not inside or not self._place(number).contains(QPointF(point)):
            return QModelIndex()
        return self.model().index(number, 0)

    def moveCursor(self, action: QAbstractItemView.CursorAction, _modifiers: Qt.KeyboardModifier) -> QModelIndex:
        """Where an arrow key leads."""
        count = self._count()
        if not count:
            return QModelIndex()
        page = max(1, int(self.viewport().height() // self._step())) * self._columns
        moves = {
            QAbstractItemView.CursorAction.MoveLeft: -1,
            QAbstractItemView.CursorAction.MovePrevious: -1,
            QAbstractItemView.CursorAction.MoveRight: 1,
            QAbstractItemView.CursorAction.MoveNext: 1,
            QAbstractItemView.CursorAction.MoveUp: -self._columns,
            QAbstractItemView.CursorAction.MoveDown: self._columns,
            QAbstractItemView.CursorAction.MovePageUp: -page,
            QAbstractItemView.CursorAction.MovePageDown: page,
            QAbstractItemView.CursorAction.MoveHome: -count,
            QAbstractItemView.CursorAction.MoveEnd: count,
        }
        current = self.currentIndex()
        start = current.row() if current.isValid() else -1
        number = min(count - 1, max(0, start + moves.get(action, 0)))
        return self.model().index(number, 0)

    def horizontalOffset(self) -> int:
        """It never scrolls sideways."""
        return 0

    def verticalOffset(self) -> int:
        """How far it is scrolled."""
        return self.verticalScrollBar().value()

    def isIndexHidden(self, _index: QModelIndex) -> bool:
        """Nothing is hidden."""
        return False

    def setSelection(self, rect: QRect, command: Any) -> None:
        """Choose what is under the mouse."""
        index = self.indexAt(rect.center())
        if index.isValid():
            self.selectionModel().select(index, command)

    def visualRegionForSelection(self, selection: Any) -> QRegion:
        """What to repaint when the choice changes."""
        region = QRegion()
        for index in selection.indexes():
            region += self.visualRect(index).adjusted(-4, -4, 4, 4)
        return region

    def sizeHint(self) -> QSize:
        """Three by three."""
        return QSize(3 * self._least + 40, 3 * self._least)

    # changes

    def updateGeometries(self) -> None:
        """Measure again after the model or the size changed."""
        super().updateGeometries()
        self._measure()

    def reset(self) -> None:
        """Start from the top with other items."""
        super().reset()
        self._in_sight = (0, -1)
        self.verticalScrollBar().setValue(0)
        self._measure()
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the photo at the top at the top."""
        first = self.indexAt(QPoint(self._edge() + 2, self._edge() + 2))
        super().resizeEvent(event)
        self._covers.clear()
        self._measure()
        if first.isValid() and self.verticalOffset():
            self.scrollTo(first, QAbstractItemView.ScrollHint.PositionAtTop)

    def scrollContentsBy(self, _dx: int, _dy: int) -> None:
        """Repaint; the places follow from the scroll bar."""
        self._tell()
        self.viewport().update()

    def dataChanged(self, first: QModelIndex, last: QModelIndex, roles: Any = ()) -> None:
        """Repaint what changed."""
        self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show the hand over a photo."""
        over = self.indexAt(event.position().toPoint()).isValid()
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)
        super().mouseMoveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: Enter and Space open the photo that is marked."""
        current = self.currentIndex()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and current.isValid():
            self.selectionModel().select(current, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            self.activated.emit(current)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Qt's: show where the arrows start from."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Qt's: the mark goes with the keys."""
        super().focusOutEvent(event)
        self.viewport().update()

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what is in sight."""
        painter = QPainter(self.viewport())
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        first, last = self.rows_in_sight()
        if len(self._covers) > 4 * (last - first + 1) + 64:
            self._covers.clear()
        chooser = self.selectionModel()
        chosen = {index.row() for index in chooser.selectedIndexes()} if chooser else set()
        current = chooser.currentIndex().row() if chooser and self.hasFocus() else -1
        for number in range(first, last + 1):
            place = self._place(number)
            if event.rect().intersects(place.toAlignedRect().adjusted(-4, -4, 4, 4)):
                self._paint_one(painter, number, place)
                if number in chosen or number == current:
                    self._paint_ring(painter, place, chosen=number in chosen)

    def _paint_one(self, painter: QPainter, row: int, place: QRectF) -> None:
        photos: Photos = self.model()  # type: ignore[assignment]
        frame = QPainterPath()
        frame.addRoundedRect(place, theme.THUMBNAIL_RADIUS, theme.THUMBNAIL_RADIUS)
        picture = photos.picture(row)
        if picture is None:
            painter.fillPath(frame, theme.color("chip"))
            if photos.failed(row):
                self._paint_failed(painter, place)
        else:
            painter.save()
            painter.setClipPath(frame)
            painter.drawPixmap(place.topLeft(), self._cover(picture))
            painter.restore()
        self._paint_mark(painter, row, place)

    def _paint_mark(self, painter: QPainter, row: int, place: QRectF) -> None:
        photos: Photos = self.model()  # type: ignore[assignment]
        if (mark := photos.mark(row)) != "none":
            badge = QPointF(place.right() - 12, place.top() + 12)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("panel"))
            painter.drawEllipse(badge, 8, 8)
            paint_mark(painter, mark, badge, 3.6)

    def _paint_ring(self, painter: QPainter, place: QRectF, *, chosen: bool) -> None:
        painter.setPen(QPen(theme.color("accent" if chosen else "ink"), 2.5 if chosen else 1.6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(place.adjusted(-1.5, -1.5, 1.5, 1.5), 7.5, 7.5)

    def _paint_failed(self, painter: QPainter, place: QRectF) -> None:
        painter.setPen(theme.color("muted"))
        painter.setFont(theme.font("caption"))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, "can’t be\nshown")

    def _cover(self, picture: Any) -> Any:
        """The picture cut to the cell, scaled once and kept while it is in sight."""
        from trasluz.ui.thumbnails import cover

        ratio = self.devicePixelRatioF()
        side = max(1, round(self._cell * ratio))
        key = (picture.cacheKey(), side)
        if key not in self._covers:
            scaled = cover(picture, side, side)
            scaled.setDevicePixelRatio(ratio)
            self._covers[key] = scaled
        return self._covers[key]
