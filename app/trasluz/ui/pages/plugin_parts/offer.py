"""A plugin that was dropped: what it says of itself, and the question of trust."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout

from trasluz.ui.steps import plural
from trasluz.ui.widgets import Card, Dot, Label, PrimaryButton, SecondaryButton, clear_layout


class OfferCard(Card):
    """Shown between the look into a plugin and its installation; nothing of it has run yet."""

    accepted = Signal()
    refused = Signal()

    def __init__(self) -> None:
        super().__init__("A new plugin")
        self.accept = PrimaryButton("Trust and install →", self.accepted.emit)
        self.refuse = SecondaryButton("Not now", self.refused.emit)

    def show_examined(self, examined: Any) -> None:
        """Show what was found in it, a `core.plugins.install.Examined`."""
        info = examined.manifest
        for button in (self.accept, self.refuse):
            button.setParent(None)
        clear_layout(self.body)
        self.set_title(f"Install “{info.title}”?", info.version)
        self.body.addWidget(Label(info.sentence, wrap=True))
        facts = [f"by {info.author}" if info.author else "its author is not named"]
        facts.append(f"licence {info.licence}" if info.licence else "no licence is named")
        if info.families:
            facts.append(f"brings {', '.join(info.families)}")
        self.body.addWidget(Label(" · ".join(facts), "muted", wrap=True))
        count = len(examined.files)
        place = f"It takes the place of version {examined.replaces}. " if examined.replaces else ""
        size = f"{plural(count, 'file')}, {max(1, examined.bytes // 1000):,} KB, from {examined.source}"
        self.body.addWidget(Label(place + size, "muted", wrap=True))
        for warning in examined.warnings:
            self._add_warning(str(warning))
        self._add_warning(
            "A plugin is a program: it can read your files and use your network. Install it only if you trust whoever "
            "gave it to you. Nothing of it has run yet."
        )
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.accept)
        row.addWidget(self.refuse)
        row.addStretch(1)
        self.body.addLayout(row)
        for button in (self.accept, self.refuse):
            button.show()

    def _add_warning(self, sentence: str) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(Dot("warn"))
        row.addWidget(Label(sentence, wrap=True), 1)
        self.body.addLayout(row)
