"""One input and what the model makes of it: the answer, how sure it is, where it looked."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QSlider, QVBoxLayout, QWidget

from trasluz.api import Audio, Bars, Overlay, Reading, Samples, view_from_json
from trasluz.ui.views import Canvas, painter_for
from trasluz.ui.views.audio import AudioPainter
from trasluz.ui.views.bars import BarsPainter
from trasluz.ui.views.overlay import OverlayPainter
from trasluz.ui.widgets import Label

from .given import Given
from .near import VIEW as NEAREST
from .near import NearStrip
from .said import breakable, fact_words, in_rows, provider_words, said_words

if TYPE_CHECKING:
    from trasluz.ui.bridge.call import Call, Trouble
    from trasluz.ui.session import Session

__all__ = ["AnswerPanel", "provider_words"]

_AT_MOST = 1024
_SAYS = "what it says"
_FIRST = "the usual"
_UNLIMITED = (1 << 24) - 1


class AnswerPanel(QWidget):
    """Shows one input: asks the host for the picture, the answer and the view, and paints them as they come.

    Signals:
        answered: The prediction came, as the host gives it (`text`, `label`, `score`, `top`, `milliseconds`).
        looked: A view is asked for: of this choice, empty where there is none.
    """

    answered = Signal(dict)
    looked = Signal(str)

    def __init__(self, *, tall: bool = True) -> None:
        super().__init__()
        self._session: Session | None = None
        self._model = ""
        self._path = ""
        self._given = Given("")
        self._views: list[dict[str, Any]] = []
        self._views_of = ""
        self._explained_path = ""
        self._tallest = _UNLIMITED
        self._tall = tall
        self._bars_shown = 3 if tall else 5
        self._calls: list[Call] = []
        self._painter: Canvas | None = None
        self._strength = 0.65
        self._prediction: dict[str, Any] = {}
        self._picture = QVBoxLayout()
        # beside a view that does not show the photo itself
        self._photo = OverlayPainter(Overlay("The photo", np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1))))
        self._photo.set_strength(0.0)
        self._photo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._photo.setMinimumHeight(120)
        self._photo.setMaximumHeight(150 if tall else 320)
        self._photo.setVisible(False)
        self._asked = Label("", "strong", wrap=True, selectable=True)
        self._asked.setVisible(False)
        self._sound: AudioPainter | None = None
        self._trouble = Label("", "bad", wrap=True, selectable=True)
        self.title = Label("", "heading", wrap=True, selectable=True)
        self.facts = Label("", "muted", wrap=True)
        self._sight_title = Label("", "heading", wrap=True)
        self._sight_title.setVisible(False)
        self._look = QComboBox()
        self._look.setAccessibleName("Which class, layer or head to look at")
        self._look.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._look.setMinimumWidth(150)
        self._look.setMaximumWidth(220)
        self._look.activated.connect(lambda _index: self._explain())
        self._view = QComboBox()
        self._view.setAccessibleName("What to look at")
        self._view.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._view.activated.connect(lambda _index: self._view_chosen())
        self._heat = self._build_heat()
        self.bars = BarsPainter(Bars("What it could be", (), ()))
        self.bars.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.bars.as_high_as_needed = True  # names too long to stand beside their bars stand above them
        self.bars.chosen.connect(self._bar_chosen)
        self.near = NearStrip()
        self._row = self._build_row(tall=tall)
        self._arrange(tall=tall)

    def _build_heat(self) -> QSlider:
        heat = QSlider(Qt.Orientation.Horizontal)
        heat.setRange(0, 100)
        heat.setValue(65)
        heat.setFixedWidth(96)
        heat.setAccessibleName("Strength of the heat")
        heat.setToolTip("Strength of the heat; all the way left shows the bare picture")
        heat.valueChanged.connect(self._heat_changed)
        return heat

    def _build_row(self, *, tall: bool) -> QWidget:
        self._look_label = Label("for", "muted")
        found = QWidget()
        rows = QVBoxLayout(found)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(8)
        row = QHBoxLayout()
        row.setSpacing(8)
        if tall:
            rows.addWidget(self._view)
        else:
            row.addWidget(self._view)
        row.addWidget(self._look_label)
        row.addWidget(self._look)
        row.addStretch(1)
        rows.addLayout(row)
        self._strength_row = QWidget()
        strength = QHBoxLayout(self._strength_row)
        strength.setContentsMargins(0, 0, 0, 0)
        strength.setSpacing(8)
        if not tall:
            strength.addWidget(Label("bare picture", "muted"))
        strength.addWidget(self._heat)
        strength.addWidget(Label("heat", "muted"))
        if tall:  # in a narrow panel each row takes room from the photo
            row.addWidget(self._strength_row)
        else:
            strength.addStretch(1)
            rows.addWidget(self._strength_row)
        found.setVisible(False)
        return found

    def _arrange(self, *, tall: bool) -> None:
        words = QVBoxLayout()
        words.setSpacing(6)
        answer = QVBoxLayout() if tall else words  # under a tall panel's photo it could be out of sight
        answer.setSpacing(6)
        for widget in (self._asked, self.title, self.facts, self._trouble):
            answer.addWidget(widget)
        words.addWidget(self.bars)
        if not tall:
            words.addSpacing(10)
            words.addWidget(self.near)
            words.addWidget(self._photo, 4)
            words.addStretch(1)
        sight = QVBoxLayout()
        sight.setSpacing(8)
        self._heard = QVBoxLayout()
        sight.addLayout(self._heard)
        if tall:
            sight.addWidget(self._photo)
        sight.addWidget(self._sight_title)
        sight.addLayout(self._picture, 1)
        sight.addWidget(self._row)
        sight.addStretch(0)
        layout = QVBoxLayout(self) if tall else QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12 if tall else 24)
        if tall:
            layout.addLayout(answer)
        layout.addLayout(sight, 5)
        layout.addLayout(words, 0 if tall else 3)
        self._trouble.setVisible(False)

    # what to show

    def show_input(
        self,
        session: "Session",
        model: Path,
        path: str,
        prediction: dict[str, Any] | None = None,
        *,
        device: str = "",
        given: Given | None = None,
    ) -> None:
        """Show an input, a photo where `given` says nothing else; without a prediction it is asked for."""
        self._cancel()
        self._given = given = given or Given(path, session.words)
        self._show_kind(given)
        self._session, self._path, self._explained_path = session, path, ""
        if str(model) != self._model:
            self._model, self._views, self._views_of = str(model), [], ""
        self._device = device or session.device
        self._trouble.setVisible(False)
        self._look.setEnabled(False)
        self.title.setText("")
        self.facts.setText(given.name)
        self.bars.set_view(Bars("What it could be", (), ()))
        if given.words.look == "sounds":
            self._ask("sound", {"path": path}, self._sound_came)
        elif not given.is_text:
            self._ask("image", {"path": path, "at_most": _AT_MOST, **given.place()}, self._picture_came)
        if prediction is not None:
            self._answer(prediction)
        else:
            texts = {"texts": True} if given.is_text else {}
            params = {"model": self._model, "inputs": [given.input], "device": self._device, **texts}
            self._ask("predict", params, self._predicted)

    def set_tallest(self, height: int) -> None:
        """Let the photo be no taller than this, for what stands under it."""
        self._tallest = height
        if self._painter is not None and not isinstance(self._painter, BarsPainter):
            self._painter.setMaximumHeight(height)

    def forget(self) -> None:
        """Show nothing, and ask for nothing more."""
        self._cancel()
        self._path = self._explained_path = ""
        self._photo.setVisible(False)
        self._asked.setVisible(False)
        self._hush()
        self._set_painter(None)
        self.near.forget()
        self.title.setText("")
        self.facts.setText("")
        self._row.setVisible(False)

    @property
    def path(self) -> str:
        """The photo that is shown."""
        return self._path

    @property
    def painter(self) -> Canvas | None:
        """What paints the photo now."""
        return self._painter

    # what comes back

    def _show_kind(self, given: Given) -> None:
        self._asked.setVisible(given.is_text)
        self._asked.setText(breakable(given.input) if given.is_text else "")
        lines = given.words.look == "lines"
        self._photo.setMinimumHeight(40 if lines else 120)
        self._photo.setMaximumHeight(90 if lines else 150 if self._tall else 320)
        self._hush()
        if given.words.look != "photos":
            self._photo.setVisible(False)

    def _hush(self) -> None:
        if self._sound is not None:
            self._sound.stop()
            self._sound.setVisible(False)

    def _sound_came(self, found: dict[str, Any]) -> None:
        view = view_from_json(found["view"])
        if not isinstance(view, Audio) or isinstance(self._painter, AudioPainter):
            return  # a view with the same sound is there already
        if self._sound is None:
            self._sound = AudioPainter(view)
            self._sound.setFixedHeight(128)
            self._heard.addWidget(self._sound)
        else:
            self._sound.set_view(view)
        self._sound.setVisible(True)

    def _picture_came(self, found: dict[str, Any]) -> None:
        image = np.asarray(found["image"])
        self._photo.set_view(Overlay("The photo", image, np.zeros((1, 1))))
        if self._painter is not None and self._explained_path == self._path:
            return  # the view came first, and holds the picture
        bare = Overlay(self._path, image, np.zeros((1, 1)))
        self._show_view(bare, strength=0.0)

    def _predicted(self, found: dict[str, Any]) -> None:
        prediction = dict(found["predictions"][0])
        prediction.setdefault("provider", found.get("provider", ""))
        self._answer(prediction)
        self.answered.emit(prediction)

    def _answer(self, prediction: dict[str, Any]) -> None:
        if prediction.get("error"):
            self._unreadable(str(prediction["error"]))
            return
        self._prediction = prediction
        self._say_answer()
        self.facts.setText(fact_words(prediction, name=self._given.name, classes=self._given.words.classes))
        others = prediction.get("top") or []
        if len(others) < 2 and not self._given.words.classes:
            prediction = {**prediction, "top": []}  # the same once more
        top = [(str(label), float(value)) for label, value in list(prediction.get("top") or [])[: self._bars_shown]]
        view = Bars(
            "What it could be", [t[0] for t in top], [t[1] for t in top], highlight=prediction.get("label") or None
        )
        self.bars.set_view(view)
        self.bars.setVisible(bool(top))
        if self._views_of == self._model:
            self._explain()
        else:
            self._ask("views", {"model": self._model}, self._views_came, quiet=True)

    def _say_answer(self, column: str = "") -> None:
        said = said_words(self._prediction, classes=self._given.words.classes, column=column)
        self.title.setTextFormat(Qt.TextFormat.RichText if "\n" in said else Qt.TextFormat.PlainText)
        self.title.setText(in_rows(said) if "\n" in said else said)

    def _views_came(self, views: list[dict[str, Any]]) -> None:
        self._views, self._views_of = views, self._model
        self._view.clear()
        for view in views:
            self._view.addItem(view["title"])
            self._view.setItemData(self._view.count() - 1, view.get("sentence", ""), Qt.ItemDataRole.ToolTipRole)
        self._view.setVisible(len(views) > 1)
        self._row.setVisible(bool(views))
        self._view_chosen()

    def _view_chosen(self) -> None:
        if not self._views:
            return
        chosen = self._views[max(0, self._view.currentIndex())]
        choices = list(chosen.get("choices") or [])
        kept = self._look.currentText()
        self._look.clear()
        self._look.addItems([_SAYS if set(choices) & set(self.bars.view.labels) else _FIRST, *choices])
        self._look.setCurrentIndex(max(0, self._look.findText(kept)))
        self._look.setVisible(len(choices) > 1)
        self._look_label.setVisible(len(choices) > 1)
        self._row.setToolTip(chosen.get("sentence", ""))
        self._explain()

    def _explain(self) -> None:
        if not self._views or not self._path:
            return
        view = self._views[max(0, self._view.currentIndex())]
        choice = self._look.currentText() if self._look.currentIndex() > 0 else None
        params = {
            "model": self._model,
            "input": self._given.input,
            "view": view["id"],
            "choice": choice,
            "device": self._device,
            "text": self._given.is_text,
            "target": self._given.target,
            **self._given.place(),
        }
        self._look.setEnabled(True)
        self._say_answer(choice or "")
        self.looked.emit(choice or "")
        self._ask("explain", params, self._explained, quiet=True)
        nearest = self._nearest()
        if not self._tall and self._session is not None and nearest and view["id"] != nearest:
            self.near.ask(self._session, model=self._model, path=self._path, view=nearest, device=self._device)
        else:
            self.near.forget()

    def _nearest(self) -> str:
        """The view of the nearest training photos, by its id; each family has its own."""
        return next((str(view["id"]) for view in self._views if str(view["id"]).endswith(NEAREST)), "")

    def _explained(self, found: dict[str, Any]) -> None:
        view = view_from_json(found["view"])
        self._explained_path = self._path
        self._row.setVisible(True)
        # what the large view shows already is not shown twice
        self.near.setVisible(self.near.isVisible() and not isinstance(view, Samples))
        self._strength_row.setVisible(isinstance(view, Overlay) and np.asarray(view.heat).size > 0)
        self._sight_title.setText("" if isinstance(view, Overlay) else view.title)
        self._sight_title.setVisible(bool(self._sight_title.text()))
        self._show_view(view, strength=self._strength)

    def _cell_chosen(self, cell: int) -> None:
        """Look at a place of the picture that was clicked on; the first choice is what the model says by itself."""
        if 0 <= cell < self._look.count() - 1:
            self._look.setCurrentIndex(cell + 1)
            self._explain()

    def _bar_chosen(self, label: str) -> None:
        index = self._look.findText(label)
        if index > 0:
            self._look.setCurrentIndex(index)
            self._explain()

    # painting

    def _show_view(self, view: Any, *, strength: float) -> None:
        pictured = self._given.words.look in ("photos", "lines")
        self._photo.setVisible(pictured and not isinstance(view, Overlay | Reading))
        if isinstance(view, Audio):
            self._hush()
        if self._painter is not None and type(self._painter.view) is type(view):
            self._painter.set_view(view)
        else:
            self._set_painter(painter_for(view))
        if isinstance(self._painter, OverlayPainter):
            self._painter.set_strength(strength)

    def _set_painter(self, painter: Canvas | None) -> None:
        if self._painter is not None:
            self._picture.removeWidget(self._painter)
            self._painter.deleteLater()
        self._painter = painter
        if painter is not None:
            rows = isinstance(painter, BarsPainter)  # these need no more height than their rows
            vertical = QSizePolicy.Policy.Maximum if rows else QSizePolicy.Policy.Expanding
            painter.setSizePolicy(QSizePolicy.Policy.Expanding, vertical)
            painter.setMinimumHeight(160)
            if isinstance(painter, OverlayPainter):
                painter.chosen.connect(self._cell_chosen)
            if not rows:
                painter.setMaximumHeight(self._tallest)
            self._picture.addWidget(painter, 1)

    def _heat_changed(self, value: int) -> None:
        self._strength = value / 100
        if isinstance(self._painter, OverlayPainter):
            self._painter.set_strength(self._strength)

    # asking

    def _ask(self, method: str, params: dict[str, Any], success: Any, *, quiet: bool = False) -> None:
        if self._session is None:
            return
        failure = self._quiet if quiet else self._failed
        self._calls.append(self._session.host.call(self, method, params, success=success, failure=failure))

    def _failed(self, trouble: "Trouble") -> None:
        self._unreadable(trouble.sentence)

    def _quiet(self, trouble: "Trouble") -> None:
        self._row.setToolTip(trouble.sentence)

    def _unreadable(self, sentence: str) -> None:
        """Say why, and leave no other photo's picture standing beside it."""
        self._cancel()
        self._sight_title.setVisible(False)
        self._photo.setVisible(False)
        self._hush()
        self._set_painter(None)
        self._row.setVisible(False)
        self.near.forget()
        self.title.setText("No answer")
        self.bars.setVisible(False)
        self._say(sentence)

    def _say(self, sentence: str) -> None:
        self._trouble.setText(sentence)
        self._trouble.setVisible(True)

    def _cancel(self) -> None:
        self.near.cancel()
        for call in self._calls:
            call.cancel()
        self._calls.clear()
