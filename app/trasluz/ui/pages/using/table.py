"""The answers for a folder: rows that stream in, a progress line, a CSV at the end."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QTableView

from trasluz.ui import theme
from trasluz.ui.files import choose_new_file
from trasluz.ui.pages.words import left_words
from trasluz.ui.steps import plural
from trasluz.ui.widgets import Card, Label, SecondaryButton, SmallButton, StepProgress

from .said import short_words

if TYPE_CHECKING:
    from trasluz.ui.bridge.call import Call, Trouble
    from trasluz.ui.session import Session

_COLUMNS = ("Input", "Answer", "How sure", "Or else")
_OTHER = len(_COLUMNS)
"""The first column of the other model."""
_RIGHT = (2, _OTHER + 1)
"""The columns of numbers."""
_APART = "   "
"""Between numbers and the words at their right."""


class AnswersModel(QAbstractTableModel):
    """Predictions as the host gives them; they only ever grow."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, Any]] = []
        self.root = Path()
        self.other = ""
        """What the other model is called, where two answer."""
        self.others: dict[str, dict[str, Any]] = {}
        """Its answers by input."""

    def start(self, root: Path, other: str = "") -> None:
        """Begin anew."""
        self.beginResetModel()
        self.rows, self.root, self.other, self.others = [], root, other, {}
        self.endResetModel()

    def append_others(self, rows: Sequence[dict[str, Any]]) -> None:
        """Take in what came from the other model."""
        self.others.update({str(row["input"]): row for row in rows})
        if self.rows:
            self.dataChanged.emit(self.index(0, len(_COLUMNS)), self.index(len(self.rows) - 1, self.columnCount() - 1))

    def differs(self, row: dict[str, Any]) -> bool:
        """Whether the two models answer an input differently."""
        other = self.others.get(str(row["input"]))
        return other is not None and other.get("text") != row.get("text")

    def append(self, rows: Sequence[dict[str, Any]]) -> None:
        """Take in what came."""
        if rows:
            first = len(self.rows)
            self.beginInsertRows(QModelIndex(), first, first + len(rows) - 1)
            self.rows.extend(rows)
            self.endInsertRows()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        """Qt's: how many answers."""
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        """Qt's: how many columns."""
        return 0 if parent is not None and parent.isValid() else len(_COLUMNS) + 2 * bool(self.other)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt's: the heads."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            head = (*_COLUMNS, f"{self.other.capitalize()} says", "How sure")[section]
            return f"{head}{_APART}" if section in _RIGHT else head
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section in _RIGHT else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt's: a cell."""
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._words(row, column)
        if role == Qt.ItemDataRole.UserRole:  # what is sorted by
            return self._order(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.get("error") or row["input"]
        if role == Qt.ItemDataRole.ForegroundRole:
            if row.get("error") and column == 1:
                return QColor(theme.tokens().bad)
            if column == _OTHER and self.differs(row):
                return QColor(theme.tokens().accent)
            return QColor(theme.tokens().muted) if column in (0, 3) else None
        if role == Qt.ItemDataRole.TextAlignmentRole and column in _RIGHT:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def _words(self, row: dict[str, Any], column: int) -> str:
        if column == 0:
            path = Path(str(row["input"]))
            return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else path.name
        if column == 1:
            return short_words(row)
        if column == 2:
            return _sure(row)
        if column >= _OTHER:
            other = self.others.get(str(row["input"]))
            if other is None:
                return "…" if column == _OTHER else ""
            mark = "≠ " if self.differs(row) else ""
            return mark + short_words(other) if column == _OTHER else _sure(other)
        others = list(row.get("top") or [])[1:3]
        return ", ".join(f"{label} {score:.0%}" for label, score in others if score >= 0.005)

    def _order(self, row: dict[str, Any], column: int) -> float | str:
        if column == _OTHER:  # what they disagree on first
            return ("0" if self.differs(row) else "1") + self._words(row, column)
        if column in _RIGHT:
            told = row if column == 2 else self.others.get(str(row["input"]), {})
            return -1.0 if told.get("score") is None else float(told["score"])
        return self._words(row, column)


def _sure(row: dict[str, Any]) -> str:
    return f"{row['score']:.1%}{_APART}" if row.get("score") is not None else ""


class FolderAnswers(Card):
    """Answers a whole folder in the host, as a table.

    Signals:
        opened: A row was opened: its path and its prediction.
        closed: The person is done with the table.
    """

    opened = Signal(str, dict)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._session: Session | None = None
        self._call: Call | None = None
        self._name = ""
        self._inputs: list[str] = []
        self._other: tuple[str, Path] | None = None
        self.answers = AnswersModel()
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self.answers)
        self._sorted.setSortRole(Qt.ItemDataRole.UserRole)
        self.progress = StepProgress()
        self.trouble = Label("", "bad", wrap=True, selectable=True)
        self.trouble.setVisible(False)
        self.save_button = SecondaryButton("Save as CSV…", self._choose_file)
        self.stop_button = SmallButton("Stop", self.stop)
        self.close_button = SmallButton("Close", self._close)
        self.view = _table(self._sorted)
        self.view.activated.connect(self._open)
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(self.progress, 1)
        top.addWidget(self.stop_button)
        top.addWidget(self.save_button)
        top.addWidget(self.close_button)
        self.body.addLayout(top)
        self.body.addWidget(self.trouble)
        self.body.addWidget(self.view, 1)

    def start(
        self, session: "Session", model: Path, inputs: Sequence[Path], *, other: tuple[str, Path] | None = None
    ) -> None:
        """Answer everything in these folders and files.

        Args:
            other: Name and folder of a second model; its answers come after those of the first, in columns of its own.
        """
        self.stop()
        self._session, self._inputs, self._other = session, [str(p) for p in inputs], other
        root = inputs[0] if inputs[0].is_dir() else inputs[0].parent
        self._name = root.name
        self.answers.start(root, other[0] if other else "")
        for column, width in enumerate((280, 150, 84, 200, 150, 84) if other else (280, 200, 90, 240)):
            self.view.setColumnWidth(column, width)
        self.trouble.setVisible(False)
        self.save_button.setEnabled(False)
        self.stop_button.setVisible(True)
        self.progress.show_progress(f"Looking for {session.words.inputs}", None, detail=self._name)
        self.progress.line.set_fraction(None, "accent")
        self._call = session.host.call(
            self,
            "predict_folder",
            {"model": str(model), "inputs": [str(p) for p in inputs], "device": session.device},
            success=self._done,
            failure=self._failed,
            progress=self._progressed,
        )
        session.set_busy("folder", f"Answering {self._name}")

    @property
    def under_way(self) -> bool:
        """Whether rows still come."""
        return self._call is not None

    def stop(self) -> None:
        """Ask for no more rows; those that came stay."""
        if self._call is not None:
            self._call.cancel()
            self._end("Stopped")

    def forget(self) -> None:
        """Ask for no more rows, and have none."""
        self.stop()
        self.answers.start(Path())

    def save(self, path: Path) -> None:
        """Write the rows to a CSV, in a thread."""
        if self._session is None:
            return
        rows, session = list(self.answers.rows), self._session
        others = dict(self.answers.others) if self.answers.other else None
        session.work.run(
            self,
            lambda: write_csv(path, rows, others),
            success=lambda count: session.say(f"{plural(count, 'row')} written to {path.name}.", "good"),
            failure=lambda trouble: self._say(trouble.sentence),
        )

    def _progressed(self, told: dict[str, Any]) -> None:
        self.answers.append(list(told.get("rows") or ()))
        total, done = told.get("total"), float(told.get("done") or 0)
        rate = f"{told['rate']:,.0f} a second" if told.get("rate") else ""
        detail = " · ".join(filter(None, (left_words(told.get("seconds_left")) if total else "", rate)))
        words = f"{done:,.0f} of {total:,.0f}" if total else str(told.get("stage") or "Answering")
        self.progress.show_progress(words, done / total if total else None, detail=detail, right=self._name)

    def _done(self, found: dict[str, Any]) -> None:
        if not self.answers.rows:
            self.answers.append(list(found.get("predictions") or found.get("rows") or ()))
        if self._other is not None and self._session is not None and self.answers.rows:
            # one after the other: two at once would only wait for each other
            self._call = self._session.host.call(
                self,
                "predict_folder",
                {"model": str(self._other[1]), "inputs": self._inputs, "device": self._session.device},
                success=self._other_done,
                failure=self._failed,
                progress=self._other_progressed,
            )
            return
        self._end("Done" if self.answers.rows else "There is nothing in it that can be answered")

    def _other_progressed(self, told: dict[str, Any]) -> None:
        self.answers.append_others(list(told.get("rows") or ()))
        done, total = float(told.get("done") or 0), told.get("total")
        words = f"{self.answers.other}: {done:,.0f} of {total or len(self.answers.rows):,.0f}"
        self.progress.show_progress(words, done / total if total else None, right=self._name)

    def _other_done(self, found: dict[str, Any]) -> None:
        self.answers.append_others(list(found.get("predictions") or ()))
        self._end("Done")

    def _failed(self, trouble: "Trouble") -> None:
        self._say(trouble.sentence)
        self._end("It did not work")

    def _end(self, word: str) -> None:
        self._call = None
        if self._session is not None:
            self._session.set_busy("folder", "")
        self.stop_button.setVisible(False)
        rows = self.answers.rows
        failed = sum(bool(row.get("error")) for row in rows)
        detail = plural(len(rows) - failed, "answer") + (f", {failed:,} could not be read" if failed else "")
        if unsure := sum(bool(row.get("unsure")) for row in rows):
            detail += f", {unsure:,} times “don’t know”"
        if self.answers.others:
            detail += (
                f", {sum(self.answers.differs(row) for row in rows):,} answered differently by {self.answers.other}"
            )
        detail += " · a double-click looks at one"
        self.progress.show_progress(
            word, 1.0 if word == "Done" else 0.0, detail=detail if rows else "", right=self._name
        )
        if word == "Done":
            self.progress.line.set_fraction(1.0, "good")
        self.save_button.setEnabled(bool(rows))

    def _say(self, sentence: str) -> None:
        self.trouble.setText(sentence)
        self.trouble.setVisible(True)

    def _close(self) -> None:
        self.forget()
        self.closed.emit()

    def _choose_file(self) -> None:
        name = choose_new_file(self, "Save the answers", f"{self._name or 'answers'}.csv", "CSV (*.csv)")
        if name:
            self.save(Path(name))

    def _open(self, index: QModelIndex) -> None:
        row = self.answers.rows[self._sorted.mapToSource(index).row()]
        self.opened.emit(str(row["input"]), row)


