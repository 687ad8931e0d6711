"""The table of classes: how well each is found."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from trasluz.ui import theme

from .verdict import Verdict

_COLUMNS = (
    ("Class", "The class"),
    ("Photos", "How many of it were judged"),
    ("Found", "Of those that are it, the share that the model finds (recall)"),
    ("Sure hit", "Of those that the model calls it, the share that is it (precision)"),
    ("Mistaken for it", "How many others were taken for it"),
)


class ClassTable(QTableWidget):
    """One row for each class, the least well found first; a row that is opened shows its photos."""

    opened = Signal(str)

    def __init__(self) -> None:
        super().__init__(0, len(_COLUMNS))
        self.setAccessibleName("How well each class is found")
        for i, (title, tip) in enumerate(_COLUMNS):
            head = QTableWidgetItem(title)
            head.setToolTip(tip)
            side = Qt.AlignmentFlag.AlignLeft if i == 0 else Qt.AlignmentFlag.AlignRight
            head.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.setHorizontalHeaderItem(i, head)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setHighlightSections(False)
        self.verticalHeader().setVisible(False)
        self.verticalHeader().setDefaultSectionSize(32)
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.currentCellChanged.connect(lambda row, *_: self._open(row))

    def show_verdict(self, verdict: Verdict) -> None:
        """Fill the table."""
        self.blockSignals(True)
        rows = verdict.classes()
        self.setRowCount(len(rows))
        for i, row in enumerate(rows):
            cells = (row.label, f"{row.items:,}", _share(row.recall), _share(row.precision), f"{row.others:,}")
            for j, words in enumerate(cells):
                item = QTableWidgetItem(words)
                if j:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                if not row.items:
                    item.setForeground(QColor(theme.tokens().muted))
                self.setItem(i, j, item)
        self.blockSignals(False)

    def _open(self, row: int) -> None:
        item = self.item(row, 0)
        if item is not None:
            self.opened.emit(item.text())


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"
