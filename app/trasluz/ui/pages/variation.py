"""How training will see the person's data, while they choose how much each item is altered."""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QSizePolicy, QStackedLayout, QWidget

from trasluz.ui.widgets import Card, Label, SmallButton

from .training.pictures import PictureStrip, Seen

if TYPE_CHECKING:
    from trasluz.ui.bridge.call import Call, Trouble
    from trasluz.ui.session import Session

_COUNT = 6
_AFTER = 150
"""Milliseconds after the last change of a setting, so that a slider that is drawn asks once."""


class VariationCard(Card):
    """Six items, altered by the family's own code with the settings of the moment; another six at a press."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("As it will see your data", "each is altered anew in every pass", parent=parent)
        self._session: Session | None = None
        self._asked: tuple[str, dict[str, Any]] | None = None
        self._shown: object = None
        self._call: Call | None = None
        self._seed = 1
        self._noun = "item"
        self.strip = PictureStrip("Your data as it will see it")
        self.strip.expect(_COUNT)
        self.strip.setToolTip("Altered as in training; under the pointer: as it is")
        self.words = Label("", "muted", wrap=True)
        self.shuffle_button = SmallButton("Shuffle", self.shuffle, tip="Others, altered anew")
        self.head.addWidget(self.shuffle_button)
        self._holder = holder = QWidget()
        self._stack = QStackedLayout(holder)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._stack.addWidget(self.strip)
        self._stack.addWidget(self.words)
        holder.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        holder.setFixedHeight(self.strip.sizeHint().height())
        self.body.addWidget(holder)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._due = QTimer(self, interval=_AFTER, singleShot=True)
        self._due.timeout.connect(self._ask)

    def show_settings(self, session: "Session", family: str, settings: dict[str, Any]) -> None:
        """Show what these settings make of the project's items, soon."""
        self._session, self._asked = session, (family, dict(settings))
        words = session.words
        self.set_title(f"As it will see your {words.nouns}", "each is altered anew in every pass")
        if words.noun != self._noun:
            self._noun = words.noun
            self.strip.expect(_COUNT, words.look)
            self._fit()
        if self.isVisible():
            self._due.start()

    def showEvent(self, event: object) -> None:
        """Qt's: what was asked while it was hidden."""
        self._due.start(0)

    def hideEvent(self, event: object) -> None:
        """Qt's: nobody looks."""
        self._due.stop()

    def shuffle(self) -> None:
        """Show others."""
        self._seed += 1
        self._ask()

    def _ask(self) -> None:
        session = self._session
        if session is None or session.project is None or self._asked is None:
            return
        family, settings = self._asked
        asked = (family, settings, self._seed, session.project.folder)
        if asked == self._shown:
            return
        self._shown = asked
        if self._call is not None:
            self._call.cancel()
        self._call = session.host.call(
            self,
            "varied",
            {
                "family": family,
                "settings": settings,
                "index": str(session.project.index_path),
                "seed": self._seed,
                "count": _COUNT,
            },
            success=self._came,
            failure=self._failed,
        )

    def _came(self, found: dict[str, Any]) -> None:
        items = [Seen.of(item) for item in found["items"]]
        self.strip.show_items(items)
        self._fit()
        self.shuffle_button.setEnabled(bool(items))
        self.words.setText(f"With these settings it learns from every {self._noun} as it is.")
        self._stack.setCurrentWidget(self.strip if items else self.words)

    def resizeEvent(self, event: object) -> None:
        """Qt's: less room makes smaller pictures."""
        self._fit()

    def _fit(self) -> None:
        """As tall as the pictures, also while words stand in their place."""
        self._holder.setFixedHeight(self.strip.heightForWidth(max(self.strip.minimumSizeHint().width(), self._room())))

    def _room(self) -> int:
        return self._holder.width() if self._holder.width() > 1 else self.strip.sizeHint().width()

    def _failed(self, trouble: "Trouble") -> None:
        self._shown = None
        self.words.setText(trouble.sentence)
        self._stack.setCurrentWidget(self.words)
