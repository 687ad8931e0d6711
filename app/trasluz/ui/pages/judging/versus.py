"""Another run on the same photos: who is right where the other is wrong, and whether that may be chance."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from trasluz.core.runs.paired import Pair, sentence
from trasluz.ui import theme
from trasluz.ui.widgets import Label

from .figures import Figure

if TYPE_CHECKING:
    from trasluz.core.corrections import Corrections
    from trasluz.core.runs.folder import RunFolder
    from trasluz.ui.bridge.call import Call, Trouble
    from trasluz.ui.session import Session


class VersusPanel(QWidget):
    """Chooses another run and shows the four cells; each opens its photos."""

    opened = Signal(object, str)
    """The keys of the photos behind a cell, and what they are in words."""

    def __init__(self) -> None:
        super().__init__()
        self._session: Session | None = None
        self._call: Call | None = None
        self._shown_for: tuple[Any, ...] = ()
        self.pair: Pair | None = None
        self.answers: dict[str, str] = {}
        """What the other model says, by the item's key."""
        self.names = ("this run", "")
        self.choice = QComboBox()
        self.choice.setAccessibleName("Which run to compare with")
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.setMinimumContentsLength(28)
        self.choice.activated.connect(lambda _index: self._compare())
        self.words = Label("", "body", wrap=True)
        self.mine, self.theirs = Figure("This run"), Figure("")
        self.cells = FourCells()
        self.cells.chosen.connect(self._open)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        row = QHBoxLayout()
        self._label = Label("Held against", "muted")
        row.addWidget(self._label)
        row.addWidget(self.choice)
        row.addStretch(1)
        layout.addLayout(row)
        figures = QHBoxLayout()
        figures.setSpacing(12)
        figures.addWidget(self.mine)
        figures.addWidget(self.theirs)
        layout.addLayout(figures)
        layout.addWidget(self.words)
        layout.addWidget(self.cells)
        layout.addStretch(1)

    def show_runs(self, session: "Session") -> None:
        """Offer the other runs that have a model, the best first known one chosen, and compare."""
        self._session = session
        if session.run is None:
            return
        mine = session.run.folder.path
        others = [(n, r) for n, r in session.numbered_runs() if r.score is not None and Path(r.folder) != mine]
        number = session.run_number(mine)
        self.names = (f"run {number}" if number else "this run", self.names[1])
        wanted = tuple((n, str(r.folder), r.name, r.score) for n, r in others)
        held = [self.choice.itemData(i) for i in range(self.choice.count())]
        if [w[:3] for w in wanted] != [h[:3] for h in held]:
            kept = self.choice.currentData()
            self.choice.clear()
            for n, folder, name, score in wanted:
                self.choice.addItem(f"run {n}: {name}, {score:.1%}", (n, folder, name))
            rows = [w[:3] for w in wanted]
            self.choice.setCurrentIndex(rows.index(kept) if kept in rows else 0 if rows else -1)
        for widget in (self._label, self.choice, self.mine, self.theirs, self.cells):
            widget.setVisible(bool(wanted))
        if not wanted:
            self._clear("There is no other run with a model yet. Train another one, and hold them against each other.")
            return
        self._compare()

    def _compare(self) -> None:
        session, chosen = self._session, self.choice.currentData()
        if session is None or session.run is None or chosen is None:
            return
        from trasluz.core.runs.folder import RunFolder

        number, folder, _ = chosen
        mine, other, now = session.run.folder, RunFolder(Path(folder)), session.corrections.made
        wanted = (str(mine.path), folder, now.digest if now is not None else None)
        self.names = (self.names[0], f"run {number}")
        if wanted == self._shown_for:
            return
        self._shown_for = wanted
        if self._call is not None:
            self._call.cancel()
        self._call = session.work.run(self, lambda: _read(mine, other, now), success=self._came, failure=self._failed)

    def _came(self, found: "tuple[Pair | None, dict[str, str]]") -> None:
        self.pair, self.answers = found
        pair = self.pair
        for widget in (self.mine, self.theirs, self.cells):
            widget.setVisible(pair is not None)
        if pair is None:
            self._clear("These two were not judged on the same items, so they cannot be held against each other.")
            return
        first, second = self.names
        nouns = self._session.words.nouns if self._session is not None else "items"
        for figure, name, share, (low, high) in zip(
            (self.mine, self.theirs), self.names, pair.accuracy, pair.intervals, strict=True
        ):
            between = f"between {low * 100:.1f} and {high * 100:.1f}"
            figure.show_figure(
                f"{share:.1%}",
                between,
                title=f"{name[0].upper()}{name[1:]}",
                tip=f"Right answers on the {pair.items:,} {nouns} that both were judged on; Wilson's 95 % interval",
            )
        counts = (len(pair.both), len(pair.only_first), len(pair.only_second), len(pair.neither))
        self.cells.show_counts(counts, (first, second))
        apart = sum(pair.alone)
        note = f" {apart:,} {nouns} that only one of them was judged on are left aside." if apart else ""
        self.words.setText(sentence(pair, first, second, nouns=nouns) + note)
        low, high = pair.difference_interval
        self.words.setToolTip(
            f"McNemar's exact test: p = {pair.p_value:.3g}. Difference {second} − {first}: "
            f"{(pair.accuracy[1] - pair.accuracy[0]) * 100:+.1f} points, 95 % interval {low * 100:+.1f} to "
            f"{high * 100:+.1f} (Newcombe)."
        )

    def _failed(self, trouble: "Trouble") -> None:
        self._clear(trouble.sentence)

    def _clear(self, sentence: str) -> None:
        self.pair, self.answers, self._shown_for = None, {}, ()
        for widget in (self.mine, self.theirs, self.cells):
            widget.setVisible(False)
        self.words.setText(sentence)
        self.words.setToolTip("")

    def _open(self, cell: int) -> None:
        if self.pair is None:
            return
        first, second = self.names
        keys, words = (
            (self.pair.both, f"right by {first} and {second}"),
            (self.pair.only_first, f"right by {first} alone"),
            (self.pair.only_second, f"right by {second} alone"),
            (self.pair.neither, f"wrong by both {first} and {second}"),
        )[cell]
        self.opened.emit(keys, words)


