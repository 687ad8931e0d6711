"""The diagrams of the lessons, drawn in the theme's colours on a field of 560 × 200."""

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy

from trasluz.ui import theme
from trasluz.ui.widgets.basic import Painted

WIDTH, HEIGHT = 560.0, 200.0


class Diagram(Painted):
    """One drawing, scaled to the room it has."""

    def __init__(self, name: str, description: str) -> None:
        super().__init__()
        self._draw = DIAGRAMS[name]
        self.setAccessibleName(description)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setSizePolicy(policy)
        self.setFixedHeight(int(HEIGHT * 1.2))
        self.setMinimumWidth(360)

    def sizeHint(self) -> QSize:
        """Its own size."""
        return QSize(int(WIDTH * 1.2), int(HEIGHT * 1.2))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it in the middle."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale = min(self.width() / WIDTH, self.height() / HEIGHT)
        painter.translate(0, (self.height() - HEIGHT * scale) / 2)
        painter.scale(scale, scale)
        self._draw(painter)


def _box(painter: QPainter, place: QRectF, *, learning: bool = False, text: str = "") -> None:
    painter.setPen(QPen(theme.color("accent" if learning else "line"), 1.2))
    painter.setBrush(theme.color("accent_ground" if learning else "chip"))
    painter.drawRoundedRect(place, 5, 5)
    if text:
        _text(painter, place, text, token="accent" if learning else "muted")


def _text(
    painter: QPainter,
    place: QRectF,
    text: str,
    *,
    token: str = "muted",
    role: str = "caption",
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignCenter,
) -> None:
    painter.setPen(theme.color(token))
    painter.setFont(theme.font(role))  # type: ignore[arg-type]
    painter.drawText(place, int(align | Qt.TextFlag.TextWordWrap), text)


