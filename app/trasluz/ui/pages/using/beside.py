"""Two models side by side on the same photo: answer, bars and heat of each."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from trasluz.ui.pages.scrolled import scrolled
from trasluz.ui.widgets import Card, Label

from .answer import AnswerPanel
from .given import Given

if TYPE_CHECKING:
    from trasluz.ui.session import Session

_UNDER_PHOTO = 330
"""Height of what a panel holds above and under its photo."""
ALONE = "no other model"


class OtherChoice(QWidget):
    """Which other model answers as well."""

    chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.box = QComboBox()
        self.box.setAccessibleName("Another model to answer beside this one")
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(10)
        self.box.activated.connect(lambda _index: self.chosen.emit())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(Label("Answered beside it by", "muted"))
        layout.addWidget(self.box)

    @property
    def model(self) -> Path | None:
        """The other model's folder, or None."""
        folder = self.box.currentData()
        return Path(folder) if folder else None

    @property
    def name(self) -> str:
        """What it is called: `run 1`."""
        return self.box.currentText().split(":")[0] if self.model is not None else ""

    def show_runs(self, session: "Session") -> bool:
        """Offer the project's other models; says whether what was chosen is another one now."""
        mine, before = session.model, self.box.currentData()
        offered: list[tuple[str, str]] = [(ALONE, "")]
        for number, run in session.numbered_runs():
            folder = Path(run.folder) / "model"
            if run.score is not None and folder != mine:
                offered.append((f"run {number}: {run.name}", str(folder)))
        if offered != [(self.box.itemText(i), self.box.itemData(i)) for i in range(self.box.count())]:
            self.box.clear()
            for words, folder_name in offered:
                self.box.addItem(words, folder_name)
            folders = [folder_name for _, folder_name in offered]
            self.box.setCurrentIndex(folders.index(before) if before in folders else 0)
        self.setVisible(len(offered) > 1)
        return bool((before or "") != (self.box.currentData() or ""))


class Beside(QWidget):
    """Two cards, one for each model."""

    answered = Signal(dict)
    """The first model's answer came."""

    def __init__(self) -> None:
        super().__init__()
        self.cards = (Card(), Card())
        self.panels = (AnswerPanel(), AnswerPanel())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(16)
        for card, panel in zip(self.cards, self.panels, strict=True):
            card.body.addWidget(scrolled(panel), 1)
            layout.addWidget(card, 1)
        self.panels[0].answered.connect(self.answered)

    def show_input(
        self,
        session: "Session",
        path: str,
        *,
        models: tuple[Path, Path],
        names: tuple[str, str],
        prediction: dict[str, Any] | None = None,
        given: Given | None = None,
    ) -> None:
        """Show a photo with both answers.

        Args:
            prediction: The first model's, where it is known.
        """
        for card, name in zip(self.cards, names, strict=True):
            card.set_title(f"{name[:1].upper()}{name[1:]}")
        self.panels[0].show_input(session, models[0], path, prediction, given=given)
        self.panels[1].show_input(session, models[1], path, given=given)

    def forget(self) -> None:
        """Show nothing."""
        for panel in self.panels:
            panel.forget()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's: the photos take what the words leave."""
        super().resizeEvent(event)
        for panel in self.panels:
            panel.set_tallest(max(170, self.height() - _UNDER_PHOTO))
