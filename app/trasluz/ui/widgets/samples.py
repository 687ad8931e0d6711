"""Small drawings of what the samples hold, painted here so that nothing has to be built to show them."""

import math
from random import Random

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPen


def _clip(painter: QPainter, place: QRectF) -> None:
    frame = QPainterPath()
    frame.addRoundedRect(place, 6, 6)
    painter.setClipPath(frame)
    painter.setPen(Qt.PenStyle.NoPen)


def paint_surfaces(painter: QPainter, place: QRectF) -> None:
    """Bricks, grass and gravel in three stripes."""
    chance = Random(4)
    painter.save()
    _clip(painter, place)
    third = place.width() / 3
    painter.fillRect(place, QColor("#D8C9B4"))
    brick = QRectF(place.left(), place.top(), third, place.height())
    for row in range(9):
        for column in range(-1, 3):
            tone = QColor("#B5593C").lighter(90 + chance.randrange(30))
            x = brick.left() + 14 * column + (7 if row % 2 else 0)
            painter.fillRect(QRectF(x, brick.top() + 8 * row, 13, 7).intersected(brick), tone)
    grass = QRectF(brick.right(), place.top(), third, place.height())
    painter.fillRect(grass, QColor("#5C7A3A"))
    painter.setClipRect(grass, Qt.ClipOperation.IntersectClip)
    for _ in range(90):
        painter.setPen(QPen(QColor("#7FA34C").lighter(70 + chance.randrange(70)), 1.2))
        x, y = grass.left() + chance.random() * grass.width(), grass.top() + chance.random() * grass.height()
        painter.drawLine(QPointF(x, y), QPointF(x + chance.uniform(-4, 4), y - chance.uniform(4, 9)))
    _clip(painter, place)
    gravel = QRectF(grass.right(), place.top(), third, place.height())
    painter.setClipRect(gravel, Qt.ClipOperation.IntersectClip)
    painter.fillRect(gravel, QColor("#7C756C"))
    for _ in range(70):
        painter.setBrush(QColor("#B4ABA0").lighter(65 + chance.randrange(60)))
        x, y = gravel.left() + chance.random() * gravel.width(), gravel.top() + chance.random() * gravel.height()
        painter.drawEllipse(QPointF(x, y), chance.uniform(1.5, 4), chance.uniform(1.5, 3.2))
    painter.restore()


def paint_digits(painter: QPainter, place: QRectF) -> None:
    """Nine digits in squares."""
    painter.save()
    _clip(painter, place)
    painter.fillRect(place, QColor("#3B342C"))
    cell = place.width() / 3
    font = QFont("serif")
    font.setItalic(True)
    font.setPixelSize(int(cell * 0.82))
    painter.setFont(font)
    for number in range(9):
        row, column = divmod(number, 3)
        box = QRectF(place.left() + cell * column, place.top() + cell * row, cell, cell)
        painter.setPen(QColor("#F3E9DA").darker(100 + (number * 37) % 60))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str((number * 7 + 3) % 10))
    painter.restore()


def paint_sunspots(painter: QPainter, place: QRectF) -> None:
    """The sun's spots come and go; what follows is dashed."""
    painter.save()
    _clip(painter, place)
    painter.fillRect(place, QColor("#F3E2BF"))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ground, left, step = place.bottom() - 12, place.left() + 6, (place.width() - 12) / 56
    points = []
    for number in range(57):
        height = (30 + 18 * math.sin(number * 0.21)) * math.sin(number * math.pi / 14) ** 2
        points.append(QPointF(left + number * step, ground - height))
    for part, ink, style in (
        (points[:43], "#B5591A", Qt.PenStyle.SolidLine),
        (points[42:], "#5A4632", Qt.PenStyle.DotLine),
    ):
        painter.setPen(QPen(QColor(ink), 2, style))
        painter.drawPolyline(part)
    painter.restore()


def paint_dates(painter: QPainter, place: QRectF) -> None:
    """A date as it is written by hand, and below as a machine wants it."""
    painter.save()
    _clip(painter, place)
    painter.fillRect(place, QColor("#2F4858"))
    half = place.height() / 2
    above = QRectF(place.left(), place.top() + 4, place.width(), half - 4)
    for box, text, family, size, slanted in (
        (above, "3 de mayo", "serif", 12, True),
        (above.translated(0, half - 4), "05-03", "monospace", 15, False),
    ):
        font = QFont(family)
        font.setItalic(slanted)
        font.setPixelSize(size)
        painter.setFont(font)
        painter.setPen(QColor("#F3E9DA"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    painter.setPen(QPen(QColor("#D9A441"), 1.5))
    middle = place.center()
    painter.drawLine(QPointF(middle.x() - 18, middle.y()), QPointF(middle.x() + 18, middle.y()))
    painter.restore()


def paint_memory(painter: QPainter, place: QRectF) -> None:
    """Letters, dots, and question marks."""
    painter.save()
    _clip(painter, place)
    painter.fillRect(place, QColor("#4A2F3C"))
    font = QFont("monospace")
    font.setPixelSize(int(place.height() * 0.24))
    painter.setFont(font)
    rows = (("abd", "#F3E9DA"), ("…", "#B79AA6"), ("???", "#F0B35A"))
    for number, (text, tone) in enumerate(rows):
        box = QRectF(place.left(), place.top() + number * place.height() / 3, place.width(), place.height() / 3)
        painter.setPen(QColor(tone))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()
