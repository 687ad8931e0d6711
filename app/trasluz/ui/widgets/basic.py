"""Labels, buttons and cards in the roles that the style sheet knows."""

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from trasluz.ui import theme

TextRole = Literal[
    "body",
    "strong",
    "title",
    "heading",
    "number",
    "figure",
    "caption",
    "mono",
    "key",
    "muted",
    "accent",
    "good",
    "warn",
    "bad",
]


class Label(QLabel):
    """Text in a role: its font and colour follow the theme. Plain text unless `rich` is asked for."""

    def __init__(
        self, text: str = "", role: TextRole = "body", *, wrap: bool = False, selectable: bool = False
    ) -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        self.set_role(role)
        if selectable:
            self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def set_role(self, role: TextRole) -> None:
        """Change the role, e.g. from `muted` to `bad`."""
        self.setProperty("role", role)
        fonts = {"key": "caption", "muted": "body", "accent": "body", "good": "body", "warn": "body", "bad": "body"}
        self.setFont(theme.font(fonts.get(role, role)))  # type: ignore[arg-type]
        if self.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
            # one that was never dressed will be when it is first shown
            self.style().unpolish(self)
            self.style().polish(self)


class _Button(QPushButton):
    role = ""

    def __init__(self, text: str, clicked: Callable[[], object] | None = None, *, tip: str = "") -> None:
        super().__init__(text)
        if self.role:
            self.setProperty("role", self.role)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(text)
        if tip:
            self.setToolTip(tip)
        if clicked is not None:
            # the signal carries `checked`, which no caller wants
            self.clicked.connect(lambda _checked=False: clicked())


class SecondaryButton(_Button):
    """A button that is not the next step."""


class PrimaryButton(_Button):
    """The one next step of a page; its text ends with an arrow: `Choose a model →`."""

    role = "primary"


class SmallButton(_Button):
    """A small button inside a card."""

    role = "small"


class LinkButton(_Button):
    """A word that does something."""

    role = "link"


class Rule(QFrame):
    """A thin line across."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "rule")


class Card(QFrame):
    """A panel with an optional title line.

    Attributes:
        body: The layout to put things in.
        head: The title line, for something at its right: `card.head.addWidget(...)`.
    """

    def __init__(self, title: str = "", subtitle: str = "", *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 14, 16, 14)
        outer.setSpacing(10)
        self.head = QHBoxLayout()
        self.head.setSpacing(16)
        self._title = Label(title, "strong")
        self._subtitle = Label(subtitle, "muted")
        for words in (self._title, self._subtitle):
            words.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.head.addWidget(self._title)
        self.head.addWidget(self._subtitle)
        self.head.addStretch(1)
        outer.addLayout(self.head)
        self.body = QVBoxLayout()
        self.body.setSpacing(8)
        outer.addLayout(self.body, 1)
        self.set_title(title, subtitle)

    def set_title(self, title: str, subtitle: str = "") -> None:
        """Change the title line; an empty title and subtitle hide theirs."""
        self._title.setText(title)
        self._title.setVisible(bool(title))
        self._subtitle.setText(subtitle)
        self._subtitle.setVisible(bool(subtitle))
        self.setAccessibleName(title)


class Painted(QWidget):
    """A widget that paints itself from the theme: it repaints when palette, style or font change."""

    def changeEvent(self, event: QEvent) -> None:
        """Repaint when the theme changed."""
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange, QEvent.Type.FontChange):
            self.update()
        super().changeEvent(event)


def clear_layout(layout: QLayout) -> None:
    """Take everything out of a layout and delete it."""
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
        elif (inner := item.layout()) is not None:
            clear_layout(inner)
