"""Which numbers an exported graph has, and what smaller ones cost."""

from collections.abc import Collection
from typing import Any

from PySide6.QtWidgets import QButtonGroup, QGridLayout, QRadioButton

from trasluz.ui.widgets import Card, Label

from .words import metric_words

PRECISIONS = (
    ("fp32", "as it was trained and judged"),
    ("int8", "under a third of the size, mostly faster on a processor; its answers are a little less exact"),
    ("fp16", "half the size, made for graphics cards; slower on a processor"),
)
"""The numbers in the graph, and what each costs."""


class NumbersCard(Card):
    """The choice of the numbers in the graph."""

    def __init__(self) -> None:
        super().__init__("Numbers in the graph", "smaller ones are judged on your data before the folder is written")
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        self.buttons = {name: QRadioButton(name) for name, _ in PRECISIONS}
        group = QButtonGroup(self)
        for row, (name, sentence) in enumerate(PRECISIONS):
            button = self.buttons[name]
            button.setAccessibleName(f"{name}: {sentence}")
            button.setChecked(row == 0)
            group.addButton(button)
            grid.addWidget(button, row, 0)
            grid.addWidget(Label(sentence, "muted", wrap=True), row, 1)
        self.body.addLayout(grid)

    @property
    def chosen(self) -> str:
        """The precision that is chosen."""
        return next(name for name, button in self.buttons.items() if button.isChecked())

    def offer(self, names: Collection[str]) -> None:
        """Offer these alone; where there is no choice, the card is away."""
        self.setVisible(len(names) > 1)
        if self.chosen not in names:
            self.buttons[PRECISIONS[0][0]].setChecked(True)

    def set_enabled(self, on: bool) -> None:
        """Let the choice be changed, or not."""
        for button in self.buttons.values():
            button.setEnabled(on)


def costs(cost: dict[str, Any], headline: str) -> list[str]:
    """What smaller numbers were measured to cost, a sentence each."""
    words, precision = metric_words(headline), cost["precision"]
    facts = [
        f"{words.title} in {precision}: {words.write(cost['score'])} (fp32: {words.write(cost['full_score'])}, "
        f"on the same {cost['items']:,} items)",
        f"The graph: {cost['size'] / 1e6:.1f} MB (fp32: {cost['full_size'] / 1e6:.1f} MB), "
        f"{cost['milliseconds']:.3g} ms for one item (fp32: {cost['full_milliseconds']:.3g} ms)",
    ]
    return [*facts, cost["warning"]] if cost.get("warning") else facts
