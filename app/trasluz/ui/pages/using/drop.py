"""The empty Use page: a sheet to drop files on."""

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from trasluz.ui import theme
from trasluz.ui.kinds import KindWords, words_for
from trasluz.ui.widgets import Label
from trasluz.ui.widgets.basic import Painted


class DropPlace(Painted):
    """The empty page: a sheet to drop files on."""

    def __init__(self) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.addStretch(3)
        self._drawing = QWidget()
        self._drawing.setFixedSize(120, 112)
        layout.addWidget(self._drawing, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(10)
        self.title, self.how = Label("", "heading"), Label("", "muted")
        promise = Label("They are answered on this computer and stay where they are.", "muted")
        for label in (self.title, self.how, promise):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(label)
        layout.addStretch(4)
        self._look = "photos"
        self.show_words(words_for("image-classes"))

    def show_words(self, words: KindWords) -> None:
        """Ask for inputs of this kind."""
        self._look = words.look
        self.title.setText(f"Drop {words.inputs} here")
        more = {
            "photos": "You can also paste with Ctrl+V or open with Ctrl+O.",
            "lines": "Of a whole page, choose “Open a page…”: its lines are found for you.",
            "sounds": "You can also record one, or open with Ctrl+O.",
            "curves": "You can also open a table with Ctrl+O.",
        }.get(words.look, "")
        self.how.setText(f"One, several or a whole folder. {more}".strip())
        self.setAccessibleName(self.title.text())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's: a dashed sheet with the lamp's glow and a photo, a line or a sound on its way in."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(theme.color("muted", 0.6), 1.5)
        pen.setDashPattern([5, 4])
        painter.setPen(pen)
        painter.setBrush(theme.color("panel"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 12, 12)
        middle = QRectF(self._drawing.geometry()).center()
        x, y = middle.x(), middle.y()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent_ground"))
        painter.drawEllipse(QRectF(x - 52, y - 52, 104, 104))
        painter.setPen(QPen(theme.color("muted"), 1.5))
        painter.setBrush(theme.color("panel", 0.95))
        painter.save()
        painter.translate(x, y)
        painter.rotate(-6)
        painter.drawRoundedRect(QRectF(-34, -26, 68, 52), 6, 6)
        painter.setPen(QPen(theme.color("accent"), 1.8))
        if self._look == "lines":
            for y, end in ((-12, 24), (0, 16), (12, 22)):
                for left in range(-24, end - 6, 12):
                    painter.drawArc(QRectF(left, y - 5, 12, 10), 0, 180 * 16)
            painter.restore()
            return
        if self._look == "sounds":
            for i, tall in enumerate((6, 14, 24, 34, 20, 30, 16, 8)):
                painter.drawLine(QPointF(-25 + i * 7, -tall / 2), QPointF(-25 + i * 7, tall / 2))
            painter.restore()
            return
        if self._look == "curves":
            painter.drawPolyline([QPointF(-26 + i * 3, 13 * math.sin(i * 0.9) * math.sin(i * 0.2)) for i in range(18)])
            painter.restore()
            return
        for start, end in (((-26, 16), (-8, -6)), ((-8, -6), (6, 10)), ((6, 10), (14, 0)), ((14, 0), (26, 16))):
            painter.drawLine(*start, *end)
        painter.drawEllipse(QRectF(12, -18, 9, 9))
        painter.restore()
