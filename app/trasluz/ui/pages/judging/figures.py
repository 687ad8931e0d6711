"""The row of figures: one number each, with what it is compared to."""

from PySide6.QtWidgets import QHBoxLayout, QSizePolicy

from trasluz.ui.widgets import Card, Label
from trasluz.ui.widgets.basic import TextRole


class Figure(Card):
    """A card with a title, a number and a few words beside it; the mark is a tick or a word, never colour alone."""

    def __init__(self, title: str, *, big: bool = False) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._name = Label(title, "muted")
        self.body.setSpacing(2)
        self.body.addWidget(self._name)
        self.value = Label("–", "number" if big else "figure", selectable=True)
        self.value.setMinimumHeight(38)
        self.note = Label("", "muted", wrap=True)
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.value)
        row.addWidget(self.note, 1)
        self.body.addLayout(row)
        self.body.addStretch(1)

    def show_figure(
        self, value: str, note: str = "", *, title: str = "", role: TextRole = "muted", tip: str = ""
    ) -> None:
        """Show a number and what stands beside it."""
        if title:
            self._name.setText(title)
        self.value.setText(value)
        self.note.setText(note)
        self.note.set_role(role)
        self.setToolTip(tip)
        self.setAccessibleName(f"{self._name.text()}: {value} {note}")
