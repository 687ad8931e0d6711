"""The empty Use page: a sheet to drop photos on."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from trasluz.ui import theme
from trasluz.ui.widgets import Label
from trasluz.ui.widgets.basic import Painted


class DropPlace(Painted):
    """The empty page: a sheet to drop photos on."""

    def __init__(self) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.addStretch(3)
        self._drawing = QWidget()
        self._drawing.setFixedSize(120, 112)
        layout.addWidget(self._drawing, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(10)
        for words, role in (
            ("Drop photos here", "heading"),
            ("One, several or a whole folder. You can also paste with Ctrl+V or open with Ctrl+O.", "muted"),
            ("They are answered on this computer and stay where they are.", "muted"),
        ):
            label = Label(words, role)  # type: ignore[arg-type]
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(label)
        layout.addStretch(4)
        self.setAccessibleName("Drop photos here")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's: a dashed sheet with the lamp's glow and a photo on its way in."""
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
        for start, end in (((-26, 16), (-8, -6)), ((-8, -6), (6, 10)), ((6, 10), (14, 0)), ((14, 0), (26, 16))):
            painter.drawLine(*start, *end)
        painter.drawEllipse(QRectF(12, -18, 9, 9))
        painter.restore()
