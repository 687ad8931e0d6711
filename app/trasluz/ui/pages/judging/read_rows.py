"""Answers that are texts in rows: what was read, the truth, and the answer with what is wrong in it coloured."""

from typing import Any

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate

from trasluz.core.differences import aligned
from trasluz.ui import theme
from trasluz.ui.kinds import KindWords, words_for
from trasluz.ui.widgets.compared import paint_compared
from trasluz.ui.widgets.item_grids import wrapped, write_line

from .readings import Reading
from .rows import Line, PhotoRows

WHY, CORRECT, PLAY = "why?", "correct…", "play"
_PICTURED, _ASKED = 186, 168
_BUTTON = 25.0


class ReadRows(PhotoRows):
    """Readings, the worst first. Enter asks for the reason, F2 corrects the text."""

    why = Signal(str, object)
    """The path and the judged item that the person wants explained."""
    correct = Signal(object, QPoint)
    """The judged item whose text is wrong, and where on the screen."""
    play = Signal(str)
    """The path of the recording to be heard."""

    pitch = _PICTURED

    def __init__(self) -> None:
        super().__init__("Answers, the worst first")
        self.words = words_for("handwriting")
        self.by_words = False
        self.can_correct = True
        self.pressed_button.connect(self._pressed)

    def show_kind(self, words: KindWords, *, by_words: bool) -> None:
        """Show answers to this kind of input."""
        self.words, self.by_words = words, by_words
        self.pictured = words.look in ("lines", "sounds")
        self.pitch = _PICTURED if self.pictured else _ASKED

    def delegate(self) -> QStyledItemDelegate:
        """Rows of their own."""
        return _ReadRow(self)

    def line(self, item: Reading) -> Line:
        """The truth and the answer in words, for the screen reader and the buttons."""
        wrong = f"{item.wrong} of {item.of} {'words' if self.by_words else 'characters'} wrong"
        play = (PLAY,) if self.words.look == "sounds" else ()
        buttons = (WHY, *play, *((CORRECT,) if self.can_correct else ()))
        return Line(item.item.path, item.item.answer or "(nothing)", wrong, f"it is {item.truth}", "muted", buttons)

    def boxes(self, row: QRectF, words: Any) -> list[QRectF]:
        """At the foot of the row."""
        metrics = QFontMetricsF(theme.font("body"))
        found, left = [], row.left() + 4
        for word in words:
            width = metrics.horizontalAdvance(word) + 22
            found.append(QRectF(left, row.bottom() - _BUTTON - 14, width, _BUTTON))
            left += width + 6
        return found

    def _pressed(self, row: int, button: str) -> None:
        item: Reading = self.judged.items[row]
        if button == WHY:
            self.why.emit(self.judged.path(row), item.item)
        elif button == PLAY:
            self.play.emit(self.judged.path(row))
        else:
            place = self.button_place(row, CORRECT)
            self.correct.emit(item.item, self.viewport().mapToGlobal(place.bottomLeft().toPoint()))


class _ReadRow(QStyledItemDelegate):
    def __init__(self, view: ReadRows) -> None:
        super().__init__(view)
        self._list = view

    def sizeHint(self, option: Any, index: Any) -> QSize:
        return QSize(200, self._list.pitch)

    def paint(self, painter: QPainter, option: Any, index: Any) -> None:
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        reading: Reading = self._list.judged.items[index.row()]
        row = QRectF(option.rect)
        state = option.state
        if state & QStyle.StateFlag.State_Selected and self._list.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(row.adjusted(1, 1, -5, -7), 8, 8)
        inside = row.adjusted(4, 6, -10, 0)
        top = self._paint_asked(painter, reading, index.row(), inside)
        told = f"{reading.truth} (the data says {reading.item.told})" if reading.item.told else reading.truth
        self._label(painter, QRectF(inside.left(), top, 44, 22), "it is")
        write_line(painter, QRectF(inside.left() + 44, top, inside.width() - 44, 22), told)
        self._label(painter, QRectF(inside.left(), top + 22, 44, 24), "it says")
        steps = aligned(reading.truth, reading.item.answer, words=self._list.by_words)
        answer = QRectF(inside.left() + 44, top + 22, inside.width() - 44, 48)
        if reading.item.answer:
            paint_compared(painter, answer, steps, words=self._list.by_words)
        else:
            write_line(painter, QRectF(answer.left(), answer.top(), answer.width(), 24), "nothing", color="bad")
        line = self._list.line(reading)
        boxes = self._list.boxes(row, line.buttons)
        lit = bool(state & QStyle.StateFlag.State_MouseOver)
        for words, box in zip(line.buttons, boxes, strict=True):
            painter.setPen(QPen(theme.color("line"), 1))
            painter.setBrush(theme.color("chip" if lit else "panel"))
            painter.drawRoundedRect(box, 7, 7)
            painter.setPen(theme.color("ink"))
            painter.setFont(theme.font("body"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
        after = boxes[-1].right() + 12
        wrong = QRectF(after, boxes[-1].top(), inside.right() - after, _BUTTON)
        write_line(painter, wrong, line.beside, role="caption", color="muted", right=True)
        painter.setPen(QPen(theme.color("line"), 1))
        painter.drawLine(QPointF(row.left() + 2, row.bottom() - 4), QPointF(row.right() - 10, row.bottom() - 4))
        painter.restore()

    def _label(self, painter: QPainter, place: QRectF, words: str) -> None:
        write_line(painter, place, words, role="caption", color="muted")

    def _paint_asked(self, painter: QPainter, reading: Reading, at: int, inside: QRectF) -> float:
        """The picture, the waveform or the text that was asked; where it ends."""
        if not self._list.pictured:
            wrapped(painter, QRectF(inside.left(), inside.top(), inside.width(), 40), reading.item.asked, "ink")
            return inside.top() + 46
        thumbnails = self._list.thumbnails
        picture = thumbnails.get(self._list.judged.key(at)) if thumbnails is not None else None
        room = QRectF(inside.left(), inside.top(), inside.width(), 56)
        if picture is None or picture.isNull():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("chip"))
            painter.drawRoundedRect(room, 4, 4)
        elif self._list.words.look == "sounds":
            painter.drawPixmap(room, picture, QRectF(picture.rect()))
        else:
            scale = min(room.width() / picture.width(), room.height() / picture.height(), 1.4)
            place = QRectF(room.left(), room.top(), picture.width() * scale, picture.height() * scale)
            painter.drawPixmap(place, picture, QRectF(picture.rect()))
        return inside.top() + 62
