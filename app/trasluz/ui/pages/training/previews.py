"""What it thinks now: a few items with the model's answer of this moment."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from trasluz.api import Previewed
from trasluz.api.step_labels import parted
from trasluz.core.differences import aligned, nearest
from trasluz.ui import theme
from trasluz.ui.kinds import KindWords, words_for
from trasluz.ui.pages.words import share_words
from trasluz.ui.thumbnails import Thumbnails, cover
from trasluz.ui.widgets.basic import Painted
from trasluz.ui.widgets.compared import paint_compared

from .sketches import paint_sketches, sketched, wanted_height

_PICTURE = 56.0
_PITCH = 62.0
_STRIP, _LINE = 40.0, 22.0
"""How tall the picture of a line or of a recording is, and a line of words below it."""
_BETWEEN = 16.0


class PreviewList(Painted):
    """Rows of photo, answer, tick or what it really is, and a bar for how sure it is.

    Of a line or a recording the whole picture, and below it what it says and what was read, held against each other;
    of a pair what is asked in the picture's place.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: list[tuple[str, Previewed]] = []
        self._thumbnails: Thumbnails | None = None
        self._kind = words_for("image-classes")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("What it thinks now")

    def set_thumbnails(self, thumbnails: Thumbnails) -> None:
        """Where pictures come from."""
        self._thumbnails = thumbnails
        thumbnails.came.connect(lambda _path: self.update())

    def show_kind(self, kind: KindWords, index: str = "") -> None:
        """What the items are.

        Args:
            kind: Its words.
            index: The list of the data, which knows the parts of files.
        """
        self._kind = kind
        if self._thumbnails is not None:
            self._thumbnails.index = index

    def show_items(self, items: Sequence[tuple[str, Previewed]]) -> None:
        """Show these: the key of the picture (`key_of`), and what the model makes of it."""
        self._items = list(items)
        said = [f"{p.text}, {'right' if p.text == p.target else f'is {p.target}'}" for _, p in self._items]
        self.setAccessibleDescription("; ".join(said))
        self._want_pictures()
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Five rows."""
        if sketched(items := [item for _, item in self._items]):
            return QSize(280, wanted_height(items))
        return QSize(280, int(self._pitch * min(5, max(1, len(self._items)))))

    def minimumSizeHint(self) -> QSize:
        """Two rows."""
        if sketched(items := [item for _, item in self._items]):
            return QSize(200, wanted_height(items, least=True))
        return QSize(200, int(self._pitch * 2))

    @property
    def _wide(self) -> bool:
        """Whether the pictures are as wide as the list."""
        return self._kind.look in ("lines", "sounds", "pairs")

    @property
    def _pitch(self) -> float:
        if not self._wide:
            return _PITCH
        return self._strip + _LINE * (1 if self._kind.classes else 2) + _BETWEEN

    @property
    def _strip(self) -> float:
        return _LINE if self._kind.look == "pairs" else _STRIP

    def _want_pictures(self) -> None:
        if self._thumbnails is not None and self._kind.look != "pairs":
            self._thumbnails.want([path for path, item in self._items[: self._room()] if item.target])

    def resizeEvent(self, event: object) -> None:
        """Qt's: more room shows more items."""
        self._want_pictures()

    def _room(self) -> int:
        return max(1, int((self.height() + _PITCH - _PICTURE) // self._pitch))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's: as many rows as fit whole."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        if self._items and not any(item.target for _, item in self._items):
            self._paint_written(painter)
            return
        if sketched(items := [item for _, item in self._items]):
            paint_sketches(painter, QRectF(self.rect()), items, _paint_line)
            return
        shown = self._items[: self._room()]
        pitch = min(self._pitch + 16, (self.height() + _PITCH - _PICTURE) / max(1, len(shown)))
        for i, (path, item) in enumerate(shown):
            if self._wide:
                self._paint_wide(painter, QRectF(0, i * pitch, self.width(), self._pitch - _BETWEEN), path, item)
                continue
            self._paint_row(painter, QRectF(0, i * pitch, self.width(), _PICTURE), path, item)

    def _paint_written(self, painter: QPainter) -> None:
        """What the model writes by itself, as it stands."""
        painter.setFont(theme.font("mono"))
        painter.setPen(theme.color("ink"))
        words = "\n\n".join(item.text for _, item in self._items)
        painter.drawText(QRectF(self.rect()), int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignTop), words)

    def _paint_wide(self, painter: QPainter, row: QRectF, path: str, item: Previewed) -> None:
        picture = QRectF(row.left(), row.top(), row.width(), self._strip)
        if self._kind.look == "pairs":
            painter.setFont(theme.font("strong"))
            painter.setPen(theme.color("ink"))
            asked = painter.fontMetrics().elidedText(item.path, Qt.TextElideMode.ElideRight, int(row.width()))
            painter.drawText(picture, Qt.AlignmentFlag.AlignVCenter, asked)
        else:
            paint_strip(painter, picture, self._thumbnails, path, filled=self._kind.look == "sounds")
        line = QRectF(row.left(), picture.bottom() + 2, row.width(), _LINE)
        if self._kind.classes:
            _paint_words(painter, line, item, right=item.text == item.target)
            return
        painter.setFont(theme.font("body"))
        painter.setPen(theme.color("muted"))
        truth = nearest(item.target, item.text)  # of several right answers
        shown = painter.fontMetrics().elidedText(truth, Qt.TextElideMode.ElideRight, int(line.width()))
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, shown)
        line.translate(0, _LINE - 2)
        if item.text:
            paint_compared(painter, line, aligned(truth, item.text))
        else:
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, "nothing yet")

    def _paint_row(self, painter: QPainter, row: QRectF, path: str, item: Previewed) -> None:
        paint_thumbnail(painter, QRectF(row.left(), row.top(), _PICTURE, _PICTURE), self._thumbnails, path)
        right = item.text == item.target
        words_left = row.left() + _PICTURE + 10
        score = "" if item.score is None else share_words(item.score)
        score_width = 40.0 if score else 0.0
        line = QRectF(words_left, row.top() + 10, row.right() - words_left - score_width - 8, 20)
        _paint_words(painter, line, item, right=right)
        if score:
            bar = QRectF(words_left, row.top() + 38, line.width(), 6)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("chip"))
            painter.drawRoundedRect(bar, 3, 3)
            bar.setWidth(max(6.0, bar.width() * (item.score or 0)))
            painter.setBrush(theme.color("good" if right else "bad"))
            painter.drawRoundedRect(bar, 3, 3)
            painter.setFont(theme.font("body"))
            painter.setPen(theme.color("muted"))
            place = QRectF(row.right() - score_width, row.top() + 18, score_width, 20)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, score)


