"""The photos that were dropped, pasted or opened, each with its answer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from trasluz.ui import theme
from trasluz.ui.pages.training.previews import paint_thumbnail
from trasluz.ui.pages.words import share_words
from trasluz.ui.thumbnails import Thumbnails

from .said import short_words

_PICTURE = 52.0
_PITCH = 64


class TrayModel(QAbstractListModel):
    """Paths with the host's answers; the latest on top."""

    def __init__(self) -> None:
        super().__init__()
        self.paths: list[str] = []
        self.answers: dict[str, dict[str, Any]] = {}

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        """Qt's: how many."""
        return 0 if parent is not None and parent.isValid() else len(self.paths)

    def add(self, paths: Sequence[str]) -> None:
        """Put these on top; one that is there already comes up."""
        self.beginResetModel()
        self.paths = [*paths, *(p for p in self.paths if p not in set(paths))]
        self.endResetModel()

    def answer(self, path: str, answer: dict[str, Any]) -> None:
        """Keep what the model said."""
        self.answers[path] = answer
        if path in self.paths:
            at = self.index(self.paths.index(path), 0)
            self.dataChanged.emit(at, at)

    def clear(self) -> None:
        """Forget all."""
        self.beginResetModel()
        self.paths, self.answers = [], {}
        self.endResetModel()

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt's: words for the screen reader and the tooltip."""
        path = self.paths[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            answer = self.answers.get(path, {})
            return f"{Path(path).name}: {short_words(answer) or 'not answered yet'}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.answers.get(path, {}).get("error") or path
        return None


class Tray(QListView):
    """The list at the left of the Use page."""

    shown = Signal(str)
    """The path that the person selected."""

    def __init__(self) -> None:
        super().__init__()
        self.tray = TrayModel()
        self.setModel(self.tray)
        self.thumbnails: Thumbnails | None = None
        self.pictured = True
        """Whether inputs have pictures; texts have none."""
        self.setItemDelegate(_Row(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("What was answered")
        self._due = QTimer(self, interval=40, singleShot=True)
        self._due.timeout.connect(self._want)
        self.verticalScrollBar().valueChanged.connect(lambda _value: self._due.start())

    def set_thumbnails(self, thumbnails: Thumbnails) -> None:
        """Where pictures come from."""
        self.thumbnails = thumbnails
        thumbnails.came.connect(lambda _path: self.viewport().update())

    def add(self, paths: Sequence[str]) -> None:
        """Put these on top and select the first."""
        self.tray.add(paths)
        self.setCurrentIndex(self.tray.index(0, 0))
        self._due.start()

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:
        """Qt's: another photo is selected, by mouse or keyboard."""
        super().currentChanged(current, previous)
        if current.isValid():
            self.shown.emit(self.tray.paths[current.row()])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's: more room, more pictures."""
        super().resizeEvent(event)
        self._due.start()

    def _want(self) -> None:
        if self.thumbnails is not None and self.tray.paths and self.pictured:
            first = max(0, self.verticalScrollBar().value() // _PITCH)
            self.thumbnails.want(self.tray.paths[first : first + self.viewport().height() // _PITCH + 4])


class _Row(QStyledItemDelegate):
    def __init__(self, view: Tray) -> None:
        super().__init__(view)
        self._tray = view

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(180, _PITCH)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        row = QRectF(option.rect)  # type: ignore[attr-defined]
        if option.state & QStyle.StateFlag.State_Selected:  # type: ignore[attr-defined]
            painter.setPen(QPen(theme.color("accent"), 1) if self._tray.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent_ground"))
            painter.drawRoundedRect(row.adjusted(1, 1, -3, -3), 8, 8)
        path = self._tray.tray.paths[index.row()]
        answer = self._tray.tray.answers.get(path, {})
        picture = QRectF(row.left() + 6, row.top() + 5, _PICTURE, _PICTURE)
        left = row.left() + 12
        if self._tray.pictured:
            paint_thumbnail(painter, picture, self._tray.thumbnails, path)
            left = picture.right() + 10
        line = QRectF(left, row.top() + 10, row.right() - left - 10, 20)
        failed = bool(answer.get("error"))
        painter.setFont(theme.font("strong"))
        painter.setPen(theme.color("bad" if failed else "ink"))
        said = "can’t be read" if failed else short_words(answer) or "…"
        if answer.get("unsure"):
            said = "don’t know"
        painter.drawText(
            line, Qt.AlignmentFlag.AlignVCenter, _cut(painter, said, line.width(), Qt.TextElideMode.ElideRight)
        )
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.color("muted"))
        score = answer.get("score")
        sure = f"{share_words(score)} · " if score is not None else ""
        below = (f"perhaps {answer.get('text')}, {sure}" if answer.get("unsure") else sure) + (
            Path(path).name if self._tray.pictured else path
        )
        painter.drawText(line.translated(0, 20), Qt.AlignmentFlag.AlignVCenter, _cut(painter, below, line.width()))
        painter.restore()


def _cut(painter: QPainter, words: str, width: float, where: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle) -> str:
    return painter.fontMetrics().elidedText(words, where, int(width))
