"""The sheet that a model writes on: the text as it grows, and the place that the person points at."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase, QMouseEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit

from trasluz.ui import theme


class WrittenText(QPlainTextEdit):
    """Text that a model wrote, after the start that a person gave it.

    Signals:
        pointed: The pointer, or the cursor, is at that piece of what was written; -1 where it is at none.
    """

    pointed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setAccessibleName("What the model writes")
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setMouseTracking(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setPlaceholderText("Press “Write”, and it writes here, character by character.")
        self._start = 0
        self._ends: list[int] = []
        self.cursorPositionChanged.connect(lambda: self._tell(self.textCursor().position() - 1))

    def begin(self, start: str) -> None:
        """Take a fresh sheet with the start on it."""
        self.clear()
        self._ends = []
        self._insert(start, "muted")
        self._start = self._size()

    def add(self, pieces: list[str]) -> None:
        """Put pieces at the end; follows them where the end was in sight."""
        bar = self.verticalScrollBar()
        following = bar.value() >= bar.maximum() - 4
        at = self._size()
        for piece in pieces:
            at += len(piece.encode("utf-16-le")) // 2  # as Qt counts
            self._ends.append(at)
        self._insert("".join(pieces), "ink")
        if following:
            bar.setValue(bar.maximum())

    @property
    def written(self) -> str:
        """All of it, the start too."""
        return self.toPlainText()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's: say what is under the pointer."""
        super().mouseMoveEvent(event)
        self._tell(self.cursorForPosition(event.position().toPoint()).position() - 1)

    def _tell(self, place: int) -> None:
        from bisect import bisect_right

        if place < self._start or not self._ends:
            self.pointed.emit(-1)
            return
        self.pointed.emit(min(bisect_right(self._ends, place), len(self._ends) - 1))

    def _size(self) -> int:
        return self.document().characterCount() - 1  # Qt counts the end of the last paragraph

    def _insert(self, text: str, token: str) -> None:
        form = QTextCharFormat()
        form.setForeground(theme.color(token))
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(text, form)
