"""Buttons that look like text."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QPushButton

from trasluz.ui import theme


class NameButton(QPushButton):
    """A name that opens a menu."""

    def __init__(self, name: str, *, tip: str = "") -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.set_name(name, tip=tip)

    def set_name(self, name: str, *, tip: str = "") -> None:
        """Change the name; a long one is cut in the middle."""
        shown = self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, 320)
        self.setText(shown.replace("&", "&&"))
        self.setAccessibleName(name)
        self.setToolTip(tip)


class LookButton(QAbstractButton):
    """A disc, half in the light: chooses between light and dark."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(28, 28)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Light or dark")
        self.setToolTip("Light, dark, or as the system")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the disc."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.hasFocus() or self.underMouse():
            painter.setPen(QPen(theme.color("accent"), 1) if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("chip"))
            painter.drawRoundedRect(QRectF(0.5, 0.5, 27, 27), 8, 8)
        painter.setPen(QPen(theme.color("muted"), 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QPointF(14, 14), 6.5, 6.5)
        painter.setBrush(theme.color("muted"))
        painter.drawPie(QRectF(7.5, 7.5, 13, 13), 90 * 16, 180 * 16)
