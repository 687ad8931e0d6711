"""Photos in rows with words and small buttons beside them: a list that asks for pictures only of what is seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from trasluz.ui import theme
from trasluz.ui.pages.training.previews import paint_thumbnail
from trasluz.ui.thumbnails import Thumbnails, key_of

_PICTURE = 92.0
_PITCH = 102


@dataclass(frozen=True, slots=True)
class Line:
    """The words of one row.

    Attributes:
        path: The photo, relative to the list's root.
        strong: The first line.
        beside: What stands after it, less loud.
        below: The second line.
        role: The colour of the second line.
        buttons: The words of the small buttons.
    """

    path: str
    strong: str
    beside: str = ""
    below: str = ""
    role: str = "muted"
    buttons: tuple[str, ...] = ()


class RowModel(QAbstractListModel):
    """Items of any kind; a row's words are made when they are looked at."""

    def __init__(self, view: "PhotoRows") -> None:
        super().__init__(view)
        self._view = view
        self.items: Sequence[Any] = ()
        self.root = Path()

    def show_items(self, items: Sequence[Any], root: Path) -> None:
        """Show these."""
        self.beginResetModel()
        self.items, self.root = items, root
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        """Qt's: how many."""
        return 0 if parent is not None and parent.isValid() else len(self.items)

    def path(self, row: int) -> str:
        """The absolute path of an item."""
        return str(self.root / self.items[row].path)

    def key(self, row: int) -> str:
        """What the picture of an item is asked by."""
        return key_of(self.path(row), self.items[row].part)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt's: words for the screen reader and the tooltip."""
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._view.spoken(self.items[index.row()])
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.items[index.row()].path
        return None


