"""The Data page: what the data holds, how many of each, what is worth a look, how it is split."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from trasluz.ui.files import choose_folder
from trasluz.ui.kinds import IN_ORDER, KindWords, words_for
from trasluz.ui.steps import plural
from trasluz.ui.widgets import Card, EmptyState, PrimaryButton, SecondaryButton, StepProgress

from .page import Page
from .photos.alphabet import AlphabetCard
from .photos.classes import ClassesCard
from .photos.gallery import MARGIN, Gallery
from .photos.problems import ProblemsCard

if TYPE_CHECKING:
    from trasluz.ui.session import Session


class DataPage(Page):
    """Classes or characters and problems at the left, the gallery at the right."""

    title = "Your data"

    def __init__(self) -> None:
        super().__init__()
        self.next = PrimaryButton("Choose a model →", lambda: self.go.emit("model"))
        self.again = SecondaryButton("Read again", self._read_again, tip="After you added, moved or removed files")
        self.header.set_actions(self.again, self.next)
        self.layout().setContentsMargins(24, 20, 24 - MARGIN, 16)
        self.header.setContentsMargins(0, 0, MARGIN, 0)
        self.classes = ClassesCard()
        self.alphabet = AlphabetCard()
        self.problems = ProblemsCard()
        self.gallery: Gallery | None = None
        self._is_away = False
        self.progress = StepProgress()
        self._looking = Card()
        self._looking.body.addWidget(self.progress)
        self.failed = EmptyState(
            "This data cannot be used", "", action="Choose another folder →", clicked=self._choose, drawing="box"
        )
        self.away = EmptyState(
            "Your data is not where it was", "", action="Show where it is →", clicked=self._find, drawing="box"
        )
        self.stack = QStackedWidget()
        self._content = QWidget()
        inner = QWidget()
        inner.setProperty("role", "page")
        left = QVBoxLayout(inner)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(12)
        left.addWidget(self.classes)
        left.addWidget(self.alphabet)
        left.addWidget(self.problems)
        left.addStretch(1)
        holder = QScrollArea()
        holder.setFixedWidth(272)
        holder.setWidgetResizable(True)
        holder.setFrameShape(QScrollArea.Shape.NoFrame)
        holder.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        holder.setWidget(inner)
        self._row = QHBoxLayout(self._content)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(16)
        self._row.addWidget(holder)
        waiting = QWidget()
        waiting_layout = QVBoxLayout(waiting)
        waiting_layout.setContentsMargins(0, 0, MARGIN, 0)
        waiting_layout.addWidget(self._looking, 0, Qt.AlignmentFlag.AlignTop)
        waiting_layout.addStretch(1)
        for widget in (waiting, self._content, self.failed, self.away):
            self.stack.addWidget(widget)
        self.body.addWidget(self.stack, 1)

    def connect_session(self, session: "Session") -> None:
        """Follow the session's data."""
        self.gallery = Gallery(session)
        self._row.addWidget(self.gallery, 1)
        self.classes.chosen.connect(lambda label: self.show_only(label=label))
        self.problems.show_asked.connect(lambda rule: self.show_only(rule=rule))
        self.alphabet.chosen.connect(lambda character: self.show_only(holds=character))
        self.gallery.cleared.connect(lambda: self.classes.choose(None))
        session.project_changed.connect(self._project_changed)
        session.data_changed.connect(self._data_changed)
        session.data_progress.connect(self._progressed)
        session.data_failed.connect(self._data_failed)
        session.data_away.connect(self._data_away)
        if session.summary is not None:
            self._data_changed()

    def _project_changed(self) -> None:
        self._is_away = False
        self.refresh()

    def refresh(self) -> None:
        """Show the data, or that it is being looked at."""
        session = self.session
        if session is None:
            return
        ready = session.summary is not None
        self.next.setEnabled(ready and not self._is_away)
        self.again.setEnabled(session.project is not None)
        if self._is_away:
            self.stack.setCurrentWidget(self.away)
        elif ready:
            self.stack.setCurrentIndex(1)
        elif self.stack.currentIndex() not in (2, 3) or session.busy:
            self.header.set_subtitle(str(session.project.data) if session.project else "")
            self.progress.show_progress("Looking at your data", None)
            self.stack.setCurrentIndex(0)

    def show_only(self, *, label: str | None = None, rule: str | None = None, holds: str = "") -> None:
        """Show the items of a class, those that a problem is about, or those that a character is in."""
        if self.gallery is not None:
            self.gallery.show_only(label=label, rule=rule, holds=holds)
            if rule is not None:
                self.classes.choose(None)

    def _data_changed(self) -> None:
        session, gallery = self.session, self.gallery
        if session is None or gallery is None or session.summary is None:
            return
        self._is_away = False
        summary = session.summary
        counts = class_counts(summary.counts)
        words = session.words
        self.header.set_title(f"Your {words.whole}", subtitle(summary, words))
        self.classes.show_counts(counts, summary.total)
        self.classes.setVisible(words.classes)
        self.alphabet.setVisible(False)
        is_made = summary.kind == "long-memory"  # new items without end: none of their characters is rare
        if not words.classes and words.look not in ("photos", "curves", "texts") and not is_made:
            self.alphabet.ask(session, words.nouns)
        self.problems.show_problems(summary.problems, words)
        gallery.open(words)
        self.refresh()

    def _progressed(self, progress: dict[str, Any]) -> None:
        if self.stack.currentIndex() in (2, 3):
            self.stack.setCurrentIndex(0)
        done, total = progress.get("done") or 0, progress.get("total")
        unit = progress.get("unit") or "files"
        detail = f"{done:,.0f} of {total:,.0f} {unit}" if total else f"{done:,.0f} {unit}"
        self.progress.show_progress(
            str(progress.get("stage") or "Looking at your data"), done / total if total else None, detail=detail
        )

    def _data_failed(self, trouble: Any) -> None:
        session = self.session
        if session is None or session.project is None:
            return
        self.failed.set_words("This data cannot be used as it is", trouble.sentence)
        self.next.setEnabled(False)
        self.stack.setCurrentIndex(2)

    def _data_away(self, folder: str) -> None:
        words = self.session.words if self.session is not None else words_for("")
        self.away.set_words(
            f"Your {words.whole} are not where they were" if words.noun != "item" else "Your data is not where it was",
            f"“{folder}” is not there. Connect the drive or put the folder back and read again, or show where it is "
            "now. The runs and models of this project work without it.",
        )
        self._is_away = True
        self.refresh()

    def _find(self) -> None:
        if self.session is not None and (folder := choose_folder(self, "Where is the data now?")):
            self._is_away = False
            self.session.point_at(Path(folder))

    def _read_again(self) -> None:
        if self.session is not None:
            self._is_away = False
            self.session.summary = None
            self.session.inspect(rebuild=True)
            self.refresh()

    def _choose(self) -> None:
        window = self.window()
        if hasattr(window, "choose_data"):
            window.choose_data()

    def accepts_drop(self, paths: list[Path]) -> bool:
        """A folder is other data; the window opens it."""
        return False


def class_counts(counts: dict[str, dict[str, int]]) -> list[tuple[str, int]]:
    """The classes with their items over all splits, by name."""
    found: dict[str, int] = {}
    for of_split in counts.values():
        for label, number in of_split.items():
            found[label] = found.get(label, 0) + number
    return sorted(found.items(), key=lambda row: row[0].casefold())


def subtitle(summary: Any, words: KindWords) -> str:
    """The line under the title: `clothing-small · 10 classes · split given by the folders: …`."""
    sums = {split: sum(labels.values()) for split, labels in summary.counts.items()}
    parts = [f"{sums.get('train', 0):,} to learn from", f"{sums.get('val', 0):,} to judge with"]
    if sums.get("test"):
        parts.append(f"{sums['test']:,} kept for the last test")
    how = "split given by the data" if summary.split_given else "split drawn evenly, the same each time"
    if summary.kind in IN_ORDER and not sums.get("test"):
        how = "the end is kept to judge with"
    what = plural(len(class_counts(summary.counts)), "class") if words.classes else plural(summary.total, words.noun)
    return f"{summary.name} · {what} · {how}: {', '.join(parts)}"
