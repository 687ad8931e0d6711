"""Lines, recordings and pairs of texts side by side: the grid of photos with other tiles."""

from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
    QPolygonF,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QWidget

from trasluz.ui import theme
from trasluz.ui.thumbnails import paint_series

from .photo_grid import PhotoGrid

_PAD = 12.0
_BUTTON = 28.0


class TileGrid(PhotoGrid):
    """Cards of one height in as many columns as there is room for."""

    least, tall, most = 420, 112.0, 3

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, cell=self.least)
        self.setAccessibleName(name)

    def _height(self) -> float:
        return self.tall

    def _item(self, row: int) -> Any:
        return self.model().item(row)  # type: ignore[union-attr]

    def _picture(self, row: int) -> QPixmap | None:
        return self.model().picture(row)  # type: ignore[union-attr, no-any-return]

    def _paint_one(self, painter: QPainter, row: int, place: QRectF) -> None:
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("panel"))
        painter.drawRoundedRect(place.adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        item = self._item(row)
        if item is not None:
            self._paint_item(painter, row, item, place.adjusted(_PAD, 8, -_PAD, -8))
        self._paint_mark(painter, row, place)

    def _paint_item(self, painter: QPainter, row: int, item: Any, inside: QRectF) -> None:
        raise NotImplementedError

    def _paint_picture(self, painter: QPainter, row: int, room: QRectF) -> None:
        """The picture whole, at the left; no larger than it is."""
        picture = self._picture(row)
        if picture is None:
            failed = self.model().failed(row)  # type: ignore[union-attr]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("chip"))
            painter.drawRoundedRect(room, 4, 4)
            if failed:
                painter.setPen(theme.color("muted"))
                painter.setFont(theme.font("caption"))
                painter.drawText(room, Qt.AlignmentFlag.AlignCenter, "can’t be shown")
            return
        scale = min(room.width() / picture.width(), room.height() / picture.height(), 1.5)
        place = QRectF(room.left(), room.top(), picture.width() * scale, picture.height() * scale)
        place.moveTop(room.top() + (room.height() - place.height()) / 2)
        outline = QPainterPath()
        outline.addRoundedRect(place, 4, 4)
        painter.save()
        painter.setClipPath(outline)
        painter.drawPixmap(place, picture, QRectF(picture.rect()))
        painter.restore()


class LineGrid(TileGrid):
    """Lines of handwriting, each with its text under it."""

    least, tall = 430, 104.0

    def _paint_item(self, painter: QPainter, row: int, item: Any, inside: QRectF) -> None:
        self._paint_picture(painter, row, QRectF(inside.left(), inside.top(), inside.width(), 56))
        words = QRectF(inside.left(), inside.top() + 62, inside.width(), 24)
        write_line(painter, words, item.label or "without a text", role="body", color="ink" if item.label else "muted")


class SoundGrid(TileGrid):
    """Recordings: a button that plays it, its waveform, and what it is or says."""

    least, tall = 270, 92.0
    play_asked = Signal(int)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self.playing = -1
        """The row that sounds now."""

    def button(self, row: int) -> QRectF:
        """Where a row's button is, in the viewport."""
        place = self._place(row)
        return QRectF(place.left() + 10, place.top() + 12, _BUTTON, _BUTTON)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Qt's: a click on the button plays."""
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and self.button(index.row()).adjusted(-4, -4, 4, 4).contains(event.position()):
            self.play_asked.emit(index.row())
            return
        super().mouseReleaseEvent(event)

    def _paint_item(self, painter: QPainter, row: int, item: Any, inside: QRectF) -> None:
        paint_play(painter, self.button(row).center(), playing=row == self.playing)
        room = QRectF(inside.left() + _BUTTON + 8, inside.top(), inside.width() - _BUTTON - 8, 40)
        picture = self._picture(row)
        if picture is not None:
            painter.drawPixmap(room, picture, QRectF(picture.rect()))
        elif self.model().failed(row):  # type: ignore[union-attr]
            self._paint_picture(painter, row, room)
        seconds = f"{item.length:.1f} s" if item.length else ""
        below = QRectF(inside.left(), inside.top() + 50, inside.width(), 22)
        width = QFontMetricsF(theme.font("caption")).horizontalAdvance(seconds) + 8 if seconds else 0
        write_line(painter, below.adjusted(0, 0, -width, 0), item.label, role="strong")
        write_line(painter, below, seconds, role="caption", color="muted", right=True)


class SeriesGrid(TileGrid):
    """Series: their curves, and below what each is called or what class it is of."""

    least, tall, most = 430, 176.0, 2

    def _paint_item(self, painter: QPainter, row: int, item: Any, inside: QRectF) -> None:
        room = QRectF(inside.left(), inside.top(), inside.width(), 128)
        lines = self.model().lines(row)  # type: ignore[union-attr]
        if lines:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("chip"))
            painter.drawRoundedRect(room, 4, 4)
            paint_series(painter, room.adjusted(12, 12, -12, -12), lines, 1.6)
        else:
            self._paint_picture(painter, row, room)
        below = QRectF(inside.left(), inside.top() + 136, inside.width(), 22)
        write_line(painter, below, item.label or item.part or item.path, role="strong" if item.label else "body")


