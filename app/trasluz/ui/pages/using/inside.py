"""What can be seen of a model at work on a text: one view at a time, chosen from those that it offers."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QComboBox, QSizePolicy

from trasluz.api import view_from_json
from trasluz.ui.views import Canvas, painter_for
from trasluz.ui.widgets import Card, Label

if TYPE_CHECKING:
    from trasluz.ui.bridge.call import Call, Trouble
    from trasluz.ui.session import Session

_LOOKED_AT = 2000
"""Characters that are looked at, the last ones."""
_LEAST = 90
_FIRST = "units-over-text"


class Inside(Card):
    """A view of the model on the present text."""

    def __init__(self) -> None:
        super().__init__("Look inside")
        self._session: Session | None = None
        self._model = self._text = ""
        self._views: list[dict[str, Any]] = []
        self._calls: list[Call] = []
        self.painter: Canvas | None = None
        self.view = QComboBox()
        self.view.setAccessibleName("What to look at")
        self.view.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.view.setMinimumContentsLength(14)
        self.view.activated.connect(lambda _index: self._view_chosen())
        self.choice = QComboBox()
        self.choice.setAccessibleName("Which unit or layer")
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.setMinimumContentsLength(16)
        self.choice.activated.connect(lambda _index: self._explain())
        self.words = Label("", "muted", wrap=True)
        self.body.addWidget(self.view)
        self.body.addWidget(self.choice)
        self.body.addWidget(self.words)
        self.body.addStretch(1)

    def show_model(self, session: "Session", model: Path) -> None:
        """Ask what can be seen in a model."""
        self._cancel()
        self._session, self._model, self._text, self._views = session, str(model), "", []
        self.view.clear()
        self._set_painter(None)
        self._calls.append(session.host.call(self, "views", {"model": self._model}, success=self._offered))

    def show_text(self, text: str) -> None:
        """Look at the model on this text."""
        self._text = text[-_LOOKED_AT:]
        self._explain()

    def _offered(self, views: list[dict[str, Any]]) -> None:
        self._views = views
        self.view.addItems([view["title"] for view in views])
        # what is particular to a text tells more than what every recurrent model has
        self.view.setCurrentIndex(next((n for n, view in enumerate(views) if view["id"] == _FIRST), 0))
        self._view_chosen()

    def _view_chosen(self) -> None:
        chosen = self._chosen()
        self.choice.clear()
        self.choice.addItems(list(chosen["choices"]) if chosen else [])
        self.choice.setVisible(self.choice.count() > 0)
        self.words.setText(chosen["sentence"] if chosen else "")
        self._set_painter(None)
        self._explain()

    def _chosen(self) -> dict[str, Any] | None:
        index = self.view.currentIndex()
        return self._views[index] if 0 <= index < len(self._views) else None

    def _explain(self) -> None:
        chosen = self._chosen()
        if self._session is None or chosen is None or not self._text.strip():
            return
        self._cancel()
        params = {
            "model": self._model,
            "input": self._text,
            "view": chosen["id"],
            "choice": self.choice.currentText() or None,
            "text": True,
            "device": self._session.device,
        }
        call = self._session.host.call(self, "explain", params, success=self._came, failure=self._failed)
        self._calls.append(call)

    def _came(self, found: dict[str, Any]) -> None:
        view = view_from_json(found["view"])
        if self.painter is not None and type(self.painter.view) is type(view):
            self.painter.set_view(view)
        else:
            self._set_painter(painter_for(view))
        self._fit()

    def _failed(self, trouble: "Trouble") -> None:
        self._set_painter(None)
        self.words.setText(trouble.sentence)

    def _set_painter(self, painter: Canvas | None) -> None:
        if self.painter is not None:
            self.body.removeWidget(self.painter)
            self.painter.deleteLater()
        self.painter = painter
        if painter is not None:
            painter.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            self.body.insertWidget(3, painter)

    def _fit(self) -> None:
        if self.painter is not None:
            width = max(200, self.width() - 32)
            self.painter.setFixedHeight(max(_LEAST, round(self.painter.wanted_height(width))))

    def resizeEvent(self, event: Any) -> None:
        """Qt's: the view is as tall as its width asks."""
        super().resizeEvent(event)
        self._fit()

    def _cancel(self) -> None:
        for call in self._calls:
            call.cancel()
        self._calls.clear()
