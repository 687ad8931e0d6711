"""The card of the Judge page for answers that are numbers: one forecast with all that can be seen of it."""

import math
import re

from PySide6.QtWidgets import QSizePolicy

from trasluz.ui.pages.using.answer import AnswerPanel
from trasluz.ui.pages.using.said import column_of
from trasluz.ui.widgets import Card, Label

from .verdict import Judged

_SCALE = re.compile(r" \(naive [^)]*\)")
"""What a score divides by, which a text for measuring has at its end."""


_INTERVAL = re.compile(r"\[[^\]]*\]")


def off_words(answer: str, came: str) -> str:
    """How far numbers were off in the mean, of the first column: `off by 10.4 on average`; empty where none came.

    Args:
        answer: `name: value [low, high] value [low, high] …`, columns parted by semicolons.
        came: The same without intervals.
    """
    said, true = (_first_numbers(text) for text in (answer, came))
    off = [abs(a - b) for a, b in zip(said, true, strict=False) if math.isfinite(a - b)]
    if not off:
        return ""
    column = f"{came.split(': ', maxsplit=1)[0]} " if "; " in came else ""
    return f"{column}off by {sum(off) / len(off):.3g} on average"


def _first_numbers(text: str) -> list[float]:
    words = _INTERVAL.sub(" ", _SCALE.sub("", text.split("; ", maxsplit=1)[0])).rpartition(": ")[2].split()
    return [_number(word) for word in words]


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return math.nan


class MeasuredCard(Card):
    """Shows one forecast over its series, what came, how errors grow, and whether it is worth it."""

    def __init__(self) -> None:
        super().__init__("One forecast", "choose another one at the right")
        self.answer = AnswerPanel(tall=False)
        self.answer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.came = Label("", "muted", wrap=True, selectable=True)
        self._came = self._column = ""
        self.answer.looked.connect(self._looked)
        self.body.addWidget(self.answer, 1)
        self.body.addWidget(self.came)
        self.setVisible(False)

    def show_why(self, item: Judged) -> None:
        """Say which one it is, and what came."""
        self.set_title(f"From {item.part}" if item.part else "One forecast", "choose another one at the right")
        self._came = item.target
        self._say_what_came()

    def _looked(self, column: str) -> None:
        self._column = column
        self._say_what_came()

    def _say_what_came(self) -> None:
        """Of the column that is looked at."""
        self.came.setText(f"What came: {_SCALE.sub('', column_of(self._came, self._column)[0])}")
