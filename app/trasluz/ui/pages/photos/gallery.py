"""The gallery: photos under a filter, searched, ordered, one of them opened at the right."""

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from trasluz.ui import keyboard
from trasluz.ui.photos import Filter, PhotoModel
from trasluz.ui.steps import plural
from trasluz.ui.thumbnails import Thumbnails
from trasluz.ui.widgets import Label, LinkButton
from trasluz.ui.widgets.photo_grid import PhotoGrid

from .detail import PhotoDetail

if TYPE_CHECKING:
    from trasluz.ui.session import Session

_ORDERS = (("path", "By name"), ("label", "By class"), ("size", "Largest first"), ("problem", "Problems first"))
_SPLITS = ((None, "All parts"), ("train", "To learn from"), ("val", "To judge with"), ("test", "For the last test"))


MARGIN = 14
"""How far the grid's scroll bar reaches into the page's margin, so that the photos end where the buttons end."""


class Gallery(QWidget):
    """Head line, grid and detail."""

    cleared = Signal()
    """The person asked for all photos again."""

    def __init__(self, session: "Session") -> None:
        super().__init__()
        self._session = session
        self._input = "photo"
        self.thumbnails = Thumbnails(session.host, self)
        self.model = PhotoModel(session.index_work, self.thumbnails)
        self.model.setParent(self)
        self.grid = PhotoGrid()
        self.grid.setModel(self.model)
        self.grid.seen.connect(self.model.saw)
        self.grid.clicked.connect(self._open)
        self.grid.activated.connect(self._open)
        self.grid.selectionModel().currentChanged.connect(self._moved)
        self.model.counted.connect(self._counted)
        self.title = Label("", "strong")
        self.count = Label("", "muted")
        self.all = LinkButton("Show all", self._clear)
        self.all.hide()
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search files…")
        self.search.setAccessibleName("Search files")
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(200)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(200)
        self._typing.timeout.connect(self._search)
        self.search.textChanged.connect(lambda _text: self._typing.start())
        self.split = QComboBox()
        self.split.setAccessibleName("Which part of the data")
        for _value, words in _SPLITS:
            self.split.addItem(words)
        self.split.currentIndexChanged.connect(lambda row: self.show_only(split=_SPLITS[row][0]))
        self.order = QComboBox()
        self.order.setAccessibleName("Order")
        for _value, words in _ORDERS:
            self.order.addItem(words)
        self.order.currentIndexChanged.connect(lambda row: self.show_only(order=_ORDERS[row][0]))
        self.detail = PhotoDetail()
        self.detail.closed.connect(self.close_detail)
        self.detail.step.connect(self._step)
        self._lay_out()
        keyboard.bind("put away", self, self.put_away, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        keyboard.bind("search", self, self.search.setFocus)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(3, 0, MARGIN, 0)
        head.setSpacing(12)
        for widget in (self.title, self.count, self.all):
            head.addWidget(widget)
        head.addStretch(1)
        for widget in (self.search, self.split, self.order):
            head.addWidget(widget)
        photos = QVBoxLayout()
        photos.setSpacing(10)
        photos.addLayout(head)
        photos.addWidget(self.grid, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(photos, 1)
        self._side = QWidget()
        holder = QHBoxLayout(self._side)
        holder.setContentsMargins(8, 0, MARGIN, 0)
        holder.addWidget(self.detail)
        self._side.hide()
        layout.addWidget(self._side)

    def open(self, *, input_name: str) -> None:
        """Show the session's index from the start."""
        self._input = input_name
        self.close_detail()
        self.model.open(self._session.index, replace(Filter(), order=_ORDERS[self.order.currentIndex()][0]))
        self._name()

    def show_only(self, **changes: object) -> None:
        """Change the filter: `label`, `split`, `rule`, `search`, `order`; what is not named stays."""
        shown = replace(self.model.filter, **changes)  # type: ignore[arg-type]
        if shown != self.model.filter:
            self.model.show(shown)
            self._name()

    def _search(self) -> None:
        self.show_only(search=self.search.text().strip())

    def _clear(self) -> None:
        self.search.clear()
        self.split.setCurrentIndex(0)
        self.show_only(label=None, rule=None, search="", split=None)
        self.cleared.emit()

    def _name(self) -> None:
        shown = self.model.filter
        name = shown.label if shown.label is not None else f"All {self._input}s"
        if shown.rule:
            name = {"unreadable": "Can’t be read", "duplicate": "Look alike", "leak": "In two parts"}.get(
                shown.rule, shown.rule.capitalize()
            )
        self.title.setText(name)
        self.all.setVisible(bool(shown.label is not None or shown.rule or shown.search or shown.split))

    def _counted(self, count: int) -> None:
        self.count.setText(plural(count, self._input) if count else f"No {self._input} fits")

    # one photo

    def _open(self, index: QModelIndex) -> None:
        item = self.model.item(index.row()) if index.isValid() else None
        if item is not None:
            self.detail.show_item(item, self.model.path(item), self._session.host)
            if not self.detail.isVisible():
                self._side.show()
                QTimer.singleShot(0, self.grid, lambda: self.grid.scrollTo(self.grid.currentIndex()))

    def _moved(self, current: QModelIndex, _before: QModelIndex) -> None:
        self.grid.viewport().update()
        if self.detail.isVisible():
            self._open(current)

    def _step(self, by: int) -> None:
        row = self.grid.currentIndex().row() + by
        if 0 <= row < self.model.rowCount():
            self.grid.setCurrentIndex(self.model.index(row, 0))

    def put_away(self) -> None:
        """What Esc does: put the photo away, or else what was searched for, or else the class that was chosen."""
        if self.detail.isVisible():
            self.close_detail()
        elif self.search.text():
            self.search.clear()
            self.grid.setFocus()
        elif self.all.isVisible():
            self._clear()

    def close_detail(self) -> None:
        """Put the photo away."""
        if self.detail.isVisible():
            self._side.hide()
            self.grid.clearSelection()
            self.grid.setFocus()
