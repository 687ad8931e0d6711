"""A row of photos as the network sees them; under the pointer, or at the keyboard's mark, each as it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from trasluz.ui import theme
from trasluz.ui.thumbnails import pixmap_of
from trasluz.ui.widgets.basic import Painted

_GAP = 8.0
_SIDE = 96
_LEAST = 44
_CAPTION = 18


@dataclass(frozen=True, slots=True)
class Seen:
    """One photo: as the network sees it, as it is, and what it shows."""

    varied: QPixmap
    plain: QPixmap
    name: str

    @classmethod
    def of(cls, item: dict[str, Any]) -> "Seen":
        """From an answer of the host's `varied`."""
        return cls(pixmap_of(item["varied"]), pixmap_of(item["plain"]), str(item["target"] or item["path"]))


class PictureStrip(Painted):
    """As many squares as there are photos, as large as there is room for, up to 96 pixels a side."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: list[Seen] = []
        self._expected = 6
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

    def expect(self, count: int) -> None:
        """Keep room for that many photos while they are not there yet."""
        self._expected = count
        self.updateGeometry()

    def show_items(self, items: Sequence[Seen]) -> None:
        """Show these photos."""
        self._items = list(items)
        if items:
            self._expected = len(items)
        self._hovered = min(self._hovered, len(self._items) - 1)
        self._marked = min(self._marked, len(self._items) - 1)
        self.setAccessibleDescription("; ".join(item.name for item in self._items))
        self.updateGeometry()
        self.update()

    def _side(self, width: int) -> float:
        count = max(1, self._expected)
        return max(_LEAST, min(_SIDE, (width - _GAP * (count - 1)) / count))

    def hasHeightForWidth(self) -> bool:
        """Qt's: less room makes smaller squares."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Qt's: a row of squares with their captions."""
        return round(self._side(width)) + _CAPTION

    def sizeHint(self) -> QSize:
        """Qt's: the whole row."""
        return QSize(round((_SIDE + _GAP) * self._expected - _GAP), _SIDE + _CAPTION)

    def minimumSizeHint(self) -> QSize:
        """Qt's: the smallest squares."""
        return QSize(round((_LEAST + _GAP) * self._expected - _GAP), _LEAST + _CAPTION)

    def _place(self, number: int) -> QRectF:
        side = self._side(self.width())
        return QRectF(number * (side + _GAP), 0, side, side)

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
        """Qt's: the first photo is marked."""
        self._marked = max(0, self._marked)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Qt's: none is marked."""
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: the arrows move the mark."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None or not self._items:
            super().keyPressEvent(event)
            return
        self._marked = min(max(0, self._marked + step), len(self._items) - 1)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's: the squares; empty ones while the photos are not there."""
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
            picture = item.plain if i == plain else item.varied
            painter.drawPixmap(place, picture, QRectF(picture.rect()))
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
