"""When the model should say “don't know”: a slider, what it costs, and the curve of both."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QSlider, QVBoxLayout, QWidget

from trasluz.api import Curve, Series
from trasluz.core.inference.doubt import Answering, Kept, RiskCoverage
from trasluz.core.nouns import plurals
from trasluz.ui.views.curve import CurvePainter
from trasluz.ui.widgets import Label, LinkButton, SmallButton

from .verdict import Verdict

if TYPE_CHECKING:
    from trasluz.ui.bridge.call import Trouble
    from trasluz.ui.session import Session

_LINE, _RING = "right", "at the ring"
_SAVED_AFTER = 350
_WISHES = (0.95, 0.99)


class DoubtPanel(QWidget):
    """The threshold of a model; what the person chooses is kept beside it and counts wherever it answers."""

    opened = Signal(float)
    """Show the photos that stay without an answer at this threshold."""

    def __init__(self) -> None:
        super().__init__()
        self._session: Session | None = None
        self._model = Path()
        self._noun = "item"
        self._curve = RiskCoverage([], [])
        self.threshold: float | None = None
        self.answered = Label("", "figure")
        self.right = Label("", "figure")
        self._answered_note = Label("", "muted", wrap=True)
        self._right_note = Label("", "muted", wrap=True)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setAccessibleName("How sure the model must be to answer, in percent")
        self.slider.valueChanged.connect(self._moved)
        self.words = Label("", "strong")
        self.words.setMinimumWidth(212)
        self.painter = CurvePainter(Curve("Answered against right", ()))
        self.show_button = LinkButton("", lambda: self.opened.emit(self.threshold or 0.0))
        self.off_button = SmallButton("Answer everything", self._off)
        self.wishes = [
            SmallButton(f"{wish:.0%} right", lambda wish=wish: self._wish(wish), tip=_wish_tip(wish))
            for wish in _WISHES
        ]
        self._trouble = Label("", "bad", wrap=True)
        self._trouble.setVisible(False)
        self._due = QTimer(self, interval=_SAVED_AFTER, singleShot=True)
        self._due.timeout.connect(self._keep)
        self._lay_out()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        ruler = QHBoxLayout()
        ruler.setSpacing(12)
        ruler.addWidget(self.words)
        ruler.addWidget(self.slider, 1)
        layout.addLayout(ruler)
        row = QHBoxLayout()
        row.setSpacing(6)
        for button in (*self.wishes, self.off_button):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.show_button)
        layout.addLayout(row)
        figures = QHBoxLayout()
        figures.setSpacing(24)
        for value, note in ((self.answered, self._answered_note), (self.right, self._right_note)):
            pair = QHBoxLayout()
            pair.setSpacing(8)
            pair.addWidget(value)
            pair.addWidget(note, 1)
            figures.addLayout(pair, 1)
        layout.addLayout(figures)
        layout.addWidget(self._trouble)
        layout.addWidget(self.painter, 1)

    def show_verdict(self, session: "Session", verdict: Verdict, model: Path, threshold: float | None) -> None:
        """Show the curve of a model and the threshold that it has.

        Args:
            model: Its folder.
            threshold: As it is kept beside it.
        """
        self._due.stop()
        self._session, self._model = session, model
        self._noun = session.words.noun
        self._curve = verdict.curve or RiskCoverage([], [])
        self.painter.set_span((0.0, 100.0))
        self._show(threshold)

    def _draw(self, kept: Kept) -> None:
        chosen = self.threshold is not None and kept.answered > 0
        name = _RING if chosen else _LINE
        self.painter.set_view(
            Curve(
                "Right answers, by how much is answered",
                (Series(name, self._curve.coverage * 100, self._curve.accuracy),),
                x_title="% answered, the surest first",
                unit="%",
                baselines={"all answered": self._curve.at(None).accuracy or 0.0},
            )
        )
        self.painter.set_best({name: kept.coverage * 100} if chosen else {})

    # what the person does

    def _moved(self, percent: int) -> None:
        self._show(percent / 100 if percent else None, from_slider=True)
        self._due.start()

    def _wish(self, accuracy: float) -> None:
        found = self._curve.threshold_for(accuracy)
        if found is None:
            self._say(f"At no threshold are {accuracy:.0%} of the answers right.")
            return
        self._show(found)
        self._due.start()

    def _off(self) -> None:
        self._show(None)
        self._due.start()

    def _keep(self) -> None:
        if self._session is None:
            return
        chosen, model = Answering(unsure_below=self.threshold), self._model
        self._session.work.run(self, lambda: chosen.write(model), failure=self._not_kept)

    def _not_kept(self, trouble: "Trouble") -> None:
        self._say(trouble.sentence)

    # what is shown

    def _show(self, threshold: float | None, *, from_slider: bool = False) -> None:
        self.threshold = threshold
        self._trouble.setVisible(False)
        kept = self._curve.at(threshold)
        if not from_slider:
            self.slider.blockSignals(True)
            self.slider.setValue(round((threshold or 0.0) * 100))
            self.slider.blockSignals(False)
        sure = "" if threshold is None else _percent(threshold)
        self.words.setText("It answers every " + self._noun if threshold is None else f"It answers from {sure} sure on")
        self.slider.setAccessibleDescription(self.words.text())
        self.off_button.setEnabled(threshold is not None)
        self._show_figures(kept)
        self._draw(kept)

    def _show_figures(self, kept: Kept) -> None:
        nouns, left = plurals(self._noun), kept.total - kept.answered
        self.answered.setText(f"{kept.coverage:.1%}")
        self._answered_note.setText(f"of {kept.total:,} {nouns} answered")
        self.right.setText("–" if kept.accuracy is None else f"{kept.accuracy:.1%}")
        low, high = kept.interval
        self._right_note.setText(
            f"of those right, {low * 100:.1f} to {high * 100:.1f}" if kept.answered else "nothing is answered"
        )
        self.setToolTip(
            f"Chosen and measured on the same {kept.total:,} {nouns}: expect a little less on new ones. "
            f"Area under the risk–coverage curve: {self._curve.area:.4f} (0 is best)."
        )
        self.show_button.setText(f"show the {left:,} it would not answer")
        self.show_button.setVisible(bool(left))

    def _say(self, sentence: str) -> None:
        self._trouble.setText(sentence)
        self._trouble.setVisible(True)


def _wish_tip(wish: float) -> str:
    return f"Answer as much as possible with {wish:.0%} of the answers right"


def _percent(share: float) -> str:
    """The threshold in percent; near 1 as exactly as it matters there."""
    return f"{share:.0%}" if np.isclose(share * 100, round(share * 100)) or share < 0.9 else f"{share:.2%}"
