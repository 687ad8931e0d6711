"""The photos behind a cell: a list that asks for pictures only of what is seen."""

from collections.abc import Sequence
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
from trasluz.ui.pages.words import share_words
from trasluz.ui.thumbnails import Thumbnails

from .verdict import Judged

_PICTURE = 92.0
_PITCH = 102


class JudgedModel(QAbstractListModel):
    """Judged items, in the order given."""

    def __init__(self) -> None:
        super().__init__()
        self.items: Sequence[Judged] = ()
        self.root = Path()

    def show_items(self, items: Sequence[Judged], root: Path) -> None:
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

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt's: words for the screen reader and the tooltip."""
        item = self.items[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            sure = f" {share_words(item.score)}" if item.score is not None else ""
            return f"{item.answer}{sure}, {'right' if item.right else f'you said {item.target}'}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return item.path
        return None


class JudgedList(QListView):
    """Photos with what the model says and what they are. Enter, or a click on “why?”, asks for the reason."""

    why = Signal(str, object)
    """The path and the judged item that the person wants explained."""

    def __init__(self) -> None:
        super().__init__()
        self.judged = JudgedModel()
        self.setModel(self.judged)
        self.thumbnails: Thumbnails | None = None
        self.setItemDelegate(_Row(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setAccessibleName("Photos behind the selected cell")
        self._due = QTimer(self, interval=40, singleShot=True)
        self._due.timeout.connect(self._want)
        self.verticalScrollBar().valueChanged.connect(lambda _value: self._due.start())
        self.activated.connect(lambda index: self._ask(index.row()))

    def set_thumbnails(self, thumbnails: Thumbnails) -> None:
        """Where pictures come from."""
        self.thumbnails = thumbnails
        thumbnails.came.connect(lambda _path: self.viewport().update())

    def show_items(self, items: Sequence[Judged], root: Path) -> None:
        """Show these photos."""
        self.judged.show_items(items, root)
        self.scrollToTop()
        self._due.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's: more room, more pictures."""
        super().resizeEvent(event)
        self._due.start()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: Enter and Space ask why."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.currentIndex().isValid():
            self._ask(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Qt's: a click on “why?” asks."""
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and why_box(QRectF(self.visualRect(index))).contains(event.position()):
            self._ask(index.row())

    def _ask(self, row: int) -> None:
        if 0 <= row < len(self.judged.items):
            self.why.emit(self.judged.path(row), self.judged.items[row])

    def _want(self) -> None:
        if self.thumbnails is None or not self.judged.items:
            return
        first = max(0, self.verticalScrollBar().value() // _PITCH)
        count = self.viewport().height() // _PITCH + 4
        last = min(len(self.judged.items), first + count)
        self.thumbnails.want([self.judged.path(row) for row in range(first, last)])


class _Row(QStyledItemDelegate):
    def __init__(self, view: JudgedList) -> None:
        super().__init__(view)
        self._list = view

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, _PITCH)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        item = self._list.judged.items[index.row()]
        row = QRectF(option.rect)  # type: ignore[attr-defined]
        state = option.state  # type: ignore[attr-defined]
        if state & QStyle.StateFlag.State_Selected and self._list.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(row.adjusted(1, 1, -3, -7), 8, 8)
        picture = QRectF(row.left() + 2, row.top() + 2, _PICTURE, _PICTURE)
        paint_thumbnail(painter, picture, self._list.thumbnails, self._list.judged.path(index.row()))
        left = picture.right() + 10
        self._write(painter, QRectF(left, row.top() + 8, row.right() - left - 4, 20), item)
        painter.setFont(theme.font("body"))
        painter.setPen(theme.color("muted"))
        said = "and so it is" if item.right else f"you said {item.target}"
        line = QRectF(left, row.top() + 30, row.right() - left - 4, 20)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, _cut(painter, said, line.width()))
        box = why_box(row)
        lit = bool(state & QStyle.StateFlag.State_MouseOver)
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("chip" if lit else "panel"))
        painter.drawRoundedRect(box, 7, 7)
        painter.setPen(theme.color("ink"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "why?")
        painter.restore()

    def _write(self, painter: QPainter, line: QRectF, item: Judged) -> None:
        strong, body = theme.font("strong"), theme.font("body")
        score = "" if item.score is None else share_words(item.score)
        room = line.width() - QFontMetricsF(body).horizontalAdvance(score) - 8
        name = QFontMetricsF(strong).elidedText(item.answer, Qt.TextElideMode.ElideRight, room)
        painter.setFont(strong)
        painter.setPen(theme.color("ink"))
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, name)
        painter.setFont(body)
        after = line.left() + QFontMetricsF(strong).horizontalAdvance(name) + 5
        painter.drawText(QRectF(after, line.top(), 60, line.height()), Qt.AlignmentFlag.AlignVCenter, score)

    def helpEvent(self, event: Any, view: Any, option: QStyleOptionViewItem, index: Any) -> bool:
        if event.type() == QEvent.Type.ToolTip and self._list.thumbnails is not None and index.isValid():
            trouble = self._list.thumbnails.failure(self._list.judged.path(index.row()))
            if trouble:
                from PySide6.QtWidgets import QToolTip

                QToolTip.showText(event.globalPos(), trouble, view)
                return True
        return super().helpEvent(event, view, option, index)


def why_box(row: QRectF) -> QRectF:
    """Where “why?” stands in a row."""
    return QRectF(row.left() + 2 + _PICTURE + 10, row.top() + 58, 52, 25)


def _cut(painter: QPainter, words: str, width: float) -> str:
    return painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(width))
