"""Word vectors at work: all words on a map, and what is near to what; they are handed to a translator from here."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from trasluz.api import Bars, Points, view_from_json
from trasluz.ui.pages.scrolled import scrolled
from trasluz.ui.views.bars import BarsPainter
from trasluz.ui.views.points import PointsPainter
from trasluz.ui.widgets import Card, Label, SecondaryButton, SmallButton

if TYPE_CHECKING:
    from trasluz.ui.bridge.call import Call, Trouble
    from trasluz.ui.session import Session

_MAP = "map"
_NOTHING = "…"
"""A text without a word: the map of the most frequent words alone."""
_SIDE = 340
_SHOWN = 10
_ROW = 28
_NAMES = 9
"""Names that are tried for the vectors, with a number behind the first one."""


class WordMapPanel(QWidget):
    """Asks a model of word vectors, and shows its map; a click on a word asks about it."""

    handed = Signal()
    """The vectors are kept, and a translator will begin with them."""

    def __init__(self) -> None:
        super().__init__()
        self._session: Session | None = None
        self._model: Path | None = None
        self._calls: dict[str, Call] = {}
        self._wanted: list[str] = []
        self.word = _field("A word, then Enter", "A word to look for")
        self.alike = [_field("one", "One word"), _field("another", "Another word")]
        self.analogy = [_field("man", "The first word"), _field("woman", "What belongs to it"), _field("king", "Third")]
        self.said = Label("", "strong", wrap=True)
        self.facts = Label("", "muted", wrap=True)
        self.bars = BarsPainter(Bars("Nearest words", (), ()))
        self.bars.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.bars.chosen.connect(self.ask_word)
        self.hand_button = SecondaryButton(
            "Hand them to a translator",
            self.hand_over,
            tip="Keeps the vectors; a model that turns texts into texts then begins with them, not at random",
        )
        self.at_top = (self.hand_button,)
        """What stands at the top of the page."""
        self.way = QComboBox()
        self.way.setAccessibleName("How the words are placed")
        self.way.activated.connect(lambda _index: self._ask_map(()))
        self.map_words = Label("", "muted", wrap=True)
        self.map = PointsPainter(Points("Map of words", ()))
        self.map.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.map.alone = True
        self.map.chosen.connect(self._word_chosen)
        self._connect()
        self._arrange()

    def _connect(self) -> None:
        self.word.returnPressed.connect(lambda: self.ask_word(self.word.text()))
        for fields, ask in ((self.alike, self.ask_alike), (self.analogy, self.ask_analogy)):
            for field in fields:
                field.returnPressed.connect(ask)

    def _arrange(self) -> None:
        asked = Card("Ask the words")
        asked.body.addLayout(_row(self.word, SmallButton("Near to it", lambda: self.ask_word(self.word.text()))))
        a, b, c = self.analogy
        asked.body.addSpacing(6)
        asked.body.addWidget(
            Label("As the second belongs to the first, what belongs to the third?", "caption", wrap=True)
        )
        asked.body.addLayout(_row(a, b, c, SmallButton("Find", self.ask_analogy)))
        asked.body.addSpacing(6)
        asked.body.addWidget(Label("How alike are two words used?", "caption"))
        asked.body.addLayout(_row(*self.alike, SmallButton("Compare", self.ask_alike)))
        answer = Card("Answer")
        for widget in (self.said, self.bars, self.facts):
            answer.body.addWidget(widget)
        answer.body.addStretch(1)
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(asked)
        column.addWidget(answer, 1)
        area = scrolled(side)
        area.setFixedWidth(_SIDE)
        right = Card("Map of words")
        right.head.addWidget(self.way)
        right.body.addWidget(self.map, 1)
        right.body.addWidget(self.map_words)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(16)
        layout.addWidget(area)
        layout.addWidget(right, 1)

    # what to show

    def show_model(self, session: "Session", model: Path) -> None:
        """Ask another model; its map comes by itself."""
        self._session = session
        if model == self._model:
            return
        for call in self._calls.values():
            call.cancel()
        self._calls.clear()
        self._model, self._wanted = model, []
        self._answer("", ())
        self.facts.setText("Ask about a word, or click one on the map.")
        self.map.set_view(Points("Map of words", ()))
        self.hand_button.setEnabled(True)
        self._ask("views", "views", {}, self._offered)

    def _offered(self, views: list[dict[str, Any]]) -> None:
        ways = next((list(view["choices"]) for view in views if view["id"] == _MAP), [])
        self.way.clear()
        self.way.addItems(ways)
        self.way.setVisible(len(ways) > 1)
        self._ask_map(())

    # asking

    def ask_word(self, word: str) -> None:
        """What is near to a word."""
        if word.strip():
            self.word.setText(word.strip())
            self._ask("words", "words", {"what": "nearest", "words": [word], "count": _SHOWN}, self._near_came)

    def ask_analogy(self) -> None:
        """What belongs to the third word as the second to the first."""
        if words := _written(self.analogy):
            self._ask("words", "words", {"what": "analogy", "words": words, "count": _SHOWN}, self._analogy_came)

    def ask_alike(self) -> None:
        """How alike two words are."""
        if words := _written(self.alike):
            self._ask("words", "words", {"what": "alike", "words": words}, self._alike_came)

    def _near_came(self, found: dict[str, Any]) -> None:
        self._answer(f"Near to “{found['words'][0]}”", found["top"])
        self.facts.setText(f"By the angle between the vectors, among {found['vocabulary']:,} words: 1 is the same.")
        self._show_on_map([found["words"][0], *(word for word, _ in found["top"])])

    def _analogy_came(self, found: dict[str, Any]) -> None:
        a, b, c = found["words"]
        self._answer(f"“{a}” is to “{b}” as “{c}” is to …", found["top"])
        self.facts.setText("Right answers need a large text: with a small one, look at the nearest words instead.")
        self._show_on_map([a, b, c, *(word for word, _ in found["top"][:1])])

    def _alike_came(self, found: dict[str, Any]) -> None:
        one, other = found["words"]
        self._answer(f"“{one}” and “{other}”: {found['alike']:.2f}", ())
        self.facts.setText("1: always used alike; 0: no more than any two words; below 0: in other surroundings.")
        self._show_on_map([one, other])

    def _answer(self, title: str, top: Sequence[Sequence[Any]]) -> None:
        self.said.setText(title)
        self.said.setVisible(bool(title))
        self.bars.set_view(Bars(title, [str(word) for word, _ in top], [float(score) for _, score in top], unit=""))
        self.bars.setFixedHeight(max(1, len(top)) * _ROW)
        self.bars.setVisible(bool(top))

    # the map

    def _ask_map(self, words: Sequence[str]) -> None:
        self.map_words.setText("The words are being placed…")
        choice = self.way.currentText() or None
        asked = {"input": " ".join(words) or _NOTHING, "view": _MAP, "choice": choice, "text": True}
        self._ask("map", "explain", asked, self._map_came)

    def _map_came(self, found: dict[str, Any]) -> None:
        view = view_from_json(found["view"])
        assert isinstance(view, Points)
        self.map.set_view(view)
        self.map.mark(self._wanted)
        groups = len(set(view.groups))
        self.map_words.setText(
            f"{len(view.labels):,} words in {groups} clusters: words near each other are used alike. Drag to move, "
            "scroll to zoom, click a word to ask about it."
        )

    def _show_on_map(self, words: Sequence[str]) -> None:
        """Let these words stand out; where the first is not on the map, one is made that has it."""
        self._wanted = list(words)
        if words and words[0] not in set(map(str, self.map.view.labels)) and "map" not in self._calls:
            self._ask_map(words[:1])
        else:
            self.map.mark(words)

    def _word_chosen(self, number: int) -> None:
        self.ask_word(str(self.map.view.labels[number]))

    # handing over

    def hand_over(self) -> None:
        """Keep the vectors under the project's name, and let the next translator begin with them."""
        project = self._session.project if self._session is not None else None
        name = re.sub(r"[^\w .\-]+", " ", project.name if project is not None else "").strip(" .-_")[:50] or "words"
        self.hand_button.setEnabled(False)
        self._keep([name, *(f"{name} {number}" for number in range(2, _NAMES + 1))])

    def _keep(self, names: Sequence[str]) -> None:
        def failed(trouble: "Trouble") -> None:
            if len(names) > 1:
                self._keep(names[1:])  # another's vectors have that name
                return
            self.hand_button.setEnabled(True)
            if self._session is not None:
                self._session.say(trouble.sentence, "bad")

        self._ask("keep", "keep", {"name": names[0]}, self._kept, failed, device=False)

    def _kept(self, found: dict[str, Any]) -> None:
        session = self._session
        if session is None:
            return
        session.handed[str(found["what"])] = str(found["value"])
        session.refresh_catalogue()
        session.say(
            f"Kept as “{found['title']}”. Open a table of text pairs: what learns from it begins with them.", "good"
        )
        self.handed.emit()

    # the host

    def _ask(
        self,
        what: str,
        method: str,
        asked: dict[str, Any],
        came: Callable[[Any], object],
        failed: "Callable[[Trouble], object] | None" = None,
        *,
        device: bool = True,
    ) -> None:
        """Ask the host about the model, in place of what was asked under the same name before."""
        session = self._session
        if session is None or self._model is None:
            return
        if (before := self._calls.pop(what, None)) is not None:
            before.cancel()

        def success(found: Any) -> None:
            self._calls.pop(what, None)
            came(found)

        def failure(trouble: "Trouble") -> None:
            self._calls.pop(what, None)
            (failed or self._failed)(trouble)

        more = {"device": session.device} if device and method != "views" else {}
        params = {"model": str(self._model), **asked, **more}
        self._calls[what] = session.host.call(self, method, params, success=success, failure=failure)

    def _failed(self, trouble: "Trouble") -> None:
        self._answer(trouble.sentence, ())
        self.facts.setText("")


def _field(placeholder: str, name: str) -> QLineEdit:
    field = QLineEdit()
    field.setPlaceholderText(placeholder)
    field.setAccessibleName(name)
    field.setMinimumWidth(48)  # three of them stand in a row
    return field


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(6)
    for widget in widgets:
        row.addWidget(widget, int(isinstance(widget, QLineEdit)))
    return row


def _written(fields: Sequence[QLineEdit]) -> list[str]:
    """What stands in the fields; nothing while one of them, which gets the cursor, is empty."""
    for field in fields:
        if not field.text().strip():
            field.setFocus()
            return []
    return [field.text().strip() for field in fields]
