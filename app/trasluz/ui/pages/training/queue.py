"""The runs that wait for their turn: what they are, their order, and the one that is being trained."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from trasluz.ui.pages.scrolled import scrolled
from trasluz.ui.widgets import Card, Label, LinkButton, SmallButton, clear_layout

if TYPE_CHECKING:
    from trasluz.ui.session import Session

_ROW, _ROWS = 34, 4
_ROOM = 276
"""How wide the line of the run that is being trained may be."""


class QueueCard(Card):
    """A row for each run that waits, with buttons to move it and to take it out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Then", parent=parent)
        self._session: Session | None = None
        self._shown: object = None
        self._named: list[tuple[Path, str]] = []
        self._now = LinkButton("", self._watch, tip="Look at the run that is being trained")
        self._go_on = LinkButton("Let them go on", self._let_go, tip="The paused run stays as it is")
        inner = QWidget()
        self._rows = QGridLayout(inner)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setHorizontalSpacing(4)
        self._rows.setVerticalSpacing(4)
        self._rows.setColumnStretch(0, 1)
        self._area = scrolled(inner)
        self.body.addWidget(self._now, 0, Qt.AlignmentFlag.AlignLeft)
        self.body.addWidget(self._area)
        self.body.addWidget(self._go_on, 0, Qt.AlignmentFlag.AlignLeft)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setVisible(False)

    def follow(self, session: "Session") -> None:
        """Show that session's queue."""
        self._session = session

    def draw(self) -> None:
        """Show how the queue stands now; hidden where it says nothing."""
        session = self._session
        if session is None:
            return
        queue, chosen = session.queue, session.run.folder.path if session.run is not None else None
        waiting = queue.waiting
        training = queue.state.training if queue.state is not None else None
        elsewhere = training if training is not None and training[0] != chosen else None
        held = bool(queue.state is not None and queue.state.held and waiting)
        self.setVisible(bool(waiting or elsewhere))
        named = [(path, self._called(path, name)) for path, name in waiting]
        shown = (named, elsewhere, held, chosen)
        if shown == self._shown:
            return
        self._shown = shown
        count = len(waiting)
        title = "Then" if waiting else "Now"
        words = "wait until you go on" if held else ("waits" if count == 1 else "wait")
        self.set_title(title, f"{count} {'run' if count == 1 else 'runs'} {words}" if waiting else "")
        self._now.setVisible(elsewhere is not None)
        if elsewhere is not None:
            called = self._called(*elsewhere)
            letters, after = self._now.fontMetrics(), " is learning"
            room = _ROOM - letters.horizontalAdvance(after)
            self._now.setText(letters.elidedText(called, Qt.TextElideMode.ElideRight, room) + after)
        self._go_on.setVisible(held)
        self._fill(named, chosen)

    def _fill(self, named: list[tuple[Path, str]], chosen: Path | None) -> None:
        focus = self._focus()
        clear_layout(self._rows)
        for i, (path, title) in enumerate(named):
            label = Label("", "strong" if path == chosen else "body")
            label.setText(label.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, 168))
            label.setToolTip(title)
            self._rows.addWidget(label, i, 0)
            buttons = (
                ("↑", f"{title}: sooner", partial(self._move, path, -1), i > 0),
                ("↓", f"{title}: later", partial(self._move, path, 1), i < len(named) - 1),
                ("×", f"{title}: take out of the queue", partial(self._take_out, path), True),
            )
            for column, (sign, name, action, able) in enumerate(buttons, start=1):
                button = SmallButton(sign, action, tip=name.partition(": ")[2].capitalize())
                button.setAccessibleName(name)
                button.setFixedSize(30, 28)
                button.setEnabled(able)
                self._rows.addWidget(button, i, column)
                if (path, sign) == focus:
                    button.setFocus(Qt.FocusReason.OtherFocusReason)
        self._named = named
        self._area.setVisible(bool(named))
        self._area.setFixedHeight(_ROW * min(_ROWS, max(1, len(named))))

    def _focus(self) -> tuple[Path, str] | None:
        """The row and the button that has the keyboard, so that it keeps it while its run moves."""
        for i, (path, _) in enumerate(self._named):
            for column in (1, 2, 3):
                item = self._rows.itemAtPosition(i, column)
                widget = item.widget() if item is not None else None
                if isinstance(widget, SmallButton) and widget.hasFocus():
                    return path, widget.text()
        return None

    def _called(self, path: Path, name: str) -> str:
        number = self._session.run_number(path) if self._session is not None else None
        return f"Run {number} · {name}" if number else name

    def _watch(self) -> None:
        if self._session is not None and (path := self._session.queue.training) is not None:
            self._session.choose_run(path)

    def _let_go(self) -> None:
        if self._session is not None:
            self._session.queue.let_go()

    def _move(self, path: Path, by: int) -> None:
        if self._session is not None:
            self._session.queue.move(path, by)

    def _take_out(self, path: Path) -> None:
        if self._session is not None:
            self._session.take_out(path)
