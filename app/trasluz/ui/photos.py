"""The photos of an index as a Qt model: rows are fetched in pages on the index's thread, pictures on demand."""

from collections import OrderedDict
from dataclasses import asdict, dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QPixmap

from .bridge.call import Call
from .bridge.work import Work
from .thumbnails import Thumbnails, key_of
from .widgets.chip import Mark

PAGE = 200
_PAGES_KEPT = 60
_KEYS_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Filter:
    """Which photos, in which order; the words are those of `core.data.index.Index.page`."""

    label: str | None = None
    split: str | None = None
    search: str = ""
    rule: str | None = None
    holds: str = ""
    order: str = "path"

    def counting(self) -> dict[str, Any]:
        """The words for `page_count`."""
        return {k: v for k, v in asdict(self).items() if k != "order"}


class PhotoModel(QAbstractListModel):
    """The items of an index under a filter. Memory is bounded however many there are."""

    counted = Signal(int)
    """The number of items under the filter is known."""

    def __init__(self, work: Work, thumbnails: Thumbnails) -> None:
        super().__init__()
        self._work = work
        self._thumbnails = thumbnails
        self._index: Any = None
        self.filter = Filter()
        self.pictured = True
        """Whether the items are shown as pictures; texts are not."""
        self._count = 0
        self._pages: OrderedDict[int, list[Any]] = OrderedDict()
        self._asked: dict[int, Call] = {}
        self._counting: Call | None = None
        self._sight = (0, -1)
        self._rows: dict[str, int] = {}  # in sight, by what their pictures are asked by
        self._keys: dict[tuple[str, str], str] = {}  # a path costs more than the rest of painting an item
        thumbnails.came.connect(self._picture_came)

    def open(self, index: Any, shown: Filter | None = None) -> None:
        """Show another index (None: nothing)."""
        self._index = index
        self._thumbnails.clear()
        self.show(shown or Filter())

    def show(self, shown: Filter) -> None:
        """Show what fits the filter."""
        self.filter = shown
        for call in (*self._asked.values(), *([self._counting] if self._counting else [])):
            call.cancel()
        self._asked.clear()
        if self._index is None:
            self._reset(0)
            return
        index, words = self._index, shown.counting()
        self._counting = self._work.run(
            self,
            lambda: (index.page_count(**words), list(index.page(offset=0, limit=PAGE, **asdict(shown)))),
            success=self._counted,
        )

    def _counted(self, found: tuple[int, list[Any]]) -> None:
        self._reset(found[0], found[1])
        self.counted.emit(found[0])

    def _reset(self, count: int, first: list[Any] | None = None) -> None:
        self.beginResetModel()
        self._count = count
        self._rows.clear()
        self._keys.clear()
        self._pages.clear()
        if first:
            self._pages[0] = first
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        """How many items fit the filter."""
        return 0 if parent is not None and parent.isValid() else self._count

    def item(self, row: int) -> Any:
        """The item of a row, or None while its page is under way."""
        number, place = divmod(row, PAGE)
        page = self._pages.get(number)
        if page is None:
            self._fetch(number)
            return None
        self._pages.move_to_end(number)
        return page[place] if place < len(page) else None

    def path(self, item: Any) -> str:
        """The absolute path of an item."""
        return str(self._index.absolute(item.path))

    def key(self, item: Any) -> str:
        """What its picture is asked by: its path, and its part where a file holds several."""
        place = item.path, item.part
        if place not in self._keys:
            if len(self._keys) >= _KEYS_KEPT:
                self._keys.clear()
            self._keys[place] = key_of(self.path(item), item.part)
        return self._keys[place]

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The words for tool tips and screen readers; pictures are asked for by `picture`."""
        item = self.item(index.row())
        if item is not None and role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{item.label} · {item.path}" if item.label else item.path
        return None

    def picture(self, row: int) -> QPixmap | None:
        """The picture of a row, where it has come."""
        item = self.item(row)
        return None if item is None else self._thumbnails.get(self.key(item))

    def lines(self, row: int) -> Any:
        """The lines of the drawing of a row, where it is a series and they have come."""
        item = self.item(row)
        return None if item is None else self._thumbnails.lines(self.key(item))

    def failed(self, row: int) -> bool:
        """Whether the picture of a row cannot be shown."""
        item = self.item(row)
        return item is not None and bool(self._thumbnails.failure(self.key(item)))

    def mark(self, row: int) -> Mark:
        """The mark of a row."""
        item = self.item(row)
        return "warn" if item is not None and item.problem else "none"

    def saw(self, first: int, last: int) -> None:
        """The grid shows these rows now: fetch their pages and pictures, and those of the next rows after them."""
        self._sight = (first, last)
        self._want()

    def _want(self) -> None:
        first, last = self._sight
        ahead = max(0, last - first) // 2
        needed = range(first // PAGE, min(last + ahead, max(0, self._count - 1)) // PAGE + 1) if last >= first else ()
        # what was scrolled away is not read any more
        for number in [n for n in self._asked if n not in needed]:
            self._asked.pop(number).cancel()
        for number in needed:
            if number not in self._pages:
                self._fetch(number)
        items = [self._held(row) for row in range(first, min(last + 1 + ahead, self._count))]
        keys = {self.key(item): first + number for number, item in enumerate(items) if item is not None}
        self._rows = {key: row for key, row in keys.items() if row <= last}
        if self.pictured:
            self._thumbnails.want(list(keys))

    def _held(self, row: int) -> Any:
        page = self._pages.get(row // PAGE)
        return page[row % PAGE] if page is not None and row % PAGE < len(page) else None

    def _fetch(self, number: int) -> None:
        if number in self._asked or self._index is None:
            return
        index, words = self._index, asdict(self.filter)
        self._asked[number] = self._work.run(
            self,
            lambda: list(index.page(offset=number * PAGE, limit=PAGE, **words)),
            success=lambda rows: self._page_came(number, rows),
        )

    def _page_came(self, number: int, rows: list[Any]) -> None:
        self._asked.pop(number, None)
        self._pages[number] = rows
        while len(self._pages) > _PAGES_KEPT:
            self._pages.popitem(last=False)
        start = number * PAGE
        self.dataChanged.emit(self.index(start, 0), self.index(min(start + PAGE, self._count) - 1, 0))
        self._want()

    def _picture_came(self, key: str) -> None:
        if (row := self._rows.get(key)) is not None:
            at = self.index(row, 0)
            self.dataChanged.emit(at, at)
