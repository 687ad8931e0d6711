"""The small tools in the corner of a map: a search, closer, farther, the whole."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QWidget


class MapTools(QWidget):
    """Lies over a map's upper right corner; does nothing itself."""

    searched = Signal(str)
    closer = Signal()
    farther = Signal()
    whole = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.field = QLineEdit()
        self.field.setPlaceholderText("Find")
        self.field.setAccessibleName("Find a name on the map")
        self.field.setClearButtonEnabled(True)
        self.field.setFixedWidth(150)
        self.field.textChanged.connect(self.searched)
        self._said = QLabel()
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._said.setVisible(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._said)
        row.addWidget(self.field)
        for words, tip, signal in (
            ("+", "Closer (+, or the wheel)", self.closer),
            ("−", "Farther (−, or the wheel)", self.farther),
            ("⤢", "All of it (0)", self.whole),
        ):
            button = QToolButton()
            button.setText(words)
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.setFixedSize(28, 28)
            button.clicked.connect(lambda _checked=False, signal=signal: signal.emit())
            row.addWidget(button)

    def set_searching(self, possible: bool) -> None:
        """Show the field where there are names to find, without what was typed before."""
        self.field.blockSignals(True)
        self.field.clear()
        self.field.blockSignals(False)
        self.field.setVisible(possible)
        self.say(None)

    def say(self, hits: int | None) -> None:
        """Say how many were found; nothing where None."""
        self._said.setText("" if hits is None else "none" if not hits else f"{hits:,} found")
        self._said.setVisible(hits is not None)
        self.place()

    def place(self, width: int | None = None) -> None:
        """Go to the corner of a map that is so wide."""
        self.adjustSize()
        parent = self.parentWidget()
        wide = width if width is not None else parent.width() if parent is not None else 0
        self.move(max(0, wide - self.width() - 8), 8)
