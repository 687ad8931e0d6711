"""What every page is: a header with the one next step, a body, and what the window tells it."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from trasluz.ui.widgets.header import PageHeader

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from trasluz.ui.session import Session


class Page(QWidget):
    """A page of the window.

    A page is made once, at its first visit, and then entered and left. It keeps no state that matters: that is in
    the `Session`, whose signals it connects to the first time it is entered (`self.session` is None until then).

    Attributes:
        title: What the header says; a subclass sets it.
        widest: How wide its content may grow on a large screen; 0 where it uses all the room.
        overhang: How far its body reaches into the margin at the right, for a scroll bar; the header does not.
        go: Emitted with the name of the page to go to: start data model train judge use export plugins lessons.
        header: Title, subtitle and actions; `self.header.set_actions(secondary, primary)`.
        body: The layout under the header.
    """

    title = ""
    widest = 0
    overhang = 0
    go = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        # it takes the focus itself when it comes to the front: the next Tab leads to its first part
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.session: Session | None = None
        self.header = PageHeader(self.title)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 20, 24 - self.overhang, 16)
        outer.setSpacing(16)
        top = QHBoxLayout()
        top.setContentsMargins(0, 0, self.overhang, 0)
        top.addWidget(self.header)
        outer.addLayout(top)
        self.body = QVBoxLayout()
        self.body.setSpacing(16)
        outer.addLayout(self.body, 1)

    def enter(self, session: "Session") -> None:
        """Called each time the page comes to the front; calls `connect_session` the first time, then `refresh`."""
        if self.session is None:
            self.session = session
            self.connect_session(session)
        self.refresh()

    def connect_session(self, session: "Session") -> None:
        """Connect to the session's signals; called once."""

    def refresh(self) -> None:
        """Show what the session holds now."""

    def leave(self) -> None:
        """Called when another page comes to the front; stop timers here."""

    def resizeEvent(self, event: "QResizeEvent") -> None:
        """Keep lines short enough to read on a wide screen."""
        super().resizeEvent(event)
        if self.widest:
            right = max(24, self.width() - 24 - self.widest) - self.overhang
            self.layout().setContentsMargins(24, 20, right, 16)

    def accepts_drop(self, paths: list[Path]) -> bool:
        """Whether these dropped files and folders mean something to this page (plugins are the window's)."""
        return False

    def drop(self, paths: list[Path]) -> None:
        """Take what was dropped; only called after `accepts_drop` said yes."""