class PairList(TileGrid):
    """Pairs of texts: what is asked at the left, what is answered at the right."""

    least, tall = 100_000, 52.0

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self._gap = 6

    def _paint_item(self, painter: QPainter, row: int, item: Any, inside: QRectF) -> None:
        texts = [text for _, text in item.texts[:2]] or [item.label]
        if len(texts) > 1 and item.label:
            texts[1] = item.label  # as it counts now
        middle = inside.left() + inside.width() / 2
        left = QRectF(inside.left(), inside.top(), inside.width() / 2 - 12, inside.height())
        wrapped(painter, left, texts[0], "ink")
        if len(texts) > 1:
            painter.setPen(QPen(theme.color("line"), 1))
            painter.drawLine(QPointF(middle, inside.top() + 2), QPointF(middle, inside.bottom() - 2))
            wrapped(
                painter, QRectF(middle + 12, inside.top(), inside.width() / 2 - 32, inside.height()), texts[1], "ink"
            )


class TextList(TileGrid):
    """Passages of texts: how each begins, and where it stands."""

    least, tall = 100_000, 76.0

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self._gap = 6

    def _paint_item(self, painter: QPainter, row: int, item: Any, inside: QRectF) -> None:
        words = item.texts[0][1] if item.texts else item.path
        wrapped(painter, inside.adjusted(0, 0, -20, 0), f"{words} …", "ink")


def write_line(
    painter: QPainter, place: QRectF, words: str, *, role: str = "body", color: str = "ink", right: bool = False
) -> None:
    """One line of text, cut at its end where there is no room."""
    font = theme.font(role)  # type: ignore[arg-type]
    painter.setFont(font)
    painter.setPen(theme.color(color))
    cut = QFontMetricsF(font).elidedText(words, Qt.TextElideMode.ElideRight, place.width())
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | side, cut)


def wrapped(painter: QPainter, place: QRectF, words: str, color: str) -> None:
    """Text over as many lines as there is room for; what does not fit is cut at the end of the last one."""
    font = theme.font("body")
    metrics = QFontMetricsF(font)
    most = max(1, int(place.height() // metrics.lineSpacing()))
    layout = QTextLayout(words, font)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    layout.beginLayout()
    starts: list[int] = []
    while len(starts) <= most and (line := layout.createLine()).isValid():
        line.setLineWidth(place.width())
        starts.append(line.textStart())
    layout.endLayout()
    ends = [*starts[1:], len(words)]
    lines = [words[start:end].rstrip() for start, end in zip(starts, ends, strict=True)][:most]
    if len(starts) > most:
        lines[-1] = metrics.elidedText(words[starts[most - 1] :], Qt.TextElideMode.ElideRight, place.width())
    painter.setFont(font)
    painter.setPen(theme.color(color))
    top = place.center().y() - len(lines) * metrics.lineSpacing() / 2
    for number, each in enumerate(lines):
        box = QRectF(place.left(), top + number * metrics.lineSpacing(), place.width(), metrics.lineSpacing())
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, each)


def paint_play(painter: QPainter, centre: QPointF, *, playing: bool, radius: float = _BUTTON / 2 - 1) -> None:
    """The round button that plays, or stops."""
    painter.setPen(QPen(theme.color("line"), 1.4))
    painter.setBrush(theme.color("panel"))
    painter.drawEllipse(centre, radius, radius)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("accent"))
    if playing:
        painter.drawRoundedRect(QRectF(centre.x() - 4.5, centre.y() - 4.5, 9, 9), 2, 2)
    else:
        corners = (QPointF(-3.5, -5.5), QPointF(6, 0), QPointF(-3.5, 5.5))
        painter.drawPolygon(QPolygonF([centre + corner for corner in corners]))
