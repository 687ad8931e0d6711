"""Answers that are texts in rows: what was read, the truth, and the answer with what is wrong in it coloured."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QStyle, QStyledItemDelegate

from trasluz.core.differences import aligned
from trasluz.ui import theme
from trasluz.ui.kinds import KindWords, words_for
from trasluz.ui.widgets.compared import paint_compared
from trasluz.ui.widgets.item_grids import wrapped, write_line

from .readings import Reading
from .rows import Line, PhotoRows

WHY, CORRECT, PLAY = "why?", "correct…", "play"
_PICTURE, _ASKED_LINE, _TRUTH, _ANSWER_LINE = 62.0, 20.0, 22.0, 24.0
_BUTTON, _ABOVE, _FOOT, _LABEL = 25.0, 6.0, 14.0, 44.0
_LONG = 0.9
"""The share of texts that must fit into one line, so that a row has no second one."""


class ReadRows(PhotoRows):
    """Readings, the worst first. Enter asks for the reason, F2 corrects the text."""

    why = Signal(str, object)
    """The path and the judged item that the person wants explained."""
    correct = Signal(object, QPoint)
    """The judged item whose text is wrong, and where on the screen."""
    play = Signal(str)
    """The path of the recording to be heard."""

    def __init__(self) -> None:
        super().__init__("Answers, the worst first")
        self.words = words_for("handwriting")
        self.by_words = False
        self.can_correct = True
        self.asked_lines, self.answer_lines = 2, 2
        self.pitch = self._height()
        self.pressed_button.connect(self._pressed)

    def show_kind(self, words: KindWords, *, by_words: bool) -> None:
        """Show answers to this kind of input."""
        self.words, self.by_words = words, by_words
        self.pictured = words.look in ("lines", "sounds")
        self._fit()

    def show_items(self, items: Any, root: Path, *, stay: bool = False) -> None:
        """Show these, in rows as high as most of them need."""
        super().show_items(items, root, stay=stay)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's: a wider row needs fewer lines."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Give every row as many lines as all but the longest texts need, two at the most."""
        before = self.pitch
        width = self.viewport().width() - 14.0
        readings: Sequence[Reading] = self.judged.items
        self.asked_lines = _lines([r.item.asked for r in readings], width)
        answers = [max(r.truth, r.item.answer, key=len) for r in readings]
        self.answer_lines = max(1, _lines(answers, width - _LABEL))
        self.pitch = self._height()
        if self.pitch != before:
            self.scheduleDelayedItemsLayout()

    def _height(self) -> int:
        asked = _PICTURE if self.pictured else self.asked_lines * _ASKED_LINE + 4
        return int(_ABOVE + asked + _TRUTH + self.answer_lines * _ANSWER_LINE + 8 + _BUTTON + _FOOT)

    def delegate(self) -> QStyledItemDelegate:
        """Rows of their own."""
        return _ReadRow(self)

    def line(self, item: Reading) -> Line:
        """The truth and the answer in words, for the screen reader and the buttons."""
        unit = "words" if self.by_words else "characters"
        wrong = f"{item.wrong} of {item.of} {unit} wrong" if item.of > 1 else ""
        play = (PLAY,) if self.words.look == "sounds" else ()
        buttons = (WHY, *play, *((CORRECT,) if self.can_correct else ()))
        return Line(item.item.path, item.item.answer or "(nothing)", wrong, f"it is {item.truth}", "muted", buttons)

    def boxes(self, row: QRectF, words: Any) -> list[QRectF]:
        """At the foot of the row."""
        metrics = QFontMetricsF(theme.font("body"))
        found, left = [], row.left() + 4
        for word in words:
            width = metrics.horizontalAdvance(word) + 22
            found.append(QRectF(left, row.bottom() - _BUTTON - _FOOT, width, _BUTTON))
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
        inside = row.adjusted(4, _ABOVE, -10, 0)
        top = self._paint_asked(painter, reading, index.row(), inside)
        told = f"{reading.truth} (the data says {reading.item.told})" if reading.item.told else reading.truth
        self._label(painter, QRectF(inside.left(), top, _LABEL, _TRUTH), "it is")
        write_line(painter, QRectF(inside.left() + _LABEL, top, inside.width() - _LABEL, _TRUTH), told)
        top += _TRUTH
        self._label(painter, QRectF(inside.left(), top, _LABEL, _ANSWER_LINE), "it says")
        steps = aligned(reading.truth, reading.item.answer, words=self._list.by_words)
        height = self._list.answer_lines * _ANSWER_LINE
        answer = QRectF(inside.left() + _LABEL, top, inside.width() - _LABEL, height)
        if reading.item.answer:
            paint_compared(painter, answer, steps, words=self._list.by_words)
        else:
            answer.setHeight(_ANSWER_LINE)
            write_line(painter, answer, "nothing", color="bad")
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
            height = self._list.asked_lines * _ASKED_LINE
            wrapped(painter, QRectF(inside.left(), inside.top(), inside.width(), height), reading.item.asked, "ink")
            return inside.top() + height + 4
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
        return inside.top() + _PICTURE


def _lines(texts: Sequence[str], width: float) -> int:
    """One where nearly all of these texts fit into one line of that width, else two; none where nothing was said."""
    if not any(texts):
        return 0
    lengths = sorted(map(len, texts))
    letter = QFontMetricsF(theme.font("body")).averageCharWidth()
    return 1 if lengths[int(_LONG * (len(lengths) - 1))] * letter * 1.1 <= width else 2
