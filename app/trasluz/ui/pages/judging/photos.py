"""The photos behind a number, and those that were corrected."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QMenu, QWidget

from trasluz.core.corrections import Correction
from trasluz.ui.kinds import MEASURED
from trasluz.ui.pages.words import share_words

from .measured import off_words
from .rows import Line, PhotoRows
from .steps import STEPWISE, step_words
from .verdict import Judged

WHY, CORRECT, TAKE_BACK, PLAY = "why?", "correct…", "take back", "play"


class JudgedList(PhotoRows):
    """Photos with what the model says and what they are. Enter asks for the reason, F2 corrects the label."""

    why = Signal(str, object)
    """The path and the judged item that the person wants explained."""
    correct = Signal(object, QPoint)
    """The judged item whose label is wrong, and where on the screen to ask."""
    play = Signal(str)
    """The path of the recording to be heard."""

    def __init__(self) -> None:
        super().__init__("Items behind the selected number")
        self.can_correct = False
        self.can_play = False
        self.kind = ""
        """Of the data: a forecast is more or less off, and of a label for each step a share is right."""
        self.others: dict[str, str] = {}
        """What another model says about an item, by its key, where two are compared."""
        self.other_name = ""
        self.pressed_button.connect(self._pressed)

    def line(self, item: Judged) -> Line:
        """What the model says, and what it is."""
        if self.kind in STEPWISE:
            share, below = step_words(item.target, item.answer)
            return Line(item.path, share, "", below, "muted", (WHY,))
        if self.kind in MEASURED:
            return Line(item.path, f"from {item.part}", "", off_words(item.answer, item.target), "muted", (WHY,))
        if item.told:
            below = f"you say {item.target} now, not {item.told}"
        elif item.right:
            below = "and so it is"
        else:
            below = f"you said {item.target}"
        if (other := self.others.get(item.key)) is not None:
            right = other == item.target and not item.right
            below = f"it is {other}, as {self.other_name} says" if right else f"{below} · {self.other_name}: {other}"
        sure = "" if item.score is None else share_words(item.score)
        heard = (PLAY,) if self.can_play else ()
        buttons = (WHY, *heard, *((CORRECT,) if self.can_correct else ()))
        return Line(item.path, item.answer, sure, below, "accent" if item.told else "muted", buttons)

    def spoken(self, item: Judged) -> str:
        """The same for the screen reader."""
        line = self.line(item)
        return f"{line.strong} {line.beside}".strip() + f", {'right' if item.right else line.below}"

    def _pressed(self, row: int, button: str) -> None:
        item = self.judged.items[row]
        if button == WHY:
            self.why.emit(self.judged.path(row), item)
        elif button == PLAY:
            self.play.emit(self.judged.path(row))
        else:
            place = self.button_place(row, CORRECT)
            self.correct.emit(item, self.viewport().mapToGlobal(place.bottomLeft().toPoint()))


class CorrectedList(PhotoRows):
    """All corrections of the project, the latest first; each can be taken back."""

    taken_back = Signal(object)

    def __init__(self) -> None:
        super().__init__("Corrected items")
        self.pressed_button.connect(lambda row, _button: self.taken_back.emit(self.judged.items[row]))

    def line(self, item: Correction) -> Line:
        """What it was and what it is now."""
        now = item.now if item.now is not None else "left out"
        return Line(item.path, now, "", f"the data says {item.was}", "muted", (TAKE_BACK,))


def label_menu(
    parent: QWidget,
    labels: list[str],
    *,
    item: Any,
    chosen: Callable[[str | None], object],
    likely: str = "",
) -> QMenu:
    """Ask what a photo really is: the model's answer first, then all classes, then leaving it out.

    Args:
        labels: The classes.
        item: Has `target`, what it counts as now, and `told`, what the data says where that is another.
        chosen: Called with the class, or None to leave it out.
        likely: The model's answer.
    """
    menu = QMenu(parent)
    menu.setStyleSheet("QMenu { menu-scrollable: 1; }")
    menu.addAction("It really is").setEnabled(False)
    if likely and likely != item.target and likely in labels:
        menu.addAction(f"{likely}, as the model says", lambda: chosen(likely))
        menu.addSeparator()
    for label in labels:
        action = menu.addAction(label.replace("&", "&&"), lambda name=label: chosen(name))
        action.setCheckable(True)
        action.setChecked(label == item.target)
    menu.addSeparator()
    menu.addAction("Leave it out", lambda: chosen(None))
    if item.told:
        menu.addAction(f"As the data says: {item.told}", lambda: chosen(item.told))
    return menu
