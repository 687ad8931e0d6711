"""A row of small buttons of which one is chosen."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QWidget

from .basic import SmallButton
from .flow import FlowLayout


class Choices(QWidget):
    """One of several things is in front; a button for each, in as many rows as they need.

    Attributes:
        buttons: In the order in which they were added.

    Signals:
        turned: The person chose the button of that number.
    """

    turned = Signal(int)

    def __init__(self, choices: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__()
        self.buttons: list[SmallButton] = []
        self._group = QButtonGroup(self)
        self._group.idClicked.connect(self.turned)
        self._row = FlowLayout(self, gap=6)
        for title, tip in choices:
            self.add(title, tip)

    def add(self, title: str, tip: str = "") -> SmallButton:
        """Add a choice at the end."""
        button = SmallButton(title, tip=tip)
        button.setCheckable(True)
        self._group.addButton(button, len(self.buttons))
        self.buttons.append(button)
        self._row.addWidget(button)
        return button

    def choose(self, number: int) -> None:
        """Light the button of that number; says nothing."""
        self.buttons[number].setChecked(True)

    def clear(self) -> None:
        """Take all away."""
        for button in self.buttons:
            self._group.removeButton(button)
            self._row.removeWidget(button)
            button.deleteLater()
        self.buttons.clear()
