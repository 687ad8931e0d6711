"""The card of the Judge page for answers that are numbers: one forecast with all that can be seen of it."""

import re

from PySide6.QtWidgets import QSizePolicy

from trasluz.ui.pages.using.answer import AnswerPanel
from trasluz.ui.widgets import Card, Label

from .verdict import Judged

_SCALE = re.compile(r" \(naive [^)]*\)")
"""What a score divides by, which a text for measuring has at its end."""


class MeasuredCard(Card):
    """Shows one forecast over its series, what came, how errors grow, and whether it is worth it."""

    def __init__(self) -> None:
        super().__init__("One forecast", "choose another one at the right")
        self.answer = AnswerPanel(tall=False)
        self.answer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.came = Label("", "muted", wrap=True, selectable=True)
        self.body.addWidget(self.answer, 1)
        self.body.addWidget(self.came)
        self.setVisible(False)

    def show_why(self, item: Judged) -> None:
        """Say which one it is, and what came."""
        self.set_title(f"From {item.part}" if item.part else "One forecast", "choose another one at the right")
        self.came.setText(f"What came: {_SCALE.sub('', item.target)}")
