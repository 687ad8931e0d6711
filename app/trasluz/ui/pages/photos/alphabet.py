"""The characters of the texts: those that are too rare to be learned first, each opens the texts that it is in."""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from trasluz.ui import theme
from trasluz.ui.widgets import Card, Label, LinkButton
from trasluz.ui.widgets.basic import Painted

if TYPE_CHECKING:
    from trasluz.ui.bridge.call import Call
    from trasluz.ui.session import Session

_CELL, _TALL, _GAP = 34.0, 40.0, 4.0
_SHOWN = 24


class Characters(Painted):
    """Characters in cells, each with its count; a click, or Enter on the marked one, chooses it."""

    chosen = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[dict[str, Any]] = []
        self._current = -1
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(name)

    def show_rows(self, rows: list[dict[str, Any]]) -> None:
        """Show these."""
        self._rows, self._current = rows, -1
        self.setAccessibleDescription(", ".join(f"{r['name']}: {r['texts']}" for r in rows))
        self.updateGeometry()
        self.update()

    def _columns(self, width: float) -> int:
        return max(1, int((width + _GAP) // (_CELL + _GAP)))

    def heightForWidth(self, width: int) -> int:
        """Qt's: as many rows as it takes."""
        rows = -(-len(self._rows) // self._columns(width))
        return int(rows * (_TALL + _GAP))

    def sizeHint(self) -> QSize:
        """Qt's."""
        return QSize(200, self.heightForWidth(max(120, self.width())))

    def _place(self, at: int) -> QRectF:
        row, column = divmod(at, self._columns(self.width()))
        return QRectF(column * (_CELL + _GAP), row * (_TALL + _GAP), _CELL, _TALL)

    def _at(self, event: QMouseEvent) -> int:
        return next((i for i in range(len(self._rows)) if self._place(i).contains(event.position())), -1)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's: the name and the counts in the tip."""
        at = self._at(event)
        row = self._rows[at] if at >= 0 else None
        self.setToolTip(
            f"{row['name']}: {row['count']:,} in {row['texts']:,}, {row['learned']:,} of these to learn from"
            if row
            else ""
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's: choose it."""
        self._choose(self._at(event))

    def keyPressEvent(self, event: Any) -> None:
        """Qt's: the arrows go through them, Enter chooses."""
        steps = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}
        columns = self._columns(self.width())
        steps |= {Qt.Key.Key_Down: columns, Qt.Key.Key_Up: -columns}
        if event.key() in steps:
            self._current = min(len(self._rows) - 1, max(0, self._current + steps[event.key()]))
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose(self._current)
        else:
            super().keyPressEvent(event)

    def _choose(self, at: int) -> None:
        self._current = at
        self.update()
        if 0 <= at < len(self._rows):
            self.chosen.emit(self._rows[at]["character"])

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's: the cells."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for i, row in enumerate(self._rows):
            place = self._place(i)
            painter.setPen(QPen(theme.color("accent"), 1.5) if i == self._current else Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("chip"))
            painter.drawRoundedRect(place.adjusted(1, 1, -1, -1), 5, 5)
            painter.setFont(theme.font("strong"))
            painter.setPen(theme.color("ink"))
            character = {" ": "␣", "\xa0": "⍽"}.get(row["character"], row["character"])
            painter.drawText(place.adjusted(0, 2, 0, -16), Qt.AlignmentFlag.AlignCenter, character)
            painter.setFont(theme.font("caption"))
            painter.setPen(theme.color("bad" if not row["learned"] else "muted"))
            painter.drawText(place.adjusted(0, 20, 0, 0), Qt.AlignmentFlag.AlignCenter, _count(row["texts"]))


class AlphabetCard(Card):
    """Asks the host for the characters of the data and shows the rare ones; the others unfold."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__("Alphabet")
        self._call: Call | None = None
        self._all: list[dict[str, Any]] = []
        self._unfolded = False
        self.said = Label("", "muted", wrap=True)
        self.rare = Characters("Rare characters")
        self.more = LinkButton("", self._turn)
        self.others = Characters("All other characters")
        for widget in (self.said, self.rare, self.more, self.others):
            self.body.addWidget(widget)
        for characters in (self.rare, self.others):
            characters.chosen.connect(self.chosen)
        self.setVisible(False)

    def ask(self, session: "Session", noun: str) -> None:
        """Ask what the open data has."""
        if self._call is not None:
            self._call.cancel()
        index = session.index
        if index is None:
            return
        self._call = session.host.call(
            self,
            "alphabet",
            {"index": str(index.at)},
            success=lambda found: self.show_found(found, noun),
            failure=lambda _trouble: self.setVisible(False),
        )

    def show_found(self, found: dict[str, Any], noun: str) -> None:
        """Show the characters that were counted."""
        rows, few = found["characters"], found["few"]
        self._all = rows
        rare = [row for row in rows if row["learned"] < few]
        never = sum(not row["learned"] for row in rows)
        self.set_title("Alphabet", f"{len(rows):,}")
        words = f"{len(rows):,} characters; none is rare."
        if rare:
            words = f"{len(rare):,} are in fewer than {few} {noun} to learn from and will hardly be learned."
        if never:
            it = "it" if never == 1 else "them"
            words += f" {never:,} (red) cannot be learned at all: only what is judged by has {it}."
        self.said.setText(f"{words} Click one to see where it is.")
        self.rare.show_rows(rare[:_SHOWN])
        self.rare.setVisible(bool(rare))
        shown = {row["character"] for row in rare[:_SHOWN]}
        self.others.show_rows([row for row in rows[::-1] if row["character"] not in shown])
        self._unfold(self._unfolded)
        self.setVisible(bool(rows))

    def _turn(self) -> None:
        self._unfold(not self._unfolded)

    def _unfold(self, unfolded: bool) -> None:
        self._unfolded = unfolded
        self.others.setVisible(unfolded)
        self.more.setText("Fewer" if unfolded else "All characters")


def _count(number: int) -> str:
    return f"{number:,}" if number < 10_000 else f"{number // 1000}k"
