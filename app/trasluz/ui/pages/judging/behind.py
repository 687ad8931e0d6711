"""The card at the right of the Judge page: photos behind a number, the reason for one, and what was corrected."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from trasluz.core.corrections import Correction
from trasluz.core.differences import aligned, nearest
from trasluz.ui.corrections import CorrectionDesk
from trasluz.ui.pages.photos.truth import TruthEditor
from trasluz.ui.pages.scrolled import scrolled
from trasluz.ui.pages.using.answer import AnswerPanel
from trasluz.ui.thumbnails import Thumbnails
from trasluz.ui.widgets import Card, Label, LinkButton, SecondaryButton, SmallButton
from trasluz.ui.widgets.compared import Compared

from .photos import CorrectedList, JudgedList
from .read_rows import ReadRows
from .readings import Reading
from .steps import STEPWISE, step_words
from .verdict import Judged

PHOTOS, NOBODY, WHY, CORRECTED, READ = range(5)
_NEWS_LASTS = 12_000
_UNDER_PHOTO = 335
"""Height of all that the card holds above and under the photo whose answer is explained."""


class BehindCard(Card):
    """Shows one of five: photos, that there are none, why one is answered so, corrections, answers that are texts."""

    all_asked = Signal()
    """Show all mistakes again."""
    retrain_asked = Signal()
    """Train again, with the corrections."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(336)
        self._room = 1024
        self.photos = JudgedList()
        self.corrected = CorrectedList()
        self.readings = ReadRows()
        self.reads = False
        """Whether answers are texts."""
        self.truth = TruthEditor()
        self.truth.setVisible(False)
        self.answer = AnswerPanel()
        self._title = Label("", "strong", wrap=True)
        self._order = Label("", "muted", wrap=True)
        self.all_link = LinkButton("all mistakes", self.all_asked.emit)
        self.corrections_link = LinkButton("", self.show_corrections, tip="What you corrected, to look at or take back")
        self.corrections_link.setVisible(False)
        self._head = QWidget()
        top = QHBoxLayout(self._head)
        top.setContentsMargins(0, 0, 0, 0)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._order)
        links = QVBoxLayout()
        links.setSpacing(2)
        links.addWidget(self.all_link, 0, Qt.AlignmentFlag.AlignRight)
        links.addWidget(self.corrections_link, 0, Qt.AlignmentFlag.AlignRight)
        links.addStretch(1)
        top.addLayout(words, 1)
        top.addLayout(links)
        self.body.addWidget(self._head)
        self._nobody = Label("", "muted", wrap=True)
        self._nobody.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.stack = QStackedWidget()
        for widget in (self.photos, self._nobody, scrolled(self._build_why()), self._build_corrected(), self.readings):
            self.stack.addWidget(widget)
        self.body.addWidget(self.stack, 1)
        self.body.addWidget(self.truth)
        self._news = QWidget()
        news = QHBoxLayout(self._news)
        news.setContentsMargins(0, 0, 0, 0)
        self._news_words = Label("", "muted", wrap=True)
        self.undo_link = LinkButton("undo", tip="Ctrl+Z")
        news.addWidget(self._news_words, 1)
        news.addWidget(self.undo_link, 0, Qt.AlignmentFlag.AlignTop)
        self.body.addWidget(self._news)
        self._news.setVisible(False)
        self._news_over = QTimer(self, interval=_NEWS_LASTS, singleShot=True)
        self._news_over.timeout.connect(lambda: self._news.setVisible(False))

    def let_correct(self, *, labels: bool, texts: bool) -> None:
        """Offer to mend what is listed, or not: classes, or texts."""
        self.photos.can_correct, self.readings.can_correct = labels, texts
        self.correct_button.setVisible(labels or texts)

    def say(self, sentence: str, *, can_undo: bool) -> None:
        """Say for a while what was just corrected, with a way back."""
        self._news_words.setText(sentence)
        self.undo_link.setVisible(can_undo)
        self._news.setVisible(True)
        self._news_over.start()

    def _build_why(self) -> QWidget:
        why = QWidget()
        reason = QVBoxLayout(why)
        reason.setContentsMargins(0, 0, 0, 0)
        self.said = Label("", "muted", wrap=True)
        self.compared = Compared()
        self.compared.setVisible(False)
        top = QHBoxLayout()
        top.addWidget(LinkButton("← back to the list", self.back))
        top.addStretch(1)
        self.correct_button = SmallButton("Correct…", tip="Say what it really is, or leave it out")
        top.addWidget(self.correct_button)
        reason.addLayout(top)
        reason.addWidget(self.said)
        reason.addWidget(self.compared)
        reason.addWidget(self.answer, 1)
        return why

    def _build_corrected(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        row = QHBoxLayout()
        row.setSpacing(6)
        self.undo_button = SmallButton("Undo", tip="Ctrl+Z")
        self.redo_button = SmallButton("Redo", tip="Ctrl+Shift+Z")
        row.addWidget(self.undo_button)
        row.addWidget(self.redo_button)
        row.addStretch(1)
        layout.addLayout(row)
        layout.addWidget(self.corrected, 1)
        self.retrain_button = SecondaryButton("Train again with corrections", self.retrain_asked.emit)
        layout.addWidget(self.retrain_button)
        return page

    def set_thumbnails(self, thumbnails: Thumbnails) -> None:
        """Where pictures come from."""
        self.photos.set_thumbnails(thumbnails)
        self.readings.set_thumbnails(thumbnails)
        self.corrected.set_thumbnails(thumbnails)

    # what is shown

    @property
    def shows(self) -> int:
        """Which of the four."""
        return self.stack.currentIndex()

    def show_photos(
        self,
        title: str,
        order: str,
        items: Sequence[Judged] | Sequence[Reading],
        *,
        nobody: str,
        root: Path,
        stay: bool = False,
    ) -> None:
        """Show photos, or a sentence where there are none."""
        self._title.setText(title)
        self._order.setText(order if items else "")
        self._order.setVisible(bool(items))
        self._nobody.setText(nobody)
        (self.readings if self.reads else self.photos).show_items(items, root, stay=stay)
        self.truth.setVisible(False)
        if self.shows == WHY:
            self.answer.forget()
        self._to((READ if self.reads else PHOTOS) if items else NOBODY)

    def show_why(self, item: Judged) -> None:
        """Bring the reason to the front; the answer panel is asked by the page."""
        self.said.setVisible(not item.right)
        said = "" if item.right else f"You said {item.target}. Choose it below to compare."
        self.said.setText(" · ".join(step_words(item.target, item.answer)) if self.photos.kind in STEPWISE else said)
        self.compared.setVisible(self.reads)
        if self.reads:
            words = self.readings.by_words
            truth = nearest(item.target, item.answer, words=words)
            self.said.setText(f"It is: {truth}")
            self.said.setVisible(True)
            self.compared.show_steps(aligned(truth, item.answer, words=words), words=words)
        self._to(WHY)

    def show_corrections(self) -> None:
        """Bring the list of corrections to the front."""
        if self.shows == WHY:
            self.answer.forget()
        self._to(CORRECTED)
        self._title.setText("Your corrections")
        self._order.setText("Your files stay as they are")
        self._order.setVisible(True)
        self.all_link.setVisible(True)

    def update_corrections(self, desk: CorrectionDesk, root: Path) -> None:
        """Show what is corrected now."""
        made: list[Correction] = list(desk.made)[::-1] if desk.made is not None else []
        count = len(made)
        self.corrections_link.setText(f"corrections ({count:,})")
        self.corrections_link.setVisible(bool(count) or desk.can_redo)
        self.undo_button.setEnabled(desk.can_undo)
        self.redo_button.setEnabled(desk.can_redo)
        self.corrected.show_items(made, root, stay=True)
        words = f"Train again with {count:,} correction{'' if count == 1 else 's'}"
        self.retrain_button.setText(words)
        self.retrain_button.setAccessibleName(words)
        self.retrain_button.setEnabled(bool(count))
        if self.shows == CORRECTED and not count and not desk.can_redo:
            self.all_asked.emit()

    def back(self) -> None:
        """From the reason to the photos."""
        self.answer.forget()
        self._to(READ if self.reads else PHOTOS)
        (self.readings if self.reads else self.photos).setFocus()

    def _to(self, which: int) -> None:
        self.stack.setCurrentIndex(which)
        if which != READ:
            self.truth.setVisible(False)
        self._head.setVisible(which != WHY)
        self.corrections_link.setEnabled(which != CORRECTED)
        self.fit(self._room)

    def fit(self, room: int, *, shown: bool | None = None) -> None:
        """Take the width that suits a page of this width, and give the photo what the words around it leave."""
        if shown is not None:
            self.setVisible(shown)
        self._room = room
        plain = 336 if room < 1500 else 420
        if self.reads:
            self.setFixedWidth(min(760, max(460, room // 2)))
            self.answer.set_tallest(max(170, self.height() - _UNDER_PHOTO))
            return
        self.setFixedWidth(min(460, max(plain, room * 3 // 8)) if self.shows == WHY else plain)
        self.answer.set_tallest(max(170, self.height() - _UNDER_PHOTO))
