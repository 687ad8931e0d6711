"""The text of an item, to be read and mended in place; what is typed counts in the data, the files stay as they are."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from trasluz.ui import theme
from trasluz.ui.widgets import Label, SmallButton


class _Edit(QPlainTextEdit):
    done = Signal()
    given_up = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.done.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.given_up.emit()
        else:
            super().keyPressEvent(event)


class TruthEditor(QWidget):
    """A text that can be typed over. Enter keeps it, Esc takes it back."""

    kept = Signal(str)
    left_out = Signal()

    def __init__(self, title: str = "Text") -> None:
        super().__init__()
        self._text = ""
        self._title = Label(title, "muted")
        self.edit = _Edit()
        self.edit.setAccessibleName(title)
        self.edit.setTabChangesFocus(True)
        self.edit.setFont(theme.font("body"))
        self.edit.setFixedHeight(64)
        self.edit.textChanged.connect(self._typed)
        self.edit.done.connect(self.keep)
        self.edit.given_up.connect(self.give_up)
        self.keep_button = SmallButton("Keep", self.keep, tip="Enter")
        self.back_button = SmallButton("As it was", self.give_up, tip="Esc")
        self.out_button = SmallButton("Leave it out", self.left_out.emit, tip="It is not learned from, nor judged by")
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for button in (self.keep_button, self.back_button, self.out_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self._title)
        layout.addWidget(self.edit)
        layout.addLayout(buttons)
        self._typed()

    def show_text(self, text: str, *, title: str = "") -> None:
        """Show a text as it counts now; what was typed for another is forgotten."""
        if title:
            self._title.setText(title)
            self.edit.setAccessibleName(title)
        self._text = text
        self.edit.setPlainText(text)
        self.edit.moveCursor(QTextCursor.MoveOperation.Start)

    @property
    def typed(self) -> str:
        """What stands there now, without line ends and spaces around."""
        return " ".join(self.edit.toPlainText().split())

    def keep(self) -> None:
        """Let what is typed count; nothing is no text."""
        if self.typed and self.typed != self._text:
            self._text = self.typed
            self.kept.emit(self._text)
            self._typed()

    def give_up(self) -> None:
        """Show the text as it was."""
        self.edit.setPlainText(self._text)

    def _typed(self) -> None:
        changed = bool(self.typed) and self.typed != self._text
        self.keep_button.setVisible(changed)
        self.back_button.setVisible(self.typed != self._text)
