"""The card at the left of the Judge page where answers are texts: what is read for what, by length, by speaker."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QWidget

from trasluz.api import Bars, Matrix, ModelCard
from trasluz.ui.kinds import KindWords
from trasluz.ui.pages.scrolled import scrolled
from trasluz.ui.views.bars import BarsPainter
from trasluz.ui.views.matrix import MatrixPainter
from trasluz.ui.widgets import Card, Choices, Label

from .readings import Reading, Readings, Stretch
from .score_list import ScoreList

CONFUSED, LENGTHS, GROUPS, SCORES = range(4)


class TextSides(Card):
    """One side at a time; a cell or a bar opens the answers behind it."""

    opened = Signal(str, object)
    """A title, and the readings behind what was chosen."""
    cleared = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._readings: Readings | None = None
        self._stretches: dict[int, list[Stretch]] = {}
        self.matrix = MatrixPainter(Matrix("What is read for what", np.zeros((0, 0), dtype=int), (), ()))
        self.matrix.setAccessibleName("What is read for what")
        policy = self.matrix.sizePolicy()
        policy.setHeightForWidth(False)
        self.matrix.setSizePolicy(policy)
        self.matrix.chosen.connect(self._cell)
        self.matrix.cleared.connect(self.cleared)
        self.lengths = self._bars("By length", LENGTHS)
        self.groups = self._bars("By group", GROUPS)
        self.choices = Choices([("", "")] * 4)
        self.buttons = self.choices.buttons
        self.choices.turned.connect(self.turn)
        self.body.addWidget(self.choices)
        self._hint = Label("", "muted", wrap=True)
        self.body.addWidget(self._hint)
        self._hints = [""] * 4
        self._whole_hints = [""] * 4
        self._long_by = "character"
        self._chosen: dict[int, str | None] = {LENGTHS: None, GROUPS: None}
        self.stack = QStackedWidget()
        self.scores = ScoreList()
        pages: tuple[QWidget, ...] = tuple(map(scrolled, (self.matrix, self.lengths, self.groups, self.scores)))
        for page in pages:
            self.stack.addWidget(page)
        self.body.addWidget(self.stack, 1)

    def _bars(self, name: str, side: int) -> BarsPainter:
        bars = BarsPainter(Bars(name, (), ()))
        bars.setAccessibleName(name)
        bars.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        bars.chosen.connect(lambda label: self._bar(side, str(label)))
        return bars

    def turn(self, side: int) -> None:
        """Bring a side to the front."""
        self.stack.setCurrentIndex(side)
        self.choices.choose(side)
        self._hint.setText(self._hints[side])

    def show_readings(self, readings: Readings, words: KindWords, card: ModelCard | None = None) -> None:
        """Show these answers; what the data does not say is not offered."""
        self._readings = readings
        unit = readings.unit
        many = f"{unit}s"
        self._stretches = {LENGTHS: readings.by_length(), GROUPS: readings.by_group()}
        names = (
            "Letter for letter" if unit == "character" else "Word for word",
            "By length",
            {"sounds": "By speaker", "lines": "By hand or page"}.get(words.look, "By group"),
            "All scores",
        )
        long_by = readings.long_by
        asked = f"{long_by}s of what was asked" if words.look == "pairs" else f"{long_by}s of the {words.noun}"
        self._hints = [
            f"the {many} most often mixed up · rows: what it is · columns: what the model says · ∅: missing, or extra",
            f"share of wrong {many}, by the number of {asked}; click a row for the {words.nouns}",
            f"share of wrong {many}, the worst first; click a row for the {words.nouns}",
            f"of the ONNX model, over all {words.nouns} that it is judged by",
        ]
        self.scores.show_card(card)
        there = (
            bool(readings.confused),
            len(self._stretches[LENGTHS]) > 1,
            bool(self._stretches[GROUPS]),
            self.scores.count > 1,
        )
        for button, name, shown in zip(self.buttons, names, there, strict=True):
            button.setText(name)
            button.setAccessibleName(name)
            button.setVisible(shown)
        self.matrix.set_view(readings.matrix())
        self._long_by, self._whole_hints = long_by, list(self._hints)
        for side, bars in ((LENGTHS, self.lengths), (GROUPS, self.groups)):
            names_there = {s.name for s in self._stretches[side]}
            self._chosen[side] = self._chosen[side] if self._chosen[side] in names_there else None
            bars.setAccessibleName(names[side])
        self._draw_bars()
        self.setVisible(any(there))
        side = self.stack.currentIndex()
        self.turn(side if there[side] else next((i for i, shown in enumerate(there) if shown), 0))

    def deselect(self) -> None:
        """Nothing is chosen any more."""
        if any(self._chosen.values()):
            self._chosen = {LENGTHS: None, GROUPS: None}
            self._draw_bars()
        if self.matrix.selected is not None:
            self.matrix.selected = None
            self.matrix.update()

    def _cell(self, cell: tuple[int, int]) -> None:
        if self._readings is None:
            return
        names = self._readings.names()
        truth, answer = names[cell[0]], names[cell[1]]
        found = self._readings.confusion((truth, answer))
        shown = [{"": "nothing", " ": "a space"}.get(name, f"“{name}”") for name in (truth, answer)]
        title = f"{shown[0]} left out" if not answer else f"{shown[1]} put in" if not truth else " read as ".join(shown)
        self.opened.emit(title, found)

    def _bar(self, side: int, label: str) -> None:
        """Choose a bar, or let go of the chosen one; a length and a speaker can be chosen together."""
        name = next((s.name for s in self._stretches.get(side, ()) if label.startswith(f"{s.name}  (")), None)
        if name is None or self._readings is None:
            return
        self._chosen[side] = None if self._chosen[side] == name else name
        self._draw_bars()
        if not any(self._chosen.values()):
            self.cleared.emit()
            return
        length, group = self._chosen[LENGTHS], self._chosen[GROUPS]
        words = [group or "", f"{length} {self._long_by}s long" if length else ""]
        self.opened.emit(" · ".join(filter(None, words)), self._behind(self._readings.rows))

    def _behind(self, rows: Sequence[Reading], *, but: int | None = None) -> list[Reading]:
        """Those of the rows that are behind all that is chosen, but for one side."""
        for side, name in self._chosen.items():
            if name is not None and side != but:
                inside = next(({id(r) for r in s.readings} for s in self._stretches[side] if s.name == name), set())
                rows = [row for row in rows if id(row) in inside]
        return list(rows)

    def _draw_bars(self) -> None:
        """Each side counts only what is behind the choice on the other."""
        for side, bars in ((LENGTHS, self.lengths), (GROUPS, self.groups)):
            cut = [Stretch(s.name, tuple(self._behind(s.readings, but=side))) for s in self._stretches[side]]
            found = [s for s in cut if s.readings or s.name == self._chosen[side]]
            labels = {s.name: f"{s.name}  ({len(s.readings):,})" for s in found}
            shares = [s.share for s in found]
            marked = labels.get(self._chosen[side] or "")
            bars.set_view(Bars(bars.accessibleName(), list(labels.values()), shares, highlight=marked, unit="%"))
        for side, other in ((LENGTHS, GROUPS), (GROUPS, LENGTHS)):
            within = self._chosen[other]
            said = f"only {within}{f' {self._long_by}s' if other == LENGTHS else ''} · " if within else ""
            self._hints[side] = said + self._whole_hints[side]
        self._hint.setText(self._hints[self.stack.currentIndex()])
