"""The friendly empty state: a drawing, what would be here, and the one thing to do."""

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from trasluz.ui import theme

from .basic import Label, Painted, PrimaryButton

Drawing = Literal["sheets", "lamp", "curve", "grid", "box"]


class LampDrawing(Painted):
    """A small drawing in the theme's colours: sheets held against the light."""

    def __init__(self, drawing: Drawing = "sheets", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._drawing = drawing
        self.setFixedSize(120, 84)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the glow and then the thing."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent_ground"))
        painter.drawEllipse(QPointF(60, 42), 40, 40)
        line = QPen(theme.color("muted"), 1.5)
        painter.setPen(line)
        painter.setBrush(theme.color("panel", 0.92))
        getattr(self, f"_{self._drawing}")(painter)

    def _sheets(self, painter: QPainter) -> None:
        for i, angle in enumerate((-10, 4)):
            painter.save()
            painter.translate(52 + 14 * i, 42)
            painter.rotate(angle)
            painter.drawRoundedRect(QRectF(-22, -26, 44, 52), 5, 5)
            painter.restore()
        painter.setPen(QPen(theme.color("accent"), 1.5))
        painter.drawPolyline([QPointF(50, 54), QPointF(60, 40), QPointF(67, 48), QPointF(73, 36), QPointF(82, 54)])

    def _lamp(self, painter: QPainter) -> None:
        painter.drawEllipse(QPointF(60, 36), 17, 17)
        painter.drawRoundedRect(QRectF(53, 53, 14, 11), 3, 3)
        painter.setPen(QPen(theme.color("accent"), 1.5))
        painter.drawPolyline([QPointF(54, 36), QPointF(58, 42), QPointF(62, 34), QPointF(66, 40)])

    def _curve(self, painter: QPainter) -> None:
        painter.drawRoundedRect(QRectF(28, 14, 64, 56), 6, 6)
        painter.setPen(QPen(theme.color("accent"), 2))
        curve = [(36, 60), (44, 46), (52, 38), (60, 32), (68, 30), (76, 26), (84, 25)]
        painter.drawPolyline([QPointF(x, y) for x, y in curve])

    def _grid(self, painter: QPainter) -> None:
        for row in range(3):
            for column in range(3):
                painter.setBrush(theme.color("accent" if row == column else "chip"))
                painter.drawRoundedRect(QRectF(34 + 18 * column, 16 + 18 * row, 15, 15), 3, 3)

    def _box(self, painter: QPainter) -> None:
        painter.drawRoundedRect(QRectF(34, 34, 52, 34), 5, 5)
        painter.setPen(QPen(theme.color("accent"), 2))
        painter.drawLine(QPointF(60, 12), QPointF(60, 48))
        painter.drawPolyline([QPointF(51, 40), QPointF(60, 49), QPointF(69, 40)])


class EmptyState(QWidget):
    """What a page shows when it has nothing yet: why, and what to do about it."""

    def __init__(
        self,
        title: str,
        sentence: str,
        *,
        action: str = "",
        clicked: Callable[[], object] | None = None,
        drawing: Drawing = "sheets",
    ) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addStretch(2)
        layout.addWidget(LampDrawing(drawing), 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(4)
        self._title = Label(title, "heading")
        self._title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._sentence = Label(sentence, "muted", wrap=True)
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self._sentence.setMinimumWidth(200)
        self._sentence.setMaximumWidth(440)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self._sentence, 6)
        row.addStretch(1)
        layout.addWidget(self._title)
        layout.addLayout(row)
        self.button: PrimaryButton | None = None
        if action:
            layout.addSpacing(8)
            self.button = PrimaryButton(action, clicked)
            layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)

    def set_words(self, title: str, sentence: str) -> None:
        """Change what it says."""
        self._title.setText(title)
        self._sentence.setText(sentence)
