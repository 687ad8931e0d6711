"""The table of classes: how well each is found, with intervals; sorted by any column."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from trasluz.core.nouns import plurals
from trasluz.ui import theme

from .verdict import ClassRow, Verdict

_COLUMNS = (
    ("Class", "The class", "mistakes"),
    ("Right", "How many of it are answered rightly, of how many that were judged", "all"),
    ("Found", "Of those that are it, the share that the model finds (recall), with its 95 % interval", "missed"),
    ("Sure hit", "Of those that the model calls it, the share that is it (precision), with its 95 % interval", "taken"),
    ("F1", "Both in one: the harmonic mean of recall and precision, with its 95 % interval", "mistakes"),
    ("Others", "How many others were taken for it", "taken"),
)
"""Title, what it means, and which photos a click on a cell opens."""
_WIDTHS = (120, 88, 124, 124, 124, 72)


class ClassTable(QTableWidget):
    """One row for each class, the least well found first; a cell that is chosen shows the photos behind it."""

    opened = Signal(str, str)
    """The class, and which of its photos: all, missed, taken, mistakes."""

    def __init__(self) -> None:
        super().__init__(0, len(_COLUMNS))
        self.setAccessibleName("How well each class is found")
        for i, (title, tip, _) in enumerate(_COLUMNS):
            head = QTableWidgetItem(title)
            head.setToolTip(f"{tip}. Click to sort.")
            side = Qt.AlignmentFlag.AlignLeft if i == 0 else Qt.AlignmentFlag.AlignRight
            head.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.setHorizontalHeaderItem(i, head)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        for column, width in enumerate(_WIDTHS):
            self.setColumnWidth(column, width)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        # the arrow of the sorted column stands in the room that is left for it, not on the word
        self.setStyleSheet(
            "QHeaderView::section { padding: 6px 16px 6px 4px; } QTableWidget::item { padding-right: 13px; }"
        )
        self.horizontalHeader().setHighlightSections(False)
        self.verticalHeader().setVisible(False)
        self.verticalHeader().setDefaultSectionSize(32)
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setSortingEnabled(True)
        self.horizontalHeader().setSortIndicator(2, Qt.SortOrder.AscendingOrder)
        self.currentCellChanged.connect(lambda row, column, *_: self._open(row, column))

    def show_verdict(self, verdict: Verdict) -> None:
        """Fill the table; the order stays as the person chose it."""
        self.blockSignals(True)
        self.setSortingEnabled(False)
        rows = verdict.classes()
        self.setRowCount(len(rows))
        for i, row in enumerate(rows):
            for j, (words, value) in enumerate(_cells(row)):
                cell = _Cell(words, value)
                if j:
                    cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                if not row.items:
                    cell.setForeground(QColor(theme.tokens().muted))
                cell.setToolTip("" if row.items else "None of it was judged.")
                self.setItem(i, j, cell)
        self.setSortingEnabled(True)
        self.blockSignals(False)

    def _open(self, row: int, column: int) -> None:
        item = self.item(row, 0)
        if item is not None:
            self.opened.emit(item.text(), _COLUMNS[column][2])


class _Cell(QTableWidgetItem):
    """A cell that is sorted by its number."""

    def __init__(self, words: str, value: float | str) -> None:
        super().__init__(words)
        self._value = value

    def __lt__(self, other: QTableWidgetItem) -> bool:
        mine, theirs = self._value, getattr(other, "_value", "")
        return mine < theirs if isinstance(mine, type(theirs)) else str(mine) < str(theirs)


def _cells(row: ClassRow) -> list[tuple[str, float | str]]:
    return [
        (row.label, row.label.casefold()),
        (f"{row.right:,} of {row.items:,}", float(row.items)),
        _share(row.recall, row.recall_interval),
        _share(row.precision, row.precision_interval),
        _share(row.f1, row.f1_interval),
        (f"{row.others:,}", float(row.others)),
    ]


def _share(value: float | None, interval: tuple[float, float]) -> tuple[str, float]:
    if value is None:
        return "–", 2.0
    low, high = interval
    return f"{value:.0%}  ({low * 100:.0f}–{high * 100:.0f})", value


def class_words(label: str, which: str, count: int) -> tuple[str, str]:
    """The title of a class's photos, and what is said where there are none."""
    nobody = f"Nothing goes wrong with {label}: all of them are found, and nothing else is taken for them."
    if which == "all":
        return f"{count:,} {label if count == 1 else plurals(label)} judged", f"No {label} was judged."
    if which == "missed":
        return f"{count:,} {label if count == 1 else plurals(label)} not found", f"Every {label} is found."
    if which == "taken":
        return f"{count:,} taken for {label} wrongly", f"Nothing else is taken for {label}."
    return f"{count:,} {'mistake' if count == 1 else 'mistakes'} with {label}", nobody
