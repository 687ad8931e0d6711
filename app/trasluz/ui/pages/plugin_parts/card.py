"""One plugin in the list: what it is, where it came from, whether it runs, and why not."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit

from trasluz.ui import theme
from trasluz.ui.widgets import Card, Chip, FlowLayout, Label, LinkButton, SmallButton

ORIGINS = {"builtin": "comes with Trasluz", "user": "added by you"}
STATES = {
    "ready": ("Works", "good"),
    "untrusted": ("Waits for your trust", "warn"),
    "disabled": ("Switched off", "none"),
    "broken": ("Does not work", "bad"),
}


class PluginCard(Card):
    """A plugin; its buttons ask the page to do things."""

    asked = Signal(str, str)
    """What (enable, trust, disable, remove, show) and the plugin's id."""

    def __init__(self, info: dict[str, Any], families: list[str]) -> None:
        super().__init__(str(info.get("title") or info["id"]), str(info.get("version") or ""))
        self.info = info
        self.state = str(info.get("state", "broken"))
        words, mark = STATES.get(self.state, (self.state, "none"))
        self.head.addWidget(Chip(ORIGINS.get(str(info.get("origin")), ""), quiet=True))
        self.head.addWidget(Chip(words, mark, quiet=True))  # type: ignore[arg-type]
        if info.get("sentence"):
            self.body.addWidget(Label(str(info["sentence"]), wrap=True))
        facts = [f"Brings {', '.join(families)}"] if families else []
        facts += [f"by {info['author']}"] if info.get("author") else []
        facts += [str(info["licence"])] if info.get("licence") else []
        if facts:
            self.body.addWidget(Label(" · ".join(facts), "muted", wrap=True))
        self.details: QPlainTextEdit | None = None
        self._unfold: LinkButton | None = None
        if info.get("error"):
            bad = self.state == "broken"
            self.body.addWidget(Label(str(info["error"]), "bad" if bad else "warn", wrap=True, selectable=True))
        if info.get("traceback"):
            self._add_details(str(info["traceback"]))
        self._add_buttons()

    def _add_details(self, traceback: str) -> None:
        self._unfold = LinkButton("Show what Python said", self.unfold)
        self.body.addWidget(self._unfold, 0, Qt.AlignmentFlag.AlignLeft)
        self.details = QPlainTextEdit(traceback)
        self.details.setReadOnly(True)
        self.details.setFont(theme.font("mono"))
        self.details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.details.setFixedHeight(180)
        self.details.setAccessibleName("What Python said")
        self.details.hide()
        self.body.addWidget(self.details)

    def unfold(self) -> None:
        """Show or hide the traceback."""
        if self.details is not None and self._unfold is not None:
            shown = self.details.isHidden()
            self.details.setVisible(shown)
            self._unfold.setText("Hide it" if shown else "Show what Python said")

    def _add_buttons(self) -> None:
        row = FlowLayout(gap=8)
        self.buttons: dict[str, SmallButton] = {}
        offers = {
            "ready": [("disable", "Switch off")],
            "disabled": [("enable", "Switch on")],
            "untrusted": [("trust", "Trust and switch on…")],
            "broken": [("disable", "Switch off")] if self.info.get("package") else [],
        }.get(self.state, [])
        offers.append(("show", "Show its files"))
        if self.info.get("origin") == "user":
            offers.append(("remove", "Remove…"))
        for what, words in offers:
            button = SmallButton(words, lambda w=what: self.asked.emit(w, str(self.info["id"])))
            button.setAccessibleName(f"{words} {self.info.get('title', '')}")
            if what == "remove":
                button.setProperty("role", "small")
            self.buttons[what] = button
            row.addWidget(button)
        holder = QHBoxLayout()
        holder.addLayout(row, 1)
        self.body.addLayout(holder)
