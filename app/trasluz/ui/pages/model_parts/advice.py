"""The strategy table on the Model page: the person's data in its place, four cells to choose from, what each gave."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from trasluz.ui.widgets import Card, Label, SecondaryButton, SmallButton, StepProgress

from .tried import NOT_TRIED, UNDER_WAY, result_lines, speaking

if TYPE_CHECKING:
    from trasluz.api import Advice, Quadrants
    from trasluz.ui.advising import Standing
    from trasluz.ui.views.quadrants import QuadrantsPainter


class AdviceCard(Card):
    """Shows a family's advice. It changes no setting itself: it says what the person chose.

    Attributes:
        painter: The table, once there is one.
    """

    chosen = Signal(dict)
    """The settings of the cell that the person clicked."""
    try_all = Signal()
    again = Signal()

    def __init__(self) -> None:
        super().__init__("Where your data stands")
        self.advice: Advice | None = None
        self.painter: QuadrantsPainter | None = None
        self._sentence = Label("", "body", wrap=True)
        self._progress = StepProgress()
        self._trouble = Label("", "warn", wrap=True)
        self._retry = SmallButton("Measure again", self.again.emit)
        self.follow_button = SecondaryButton(
            "Follow the advice", self._follow, tip="Let each run choose by this table, also when your data changes."
        )
        self.try_button = SecondaryButton(
            "Try all four", self.try_all.emit, tip="Train the four one after another; the results appear in the table."
        )
        self._hint = Label("Click a cell to choose another strategy.", "muted", wrap=True)
        # shown by turns; a stack would keep the height of its tallest page and pass on no height for a width
        self._failed, self._foot = QWidget(), QWidget()
        for row, parts in (
            (self._failed, (self._trouble, self._retry)),
            (self._foot, (self._hint, self.follow_button, self.try_button)),
        ):
            layout = QHBoxLayout(row)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(12)
            for part in parts:
                layout.addWidget(part, int(isinstance(part, Label)))
        for widget in (self._progress, self._failed, self._sentence, self._foot):
            self.body.addWidget(widget)
        self._turn_to("measuring")

    # what it shows

    def show_standing(self, standing: "Standing") -> None:
        """Show how far the measuring is, or what came of it."""
        if standing.state == "measuring":
            self._progress.show_progress("Measuring your data", standing.fraction, right=standing.words)
        elif standing.state == "failed":
            self._trouble.setText(f"The table could not be measured. {standing.words}")
        elif standing.advice is not None and standing.advice is not self.advice:
            self.advice = standing.advice
            self._sentence.setText(standing.advice.sentence)
        self._turn_to(standing.state)

    def _turn_to(self, state: str) -> None:
        self._progress.setVisible(state == "measuring")
        self._failed.setVisible(state == "failed")
        for widget in (self._sentence, self._foot, self.painter):
            if widget is not None:
                widget.setVisible(state == "done")

    def show_choice(self, settings: Mapping[str, Any], runs: Sequence[Any]) -> None:
        """Light the cell that the settings choose, and write into the cells what the runs gave.

        Args:
            settings: The form's values.
            runs: The runs of this family on this data (`RunSummary`), newest first.
        """
        if self.advice is None:
            return
        cell = cell_of(self.advice, settings)
        following = cell is None and leaves_the_choice(self.advice, settings)
        table = with_results(self.advice, runs)
        table = replace(table, chosen=self.advice.cell if following else cell, caption="")
        self._show(table)
        self.follow_button.setEnabled(not following)
        self.follow_button.setText("Following the advice" if following else "Follow the advice")
        left = untried(self.advice, runs)
        self.try_button.setEnabled(bool(left))
        count = len(self.advice.distinct)
        all_of_them = {2: "both", 3: "all three", 4: "all four"}.get(count, "it")
        done = f"{all_of_them.capitalize()} tried" if count > 1 else "Tried"
        if any(str(run.state) in UNDER_WAY for run in runs):
            done = f"Trying {all_of_them}…"
        words = {0: done, count: f"Try {all_of_them}"}
        others = "Try the last one" if len(left) == 1 else f"Try the other {len(left)}"
        self.try_button.setText(words.get(len(left), others))

    def _show(self, table: "Quadrants") -> None:
        from trasluz.ui.views.quadrants import QuadrantsPainter

        if self.painter is None:
            self.painter = QuadrantsPainter(table)
            self.painter.chosen.connect(self._cell_chosen)
            self.body.insertWidget(self.body.indexOf(self._foot), self.painter)
        elif table != self.painter.view:
            self.painter.set_view(table)

    def _cell_chosen(self, cell: int) -> None:
        if self.advice is not None:
            self.chosen.emit(dict(self.advice.settings[cell]))

    def _follow(self) -> None:
        if self.advice is not None:
            self.chosen.emit({})


def cell_of(advice: "Advice", settings: Mapping[str, Any]) -> int | None:
    """The cell that these settings choose, or None where they leave the choice to the advice."""
    for i in advice.distinct:
        if all(settings.get(name) == value for name, value in advice.settings[i].items()):
            return i
    return None


def leaves_the_choice(advice: "Advice", settings: Mapping[str, Any]) -> bool:
    """Whether these settings leave the choice to the advice; they may also choose what stands in no cell."""
    return all(settings.get(name) in (None, "auto") for name in advice.settings[0])


def untried(advice: "Advice", runs: Sequence[Any]) -> list[int]:
    """The cells that no run has tried, nor is about to, in their order."""
    tried = {cell for cell, run in _latest(advice, runs).items() if run.state not in NOT_TRIED}
    return [i for i in advice.distinct if i not in tried]


def with_results(advice: "Advice", runs: Sequence[Any]) -> "Quadrants":
    """The advice's table with the latest run of each cell written into it."""
    cells = list(advice.table.cells)
    for cell, run in _latest(advice, runs).items():
        cells[cell] = replace(cells[cell], lines=result_lines(run))
    return replace(advice.table, cells=tuple(cells))


def _latest(advice: "Advice", runs: Sequence[Any]) -> dict[int, Any]:
    """The run that speaks for each cell: the latest with a model, else the latest."""
    found: dict[int, Any] = {}
    for run in runs:
        cell = cell_of(advice, run.settings)
        if cell is None and leaves_the_choice(advice, run.settings):
            cell = advice.cell  # it followed the advice
        if cell is None:
            continue  # what it chose stands in no cell
        found[cell] = speaking(found.get(cell), run)
    return found
