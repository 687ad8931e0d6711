"""The head of a page: what it is, a line about it, and what can be done, the next step last."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from .basic import Label


class PageHeader(QWidget):
    """Title, subtitle and actions; the primary action comes last, at the top right."""

    def __init__(self, title: str, subtitle: str = "", actions: tuple[QWidget, ...] = ()) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        words = QVBoxLayout()
        words.setSpacing(2)
        self._title = Label(title, "title")
        self._subtitle = Label(subtitle, "muted", wrap=True)
        self._subtitle.setVisible(bool(subtitle))
        words.addWidget(self._title)
        words.addWidget(self._subtitle)
        self._actions = QHBoxLayout()
        self._actions.setSpacing(12)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(24)
        row.addLayout(words, 1)
        row.addLayout(self._actions)
        row.setAlignment(self._actions, Qt.AlignmentFlag.AlignVCenter)
        self.set_actions(*actions)

    def set_title(self, title: str, subtitle: str | None = None) -> None:
        """Change the title and, where given, the line under it."""
        self._title.setText(title)
        if subtitle is not None:
            self.set_subtitle(subtitle)

    def set_subtitle(self, subtitle: str) -> None:
        """Change the line under the title."""
        self._subtitle.setText(subtitle)
        self._subtitle.setVisible(bool(subtitle))

    @property
    def subtitle(self) -> str:
        """The line under the title."""
        return self._subtitle.text()

    def set_actions(self, *actions: QWidget) -> None:
        """Put these at the right, the next step last; those that were there are taken away, not deleted."""
        while (item := self._actions.takeAt(0)) is not None:
            if (widget := item.widget()) is not None and widget not in actions:
                widget.setParent(None)
        for action in actions:
            self._actions.addWidget(action)
            action.show() if self.isVisible() else None
