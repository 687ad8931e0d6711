"""Sentences that come, are read and go: at the bottom right, over the page."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from .basic import Label, LinkButton
from .chip import Dot

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

_AT_MOST = 3


class Toast(QFrame):
    """One sentence with its mark; it stays while the mouse is on it, and a bad one stays longer."""

    def __init__(self, sentence: str, level: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.sentence = sentence
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 10, 8, 10)
        layout.setSpacing(10)
        layout.addWidget(Dot(level if level in {"good", "warn", "bad"} else "info"))  # type: ignore[arg-type]
        words = Label(sentence, wrap=True, selectable=True)
        words.setMinimumWidth(260)
        layout.addWidget(words, 1)
        layout.addWidget(LinkButton("Close", self.deleteLater))
        self.setAccessibleName(sentence)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.deleteLater)
        self._timer.start(20_000 if level == "bad" else 7_000)

    def event(self, event: QEvent) -> bool:
        """Wait while it is being read."""
        if event.type() == QEvent.Type.Enter:
            self._timer.stop()
        elif event.type() == QEvent.Type.Leave:
            self._timer.start(3_000)
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Keep the click: what lies under it is not meant."""
        event.accept()


class Toasts(QWidget):
    """The corner that they stand in."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self.hide()

    @property
    def sentences(self) -> list[str]:
        """What is shown now, the latest last."""
        found = (self._layout.itemAt(i).widget() for i in range(self._layout.count()))
        return [t.sentence for t in found if isinstance(t, Toast)]

    def show_sentence(self, sentence: str, level: str = "info") -> None:
        """Show a sentence; one that is there already is not shown twice."""
        if sentence in self.sentences:
            return
        while self._layout.count() >= _AT_MOST:
            oldest = self._layout.takeAt(0).widget()
            oldest.hide()
            oldest.deleteLater()
        toast = Toast(sentence, level, self)
        toast.destroyed.connect(self._gone)
        self._layout.addWidget(toast)
        toast.show()
        self.place()
        self.show()
        self.raise_()

    def _gone(self, _gone: "QObject | None" = None) -> None:
        if not self.sentences:
            self.hide()
        else:
            QTimer.singleShot(0, self, self.place)

    def place(self) -> None:
        """Stand at the bottom right of the window, above its bottom bar."""
        parent = self.parentWidget()
        width = min(440, parent.width() - 48)
        self.setFixedWidth(width)
        height = self._layout.heightForWidth(width) if self._layout.hasHeightForWidth() else self.sizeHint().height()
        self.setGeometry(parent.width() - width - 24, parent.height() - height - 28 - 16, width, height)
