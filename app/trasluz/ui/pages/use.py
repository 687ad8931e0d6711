"""Using the model: drop, paste, record or type inputs and see the answers; a folder becomes a table."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from trasluz.ui.files import choose_files, choose_folder
from trasluz.ui.kinds import KindWords, words_for
from trasluz.ui.thumbnails import Thumbnails
from trasluz.ui.widgets import Card, EmptyState, PrimaryButton, SecondaryButton, SmallButton

from .page import Page
from .standing import missing
from .using.answer import AnswerPanel, provider_words
from .using.beside import Beside, OtherChoice
from .using.drop import DropPlace
from .using.given import Given, each_of
from .using.table import FolderAnswers
from .using.tray import Tray
from .using.typed import Typed, Waiting
from .using.ways import Ways, kept, suffixes_of

if TYPE_CHECKING:
    from trasluz.ui.bridge.call import Call, Trouble
    from trasluz.ui.session import Session

    from .using.word_map import WordMapPanel
    from .using.writing import WritingPanel


_AT_ONCE = 48
"""More inputs than this become a table."""


class UsePage(Page):
    """Answers inputs with the ONNX model of the chosen run."""

    title = "Use it"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model: Path | None = None
        self._opening: Call | None = None
        self._asked: list[Call] = []
        self._goes = "model"
        self.empty = EmptyState(
            "", "", action="Choose a model →", clicked=lambda: self.go.emit(self._goes), drawing="lamp"
        )
        self.open_button = SecondaryButton("Open photos…", self.choose_photos, tip="Ctrl+O")
        self.folder_button = SecondaryButton("Open a folder…", self.choose_folder)
        self.paste_button = SecondaryButton("Paste", self.paste, tip="Ctrl+V")
        self.ways = Ways(self)
        self.camera_button, self.record_button = self.ways.camera_button, self.ways.record_button
        self._words = words_for("image-classes")
        self.writing: WritingPanel | None = None
        self.word_map: WordMapPanel | None = None
        self._does = ""
        """What the model does besides answering: `writes`, `vectors`."""
        self._hears = False
        self._unsure_below: float | None = None
        self._look_again = False
        self.export_button = PrimaryButton("Export →", lambda: self.go.emit("export"))
        self.place = DropPlace()
        self.tray, self.clear_button = Tray(), SmallButton("Clear", self._clear)
        self.tray.shown.connect(self._show_photo)
        self.answer = AnswerPanel(tall=False)
        self.answer.answered.connect(self._answered)
        self.beside = Beside()
        self.beside.answered.connect(self._answered)
        self.other = OtherChoice()
        self.other.chosen.connect(self._other_chosen)
        self._path = self._kind = ""
        self.folder = FolderAnswers()
        self.folder.opened.connect(self._open_row)
        self.folder.closed.connect(self.show_inputs)
        self.stack = QStackedWidget()
        for widget in (self.empty, self.place, self._build(), self.folder):
            self.stack.addWidget(widget)
        self.body.addWidget(self.stack, 1)

    def _build(self) -> QWidget:
        page = QWidget()
        layout = QHBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(16)
        self._side = side = Card("Photos")
        side.setFixedWidth(248)
        side.head.addWidget(self.clear_button)
        self.typed = Typed()
        self.typed.asked.connect(self.answer_texts)
        side.body.addWidget(self.typed)
        side.body.addWidget(self.tray, 1)
        side.body.addWidget(self.other)
        layout.addWidget(side)
        card = Card()
        card.body.addWidget(self.answer, 1)
        self._models = QStackedWidget()
        self._models.addWidget(card)
        self._models.addWidget(self.beside)
        self._waiting = Waiting()
        self._models.addWidget(self._waiting)
        layout.addWidget(self._models, 1)
        return page

    # what comes from the session

    def connect_session(self, session: "Session") -> None:
        """Follow the chosen run."""
        thumbnails = Thumbnails(session.host, self, size=160)
        self.tray.set_thumbnails(thumbnails)
        for signal in (session.run_changed, session.run_state_changed, session.project_changed):
            signal.connect(self._changed)
        session.runs_changed.connect(self._offer_others)

    def _changed(self, *_: object) -> None:
        # also while another page is in front: a model that has just been made is opened ahead
        self._follow_model()
        if self.isVisible():
            self.refresh()

    def refresh(self) -> None:
        """The page has come to the front."""
        self._follow_model()
        standing = missing(self.session, what="use")
        if standing is not None:
            self._goes = standing.goes
            self.empty.set_words(standing.title, standing.sentence)
            if self.empty.button is not None:
                self.empty.button.setText(standing.action)
                self.empty.button.setAccessibleName(standing.action)
            self.header.set_subtitle("")
            self.header.set_actions()
            self.stack.setCurrentWidget(self.empty)
            return
        self._show_words()
        self._offer_others()
        self._open_model(quiet=True)
        self._arrange_for_model()

    def _show_words(self) -> None:
        session = self.session
        words = session.words if session is not None else words_for("")
        if session is not None and session.summary is None:
            words = words_for(self._kind)
        before, self._words = self._words, words
        if words != before:
            self.folder.forget()
            self._clear()
        self.open_button.setText(f"Open {words.inputs}…")
        self._side.set_title(words.inputs.capitalize())
        self.typed.setVisible(not words.opens)
        self.typed.show_words(words)
        self._side.setFixedWidth(248 if words.opens else 320)
        self.tray.pictured = words.opens
        self.place.show_words(words)

    def _arrange_for_model(self) -> None:
        """A model that writes has a sheet to write on, words a map; one that answers a place for what it answers."""
        panel = self._panel()
        if panel is not None and self.session is not None and self._model is not None:
            panel.show_model(self.session, self._model)
            self.header.set_actions(*panel.at_top, self.export_button)
            self.stack.setCurrentWidget(panel)
            return
        for button in (self.camera_button, self.record_button, self.ways.listen_button):
            button.setEnabled(True)  # one may have been connected since
        self.header.set_actions(*self.ways.offered(self._words, hears=self._hears), self.export_button)
        if self.stack.currentWidget() in (self.empty, self.writing, self.word_map):
            self.show_inputs()

    def _panel(self) -> "WritingPanel | WordMapPanel | None":
        """What is shown of a model that does more than answer; made when it is first needed."""
        if self._does == "writes":
            if self.writing is None:
                from .using.writing import WritingPanel

                self.writing = WritingPanel()
                self.stack.addWidget(self.writing)
            return self.writing
        if self._does == "vectors":
            if self.word_map is None:
                from .using.word_map import WordMapPanel

                self.word_map = WordMapPanel()
                self.word_map.handed.connect(lambda: self.go.emit("start"))
                self.stack.addWidget(self.word_map)
            return self.word_map
        return None

    def _follow_model(self) -> None:
        model = self.session.model if self.session is not None else None
        if model == self._model:
            return
        self._model = model
        self.ways.stop()
        self.folder.forget()
        self._forget_answers()
        if self.stack.currentWidget() in (self.folder, self.ways.listening):
            self.show_inputs()
        self._offer_others()
        self._open_model()

    def _open_model(self, *, quiet: bool = False) -> None:
        """Have the model open, and know how it is to answer; `quiet` where it was open before."""
        model = self._model
        if model is None or self.session is None:
            return
        if quiet and self._opening is not None and not self._opening.done:
            self._look_again = True  # what is under way may have read how it answers before that was changed
            return
        self._look_again = False
        if self._opening is not None:
            self._opening.cancel()
        if not quiet:
            self._unsure_below = None
            self.header.set_subtitle("Opening the model…")
        self._opening = self.session.host.call(
            self,
            "open_model",
            {"model": str(model), "device": self.session.device},
            success=lambda found: self._opened(found, quiet=quiet),
            failure=self._not_opened,
        )

    def _opened(self, found: dict[str, Any], *, quiet: bool) -> None:
        card, before = found.get("card", {}), self._unsure_below
        self._kind = str(card.get("kind") or "")
        self._unsure_below = found.get("unsure_below")
        self._hears = bool(found.get("hears"))
        self._does = next((name for name in ("writes", "vectors") if found.get(name)), "")
        if self.stack.currentWidget() is not self.empty:
            # the page may have been entered before anybody knew what the model answers
            self._show_words()
            self._arrange_for_model()
        words = [str(card.get("title", "")), f"on the {provider_words(str(found.get('provider', '')))}"]
        if self._unsure_below is not None:
            words.append(f"“don’t know” below {self._unsure_below:.0%}")
        self.header.set_subtitle(" · ".join(filter(None, words)))
        ready = f" Ready in {found['milliseconds']:.0f} ms." if found.get("milliseconds") is not None else ""
        self.header.setToolTip(str(found.get("sentence") or "") + ready)
        if self.session is not None:
            self.session.set_step("use", f"ready on the {provider_words(str(found.get('provider', '')))}", done=True)
        # what was answered by another model, or by another threshold, is answered again
        if self.tray.tray.paths and (not quiet or before != self._unsure_below):
            self._forget_answers()
            self._predict(self.tray.tray.paths[:_AT_ONCE])
            if self._path:
                self._show_photo(self._path)
        if self._look_again:
            self._open_model(quiet=True)

    def _not_opened(self, trouble: "Trouble") -> None:
        self.header.set_subtitle(trouble.sentence)

    @property
    def words(self) -> KindWords:
        """The words for what it answers."""
        return self._words

    @property
    def model(self) -> Path | None:
        """The model that answers."""
        return self._model

    # getting inputs

    def accepts_drop(self, paths: list[Path]) -> bool:
        """Whether there is a model to answer with; before the first visit nobody knows."""
        return self.session is None or self.session.model is not None

    def drop(self, paths: list[Path]) -> None:
        """Answer what was dropped."""
        self.answer_paths(paths)

    def answer_paths(self, paths: list[Path]) -> None:
        """Answer photos one by one, or a folder, or very many, as a table; of a table of series, each of them."""
        session = self.session
        if session is None or not paths:
            return
        if self._model is None:
            session.say("There is no model to answer with yet: train one first.", "warn")
            return
        each_of(self, session, self._kind, self._words, paths, then=self._answer_each)

    def _answer_each(self, paths: list[Path]) -> None:
        session = self.session
        if session is None or self._model is None:
            return
        if len(paths) > _AT_ONCE or any(p.is_dir() for p in paths):
            other = self.other.model
            self.ways.stop()
            self.folder.start(session, self._model, paths, other=(self.other.name, other) if other else None)
            self.stack.setCurrentWidget(self.folder)
            return
        given = [str(p) for p in paths]
        self.ways.stop()
        self.folder.forget()
        self.clear_button.setText("Clear")
        self.stack.setCurrentIndex(2)
        if len(given) > 1:
            self._predict(given)
        self.tray.add(given)

    def choose_photos(self) -> None:
        """Let the person choose files."""
        names = choose_files(self, f"Open {self._words.inputs}", suffixes_of(self.session, self._words.inputs))
        self.answer_paths([Path(name) for name in names])

    def choose_folder(self) -> None:
        """Let the person choose a folder."""
        if name := choose_folder(self, "Open a folder"):
            self.answer_paths([Path(name)])

    def paste(self) -> None:
        """Take files or a picture from the clipboard."""
        session = self.session
        held = QGuiApplication.clipboard().mimeData()
        if session is None or held is None:
            return
        files = [Path(url.toLocalFile()) for url in held.urls() if url.isLocalFile()]
        if files:
            self.answer_paths(files)
        elif held.hasImage():
            image = QGuiApplication.clipboard().image()
            session.work.run(self, lambda: kept(image), success=lambda path: self.answer_paths([path]))
        else:
            session.say(
                f"There is no {self._words.input} in the clipboard: copy one, or a file, and try again.", "warn"
            )

    # answering

    def _predict(self, paths: list[str]) -> None:
        if self.session is None or self._model is None:
            return
        texts = {} if self._words.opens else {"texts": True}
        params = {"model": str(self._model), "inputs": paths, "device": self.session.device, **texts}
        self._asked.append(self.session.host.call(self, "predict", params, success=self._predicted))

    def _predicted(self, found: dict[str, Any]) -> None:
        for raw in found["predictions"]:
            answer = dict(raw)
            answer.setdefault("provider", found.get("provider", ""))
            self.tray.tray.answer(str(answer["input"]), answer)

    def _show_photo(self, path: str) -> None:
        session, model, other = self.session, self._model, self.other.model
        self._path = path
        if session is None or model is None:
            return
        known = self.tray.tray.answers.get(path)
        if other is None:
            self.beside.forget()
            self._models.setCurrentIndex(0)
            self.answer.show_input(session, model, path, known, given=Given(path, self._words))
            return
        self.answer.forget()
        self._models.setCurrentIndex(1)
        given = Given(path, self._words)
        number = session.run_number(session.run.folder.path) if session.run is not None else None
        names = (f"run {number}" if number else "this run", self.other.name)
        self.beside.show_input(session, path, models=(model, other), names=names, prediction=known, given=given)

    def _answered(self, answer: dict[str, Any]) -> None:
        self.tray.tray.answer(self._path, answer)

    # two models

    def _offer_others(self) -> None:
        if self.session is not None and self.other.show_runs(self.session):
            self._other_chosen()

    def _other_chosen(self) -> None:
        if self._path and self.tray.tray.paths:
            self._show_photo(self._path)

    # other inputs

    def answer_lines(self, lines: list[str]) -> None:
        """Look at the lines of a page one by one."""
        self.answer_paths([Path(line) for line in lines[:_AT_ONCE]])

    def answer_texts(self, texts: list[str]) -> None:
        """Answer what was typed, each line for itself."""
        if self.session is None or self._model is None or not texts:
            return
        self.stack.setCurrentIndex(2)
        if len(texts) > 1:
            self._predict(texts)
        self.tray.add(texts)

    def leave(self) -> None:
        """Another page comes to the front: camera and microphone are not left on, and nothing is written unseen."""
        self.ways.stop()
        if self.writing is not None:
            self.writing.stop()

    def _open_row(self, path: str, answer: dict[str, Any]) -> None:
        self.tray.tray.answer(path, answer)
        self.stack.setCurrentIndex(2)
        self.clear_button.setText("← All answers")
        self.tray.add([path])

    def show_inputs(self) -> None:
        """What was answered, the table that a row of was looked at, or the place for the first input."""
        self.clear_button.setText("Clear")
        table = bool(self.folder.answers.rows) and not self.tray.tray.paths
        self.stack.setCurrentIndex(3 if table else 2 if self.tray.tray.paths or not self._words.opens else 1)

    def _clear(self) -> None:
        self._forget_answers()
        self.tray.tray.clear()
        self._path = ""
        self.answer.forget()
        if not self._words.opens:
            self._waiting.wait_for(self._words.input)
            self._models.setCurrentWidget(self._waiting)
        self.beside.forget()
        self.show_inputs()

    def _forget_answers(self) -> None:
        for call in self._asked:
            call.cancel()
        self._asked.clear()
        self.tray.tray.answers.clear()

    # keys

    def event(self, event: QEvent) -> bool:
        """Qt's: on this page Open and Paste mean photos, whatever they mean elsewhere."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._mine(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: open or paste."""
        if event.matches(QKeySequence.StandardKey.Paste):
            self.paste()
        elif event.matches(QKeySequence.StandardKey.Open):
            self.choose_photos()
        else:
            super().keyPressEvent(event)

    def _mine(self, event: QKeyEvent) -> bool:
        keys = (QKeySequence.StandardKey.Paste, QKeySequence.StandardKey.Open)
        return self._model is not None and any(event.matches(key) for key in keys)
