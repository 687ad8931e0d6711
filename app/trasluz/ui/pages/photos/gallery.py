"""The gallery: photos under a filter, searched, ordered, one of them opened at the right."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from trasluz.ui import keyboard
from trasluz.ui.kinds import KindWords, words_for
from trasluz.ui.photos import Filter, PhotoModel
from trasluz.ui.sound import Hearing
from trasluz.ui.steps import plural
from trasluz.ui.thumbnails import Thumbnails
from trasluz.ui.widgets import Label, LinkButton
from trasluz.ui.widgets.item_grids import LineGrid, PairList, SeriesGrid, SoundGrid, TextList
from trasluz.ui.widgets.photo_grid import PhotoGrid

from .detail import PhotoDetail

if TYPE_CHECKING:
    from trasluz.ui.session import Session

_ORDERS = (("path", "By name"), ("label", "By class"), ("size", "Largest first"), ("problem", "Problems first"))
_SPLITS = ((None, "All parts"), ("train", "To learn from"), ("val", "To judge with"), ("test", "For the last test"))


_NARROW = 680
MARGIN = 14
"""How far the grid's scroll bar reaches into the page's margin, so that the photos end where the buttons end."""


class Gallery(QWidget):
    """Head line, grid and detail."""

    cleared = Signal()
    """The person asked for all photos again."""

    def __init__(self, session: "Session") -> None:
        super().__init__()
        self._session = session
        self._words = words_for("image-classes")
        self._thumbnails: dict[bool, Thumbnails] = {}
        self.hearing = Hearing(session, self)
        self.hearing.changed.connect(self._sounded)
        self._grids: dict[str, PhotoGrid] = {}
        self.grids = QStackedWidget()
        self.thumbnails = self._thumbnails_for("photos")
        self.model = self._made_model(pictured=True)
        self.grid = self._grid_for("photos")
        self._wire(self.grid)
        self.title = Label("", "strong")
        self.count = Label("", "muted")
        self.all = LinkButton("Show all", self._clear)
        self.all.hide()
        self.search = QLineEdit()
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumWidth(90)
        self.search.setMaximumWidth(200)
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
        self.detail.mended.connect(self._mend)
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
        self._controls = QWidget()
        controls = QHBoxLayout(self._controls)
        controls.setContentsMargins(0, 0, 0, 0)
        controls.setSpacing(12)
        for widget in (self.search, self.split, self.order):
            controls.addWidget(widget)
        head.addWidget(self._controls)
        self._under = QHBoxLayout()
        self._under.setContentsMargins(0, 0, MARGIN, 0)
        self._head = head
        photos = QVBoxLayout()
        photos.setSpacing(10)
        photos.addLayout(head)
        photos.addLayout(self._under)
        photos.addWidget(self.grids, 1)
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

    def resizeEvent(self, event: object) -> None:
        """Qt's: where there is little room, what filters and orders stands under the title."""
        self._place_controls()

    def _place_controls(self) -> None:
        side = self.detail.width() + 8 + MARGIN if self._side.isVisibleTo(self) else 0
        narrow = self.width() - side < _NARROW
        home = self._under if narrow else self._head
        if home.indexOf(self._controls) < 0:
            (self._head if narrow else self._under).removeWidget(self._controls)
            home.addWidget(self._controls)
            self.search.setMaximumWidth(16_777_215 if narrow else 200)

    def open(self, words: KindWords) -> None:
        """Show the session's index from the start."""
        self._words = words
        self.close_detail()
        self.hearing.stop()
        grid = self._grid_for(words.look)
        if grid is not self.grid:
            self.grid.setModel(None)
            self.grid = grid
            self.model.deleteLater()
            self.thumbnails = self._thumbnails_for(words.look)
            self.model = self._made_model(pictured=words.look not in ("pairs", "texts"))
            self._wire(grid)
        self.grids.setCurrentWidget(self.grid)
        self.detail.show_kind(words)
        self.search.setPlaceholderText("Search files…" if words.classes else "Search texts, files…")
        self.search.setAccessibleName(self.search.placeholderText().rstrip("…"))
        for row, (value, shown) in enumerate(_ORDERS):
            name = {"label": "By class" if words.classes else "By text", "size": "Largest first"}.get(value, shown)
            self.order.setItemText(row, name)
        self.thumbnails.index = str(self._session.index.at) if self._session.index is not None else ""
        self.model.open(self._session.index, replace(Filter(), order=_ORDERS[self.order.currentIndex()][0]))
        self._name()

    def _made_model(self, *, pictured: bool) -> PhotoModel:
        model = PhotoModel(self._session.index_work, self.thumbnails)
        model.pictured = pictured
        model.setParent(self)
        model.counted.connect(self._counted)
        return model

    def _thumbnails_for(self, look: str) -> Thumbnails:
        """Lines and curves are wide, and asked for larger than photos."""
        wide = look in ("lines", "curves")
        if wide not in self._thumbnails:
            self._thumbnails[wide] = Thumbnails(self._session.host, self, size=1000 if wide else 256)
        return self._thumbnails[wide]

    def _grid_for(self, look: str) -> PhotoGrid:
        if look in self._grids:
            return self._grids[look]
        made: dict[str, Callable[[], PhotoGrid]] = {
            "photos": PhotoGrid,
            "lines": lambda: LineGrid("Lines"),
            "sounds": lambda: SoundGrid("Recordings"),
            "curves": lambda: SeriesGrid("Series"),
            "pairs": lambda: PairList("Pairs of texts"),
            "texts": lambda: TextList("Passages"),
        }
        grid = self._grids[look] = made[look]()
        grid.clicked.connect(self._open)
        grid.activated.connect(self._open)
        if isinstance(grid, SoundGrid):
            grid.play_asked.connect(self._play)
        self.grids.addWidget(grid)
        return grid

    def _wire(self, grid: PhotoGrid) -> None:
        grid.setModel(self.model)
        grid.seen.connect(self.model.saw)
        grid.selectionModel().currentChanged.connect(self._moved)

    def show_only(self, **changes: object) -> None:
        """Change the filter: `label`, `split`, `rule`, `search`, `holds`, `order`; what is not named stays."""
        shown = replace(self.model.filter, **changes)  # type: ignore[arg-type]
        if shown != self.model.filter:
            self.model.show(shown)
            self._name()

    def _search(self) -> None:
        self.show_only(search=self.search.text().strip())

    def _clear(self) -> None:
        self.search.clear()
        self.split.setCurrentIndex(0)
        self.show_only(label=None, rule=None, search="", holds="", split=None)
        self.cleared.emit()

    def _name(self) -> None:
        shown = self.model.filter
        name = shown.label if shown.label is not None else f"All {self._words.nouns}"
        if shown.holds:
            name = f"With “{shown.holds}”" if shown.holds != " " else "With a space"
        if shown.rule:
            name = {"unreadable": "Can’t be read", "duplicate": "Look alike", "leak": "In two parts"}.get(
                shown.rule, shown.rule.capitalize()
            )
        self.title.setText(name)
        self.all.setVisible(bool(shown.label is not None or shown.rule or shown.search or shown.holds or shown.split))

    def _counted(self, count: int) -> None:
        self.count.setText(plural(count, self._words.noun) if count else f"No {self._words.noun} fits")

    # one photo

    def _open(self, index: QModelIndex) -> None:
        item = self.model.item(index.row()) if index.isValid() else None
        if item is not None:
            self.detail.show_item(item, self.model.path(item), self._session.host, index=self.thumbnails.index)
            if not self.detail.isVisible():
                self._side.show()
                self._place_controls()
                QTimer.singleShot(0, self.grid, lambda: self.grid.scrollTo(self.grid.currentIndex()))

    def _moved(self, current: QModelIndex, _before: QModelIndex) -> None:
        self.grid.viewport().update()
        if self.detail.isVisible():
            self._open(current)

    def _step(self, by: int) -> None:
        row = self.grid.currentIndex().row() + by
        if 0 <= row < self.model.rowCount():
            self.grid.setCurrentIndex(self.model.index(row, 0))

    def _mend(self, item: Any, text: str | None) -> None:
        self._session.corrections.correct(item.path, text, item.part)

    # sounds

    def _play(self, row: int) -> None:
        item = self.model.item(row)
        if item is not None:
            self.hearing.toggle(self.model.path(item))
            if isinstance(self.grid, SoundGrid):
                self.grid.playing = row if self.hearing.path else -1
                self.grid.viewport().update()

    def _sounded(self) -> None:
        if isinstance(self.grid, SoundGrid) and not self.hearing.path:
            self.grid.playing = -1
            self.grid.viewport().update()

    def hideEvent(self, event: object) -> None:
        """Qt's: a page that is left falls silent."""
        self.hearing.stop()

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
            self._place_controls()
            self.grid.clearSelection()
            self.grid.setFocus()