class PhotoRows(QListView):
    """Photos with words and buttons. Enter presses a row's first button; a subclass says what its words are."""

    pitch = _PITCH
    """The height of a row."""
    pressed_button = Signal(int, str)
    """The row and the words of the button."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.judged = RowModel(self)
        self.setModel(self.judged)
        self.thumbnails: Thumbnails | None = None
        self.pictured = True
        """Whether items have pictures; texts have none."""
        self.setItemDelegate(self.delegate())
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setAccessibleName(name)
        self._due = QTimer(self, interval=40, singleShot=True)
        self._due.timeout.connect(self._want)
        self.verticalScrollBar().valueChanged.connect(lambda _value: self._due.start())

    def delegate(self) -> QStyledItemDelegate:
        """What paints the rows."""
        return _Row(self)

    def line(self, item: Any) -> Line:
        """The words of an item's row."""
        raise NotImplementedError

    def boxes(self, row: QRectF, words: Sequence[str]) -> list[QRectF]:
        """Where the buttons of a row stand."""
        return button_boxes(row, words, pictured=self.pictured)

    def spoken(self, item: Any) -> str:
        """The same for the screen reader."""
        line = self.line(item)
        return ", ".join(filter(None, (f"{line.strong} {line.beside}".strip(), line.below)))

    def set_thumbnails(self, thumbnails: Thumbnails) -> None:
        """Where pictures come from."""
        self.thumbnails = thumbnails
        thumbnails.came.connect(lambda _path: self.viewport().update())

    def show_items(self, items: Sequence[Any], root: Path, *, stay: bool = False) -> None:
        """Show these photos.

        Args:
            stay: Keep the place in the list, where it is the same list with a photo less.
        """
        at, current = self.verticalScrollBar().value(), self.currentIndex().row()
        self.judged.show_items(items, root)
        self.scrollToTop()
        if stay and items:
            self.verticalScrollBar().setValue(at)
            if current >= 0:
                self.setCurrentIndex(self.judged.index(min(current, len(items) - 1), 0))
        self._due.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's: more room, more pictures."""
        super().resizeEvent(event)
        self._due.start()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: Enter and Space press the first button."""
        row = self.currentIndex().row()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and row >= 0:
            self._press(row, 0)
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_F2, Qt.Key.Key_Menu) and row >= 0:
            self._press(row, -1)
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Qt's: a click on a button presses it."""
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if not index.isValid():
            return
        words = self.line(self.judged.items[index.row()]).buttons
        for i, box in enumerate(self.boxes(QRectF(self.visualRect(index)), words)):
            if box.contains(event.position()):
                self._press(index.row(), i)

    def button_place(self, row: int, button: str) -> QRectF:
        """Where a row's button is, in the viewport; for a menu under it."""
        words = self.line(self.judged.items[row]).buttons
        boxes = self.boxes(QRectF(self.visualRect(self.judged.index(row, 0))), words)
        return boxes[words.index(button)]

    def _press(self, row: int, button: int) -> None:
        if 0 <= row < len(self.judged.items) and (words := self.line(self.judged.items[row]).buttons):
            self.pressed_button.emit(row, words[button])

    def _want(self) -> None:
        if self.thumbnails is None or not self.judged.items or not self.pictured:
            return
        first = max(0, self.verticalScrollBar().value() // self.pitch)
        count = self.viewport().height() // self.pitch + 4
        last = min(len(self.judged.items), first + count)
        self.thumbnails.want([self.judged.key(row) for row in range(first, last)])


class _Row(QStyledItemDelegate):
    def __init__(self, view: PhotoRows) -> None:
        super().__init__(view)
        self._list = view

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, _PITCH)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        line = self._list.line(self._list.judged.items[index.row()])
        row = QRectF(option.rect)  # type: ignore[attr-defined]
        state = option.state  # type: ignore[attr-defined]
        if state & QStyle.StateFlag.State_Selected and self._list.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(row.adjusted(1, 1, -3, -7), 8, 8)
        picture = QRectF(row.left() + 2, row.top() + 2, _PICTURE, _PICTURE)
        left = row.left() + 4
        if self._list.pictured:
            paint_thumbnail(painter, picture, self._list.thumbnails, self._list.judged.key(index.row()))
            left = picture.right() + 10
        self._write(painter, QRectF(left, row.top() + 8, row.right() - left - 4, 20), line)
        painter.setFont(theme.font("body"))
        painter.setPen(theme.color(line.role))  # type: ignore[arg-type]
        below = QRectF(left, row.top() + 30, row.right() - left - 4, 20)
        painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, _cut(painter, line.below, below.width()))
        lit = bool(state & QStyle.StateFlag.State_MouseOver)
        for words, box in zip(line.buttons, self._list.boxes(row, line.buttons), strict=True):
            painter.setPen(QPen(theme.color("line"), 1))
            painter.setBrush(theme.color("chip" if lit else "panel"))
            painter.drawRoundedRect(box, 7, 7)
            painter.setPen(theme.color("ink"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
        painter.restore()

    def _write(self, painter: QPainter, place: QRectF, line: Line) -> None:
        strong, body = theme.font("strong"), theme.font("body")
        room = place.width() - QFontMetricsF(body).horizontalAdvance(line.beside) - 8
        name = QFontMetricsF(strong).elidedText(line.strong, Qt.TextElideMode.ElideRight, room)
        painter.setFont(strong)
        painter.setPen(theme.color("ink"))
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, name)
        painter.setFont(body)
        after = place.left() + QFontMetricsF(strong).horizontalAdvance(name) + 5
        painter.drawText(QRectF(after, place.top(), 160, place.height()), Qt.AlignmentFlag.AlignVCenter, line.beside)

    def helpEvent(self, event: Any, view: Any, option: QStyleOptionViewItem, index: Any) -> bool:
        if event.type() == QEvent.Type.ToolTip and self._list.thumbnails is not None and index.isValid():
            trouble = self._list.thumbnails.failure(self._list.judged.key(index.row()))
            if trouble:
                from PySide6.QtWidgets import QToolTip

                QToolTip.showText(event.globalPos(), trouble, view)
                return True
        return super().helpEvent(event, view, option, index)


def button_boxes(row: QRectF, words: Sequence[str], *, pictured: bool = True) -> list[QRectF]:
    """Where the buttons of a row stand, side by side; closer where there is little room."""
    metrics = QFontMetricsF(theme.font("body"))
    boxes: list[QRectF] = []
    left = row.left() + (2 + _PICTURE + 10 if pictured else 4)
    wide = [metrics.horizontalAdvance(word) for word in words]
    room = row.right() - left - 6 * len(words) - sum(wide)
    around = max(8.0, min(22.0, room / max(1, len(words))))
    for each in wide:
        width = each + around
        boxes.append(QRectF(left, row.top() + 58, width, 25))
        left += width + 6
    return boxes


def _cut(painter: QPainter, words: str, width: float) -> str:
    return painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(width))
