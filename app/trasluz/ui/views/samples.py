"""Items of the data side by side: a picture of each, what it is, and how it stands to what was asked."""

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QWidget

from trasluz.api import SampleItem, Samples

from .canvas import Canvas, number, text_width, write
from .colour import image_of, inks

_TILE, _LARGEST = 128.0, 200.0
_GAP = 12.0
_WORDS = 20.0
_CAPTION = 26.0
_CENTRE = Qt.AlignmentFlag.AlignCenter


class SamplesPainter(Canvas):
    """A grid of tiles, row by row; an item without a picture keeps its place and says why. Emits the item selected."""

    view: Samples

    def __init__(self, view: Samples, parent: QWidget | None = None) -> None:
        super().__init__(view, parent)
        self._current = -1
        self._pictures: dict[int, QImage] = {}
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def set_view(self, view: object) -> None:
        """Show other items."""
        self._pictures, self._current = {}, -1
        super().set_view(view)  # type: ignore[arg-type]

    def wanted_height(self, width: float) -> float:
        """As many rows as the width asks for."""
        columns = self._columns(width)
        rows = math.ceil(max(1, len(self.view.items)) / columns)
        side = min(_LARGEST, (width - _GAP * (columns - 1)) / columns)
        return rows * (side + _WORDS + _GAP) - _GAP + (_CAPTION if self.view.caption else 0)

    def spoken(self) -> str:
        """The items in their order."""
        said = ", ".join(self._words(item) for item in self.view.items[:20])
        return f"{self.view.title}: {said or 'nothing to show'}. {self.view.caption}".strip()

    def draw(self, painter: QPainter, area: QRectF) -> None:
        """Tiles with their words, and the caption under them."""
        ink = inks()
        for i, (item, tile) in enumerate(zip(self.view.items, self._tiles(area), strict=False)):
            outline = QPainterPath()
            outline.addRoundedRect(tile, 6, 6)
            painter.fillPath(outline, ink.chip)
            if item.image is None:
                why = item.note or "no picture"
                write(
                    painter, tile.adjusted(6, 0, -6, 0), why, font=self.caption_font(), colour=ink.muted, align=_CENTRE
                )
            else:
                painter.save()
                painter.setClipPath(outline)
                painter.drawImage(*_covering(tile, self._picture(i)))
                painter.restore()
            words = QRectF(tile.left(), tile.bottom() + 2, tile.width(), _WORDS - 2)
            value = "" if item.value is None else number(item.value, self.view.unit)
            right = self._value_width(value)
            write(painter, words.adjusted(0, 0, -right, 0), item.label, font=self.caption_font(), colour=ink.ink)
            align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            write(painter, words, value, font=self.caption_font(), colour=ink.muted, align=align)
        if self.view.caption:
            line = QRectF(area.left(), area.bottom() - _CAPTION + 6, area.width(), _CAPTION - 6)
            write(painter, line, self.view.caption, font=self.caption_font(), colour=ink.muted)

    def draw_over(self, painter: QPainter, area: QRectF) -> None:
        """The selected tile, while the keyboard is here."""
        if self.hasFocus() and 0 <= self._current < len(self.view.items):
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(inks().accent, 2))
            painter.drawRoundedRect(self._tiles(area)[self._current].adjusted(1, 1, -1, -1), 6, 6)

    def tip_at(self, point: QPointF) -> str:
        """The item's name, what it is, and its value."""
        i = self._item_at(point)
        return f"{self.view.items[i].name}\n{self._words(self.view.items[i])}" if i >= 0 else ""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's: select the item."""
        super().mousePressEvent(event)
        self._select(self._item_at(event.position()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: the arrows go through the items."""
        columns = self._columns(self.width())
        steps = {
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Down: columns,
            Qt.Key.Key_Up: -columns,
        }
        step = steps.get(Qt.Key(event.key()))
        if step is None or not self.view.items:
            super().keyPressEvent(event)
            return
        there = self._current + step if self._current >= 0 else 0
        self._select(there if 0 <= there < len(self.view.items) else self._current)

    def _select(self, i: int) -> None:
        if i < 0:
            return
        self._current = i
        self.update()
        self.chosen.emit(self.view.items[i])

    def _words(self, item: SampleItem) -> str:
        value = "" if item.value is None else f" {number(item.value, self.view.unit)}"
        note = f" ({item.note})" if item.note else ""
        return f"{item.label or item.name}{value}{note}"

    def _value_width(self, words: str) -> float:
        return text_width(self.caption_font(), words) + 6 if words else 0.0

    def _columns(self, width: float) -> int:
        fitting = max(1, int((width + _GAP) // (_TILE + _GAP)))
        count = max(1, len(self.view.items))
        rows = math.ceil(count / fitting)
        return math.ceil(count / rows)  # rows of equal length

    def _tiles(self, area: QRectF) -> list[QRectF]:
        """The pictures' places; smaller where the area is lower than wanted."""
        columns = self._columns(area.width())
        rows = math.ceil(max(1, len(self.view.items)) / columns)
        room = area.height() - (_CAPTION if self.view.caption else 0)
        side = min(
            _LARGEST,
            (area.width() - _GAP * (columns - 1)) / columns,
            (room - _GAP * (rows - 1)) / rows - _WORDS,
        )
        side = max(8.0, side)
        return [
            QRectF(
                area.left() + i % columns * (side + _GAP),
                area.top() + i // columns * (side + _WORDS + _GAP),
                side,
                side,
            )
            for i in range(len(self.view.items))
        ]

    def _item_at(self, point: QPointF) -> int:
        for i, tile in enumerate(self._tiles(QRectF(self.rect()))):
            if tile.adjusted(0, 0, 0, _WORDS).contains(point):
                return i
        return -1

    def _picture(self, i: int) -> QImage:
        if i not in self._pictures:
            self._pictures[i] = image_of(np.asarray(self.view.items[i].image)[..., :3])
        return self._pictures[i]


def _covering(tile: QRectF, picture: QImage) -> tuple[QRectF, QImage, QRectF]:
    """The tile, and the largest square in the middle of the picture to fill it with."""
    side = min(picture.width(), picture.height())
    middle = QRectF((picture.width() - side) / 2, (picture.height() - side) / 2, side, side)
    return tile, picture, middle
