"""Items as the network sees them; under the pointer, or at the keyboard's mark, each as it is.

Photos stand in a row of squares; lines of ink are wide and stand in two columns; spectrograms and drawings of series
are between the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from trasluz.api import PreviewLine
from trasluz.ui import theme
from trasluz.ui.thumbnails import pixmap_of
from trasluz.ui.widgets.basic import Painted

from .sketches import paint_lines

_GAP = 8.0
_CAPTION = 18
_LINES_FROM, _SOUNDS_FROM = 4.0, 1.3
"""How many times wider than tall pictures are that are shown as lines, as spectrograms."""
_PHOTO = 128
"""Rows of a square picture, from which on it is a photo, or stands for one."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The places of the pictures.

    Attributes:
        columns: Places side by side at the most.
        widest: Pixels of a place, where there is room.
        ratio: How many times wider than tall it is.
        filled: Whether a picture fills its place; the time of a sound has no width of its own.
    """

    columns: int
    widest: int
    ratio: float
    filled: bool = False


PHOTOS, SOUNDS, LINES = Shape(99, 96, 1.0), Shape(4, 250, 2.6, filled=True), Shape(2, 492, 8.0)
CURVES = Shape(4, 250, 2.4)
SHAPES = {"lines": LINES, "sounds": SOUNDS, "curves": CURVES}
"""By how a kind of data is shown (`KindWords.look`); `PHOTOS` for the others."""
_LEAST = {PHOTOS: 44, SOUNDS: 96, LINES: 160, CURVES: 96}
"""Pixels of the narrowest place."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One item: as the network sees it, as it is, and what it shows or says; in pictures, or in lines."""

    varied: QPixmap
    plain: QPixmap
    name: str
    varied_lines: tuple[PreviewLine, ...] = ()
    plain_lines: tuple[PreviewLine, ...] = ()

    @classmethod
    def of(cls, item: dict[str, Any]) -> "Seen":
        """From an answer of the host's `varied`."""
        name = str(item["target"] or item["path"])
        if "varied_lines" not in item:
            return cls(pixmap_of(item["varied"]), pixmap_of(item["plain"]), name)
        varied, plain = (
            tuple(PreviewLine.model_validate(line) for line in item[key]) for key in ("varied_lines", "plain_lines")
        )
        return cls(QPixmap(), QPixmap(), name, varied, plain)