def _arrow(painter: QPainter, start: QPointF, end: QPointF, token: str = "muted") -> None:
    painter.setPen(QPen(theme.color(token), 1.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.drawLine(start, end)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(QPolygonF([QPointF(end.x() - 5, end.y() - 4), end, QPointF(end.x() - 5, end.y() + 4)]))


def _photos(painter: QPainter, x: float, y: float, *, rows: int, columns: int, side: float = 11) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    for row in range(rows):
        for column in range(columns):
            painter.setBrush(theme.series_color((row * 3 + column * 5) % 3 * 2))
            painter.setOpacity(0.55)
            painter.drawRoundedRect(QRectF(x + column * (side + 3), y + row * (side + 3), side, side), 2, 2)
    painter.setOpacity(1)


_STAGES = (84, 76, 68, 58, 48, 40, 34)


def _network(painter: QPainter, x: float, middle: float, *, learning: int, scale: float = 1.0) -> float:
    for number, height in enumerate(_STAGES):
        tall = height * scale
        _box(
            painter,
            QRectF(x, middle - tall / 2, 22, tall),
            learning=number >= len(_STAGES) - learning,
        )
        x += 27
    return x


def two_steps(painter: QPainter) -> None:
    """ImageNet first, then one's own photos on the same network."""
    for y, rows, columns, head, words, learning in (
        (50.0, 5, 9, "1,000 things", "1  Learned for you, from 1.3 million photos", 7),
        (150.0, 2, 4, "your classes", "2  Yours: only what must change is changed", 2),
    ):
        _text(
            painter,
            QRectF(0, y - 50, 420, 16),
            words,
            token="ink",
            align=Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
        )
        _photos(painter, 4 if columns > 4 else 40, y + 6 - rows * 7, rows=rows, columns=columns)
        _arrow(painter, QPointF(140, y + 6), QPointF(168, y + 6))
        end = _network(painter, 178, y + 6, learning=learning, scale=0.85)
        _arrow(painter, QPointF(end + 4, y + 6), QPointF(end + 30, y + 6))
        _box(painter, QRectF(end + 38, y - 7, 118, 26), learning=y > 100, text=head)
    painter.setPen(QPen(theme.color("muted"), 1.2, Qt.PenStyle.DashLine))
    painter.drawLine(QPointF(320, 88), QPointF(320, 124))
    _text(painter, QRectF(328, 98, 200, 16), "what it learned is kept", align=Qt.AlignmentFlag.AlignLeft)


def stages(painter: QPainter) -> None:
    """What a stage answers to, from edges to things."""
    middle = 78.0
    x = 8.0
    for number, height in enumerate((96, 88, 78, 66, 54, 44, 36)):
        _box(painter, QRectF(x, middle - height / 2, 44, height), learning=number > 4)
        _pattern(painter, QPointF(x + 22, middle), number)
        x += 56
    _arrow(painter, QPointF(x, middle), QPointF(x + 26, middle))
    _box(painter, QRectF(x + 34, middle - 13, 84, 26), learning=True, text="the answer")
    for left, width, words in ((0, 150, "edges, colours"), (150, 140, "textures, parts"), (280, 120, "whole things")):
        _text(painter, QRectF(left, 136, width, 18), words, token="ink")
    painter.setPen(QPen(theme.color("line"), 1))
    painter.drawLine(QPointF(8, 162), QPointF(390, 162))
    _text(painter, QRectF(8, 166, 200, 16), "alike in all photos: keep", align=Qt.AlignmentFlag.AlignLeft)
    _text(painter, QRectF(230, 166, 160, 16), "your own: change", token="accent", align=Qt.AlignmentFlag.AlignRight)


def _pattern(painter: QPainter, at: QPointF, number: int) -> None:
    painter.setPen(QPen(theme.color("accent" if number > 4 else "muted"), 1.4))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    x, y = at.x(), at.y()
    if number < 2:
        for step in (-8, 0, 8):
            tilt = 8 if number else 0
            painter.drawLine(QPointF(x + step - tilt, y + 12), QPointF(x + step + tilt, y - 12))
    elif number < 4:
        for row in (-8, 0, 8):
            for column in (-8, 0, 8):
                if number == 2:
                    painter.drawPoint(QPointF(x + column, y + row))
                    painter.drawEllipse(QPointF(x + column, y + row), 2, 2)
                else:
                    painter.drawArc(QRectF(x + column - 5, y + row - 4, 10, 8), 0, 180 * 16)
    elif number == 4:
        painter.drawEllipse(QRectF(x - 10, y - 6, 20, 12))
        painter.drawEllipse(QPointF(x, y), 3.5, 3.5)
    elif number == 5:
        painter.drawPolyline(QPolygonF([QPointF(x - 9, y + 9), QPointF(x - 9, y - 2), QPointF(x, y - 10)]))
        painter.drawPolyline(QPolygonF([QPointF(x, y - 10), QPointF(x + 9, y - 2), QPointF(x + 9, y + 9)]))
    else:
        painter.drawEllipse(QPointF(x, y), 9, 9)
        painter.drawPolyline(QPolygonF([QPointF(x - 4, y), QPointF(x - 1, y + 3), QPointF(x + 5, y - 4)]))


def table(painter: QPainter) -> None:
    """The two axes and the four cells."""
    left, top, width, height = 120.0, 26.0, 210.0, 74.0
    _text(painter, QRectF(left, 0, width, 20), "much like ordinary photos", token="ink")
    _text(painter, QRectF(left + width + 8, 0, width, 20), "very different", token="ink")
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    _text(painter, QRectF(0, top, left - 12, height), "few photos", token="ink", align=right)
    _text(painter, QRectF(0, top + height + 8, left - 12, height), "many photos", token="ink", align=right)
    cells = (
        ((0, 0), (0, 1), "a linear classifier on top"),
        ((1, 0), (0, 3), "classifiers on several stages"),
        ((0, 1), (3, 0), "finetune a few stages"),
        ((1, 1), (6, 0), "finetune most of it"),
    )
    for (column, row), (learning, heads), words in cells:
        place = QRectF(left + column * (width + 8), top + row * (height + 8), width, height)
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("panel"))
        painter.drawRoundedRect(place, 7, 7)
        x = place.left() + 28
        for number, tall in enumerate(_STAGES):
            bar = QRectF(x, place.top() + 26 - tall * 0.2, 16, tall * 0.4)
            _box(painter, bar, learning=number >= 7 - learning)
            if heads and number in ((6,) if heads == 1 else (2, 4, 6)):
                painter.setBrush(theme.color("accent"))
                painter.setPen(Qt.PenStyle.NoPen)
                painter.drawEllipse(QPointF(x + 8, bar.bottom() + 6), 3, 3)
            x += 22
        _text(painter, QRectF(place.left(), place.bottom() - 24, width, 18), words)


def split(painter: QPainter) -> None:
    """Each class divided alike."""
    for row, (label, count) in enumerate((("shirts", 26), ("shoes", 18), ("hats", 12))):
        y = 26 + row * 40.0
        _text(
            painter,
            QRectF(0, y - 4, 66, 20),
            label,
            token="ink",
            align=Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
        )
        for number in range(count):
            kept = number >= count * 0.8
            painter.setPen(QPen(theme.color("accent"), 1.3) if kept else Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent_ground") if kept else theme.series_color(0))
            painter.setOpacity(1 if kept else 0.6)
            painter.drawRoundedRect(QRectF(72 + number * 18, y, 14, 14), 3, 3)
        painter.setOpacity(1)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.series_color(0))
    painter.setOpacity(0.6)
    painter.drawRoundedRect(QRectF(72, 158, 14, 14), 3, 3)
    painter.setOpacity(1)
    left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    _text(painter, QRectF(94, 155, 120, 20), "to learn from", align=left)
    painter.setPen(QPen(theme.color("accent"), 1.3))
    painter.setBrush(theme.color("accent_ground"))
    painter.drawRoundedRect(QRectF(200, 158, 14, 14), 3, 3)
    _text(painter, QRectF(222, 155, 240, 20), "to judge with, never learned from", align=left)


def parity(painter: QPainter) -> None:
    """Two programs, one file, the same answers."""
    _photos(painter, 8, 78, rows=3, columns=3)
    _arrow(painter, QPointF(62, 88), QPointF(112, 56))
    _arrow(painter, QPointF(62, 104), QPointF(112, 142))
    _box(painter, QRectF(120, 36, 120, 38), text="PyTorch, trained")
    _box(painter, QRectF(120, 124, 120, 38), learning=True, text="the ONNX file")
    _arrow(painter, QPointF(180, 78), QPointF(180, 120), "line")
    _text(painter, QRectF(188, 88, 80, 18), "exported", align=Qt.AlignmentFlag.AlignLeft)
    for y, token in ((55.0, "muted"), (143.0, "accent")):
        _arrow(painter, QPointF(246, y), QPointF(282, y), token)
        for number, value in enumerate((0.91, 0.06, 0.03)):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("chip"))
            painter.drawRoundedRect(QRectF(292, y - 16 + 12 * number, 110, 7), 3.5, 3.5)
            painter.setBrush(theme.color("accent" if token == "accent" else "muted"))
            painter.drawRoundedRect(QRectF(292, y - 16 + 12 * number, max(7.0, 110 * value), 7), 3.5, 3.5)
    painter.setPen(QPen(theme.color("good"), 2))
    painter.drawPolyline(QPolygonF([QPointF(424, 98), QPointF(431, 105), QPointF(444, 90)]))
    _text(
        painter,
        QRectF(452, 82, 108, 34),
        "the same, or it is not handed out",
        token="good",
        align=Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
    )


