"""The Keyboard overlay: a card over the window with every key and what it does."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from trasluz.ui import theme
from trasluz.ui.keyboard import GROUPS, Group, shown
from trasluz.ui.widgets.basic import Card, Label, LinkButton, Painted


class KeyboardOverlay(Painted):
    """It covers the window until Esc, a click beside the card, or its keys again. Tab does not lead out of it."""

    closed = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setAccessibleName("Keyboard")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.card = Card("Keyboard")
        self._close = LinkButton("Close", self.closed.emit, tip="Esc")
        self.card.head.addWidget(self._close)
        groups = QHBoxLayout()
        groups.setSpacing(32)
        groups.setContentsMargins(0, 4, 0, 4)
        for group in GROUPS:
            groups.addLayout(_column(group))
        self.card.body.addLayout(groups)
        layout = QVBoxLayout(self)
        layout.addWidget(self.card, 0, Qt.AlignmentFlag.AlignCenter)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt's: cover the window at every size."""
        if event.type() == QEvent.Type.Resize and watched is self.parentWidget():
            self.setGeometry(self.parentWidget().rect())
        return super().eventFilter(watched, event)

    def showEvent(self, event: QShowEvent) -> None:
        """Qt's: lie over all, and take the keys."""
        super().showEvent(event)
        self.setGeometry(self.parentWidget().rect())
        self.raise_()
        self._close.setFocus()

    def focusNextPrevChild(self, _forwards: bool) -> bool:
        """Qt's: there is nothing else to lead to, and what lies beneath can't be seen."""
        return True

    def event(self, event: QEvent) -> bool:
        """Qt's: Esc is for this, whatever it puts away elsewhere."""
        asked = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if asked and event.key() == Qt.Key.Key_Escape:  # type: ignore[attr-defined]
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: Esc closes."""
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's: a click beside the card closes."""
        event.accept()
        if not self.card.geometry().contains(event.position().toPoint()):
            self.closed.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's: dim what lies beneath."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("background", 0.82))


def _column(group: Group) -> QVBoxLayout:
    rows = QGridLayout()
    rows.setHorizontalSpacing(12)
    rows.setVerticalSpacing(6)
    rows.setColumnStretch(1, 1)
    for row, entry in enumerate(group.keys):
        caps = QHBoxLayout()
        caps.setSpacing(4)
        for key in entry.keys:
            cap = Label(shown(key), "key")
            cap.setAlignment(Qt.AlignmentFlag.AlignCenter)
            caps.addWidget(cap)
        caps.addStretch(1)
        rows.addLayout(caps, row, 0)
        rows.addWidget(Label(entry.words), row, 1)
    column = QVBoxLayout()
    column.setSpacing(10)
    column.addWidget(Label(group.title, "muted"))
    column.addLayout(rows)
    column.addStretch(1)
    return column