def _paint_line(painter: QPainter, line: QRectF, item: Previewed, right: bool) -> None:
    true = parted(item.target)
    if len(true) > 1:  # a label for each step: too long to be read here
        said = parted(item.text)
        share = sum(a == b for a, b in zip(true, said, strict=False)) / len(true)
        item = item.model_copy(update={"text": f"{share:.0%} of the steps right", "target": ""})
    _paint_words(painter, line, item, right=right)


def _paint_words(painter: QPainter, line: QRectF, item: Previewed, *, right: bool) -> None:
    strong, body = theme.font("strong"), theme.font("body")
    left_half = line.width() * (0.9 if right or not item.target else 0.55)
    said = QFontMetricsF(strong).elidedText(item.text or "(nothing)", Qt.TextElideMode.ElideRight, left_half)
    painter.setFont(strong)
    painter.setPen(theme.color("ink"))
    painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, said)
    after = line.left() + QFontMetricsF(strong).horizontalAdvance(said) + 6
    if right:
        painter.setPen(QPen(theme.color("good"), 1.6))
        y = line.center().y()
        painter.drawPolyline([QPointF(after, y), QPointF(after + 3.5, y + 3.5), QPointF(after + 10, y - 4)])
    elif item.target:
        painter.setFont(body)
        painter.setPen(theme.color("bad"))
        room = line.right() - after
        words = QFontMetricsF(body).elidedText(f"is {item.target}", Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(after, line.top(), room, line.height()), Qt.AlignmentFlag.AlignVCenter, words)


def paint_thumbnail(painter: QPainter, place: QRectF, thumbnails: Thumbnails | None, path: str) -> None:
    """Paint a photo cut to fill a rounded box, all of a waveform, or an empty box while it is not there."""
    outline = QPainterPath()
    outline.addRoundedRect(place, theme.THUMBNAIL_RADIUS, theme.THUMBNAIL_RADIUS)
    picture = thumbnails.get(path) if thumbnails is not None else None
    painter.setPen(Qt.PenStyle.NoPen)
    if picture is None or picture.isNull():
        painter.setBrush(theme.color("chip"))
        painter.drawPath(outline)
        if thumbnails is not None and thumbnails.failure(path):
            painter.setPen(QPen(theme.color("muted"), 1.5))
            middle, arm = place.center(), min(place.width(), place.height()) / 7
            painter.drawLine(middle + QPointF(-arm, -arm), middle + QPointF(arm, arm))
            painter.drawLine(middle + QPointF(-arm, arm), middle + QPointF(arm, -arm))
        return
    if thumbnails is not None and thumbnails.is_wave(path):
        painter.drawPixmap(place, picture, QRectF(picture.rect()))
        return
    ratio = painter.device().devicePixelRatioF()
    cut = cover(picture, max(1, round(place.width() * ratio)), max(1, round(place.height() * ratio)))
    painter.save()
    painter.setClipPath(outline)
    painter.drawPixmap(place, cut, QRectF(cut.rect()))
    painter.restore()


def paint_strip(
    painter: QPainter, place: QRectF, thumbnails: Thumbnails | None, path: str, *, filled: bool = False
) -> None:
    """Paint all of a wide picture from the left of a rounded box, or the empty box while it is not there.

    Args:
        filled: Whether it fills the box; a waveform has no width of its own.
    """
    picture = thumbnails.get(path) if thumbnails is not None else None
    if picture is None or picture.isNull():
        paint_thumbnail(painter, place, thumbnails, path)
        return
    scale = min(place.width() / picture.width(), place.height() / picture.height())
    size = QSizeF(picture.width() * scale, picture.height() * scale)
    box = QRectF(QPointF(place.left(), place.center().y() - size.height() / 2), size)
    if filled:
        box = place
    outline = QPainterPath()
    outline.addRoundedRect(box, 4, 4)
    painter.save()
    painter.setClipPath(outline)
    painter.drawPixmap(box, picture, QRectF(picture.rect()))
    painter.restore()
