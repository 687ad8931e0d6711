"""The bottom bar: what the machine is doing, and that nothing leaves it."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QWidget

from trasluz.ui import theme
from trasluz.ui.widgets.basic import Label, Painted
from trasluz.ui.window import BOTTOM

if TYPE_CHECKING:
    from trasluz.ui.session import Session


class _Ring(Painted):
    """A small ring: something is under way."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(12, 12)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("accent"), 2))
        painter.drawEllipse(QPointF(6, 6), 4, 4)


PROMISE = "Nothing leaves this computer"


class BottomBar(Painted):
    """One line: the promise at the left, what is under way at the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(BOTTOM)
        self._promise = Label(PROMISE, "muted")
        self._promise.setToolTip(
            "Your data, your models and what you do with them stay here. "
            "Trasluz goes online only where a button says so."
        )
        self._ring = _Ring()
        self._ring.hide()
        self._busy = Label("", "muted")
        self._busy.setAccessibleName("What the machine is doing")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 1, 16, 0)
        layout.setSpacing(8)
        for label in (self._promise, self._busy):
            font = theme.font("body")
            font.setPixelSize(12)
            label.setFont(font)
        layout.addWidget(self._promise)
        layout.addStretch(1)
        layout.addWidget(self._ring, 0, Qt.AlignmentFlag.AlignVCenter)
        layout.addWidget(self._busy)
        self._doing = ""

    @property
    def busy(self) -> str:
        """What is said to be under way."""
        return self._doing

    def set_busy(self, sentence: str) -> None:
        """Say what is under way; empty when the machine is idle."""
        self._doing = sentence
        self._busy.setText(sentence)
        self._ring.setVisible(bool(sentence))

    def set_leaving(self, what: str) -> None:
        """Say what leaves the computer now; empty where nothing does."""
        self._promise.setText(f"{what} leaves this computer" if what else PROMISE)

    def set_hint(self, sentence: str) -> None:
        """Say something for the moment, e.g. while something is dragged over the window."""
        self._busy.setText(sentence or self._doing)
        self._busy.set_role("accent" if sentence else "muted")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the ground and the line over it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("side"))
        painter.fillRect(0, 0, self.width(), 1, theme.color("line"))


def leaving(session: "Session") -> str:
    """What leaves the computer now, for a run that goes on asked for it; empty where nothing does."""
    from trasluz.ui.forms import fetched

    going_on = [run for run in session.runs if str(run.state) == "running"]
    if session.run is not None and session.run.running:
        going_on.append(session.run.folder.request)
    for run in going_on:
        for name in fetched((session.family(run.family) or {}).get("schema") or {}, run.settings):
            return f"Only the name “{name.partition(':')[2]}”"
    return ""
