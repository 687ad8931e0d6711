"""How good is it: the score, what is taken for what, and the photos behind each mistake."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from trasluz.api import Matrix
from trasluz.ui.thumbnails import Thumbnails
from trasluz.ui.views.matrix import MatrixPainter
from trasluz.ui.widgets import Card, EmptyState, Label, LinkButton, PrimaryButton, SecondaryButton

from .earlier import best_earlier
from .judging.classes import ClassTable
from .judging.figures import Figure
from .judging.photos import JudgedList
from .judging.verdict import Judged, Verdict, read_verdict
from .page import Page
from .scrolled import scrolled
from .standing import missing
from .using.answer import AnswerPanel, provider_words
from .words import metric_words, plurals

if TYPE_CHECKING:
    from trasluz.ui.bridge.call import Call, Trouble
    from trasluz.ui.session import Session

_UNDER_PHOTO = 335
"""Height of all that the card holds above and under the photo whose answer is explained."""
NO_BREAK = "\u00a0"
_MATRIX_TITLE = ("What is taken for what", "rows: what it is · columns: what the model says")


class JudgePage(Page):
    """Shows the judgement of the chosen run; every number opens the photos behind it."""

    title = "How good is it?"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.verdict: Verdict | None = None
        self._read_for: tuple[str, float] | None = None
        self._reading: Call | None = None
        self.empty = EmptyState("", "", action="Choose a model →", clicked=self._next, drawing="grid")
        self._empty_goes = "model"
        self.use_button = PrimaryButton("Use it →", lambda: self.go.emit("use"))
        self.better_button = SecondaryButton("Train another", lambda: self.go.emit("model"))
        self.score = Figure("Right answers", big=True)
        self.before = Figure("Before")
        self.parity = Figure("ONNX against PyTorch")
        self.speed = Figure("One photo takes")
        self.matrix = MatrixPainter(Matrix("What is taken for what", np.zeros((0, 0), dtype=int), (), ()))
        self.matrix.setAccessibleName("What is taken for what")
        self.matrix.chosen.connect(self._open_cell)
        self.matrix.cleared.connect(self._show_mistakes)
        self.table = ClassTable()
        self.table.opened.connect(self._open_class)
        self.photos = JudgedList()
        self.photos.why.connect(self._why)
        self.answer = AnswerPanel()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self._build())
        self.body.addWidget(self.stack, 1)

    def _build(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(14)
        figures = QHBoxLayout()
        figures.setSpacing(12)
        figures.addWidget(self.score, 5)
        figures.addWidget(self.before, 4)
        figures.addWidget(self.parity, 4)
        figures.addWidget(self.speed, 4)
        layout.addLayout(figures)
        lower = QHBoxLayout()
        lower.setSpacing(16)
        lower.addWidget(self._build_matrix(), 1)
        lower.addWidget(self._build_photos())
        layout.addLayout(lower, 1)
        return page

    def _build_matrix(self) -> Card:
        self._matrix_card = Card(*_MATRIX_TITLE)
        self._turn = LinkButton("class by class", self._turn_over)
        self._matrix_card.head.addWidget(self._turn)
        # in the frame it takes the room there is; only very many classes scroll
        policy = self.matrix.sizePolicy()
        policy.setHeightForWidth(False)
        self.matrix.setSizePolicy(policy)
        scroll = scrolled(self.matrix)
        self._sides = QStackedWidget()
        self._sides.addWidget(scroll)
        self._sides.addWidget(self.table)
        self._matrix_card.body.addWidget(self._sides, 1)
        return self._matrix_card

    def _build_photos(self) -> Card:
        card = Card()
        card.setFixedWidth(336)
        self._photos_card = card
        self._photos_title = Label("", "strong", wrap=True)
        self._photos_order = Label("", "muted")
        self._all = LinkButton("all mistakes", self._show_mistakes)
        self._photos_head = QWidget()
        top = QHBoxLayout(self._photos_head)
        top.setContentsMargins(0, 0, 0, 0)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._photos_title)
        words.addWidget(self._photos_order)
        top.addLayout(words, 1)
        top.addWidget(self._all, 0, Qt.AlignmentFlag.AlignTop)
        card.body.addWidget(self._photos_head)
        self._nobody = Label("", "muted", wrap=True)
        self._nobody.setAlignment(Qt.AlignmentFlag.AlignTop)
        why = QWidget()
        reason = QVBoxLayout(why)
        reason.setContentsMargins(0, 0, 0, 0)
        self._said = Label("", "muted", wrap=True)
        reason.addWidget(LinkButton("← back to the photos", self._back), 0, Qt.AlignmentFlag.AlignLeft)
        reason.addWidget(self._said)
        reason.addWidget(self.answer, 1)
        self._behind = QStackedWidget()
        for widget in (self.photos, self._nobody, scrolled(why)):
            self._behind.addWidget(widget)
        card.body.addWidget(self._behind, 1)
        return card

    # what comes from the session

    def connect_session(self, session: "Session") -> None:
        """Follow the chosen run."""
        self.photos.set_thumbnails(Thumbnails(session.host, self, size=192))
        session.run_changed.connect(self._maybe)
        session.run_state_changed.connect(self._maybe)
        session.runs_changed.connect(self._runs_changed)
        session.project_changed.connect(self._maybe)

    def refresh(self) -> None:
        """The page has come to the front."""
        self._show()

    def _maybe(self, *_: object) -> None:
        if self.isVisible():
            self._show()

    def _runs_changed(self) -> None:
        if self.isVisible() and self.verdict is not None:
            self._draw_before(self.verdict)

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

    def _read(self) -> None:
        if self.session is None or self.session.run is None:
            return
        folder = self.session.run.folder
        finished = next((e.time for e in reversed(self.session.run.events) if e.type == "finished"), 0.0)
        wanted = (str(folder.path), finished)
        if wanted == self._read_for:
            return
        self._read_for = wanted
        if self._reading is not None:
            self._reading.cancel()
        self._reading = self.session.work.run(
            self, lambda: read_verdict(folder), success=self._came, failure=self._unreadable
        )

    def _unreadable(self, trouble: "Trouble") -> None:
        self._say("The judgement cannot be read", trouble.sentence, "Look at the run →", "train")

    # drawing

    def _came(self, verdict: Verdict) -> None:
        self.verdict = verdict
        card = verdict.card
        words = metric_words(card.headline)
        noun = self._noun()
        part = {"val": "it never learned from", "test": "kept apart for the test"}.get(verdict.split, "judged")
        left_out = f" · {len(verdict.skipped)} could not be read" if verdict.skipped else ""
        self.header.set_title(self.title, f"The ONNX model, on {len(verdict.items):,} {plurals(noun)} {part}{left_out}")
        self.header.set_actions(self.better_button, self.use_button)
        between = ""
        if card.interval is not None and words.share:
            between = f"between {card.interval.low * 100:.1f} and {card.interval.high * 100:.1f}"
        elif card.interval is not None:
            between = f"between {card.interval.low:.3g} and {card.interval.high:.3g}"
        score = verdict.score
        tip = f"{words.term}; 95 % interval" + (f" ({card.interval.method})" if card.interval is not None else "")
        self.score.show_figure("–" if score is None else words.write(score), between, title=words.title, tip=tip)
        self._draw_parity(verdict)
        self._draw_speed(verdict, noun)
        self._draw_before(verdict)
        self._draw_matrix(verdict)
        self._show_mistakes()
        self.stack.setCurrentIndex(1)
        if self.session is not None and score is not None:
            self.session.set_step("judge", words.write(score), done=True)

    def _draw_matrix(self, verdict: Verdict) -> None:
        has_classes = bool(verdict.labels)
        self._matrix_card.setVisible(has_classes)
        if has_classes:
            self.matrix.set_view(verdict.matrix)
            self._fit_matrix()
            self.table.show_verdict(verdict)

    def _fit_matrix(self) -> None:
        """Let very many classes scroll instead of shrinking out of sight."""
        count = len(self.matrix.view.rows)
        self.matrix.setMinimumHeight(int(120 + count * 6.5) if count > 60 else 200)

    def _draw_parity(self, verdict: Verdict) -> None:
        parity = verdict.card.parity
        if parity is None:
            self.parity.show_figure("–", "not compared")
            return
        within = parity.max_abs_diff <= parity.tolerance
        words = metric_words(verdict.card.headline)
        self.parity.show_figure(
            f"{'✓' if within else '✗'} {_small(parity.max_abs_diff)}",
            "apart",
            role="good" if within else "bad",
            tip=f"Largest difference in any output over {parity.items:,} items; {parity.tolerance:g} is allowed. "
            f"PyTorch scores {words.write(parity.pytorch_score, decimals=2)}, "
            f"ONNX Runtime {words.write(parity.onnx_score, decimals=2)}.",
        )

    def _draw_speed(self, verdict: Verdict, noun: str) -> None:
        took = verdict.milliseconds
        if took is None:
            self.speed.show_figure("–", "not timed", title=f"One {noun} takes")
            return
        self.speed.show_figure(
            f"{took:.1f} ms" if took < 100 else f"{took / 1000:.2f} s",
            provider_words(verdict.provider),
            title=f"One {noun} takes",
            tip=f"With decoding, in batches: {verdict.items_per_second or 0:,.0f} {plurals(noun)} a second "
            f"({verdict.provider})",
        )

    def _draw_before(self, verdict: Verdict) -> None:
        previous = best_earlier(self.session, verdict.card.headline)
        words = metric_words(verdict.card.headline)
        if previous is None or verdict.score is None:
            self.before.show_figure("–", "the first model of this project", title="Before")
            return
        better = (verdict.score > previous.score) == words.higher
        mine = verdict.card.interval
        apart = None
        if mine is not None and previous.low is not None and previous.high is not None:
            apart = mine.low > previous.high or mine.high < previous.low
        verdict_words = {True: "likely real", False: "may be chance", None: ""}[apart]
        change = words.difference(verdict.score, previous.score)
        same = previous.fingerprint == verdict.card.data.fingerprint
        if previous.fingerprint and not same:
            verdict_words = "on other data"
        role: Any = "muted" if not apart or not same else ("good" if better else "bad")
        note = f"now {change}" + (f", {verdict_words.replace(' ', NO_BREAK)}" if verdict_words else "")
        self.before.show_figure(
            words.write(previous.score),
            note,
            title=f"Before: {previous.name or previous.title}",
            role=role,
            tip=f"{previous.title}. The 95 % intervals "
            + ("do not overlap." if apart else "overlap." if apart is False else "are not known."),
        )

    def _show_mistakes(self) -> None:
        verdict = self.verdict
        if verdict is None:
            return
        if self.matrix.selected is not None:
            self.matrix.selected = None
            self.matrix.update()
        wrong = verdict.mistakes()
        noun = self._noun()
        self._all.setVisible(False)
        self._list(
            f"{len(wrong):,} {'mistake' if len(wrong) == 1 else 'mistakes'}",
            "surest mistakes first",
            wrong,
            f"No mistakes on {len(verdict.items):,} {plurals(noun)}. Try it on harder ones on the Use page.",
        )

    def _open_cell(self, cell: tuple[int, int]) -> None:
        if self.verdict is None:
            return
        title, order = self.verdict.cell_title(*cell)
        self._all.setVisible(True)
        self._list(title, order, self.verdict.behind(*cell), "No photo was answered this way.")

    def _open_class(self, label: str) -> None:
        if self.verdict is None:
            return
        mine = [item for item in self.verdict.mistakes() if label in (item.target, item.answer)]
        self._all.setVisible(True)
        self._list(
            f"{len(mine):,} mistakes with {label}",
            "surest mistakes first",
            mine,
            f"Nothing goes wrong with {label}: all of them are found, and nothing else is taken for them.",
        )

    def _list(self, title: str, order: str, items: list[Judged], nobody: str) -> None:
        if self.session is None or self.session.run is None:
            return
        self._photos_title.setText(title)
        self._photos_order.setText(order if items else "")
        self._photos_order.setVisible(bool(items))
        self._nobody.setText(nobody)
        self.photos.show_items(items, self._root())
        if self._behind.currentIndex() == 2:
            self.answer.forget()
            self._photos_card.setFixedWidth(self._photos_width())
        self._photos_head.setVisible(True)
        self._behind.setCurrentIndex(0 if items else 1)

    def _why(self, path: str, item: Judged) -> None:
        session = self.session
        if session is None or session.run is None:
            return
        top = list(item.top) or ([(item.answer, item.score)] if item.score is not None else [])
        told = {"text": item.answer, "label": item.answer, "score": item.score, "top": top}
        self._said.setVisible(not item.right)
        self._said.setText("" if item.right else f"You said {item.target}. Choose it below to compare.")
        self.answer.show_input(session, Path(session.run.folder.model_folder), path, told)
        self._behind.setCurrentIndex(2)
        self._photos_head.setVisible(False)
        self._photos_card.setFixedWidth(min(460, max(336, self.width() * 3 // 8)))
        self._fit_reason()

    def _back(self) -> None:
        self.answer.forget()
        self._photos_card.setFixedWidth(self._photos_width())
        self._photos_head.setVisible(True)
        self._behind.setCurrentIndex(0)
        self.photos.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's: a wide window gives the photos more room."""
        super().resizeEvent(event)
        if self._behind.currentIndex() != 2:
            self._photos_card.setFixedWidth(self._photos_width())

        self._fit_reason()

    def _fit_reason(self) -> None:
        """Give the photo what the answer, the choices and the bars leave."""
        self.answer.set_tallest(max(170, self._photos_card.height() - _UNDER_PHOTO))

    def _photos_width(self) -> int:
        return 336 if self.width() < 1500 else 420

    def _turn_over(self) -> None:
        to_table = self._sides.currentIndex() == 0
        self._sides.setCurrentIndex(1 if to_table else 0)
        self._turn.setText("what is taken for what" if to_table else "class by class")
        self._matrix_card.set_title(*(("Class by class", "least well found first") if to_table else _MATRIX_TITLE))

    def _root(self) -> Path:
        session = self.session
        if session is None or session.run is None:
            return Path()
        request = session.run.folder.request
        return session.run.folder.inside(request.data)

    def _noun(self) -> str:
        summary = self.session.summary if self.session is not None else None
        return summary.input_name if summary is not None else "photo"


def _small(value: float) -> str:
    """Write a tiny number without an exponent, as far as that can be read: `0.0000008`."""
    if value == 0:
        return "0"
    if value < 1e-8:
        return f"{value:.0e}"
    rounded = float(f"{value:.1g}")
    return f"{rounded:.9f}".rstrip("0")
