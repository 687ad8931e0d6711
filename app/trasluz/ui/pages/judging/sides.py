"""The card at the left of the Judge page and its sides: confusions, classes, doubt, another run."""

import math

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QSizePolicy, QStackedWidget

from trasluz.api import Bars, Matrix
from trasluz.ui.pages.scrolled import scrolled
from trasluz.ui.views.bars import BarsPainter
from trasluz.ui.views.matrix import MatrixPainter
from trasluz.ui.widgets import Card, Choices, Label

from .classes import ClassTable
from .doubt import DoubtPanel
from .verdict import Verdict
from .versus import VersusPanel

MATRIX, CLASSES, DOUBT, VERSUS = range(4)
_SIDES = (
    ("What is taken for what", "rows: what it is · columns: what the model says"),
    ("Class by class", "click a number for what is behind it, a head to sort"),
    ("Don’t know", "below some confidence no answer is better than a wrong one"),
    ("Another run", "both models on the same items"),
)


class Sides(Card):
    """One side at a time; a button for each."""

    turned = Signal(int)
    """Another side is in front."""

    def __init__(self) -> None:
        super().__init__()
        self.matrix = MatrixPainter(Matrix(_SIDES[MATRIX][0], np.zeros((0, 0), dtype=int), (), ()))
        self.matrix.setAccessibleName(_SIDES[MATRIX][0])
        # in the frame it takes the room there is; only very many classes scroll
        policy = self.matrix.sizePolicy()
        policy.setHeightForWidth(False)
        self.matrix.setSizePolicy(policy)
        self.table = ClassTable()
        self.doubt = DoubtPanel()
        self.versus = VersusPanel()
        self.choices = Choices(_SIDES)
        self.buttons = self.choices.buttons
        self.choices.turned.connect(self.turn)
        self.body.addWidget(self.choices)
        self._hint = Label("", "muted")
        self._by_steps = False
        self.foreseen = Label("", wrap=True, selectable=True)
        self.foreseen_bars = BarsPainter(Bars("Bits for a character", (), ()))
        for widget in (self.foreseen, self.foreseen_bars):
            widget.setVisible(False)
            widget.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
            self.body.addWidget(widget)
        self.body.addWidget(self._hint)
        self.stack = QStackedWidget()
        for widget in (scrolled(self.matrix), self.table, scrolled(self.doubt), scrolled(self.versus)):
            self.stack.addWidget(widget)
        self.body.addWidget(self.stack, 1)
        self.body.addStretch(0)
        self.turn(MATRIX)

    @property
    def side(self) -> int:
        """Which one is in front."""
        return self.stack.currentIndex()

    def turn(self, side: int) -> None:
        """Bring a side to the front."""
        self.stack.setCurrentIndex(side)
        self.choices.choose(side)
        self._hint.setText(_SIDES[side][1] + (" · counted in steps" if self._by_steps and side == MATRIX else ""))
        self.turned.emit(side)

    def show_verdict(self, verdict: Verdict) -> None:
        """Show confusions and classes; what a model has not is not offered."""
        has_classes = bool(verdict.labels)
        if self._by_steps != verdict.by_steps:
            self._by_steps = verdict.by_steps
            self.turn(self.side)
        for side, there in (
            (MATRIX, has_classes),
            (CLASSES, has_classes),
            (DOUBT, verdict.curve is not None),
            (VERSUS, verdict.card.headline == "accuracy" and not verdict.by_steps and verdict.split != "test"),
        ):
            self.buttons[side].setVisible(there)
        there = [i for i, button in enumerate(self.buttons) if not button.isHidden()]
        foreseen = not verdict.has_truth
        for widget in (self._hint, self.stack):
            widget.setVisible(not foreseen)
        self.foreseen.setVisible(foreseen)
        self.foreseen.setText(_foreseen(verdict) if foreseen else "")
        bars = _measured(verdict) if foreseen else None
        self.foreseen_bars.setVisible(bars is not None)
        if bars is not None:
            self.foreseen_bars.set_view(bars)
        self.body.setStretch(self.body.count() - 1, 1 if foreseen else 0)
        self.set_title("How well the text is foreseen" if foreseen else "")
        self.setVisible(bool(there) or foreseen)
        if there and self.side not in there:
            self.turn(there[0])
        if has_classes:
            self.matrix.set_view(verdict.matrix)
            count = len(verdict.labels)
            # very many classes scroll instead of shrinking out of sight
            self.matrix.setMinimumHeight(int(120 + count * 6.5) if count > 60 else 200)
            self.table.show_verdict(verdict)

    def deselect(self) -> None:
        """No cell of the confusions is chosen any more."""
        if self.matrix.selected is not None:
            self.matrix.selected = None
            self.matrix.update()


def _measured(verdict: Verdict) -> Bars | None:
    """The bits of this model beside those of whoever knows nothing but which characters there are."""
    bits, known = verdict.card.metrics.get("bits_per_character"), len(verdict.card.extra.get("characters") or ())
    if bits is None or known < 2:
        return None
    here = "this model"
    return Bars(
        "Bits for a character", (f"only its {known} characters known", here), (math.log2(known), bits), here, "bits"
    )


def _foreseen(verdict: Verdict) -> str:
    """What the score of a model of the next character means."""
    metrics = verdict.card.metrics
    words = "A text is not right or wrong: at each character the model says what may come next, and is measured by it."
    if "perplexity" in metrics and "bits_per_character" in metrics:
        words += (
            f"\n\n{metrics['bits_per_character']:.2f} bits for a character are as if each had been chosen among "
            f"{metrics['perplexity']:.1f} that are equally likely."
        )
    return words + "\n\nLet it write on the Use page, and look there at what surprised it."
