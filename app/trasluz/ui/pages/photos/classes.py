"""The classes with their counts as bars; pressing one shows its photos."""

from collections.abc import Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from trasluz.ui import keyboard, theme
from trasluz.ui.widgets import Card

_ROW = 26
_MOST_ROWS = 14


class _Classes(QAbstractListModel):
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[str, int]] = []
        self.most = 1

    def set_rows(self, rows: Sequence[tuple[str, int]]) -> None:
        self.beginResetModel()
        self.rows = list(rows)
        self.most = max((count for _, count in rows), default=1) or 1
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        label, count = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return label
        if role == Qt.ItemDataRole.UserRole:
            return count
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return f"{label}: {count:,}"
        return None


class _Bars(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(120, _ROW)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        marked = option.state & QStyle.StateFlag.State_HasFocus
        if marked:
            painter.setPen(QPen(theme.color("accent"), 1.5))
            row = row.adjusted(1, 1, -1, -1)
        if chosen or marked or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(theme.color("accent_ground" if chosen else "background"))
            painter.drawRoundedRect(row, 5, 5)
        row = QRectF(option.rect)
        painter.setFont(theme.font())
        metrics = painter.fontMetrics()
        model: _Classes = index.model()  # type: ignore[assignment]
        count = f"{index.data(Qt.ItemDataRole.UserRole):,}"
        number = metrics.horizontalAdvance(f"{model.most:,}") + 6
        names = max((metrics.horizontalAdvance(label) for label, _ in model.rows[:200]), default=60)
        name_width = min(names + 14, row.width() * 0.45)
        painter.setPen(theme.color("ink"))
        name = metrics.elidedText(str(index.data()), Qt.TextElideMode.ElideMiddle, int(name_width - 6))
        painter.drawText(row.adjusted(6, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, name)
        painter.setPen(theme.color("muted"))
        painter.drawText(row.adjusted(0, 0, -6, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, count)
        room = row.width() - name_width - number - 26
        if room > 8:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.series_color(0))
            length = max(3.0, room * index.data(Qt.ItemDataRole.UserRole) / model.most)
            painter.drawRoundedRect(QRectF(row.left() + name_width + 8, row.center().y() - 3.5, length, 8), 4, 4)
        painter.restore()


class ClassesCard(Card):
    """All photos, and each class."""

    chosen = Signal(object)
    """The label, or None for all."""

    def __init__(self) -> None:
        super().__init__("Classes")
        self._model = _Classes()
        self.list = QListView()
        self.list.setModel(self._model)
        self.list.setItemDelegate(_Bars(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName("Classes")
        self.list.setFrameShape(QListView.Shape.NoFrame)
        self.body.addWidget(self.list)
        self.list.selectionModel().currentChanged.connect(self._changed)
        keyboard.bind("put away", self, self._let_go, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)

    def show_counts(self, counts: Sequence[tuple[str, int]], total: int) -> None:
        """Show the classes; the list is as tall as they need, up to fourteen rows."""
        self._model.set_rows(counts)
        self.set_title("Classes", f"{len(counts):,}" if len(counts) > _MOST_ROWS else "")
        self.list.setFixedHeight(max(1, min(len(counts), _MOST_ROWS)) * _ROW + 2)

    def choose(self, label: str | None) -> None:
        """Mark a class, or none, without telling."""
        chooser = self.list.selectionModel()
        chooser.blockSignals(True)
        chooser.clear()
        for row, (name, _count) in enumerate(self._model.rows):
            if name == label:
                self.list.setCurrentIndex(self._model.index(row, 0))
        chooser.blockSignals(False)
        self.list.viewport().update()

    def _let_go(self) -> None:
        self.choose(None)
        self.chosen.emit(None)

    def _changed(self, current: QModelIndex, _before: QModelIndex) -> None:
        if current.isValid():
            self.chosen.emit(current.data())
