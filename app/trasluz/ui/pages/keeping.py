"""Keeping what a run made, so that later runs start from it: a line, a button, and the name."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from trasluz.ui.asking import ask_for_name
from trasluz.ui.widgets import Label, Rule, SecondaryButton

if TYPE_CHECKING:
    from trasluz.ui.bridge.call import Trouble
    from trasluz.ui.session import Session


class KeepRow(QWidget):
    """Offers to keep what later runs could start from; not there for a model that has nothing of the kind.

    Signals:
        failed: It could not be kept; the sentence.
    """

    failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._session: Session | None = None
        self._model: Path | None = None
        self._what = ""
        self.words = Label("", "muted", wrap=True)
        self.button = SecondaryButton("", self.ask_name)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.words, 1)
        row.addWidget(self.button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.setSpacing(12)
        layout.addWidget(Rule())
        layout.addLayout(row)
        self.setVisible(False)

    def show_model(self, session: "Session", model: Path | None) -> None:
        """Ask the host what can be kept of a model, and offer that."""
        self._session, self._model = session, model
        self._offer("")
        if model is None:
            return

        def came(found: dict[str, Any]) -> None:
            if model == self._model:
                self._offer(str(found.get("what") or ""))

        session.host.call(self, "keepable", {"model": str(model)}, success=came, failure=lambda _trouble: None)

    def ask_name(self) -> None:
        """Let the person give the name under which it is kept."""
        project = self._session.project if self._session is not None else None
        ask_for_name(
            self,
            "keep",
            f"Keep the {self._what}",
            "Under this name it is offered on the Model page, in every project:",
            self.keep_as,
            text=project.name if project is not None else "",
        )

    def keep_as(self, name: str) -> None:
        """Keep it under a name, in the host."""
        if self._session is None or self._model is None:
            return
        self.button.setEnabled(False)
        asked = {"model": str(self._model), "name": name}
        self._session.host.call(self, "keep", asked, success=self._kept, failure=self._not_kept)

    def _offer(self, what: str) -> None:
        self._what = what
        self.setVisible(bool(what))
        self.button.setEnabled(True)
        self.button.setText(f"Keep the {what}…")
        self.button.setAccessibleName(f"Keep the {what} for later runs")
        self.words.setText(f"Later runs can start from the {what} that this one made.")

    def _kept(self, found: dict[str, Any]) -> None:
        self.button.setEnabled(True)
        words = f"The {found['what']} is kept as “{found['title']}”."
        self.words.setText(f"✓  {words} Choose it on the Model page, under “Advanced”.")
        self.failed.emit("")
        if self._session is not None:
            self._session.say(words, "good")
            self._session.refresh_catalogue()

    def _not_kept(self, trouble: "Trouble") -> None:
        self.button.setEnabled(True)
        self.failed.emit(trouble.sentence)
