"""Buttons that look like text."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton


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