def shapes(painter: QPainter) -> None:
    """The five shapes: what is read below, what is remembered between, what is answered above."""
    from trasluz.core.runs.shapes import SHAPES

    wide, step, side = WIDTH / len(SHAPES), 17.0, 12.0
    for number, shape in enumerate(SHAPES):
        left = number * wide + (wide - 5 * step) / 2
        used = range(min(shape.reads), max(shape.answers) + 1)
        for at in used:
            x = left + at * step
            _box(painter, QRectF(x, 84, side, 22))
            for asked, y, low in ((shape.answers, 40.0, 82.0), (shape.reads, 128.0, 126.0)):
                if at not in asked:
                    continue
                _box(painter, QRectF(x, y, side, 22), learning=y < 80)
                _up(painter, QPointF(x + side / 2, low), 18)
            if at > used[0]:
                painter.setPen(QPen(theme.color("muted"), 1.2))
                painter.drawLine(QPointF(x - step + side, 95), QPointF(x, 95))
        place = QRectF(number * wide + 2, 0, wide - 4, 30)
        _text(painter, place, shape.title, token="ink")
        _text(painter, QRectF(number * wide + 4, 158, wide - 8, 40), shape.sentence)


def _up(painter: QPainter, start: QPointF, length: float) -> None:
    painter.setPen(QPen(theme.color("muted"), 1.2))
    end = QPointF(start.x(), start.y() - length)
    painter.drawLine(start, end)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(QPolygonF([end + QPointF(-2.5, 3.5), end, end + QPointF(2.5, 3.5)]))


DIAGRAMS: dict[str, Callable[[QPainter], None]] = {
    "two_steps": two_steps,
    "stages": stages,
    "table": table,
    "split": split,
    "parity": parity,
    "shapes": shapes,
}
