"""How good is it: the score, what is taken for what, the photos behind each number; wrong labels are mended here."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QStackedWidget, QVBoxLayout, QWidget

from trasluz.core.differences import BETWEEN
from trasluz.core.nouns import plurals
from trasluz.ui.keyboard import bind
from trasluz.ui.kinds import BY_FORMULA, MEASURED, KindWords
from trasluz.ui.sound import Hearing
from trasluz.ui.steps import plural
from trasluz.ui.thumbnails import Thumbnails
from trasluz.ui.widgets import EmptyState, PrimaryButton, SecondaryButton

from .judging.again import learn_corrections
from .judging.behind import WHY, BehindCard
from .judging.classes import class_words
from .judging.last_test import LastTest
from .judging.measured import MeasuredCard
from .judging.photos import label_menu
from .judging.readings import Reading
from .judging.scores import ScoreRow
from .judging.sides import VERSUS, Sides
from .judging.text_sides import TextSides
from .judging.verdict import Judged, Verdict, in_a_sentence, read_verdict, root_of, words_of
from .page import Page
from .standing import missing
from .using.given import Given
from .words import metric_words

if TYPE_CHECKING:
    from trasluz.core.corrections import Correction
    from trasluz.ui.bridge.call import Call, Trouble
    from trasluz.ui.session import Session

    _Items = Sequence[Judged] | Sequence[Reading]


class JudgePage(Page):
    """Shows the judgement of the chosen run; every number opens the photos behind it."""

    title = "How good is it?"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.verdict: Verdict | None = None
        self._read_for: tuple[str, float, str] | None = None
        self._reading: Call | None = None
        self._again: Callable[[bool], None] = self._show_mistakes
        """Lists anew what is listed now, after labels have changed."""
        self._menu: QMenu | None = None
        self._explained: Judged | None = None
        self.empty = EmptyState("", "", action="Choose a model →", clicked=self._next, drawing="grid")
        self._empty_goes = "model"
        self.use_button = PrimaryButton("Use it →", lambda: self.go.emit("use"))
        self.better_button = SecondaryButton("Train another", lambda: self.go.emit("model"))
        self.again_button = SecondaryButton(
            "", self.train_again, tip="The same settings, with the labels as they are now"
        )
        self.last_test = LastTest()
        self.last_test.taken.connect(lambda verdict: self._came(verdict, None, stay=False))
        self.last_test.left.connect(lambda: self._read(anew=True))
        self.scores = ScoreRow()
        self.score, self.before, self.parity = self.scores.score, self.scores.before, self.scores.parity
        self.sides = Sides()
        self.matrix, self.table = self.sides.matrix, self.sides.table
        self.matrix.chosen.connect(self._open_cell)
        self.matrix.cleared.connect(self._show_mistakes)
        self.table.opened.connect(self._open_class)
        self.sides.turned.connect(self._turned)
        self.sides.doubt.opened.connect(self._open_unsure)
        self.sides.versus.opened.connect(self._open_pair)
        self.measured = MeasuredCard()
        self.text_sides = TextSides()
        self.text_sides.setVisible(False)
        self.text_sides.opened.connect(self._open_readings)
        self.text_sides.cleared.connect(self._show_mistakes)
        self.behind = BehindCard()
        self.photos, self.answer = self.behind.photos, self.behind.answer
        self.photos.why.connect(self._why)
        self.photos.correct.connect(self._ask_label)
        self.behind.readings.why.connect(self._why)
        self.behind.readings.correct.connect(lambda item, _at: self._ask_text(item))
        self.behind.truth.kept.connect(self._text_kept)
        self.behind.truth.left_out.connect(lambda: self._text_kept(None))
        self._mending: Judged | None = None
        self._hearing: Hearing | None = None
        self.behind.all_asked.connect(lambda: self._show_mistakes(False))
        self.behind.retrain_asked.connect(self.train_again)
        self.behind.correct_button.clicked.connect(lambda _checked=False: self._ask_explained())
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self._build())
        self.body.addWidget(self.stack, 1)

    def _build(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(14)
        layout.addWidget(self.scores)
        lower = QHBoxLayout()
        lower.setSpacing(16)
        lower.addWidget(self.measured, 1)
        lower.addWidget(self.sides, 1)
        lower.addWidget(self.text_sides, 1)
        lower.addWidget(self.behind)
        layout.addLayout(lower, 1)
        return page

    # what comes from the session

    def connect_session(self, session: "Session") -> None:
        """Follow the chosen run and the corrections."""
        self._thumbnails = Thumbnails(session.host, self, size=192)
        self._wide = Thumbnails(session.host, self, size=900)
        self.behind.set_thumbnails(self._thumbnails)
        self.behind.readings.set_thumbnails(self._wide)
        self._hearing = Hearing(session, self)
        for each in (self.photos, self.behind.readings):
            each.play.connect(self._hearing.toggle)
        session.run_changed.connect(self._maybe)
        session.run_state_changed.connect(self._maybe)
        session.runs_changed.connect(self._runs_changed)
        session.project_changed.connect(self._maybe)
        desk = session.corrections
        desk.changed.connect(self._corrected)
        self.behind.corrected.taken_back.connect(self._take_back)
        desk.said.connect(lambda sentence: self.behind.say(sentence, can_undo=desk.can_undo))
        for button in (self.behind.undo_button, self.behind.undo_link):
            button.clicked.connect(lambda _checked=False: desk.undo())
        self.behind.redo_button.clicked.connect(lambda _checked=False: desk.redo())
        bind("undo", self, desk.undo)
        bind("redo", self, desk.redo)

    def refresh(self) -> None:
        """The page has come to the front."""
        self._show()

    def _maybe(self, *_: object) -> None:
        if self.isVisible():
            self._show()

    def _runs_changed(self) -> None:
        if self.isVisible() and self.verdict is not None:
            self.scores.show_before(self.session, self.verdict)
            self._turned(self.sides.side)

    def _corrected(self) -> None:
        if self.session is not None:
            self.behind.update_corrections(self.session.corrections, self._root())
            self._draw_actions()
            self._maybe()

    def _show(self) -> None:
        standing = missing(self.session, what="judge")
        if standing is None:
            self._read()
        else:
            self._say(*standing)

    def _say(self, title: str, sentence: str, action: str, goes: str) -> None:
        self.verdict, self._read_for = None, None
        self.empty.set_words(title, sentence)
        self._empty_goes = goes
        if self.empty.button is not None:
            self.empty.button.setText(action)
            self.empty.button.setAccessibleName(action)
        self.header.set_title(self.title, "")
        self.header.set_actions()
        self.stack.setCurrentIndex(0)

    def _next(self) -> None:
        self.go.emit(self._empty_goes)

    def _read(self, *, anew: bool = False) -> None:
        if self.session is None or self.session.run is None:
            return
        folder, made = self.session.run.folder, self.session.corrections.made
        finished = next((e.time for e in reversed(self.session.run.events) if e.type == "finished"), 0.0)
        wanted = (str(folder.path), finished, made.digest if made is not None else "")
        if wanted == self._read_for and not anew:
            return
        stay = not anew and self._read_for is not None and wanted[:2] == self._read_for[:2] and self.verdict is not None
        self._read_for = wanted
        if self._reading is not None:
            self._reading.cancel()

        def reading() -> tuple[Verdict, float | None]:
            from trasluz.core.inference.doubt import Answering
            from trasluz.core.inference.model import ModelError

            threshold = None
            with suppress(ModelError):  # then it is chosen anew
                threshold = Answering.read(folder.model_folder).unsure_below
            return read_verdict(folder, made), threshold

        self._reading = self.session.work.run(
            self, reading, success=lambda found: self._came(*found, stay=stay), failure=self._unreadable
        )

    def _unreadable(self, trouble: "Trouble") -> None:
        self._say("The judgement cannot be read", trouble.sentence, "Look at the run →", "train")

    # drawing

    def _came(self, verdict: Verdict, threshold: float | None, *, stay: bool) -> None:
        session = self.session
        if session is None or session.run is None:
            return
        self.verdict = verdict
        words, noun = metric_words(verdict.card.headline), self._noun()
        self.header.set_title(self.title, in_a_sentence(verdict, noun))
        self.scores.show_verdict(verdict, noun=noun)
        self.scores.show_before(session, verdict)
        self._show_sides(verdict)
        if verdict.curve is not None:
            kept = self.sides.doubt.threshold if stay else threshold
            self.sides.doubt.show_verdict(session, verdict, session.run.folder.model_folder, kept)
        texts = verdict.readings is not None and self._words().look != "texts" and verdict.card.kind not in BY_FORMULA
        self.behind.let_correct(labels=bool(verdict.labels) and not verdict.by_steps, texts=texts)
        self.photos.can_play = self._words().look == "sounds"
        self.behind.update_corrections(session.corrections, self._root())
        self._draw_actions()
        self._turned(self.sides.side)
        if stay:
            self._again(True)
        else:
            self.photos.others = {}
            self._show_mistakes(False)
        self.stack.setCurrentIndex(1)
        if (score := verdict.score) is not None and verdict.before_test is None:
            session.set_step("judge", words.write(score), done=True)

    def _show_sides(self, verdict: Verdict) -> None:
        readings, session = verdict.readings, self.session
        self.behind.reads = readings is not None
        self.behind.corrected.pictured = self._words().look not in ("pairs", "texts")
        self.measured.setVisible(verdict.card.kind in MEASURED)
        self.sides.setVisible(readings is None)
        self.text_sides.setVisible(readings is not None)
        if readings is None:
            self.sides.show_verdict(verdict)
        elif session is not None and session.run is not None:
            self._wide.index = str(session.run.folder.index_path)
            self.text_sides.show_readings(readings, self._words(), verdict.card)
            self.behind.readings.show_kind(self._words(), by_words=readings.words)
        self.behind.fit(self.width(), shown=verdict.has_truth)

    def _draw_actions(self) -> None:
        if self.verdict is None or self.session is None:
            return
        count = len(self.session.corrections)
        self.again_button.setText(f"Train again with {count:,} correction{'' if count == 1 else 's'}")
        self.again_button.setAccessibleName(self.again_button.text())
        test = (self.last_test,) if self.last_test.offered(self.session, self.verdict) else ()
        self.header.set_actions(*test, self.again_button if count else self.better_button, self.use_button)

    def _turned(self, side: int) -> None:
        if side == VERSUS and self.session is not None and self.verdict is not None:
            self.sides.versus.show_runs(self.session)

    # what is listed

    def _list(self, title: str, order: str, items: "_Items", nobody: str, *, stay: bool, whole: bool) -> None:
        if stay and self.behind.shows == WHY:
            return  # the person is looking at one of them
        self.behind.all_link.setVisible(not whole)
        self.behind.show_photos(title, order, items, nobody=nobody, root=self._root(), stay=stay)

    def _show_mistakes(self, stay: bool = False) -> None:
        verdict = self.verdict
        if verdict is None:
            return
        self._again = self._show_mistakes
        self.sides.deselect()
        self.text_sides.deselect()
        if not stay:
            self.photos.others = {}
        if verdict.readings is not None:
            self._show_readings(stay)
            return
        wrong, nouns = verdict.mistakes(), plurals(self._noun())
        self.photos.kind = verdict.card.kind
        if verdict.card.kind in MEASURED:  # an answer is never wholly right, and every one is to be seen
            title = f"{len(verdict.items):,} forecasts"
            self._list(title, "in the order of the data", list(verdict.items), "", stay=stay, whole=True)
            if not stay and verdict.items:
                self._why(self.photos.judged.path(0), verdict.items[0])
            return
        title, order = verdict.mistakes_title(len(wrong))
        nobody = f"No mistakes on {len(verdict.items):,} {nouns}. Try it on harder ones on the Use page."
        self._list(title, order, wrong, nobody, stay=stay, whole=True)

    def _show_readings(self, stay: bool) -> None:
        assert self.verdict is not None and self.verdict.readings is not None
        wrong, nouns = self.verdict.readings.wrong, plurals(self._noun())
        title = f"{len(wrong):,} of {len(self.verdict.items):,} {nouns} with an error"
        nobody = f"Not an error on {len(self.verdict.items):,} {nouns}. Try it on harder ones on the Use page."
        self._list(title, "the worst first", wrong, nobody, stay=stay, whole=True)

    def _open_readings(self, title: str, found: Sequence[Reading]) -> None:
        keys = {reading.item.key for reading in found}

        def show(stay: bool) -> None:
            if self.verdict is not None and self.verdict.readings is not None:
                now = [row for row in self.verdict.readings.rows if row.item.key in keys]
                words = f"{title}: {plural(len(now), self._noun())}"
                self._list(words, "the worst first", now, f"{title}: there is none.", stay=stay, whole=False)

        self._open(show)

    def _open_cell(self, cell: tuple[int, int]) -> None:
        def show(stay: bool) -> None:
            if self.verdict is not None and max(cell) < len(self.verdict.labels):
                title, order = self.verdict.cell_title(*cell)
                found = self.verdict.behind(*cell)
                self._list(title, order, found, f"No {self._noun()} was answered this way.", stay=stay, whole=False)

        self._open(show)

    def _open_class(self, label: str, which: str) -> None:
        def show(stay: bool) -> None:
            if self.verdict is None:
                return
            found = self.verdict.of_class(label, which)
            title, nobody = class_words(label, which, len(found))
            order = "surest first" if which == "all" else "surest mistakes first"
            self._list(title, order, found, nobody, stay=stay, whole=False)

        self._open(show)

    def _open_unsure(self, threshold: float) -> None:
        def show(stay: bool) -> None:
            if self.verdict is not None:
                found = self.verdict.unsure(threshold)
                title = f"{len(found):,} without an answer"
                self._list(title, "wrong ones first", found, "Everything is answered.", stay=stay, whole=False)

        self._open(show)

    def _open_pair(self, keys: Sequence[str], words: str) -> None:
        def show(stay: bool) -> None:
            if self.verdict is not None:
                wanted = set(keys)
                found = [item for item in self.verdict.items if item.key in wanted]
                title = f"{len(found):,} {words}"
                self._list(title, "", found, "There are none.", stay=stay, whole=False)

        versus = self.sides.versus
        self._open(show)
        self.photos.others, self.photos.other_name = versus.answers, versus.names[1]

    def _open(self, show: Callable[[bool], None]) -> None:
        self.photos.others = {}
        self._again = show
        show(False)

    def _why(self, path: str, item: Judged) -> None:
        session = self.session
        if session is None or session.run is None:
            return
        self._explained = item
        top = list(item.top) or [(item.answer, item.score)][: item.score is not None]
        told = {"text": item.answer, "label": item.answer, "score": item.score, "top": top}
        card = self.behind if self.measured.isHidden() else self.measured
        card.show_why(item)
        place = {"part": item.part, "index": str(session.run.folder.index_path)}
        given = Given(path, self._words(), **place, text=item.asked, target=item.target)
        card.answer.show_input(session, Path(session.run.folder.model_folder), path, told, given=given)

    # wrong labels

    def _ask_explained(self) -> None:
        if self._explained is not None:
            if self.behind.reads:
                self.behind.back()
                self._ask_text(self._explained)
                return
            button = self.behind.correct_button
            self._ask_label(self._explained, button.mapToGlobal(QPoint(0, button.height())))

    def _ask_text(self, item: Judged) -> None:
        """Let the person type what it really is."""
        self._mending = item
        editor = self.behind.truth
        editor.show_text(item.target.split(BETWEEN)[0], title=f"What {Path(item.path).name} really is")
        editor.setVisible(True)
        editor.edit.setFocus()

    def _text_kept(self, text: str | None) -> None:
        if self._mending is not None:
            self.behind.truth.setVisible(False)
            self.correct(self._mending, text)

    def leave(self) -> None:
        """Another page comes to the front: it falls silent."""
        if self._hearing is not None:
            self._hearing.stop()

    def _ask_label(self, item: Judged, at: QPoint) -> None:
        if self.verdict is None or self.session is None:
            return
        labels = list(self.session.summary.labels) if self.session.summary is not None else []
        chosen = partial(self.correct, item)
        self._menu = label_menu(self, labels or self.verdict.labels, item=item, likely=item.answer, chosen=chosen)
        self._menu.popup(at)

    def correct(self, item: Judged, label: str | None) -> None:
        """Let a photo count as another class, or leave it out (None)."""
        if self.session is not None:
            self.session.corrections.correct(item.path, label, item.part)
            if self.behind.shows == WHY:
                self.behind.back()

    def _take_back(self, correction: "Correction") -> None:
        if self.session is not None:
            self.session.corrections.take_back(correction.path, correction.part)

    def train_again(self) -> None:
        """Start a run with the settings of this one on the data as it is corrected now."""
        if self.session is not None and learn_corrections(self.session):
            self.go.emit("train")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's: a wide window gives the photos more room."""
        super().resizeEvent(event)
        self.behind.fit(self.width())

    def _root(self) -> Path:
        run = self.session.run if self.session is not None else None
        return root_of(run.folder) if run is not None else Path()

    def _noun(self) -> str:
        return self._words().judged

    def _words(self) -> KindWords:
        return words_of(self.session, self.verdict)
