"""Every score of a model, each with the field's term for it and what it was worked out with."""

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from trasluz.api import ModelCard
from trasluz.ui.pages.words import metric_words
from trasluz.ui.widgets import Label, clear_layout


class ScoreList(QWidget):
    """The scores of a card, the headline first; what says how one was counted can be copied.

    Attributes:
        count: How many there are.
    """

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 4, 0, 0)
        self._rows.setSpacing(14)

    def show_card(self, card: ModelCard | None) -> None:
        """Show the scores of this model."""
        clear_layout(self._rows)
        metrics = card.metrics if card is not None else {}
        self.count = len(metrics)
        if card is None:
            return
        for name in sorted(metrics, key=lambda each: each != card.headline):
            words = metric_words(name)
            first = QHBoxLayout()
            first.addWidget(Label(words.title, "strong"), 1)
            first.addWidget(Label(words.write(metrics[name]), "figure", selectable=True))
            below = " · ".join(filter(None, (words.term, card.signatures.get(name, ""))))
            block = QVBoxLayout()
            block.setSpacing(2)
            block.addLayout(first)
            block.addWidget(Label(below, "muted", wrap=True, selectable=True))
            self._rows.addLayout(block)
        self._rows.addStretch(1)