class FourCells(QWidget):
    """Who is right on how many photos: two rows and two columns of buttons."""

    chosen = Signal(int)
    """0 both, 1 the first alone, 2 the second alone, 3 neither."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Who is right on how many")
        self.heads = [Label("", "muted") for _ in range(4)]
        self.buttons: list[QPushButton] = []
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 4, 0, 0)
        grid.setSpacing(8)
        for column in (0, 1):
            grid.addWidget(self.heads[column], 0, column + 1, Qt.AlignmentFlag.AlignHCenter)
            grid.addWidget(self.heads[2 + column], column + 1, 0)
            grid.setColumnStretch(column + 1, 1)
        for cell in range(4):
            button = QPushButton("")
            button.setCheckable(True)
            button.setAutoExclusive(True)
            button.setFont(theme.font("figure"))
            button.setMinimumHeight(56)
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.clicked.connect(lambda _checked=False, cell=cell: self.chosen.emit(cell))
            self.buttons.append(button)
            grid.addWidget(button, cell // 2 + 1, cell % 2 + 1)

    def show_counts(self, counts: Sequence[int], names: tuple[str, str]) -> None:
        """Show four numbers: both, the first alone, the second alone, neither."""
        first, second = names
        for head, words in zip(
            self.heads, (f"{second} right", f"{second} wrong", f"{first} right", f"{first} wrong"), strict=True
        ):
            head.setText(words)
        spoken = ("both right", f"{first} alone right", f"{second} alone right", "neither right")
        for button, count, words in zip(self.buttons, counts, spoken, strict=True):
            button.setText(f"{count:,}")
            button.setAccessibleName(f"{words}: {count:,}")
            button.setToolTip(f"{words[0].upper()}{words[1:]}; click to see which")


def _read(mine: "RunFolder", other: "RunFolder", now: "Corrections | None") -> "tuple[Pair | None, dict[str, str]]":
    """The pair, and the other's answers by key; for a thread."""
    from trasluz.core.runs.comparison import key_of, paired_runs

    pair = paired_runs(mine, other, now=now)
    if pair is None:
        return None, {}
    told = json.loads(other.judgement_path.read_bytes())
    said = {
        key_of(str(i["path"]), str(i.get("part") or "")): str(i.get("label") or i.get("text", ""))
        for i in told["items"]
    }
    return pair, said