def write_csv(path: Path, rows: Sequence[dict[str, Any]], others: Mapping[str, dict[str, Any]] | None = None) -> int:
    """Write predictions as a table that a spreadsheet opens; returns how many rows.

    Args:
        path: The file.
        rows: The predictions.
        others: Those of another model, by input.

    Raises:
        OSError: If it cannot be written.
    """
    part = path.with_name(path.name + ".part")
    # the mark at the start lets spreadsheets see that it is UTF-8
    with part.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        head = ["input", "answer", "score", "second", "second_score", "error", "unsure"]
        writer.writerow(head if others is None else [*head, "other_answer", "other_score"])
        for row in rows:
            second = (list(row.get("top") or ()) + [("", "")] * 2)[1]
            cells = (row["input"], row.get("text", ""), _figure(row.get("score")), second[0], _figure(second[1]))
            line = [*cells, row.get("error", ""), ("yes" if row["unsure"] else "no") if "unsure" in row else ""]
            if others is not None:
                other = others.get(str(row["input"]), {})
                line += [other.get("text", ""), _figure(other.get("score"))]
            writer.writerow(line)
    part.replace(path)
    return len(rows)


def _figure(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, int | float) else ""


def _table(model: QSortFilterProxyModel) -> QTableView:
    view = QTableView()
    view.setModel(model)
    view.setSortingEnabled(True)
    view.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    view.setShowGrid(False)
    view.setWordWrap(False)
    view.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    view.setTabKeyNavigation(False)
    view.verticalHeader().setVisible(False)
    view.verticalHeader().setDefaultSectionSize(32)
    head = view.horizontalHeader()
    head.setHighlightSections(False)
    for column, width in enumerate((280, 200, 90, 240)):
        view.setColumnWidth(column, width)
    head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    head.setSectionResizeMode(2, QHeaderView.ResizeMode.Fixed)
    view.setAccessibleName("Answers for the folder")
    return view