class PictureStrip(Painted):
    """As many places as there are pictures, as large as there is room for."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: list[Seen] = []
        self._expected = 6
        self._shape = PHOTOS
        self._photos = False
        """Whether it is known that these are photos: small ones are no spectrograms."""
        self._hovered = self._marked = -1
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    @property
    def items(self) -> Sequence[Seen]:
        """What is shown."""
        return self._items

    def expect(self, count: int, look: str = "") -> None:
        """Keep room for that many pictures while they are not there yet.

        Args:
            count: How many.
            look: How the data at hand is shown (`KindWords.look`).
        """
        self._expected, self._shape = count, SHAPES.get(look, PHOTOS)
        self._photos = look == "photos"
        self.updateGeometry()
        self.update()

    def show_items(self, items: Sequence[Seen]) -> None:
        """Show these, in places of their shape."""
        self._items = list(items)
        if items:
            self._expected = len(items)
            wide = median(item.varied.width() / max(1, item.varied.height()) for item in items)
            # a spectrogram of a word that takes half a second
            low = not self._photos and all(item.varied.height() < _PHOTO for item in items)
            self._shape = LINES if wide > _LINES_FROM else SOUNDS if wide > _SOUNDS_FROM or low else PHOTOS
            if items[0].varied_lines:
                self._shape = CURVES
        self._hovered = min(self._hovered, len(self._items) - 1)
        self._marked = min(self._marked, len(self._items) - 1)
        self.setAccessibleDescription("; ".join(item.name for item in self._items))
        self.updateGeometry()
        self.update()

    def _columns(self) -> int:
        return max(1, -(-self._expected // self._rows()))

    def _rows(self) -> int:
        return max(1, -(-self._expected // self._shape.columns))

    def _wide(self, width: int) -> float:
        columns = self._columns()
        return max(_LEAST[self._shape], min(self._shape.widest, (width - _GAP * (columns - 1)) / columns))

    def _tall(self, wide: float) -> float:
        return wide / self._shape.ratio

    def hasHeightForWidth(self) -> bool:
        """Qt's: less room makes smaller pictures."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Qt's: rows of pictures with their captions."""
        return round(self._rows() * (self._tall(self._wide(width)) + _CAPTION) + (self._rows() - 1) * _GAP / 2)

    def sizeHint(self) -> QSize:
        """Qt's: the largest pictures."""
        return self._size(self._shape.widest)

    def minimumSizeHint(self) -> QSize:
        """Qt's: the smallest ones."""
        return self._size(_LEAST[self._shape])

    def _size(self, wide: int) -> QSize:
        width = round((wide + _GAP) * self._columns() - _GAP)
        return QSize(width, self.heightForWidth(width))

    def _place(self, number: int) -> QRectF:
        row, column = divmod(number, self._columns())
        wide = self._wide(self.width())
        tall = self._tall(wide)
        return QRectF(column * (wide + _GAP), row * (tall + _CAPTION + _GAP / 2), wide, tall)

    def _shown_plain(self) -> int:
        return self._hovered if self._hovered >= 0 else self._marked if self.hasFocus() else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's: what is under the pointer is shown as it is."""
        at = event.position()
        found = next((i for i in range(len(self._items)) if self._place(i).contains(at)), -1)
        if found != self._hovered:
            self._hovered = found
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Qt's: the pointer went away."""
        self._hovered = -1
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Qt's: the first picture is marked."""
        self._marked = max(0, self._marked)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Qt's: none is marked."""
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: the arrows move the mark."""
        keys = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if self._rows() > 1:
            keys |= {Qt.Key.Key_Up: -self._columns(), Qt.Key.Key_Down: self._columns()}
        step = keys.get(Qt.Key(event.key()))
        if step is None or not self._items:
            super().keyPressEvent(event)
            return
        self._marked = min(max(0, self._marked + step), len(self._items) - 1)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's: the places; empty ones while the pictures are not there."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        plain = self._shown_plain()
        for i in range(len(self._items) or self._expected):
            place = self._place(i)
            outline = QPainterPath()
            outline.addRoundedRect(place, theme.THUMBNAIL_RADIUS, theme.THUMBNAIL_RADIUS)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("chip"))
            painter.drawPath(outline)
            if i >= len(self._items):
                continue
            item = self._items[i]
            painter.save()
            painter.setClipPath(outline)
            if item.varied_lines:
                paint_lines(painter, place, item.plain_lines if i == plain else item.varied_lines)
            else:
                picture = item.plain if i == plain else item.varied
                target = place if self._shape.filled else _within(picture, place)
                painter.drawPixmap(target, picture, QRectF(picture.rect()))
            painter.restore()
            if i == plain:
                painter.setPen(QPen(theme.color("accent"), 2))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(place.adjusted(1, 1, -1, -1), theme.THUMBNAIL_RADIUS, theme.THUMBNAIL_RADIUS)
            painter.setFont(theme.font("caption"))
            painter.setPen(theme.color("ink" if i == plain else "muted"))
            words = "as it is" if i == plain else item.name
            words = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(place.width()))
            painter.drawText(QRectF(place.left(), place.bottom() + 3, place.width(), 15), words)


def _within(picture: QPixmap, place: QRectF) -> QRectF:
    """The whole picture, as large as the place allows, from its left; square ones of photos fill it."""
    scale = min(place.width() / max(1, picture.width()), place.height() / max(1, picture.height()))
    wide, tall = picture.width() * scale, picture.height() * scale
    return QRectF(place.left(), place.top() + (place.height() - tall) / 2, wide, tall)
