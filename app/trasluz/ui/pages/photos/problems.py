"""“Worth a look”: what was found in the data, in sentences, each with its items behind a word."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from trasluz.ui.kinds import KindWords
from trasluz.ui.widgets import Card, Dot, Label, LinkButton, clear_layout

_MARKS = {"error": "bad", "warning": "warn", "note": "info"}


class ProblemsCard(Card):
    """The problems of the data; `show` filters the gallery to one of them."""

    show_asked = Signal(str)
    """The rule whose items are to be shown."""

    def __init__(self) -> None:
        super().__init__("Worth a look")
        self.body.setSpacing(10)

    def show_problems(self, problems: Sequence[Any], words: KindWords) -> None:
        """Show them, gravest first."""
        clear_layout(self.body)
        order = {"error": 0, "warning": 1, "note": 2}
        ranked = sorted(problems, key=lambda p: order.get(str(p.severity), 3))
        for problem in ranked:
            self.body.addWidget(self._row(problem))
        if not ranked:
            fine = f"Everything can be read, and no {words.noun} is in two places."
            self.body.addWidget(Label(fine, "muted", wrap=True))
        title = "Cleaning report" if words.look == "pairs" else "Worth a look"
        self.set_title(title if ranked else "Nothing to worry about", f"{len(ranked)}" if ranked else "")

    def _row(self, problem: Any) -> QWidget:
        row = QWidget()
        row.setProperty("role", "page")
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        mark = Dot(_MARKS.get(str(problem.severity), "info"))  # type: ignore[arg-type]
        mark.setToolTip({"error": "set aside", "warning": "worth a look"}.get(str(problem.severity), "good to know"))
        layout.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Label(problem.sentence, wrap=True))
        if problem.paths:
            link = LinkButton("show", lambda: self.show_asked.emit(problem.rule))
            link.setAccessibleName(f"Show: {problem.sentence}")
            words.addWidget(link, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addLayout(words, 1)
        return row
