"""A text that is typed, for models that answer texts: Enter answers it, each line is one text."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from trasluz.ui import theme
from trasluz.ui.kinds import KindWords
from trasluz.ui.widgets import Card, Label, SmallButton

MOST_AT_ONCE = 200


class _Edit(QPlainTextEdit):
    done = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = not event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain:
            self.done.emit()
        else:
            super().keyPressEvent(event)


class Typed(QWidget):
    """The field, and the button beside it."""

    asked = Signal(list)
    """The texts to be answered."""

    def __init__(self) -> None:
        super().__init__()
        self.edit = _Edit()
        self.edit.setFont(theme.font("body"))
        self.edit.setFixedHeight(92)
        self.edit.setTabChangesFocus(True)
        self.edit.setAccessibleName("A text to be answered")
        self.edit.done.connect(self.ask)
        row = QHBoxLayout()
        row.addWidget(Label("Enter · Shift+Enter: new line", "caption"), 1)
        self.button = SmallButton("Answer", self.ask, tip="Enter")
        row.addWidget(self.button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.edit)
        layout.addLayout(row)

    def show_words(self, words: KindWords) -> None:
        """Ask for inputs of this kind."""
        like = f", such as {words.example}" if words.example.startswith('"') and "." in words.example else ""
        self.edit.setPlaceholderText(f"Type or paste a {words.input}{like}…")

    def ask(self) -> None:
        """Answer what stands there."""
        texts = [line.strip() for line in self.edit.toPlainText().splitlines() if line.strip()]
        if texts:
            self.edit.clear()
            self.asked.emit(list(dict.fromkeys(texts))[:MOST_AT_ONCE])


class Waiting(Card):
    """Stands where the answer will stand, before there is one."""

    def __init__(self) -> None:
        super().__init__()
        self._words = Label("", "muted", wrap=True)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.body.addWidget(self._words, 1)

    def wait_for(self, what: str) -> None:
        """Say what is to be typed."""
        self._words.setText(f"Type a {what} at the left; its answer will stand here.")
