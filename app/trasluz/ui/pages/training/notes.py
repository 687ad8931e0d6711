"""What the run had to say, and how it ended where it did not work."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from trasluz.api import Note
from trasluz.ui import theme
from trasluz.ui.pages.scrolled import scrolled
from trasluz.ui.widgets import Card, Dot, Label, LinkButton, clear_layout

_SHOWN = 4
_LEAST, _CALM = 106, 230
"""The height of the card, however few its words, and the one it has beside other cards, however many."""


class NotesCard(Card):
    """The run's sentences, the latest first; older ones unfold."""

    def __init__(self) -> None:
        super().__init__("Worth knowing")
        self._notes: list[Note] = []
        self._wanted = _LEAST
        self._all = False
        # Sentences are longer than there is room beside the curve: they scroll.
        self._inner = inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(8)
        column.addLayout(self._rows)
        self._more = LinkButton("", self._turn)
        column.addWidget(self._more, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        self._area = scrolled(inner)
        self.body.addWidget(self._area, 1)
        inner.installEventFilter(self)
        self.setMinimumHeight(_LEAST)

    def show_notes(self, notes: Sequence[Note]) -> None:
        """Show these; a sentence that repeats is shown once."""
        unique = list({note.sentence: note for note in notes}.values())
        if unique == self._notes:
            return
        self._notes = unique
        self._fill()

    def _turn(self) -> None:
        self._all = not self._all
        self._fill()

    def _fill(self) -> None:
        clear_layout(self._rows)
        shown = self._notes[::-1] if self._all else self._notes[::-1][:_SHOWN]
        for note in shown:
            row = QHBoxLayout()
            row.setSpacing(8)
            mark = Dot("warn") if note.level == "warning" else Label(" •", "muted")
            mark.setFixedWidth(14)
            row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(Label(note.sentence, "body", wrap=True, selectable=True), 1)
            self._rows.addLayout(row)
        older = len(self._notes) - _SHOWN
        self._more.setVisible(older > 0)
        self._more.setText("fewer" if self._all else f"{older} more")
        self.setVisible(bool(self._notes))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt's: other sentences, or another width."""
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize):
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        """Never be higher than the sentences need."""
        layout, width = self._inner.layout(), self._area.viewport().width()
        if layout is not None and width > 0:
            around = super().sizeHint().height() - self._area.sizeHint().height()
            self._wanted = max(_LEAST, layout.totalHeightForWidth(width) + around)
            self.setMaximumHeight(self._wanted)
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        """Qt's: all sentences, or a few where there are many."""
        return QSize(super().sizeHint().width(), min(_CALM, self._wanted))


class FailureCard(Card):
    """The sentence of a failure; what the program said underneath unfolds."""

    def __init__(self) -> None:
        super().__init__("It did not work")
        self._sentence = Label("", "body", wrap=True, selectable=True)
        self.body.addWidget(self._sentence)
        links = QHBoxLayout()
        self._unfold = LinkButton("Details", self._turn)
        self._log = LinkButton("Open the log", self._open_log)
        links.addWidget(self._unfold)
        links.addWidget(self._log)
        links.addStretch(1)
        self.body.addLayout(links)
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        self._details.setFont(theme.font("mono"))
        self._details.setMinimumHeight(160)
        self._details.setAccessibleName("Details of the failure")
        self._details.setVisible(False)
        self.body.addWidget(self._details)
        self._path = ""

    def show_failure(self, title: str, sentence: str, *, details: str, log: str) -> None:
        """Show what went wrong."""
        self.set_title(title)
        self._sentence.setText(sentence)
        self._details.setPlainText(details)
        self._unfold.setVisible(bool(details))
        self._details.setVisible(self._details.isVisible() and bool(details))
        self._path = log
        self._log.setVisible(bool(log))

    def _turn(self) -> None:
        self._details.setVisible(not self._details.isVisible())
        self._unfold.setText("Hide details" if self._details.isVisible() else "Details")

    def _open_log(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(self._path))


def titled(widget: QWidget, title: str) -> Card:
    """Put a widget into a card with that title."""
    card = Card(title)
    card.body.addWidget(widget, 1)
    return card
