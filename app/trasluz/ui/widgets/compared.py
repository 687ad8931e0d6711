"""An answer held against the truth, piece by piece: what is wrong is coloured, struck out or underlined."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from trasluz.core.differences import Step
from trasluz.ui import theme

from .basic import Painted

_LINE = 24.0
_PAD = 2.0


def answer_pieces(steps: Sequence[Step], *, words: bool) -> list[tuple[str, str, str]]:
    """The answer in pieces: change, what is shown, what it should be; what is missing is shown as a gap."""
    found = []
    for at, step in enumerate(steps):
        shown = step.answer if step.change != "missing" else (step.truth or "·")
        after = " " if words and at + 1 < len(steps) else ""
        found.append((step.change, shown + after, step.truth))
    return found


def paint_compared(
    painter: QPainter, place: QRectF, steps: Sequence[Step], *, words: bool = False, font: QFont | None = None
) -> float:
    """Paint the answer in lines, as many as there is room for; the height that was taken.

    What is replaced or extra stands on a red ground, what is missing is written small and struck out, in amber: the
    colours have a shape beside them.
    """
    used = font or theme.font("body")
    metrics = QFontMetricsF(used)
    x, y = place.left(), place.top()
    painter.setFont(used)
    for change, shown, _truth in answer_pieces(steps, words=words):
        for piece in _breakable(shown, words=words):
            visible = piece.replace(" ", "␣") if change != "same" and not words else piece
            width = metrics.horizontalAdvance(visible)
            if x > place.left() and x + width > place.right():
                x, y = place.left(), y + _LINE
                if y + _LINE > place.bottom() + 1:
                    painter.setPen(theme.color("muted"))
                    painter.drawText(QPointF(place.right() - 12, y - _LINE / 2 + 4), "…")
                    return y - place.top()
            _paint_piece(painter, QRectF(x, y, width, _LINE), visible, change)
            x += width + (_PAD if change != "same" else 0)
    return y + _LINE - place.top()


def lines_needed(steps: Sequence[Step], width: float, *, words: bool = False) -> int:
    """How many lines the answer takes in this width."""
    metrics = QFontMetricsF(theme.font("body"))
    x, lines = 0.0, 1
    for change, shown, _truth in answer_pieces(steps, words=words):
        for piece in _breakable(shown, words=words):
            wide = metrics.horizontalAdvance(piece)
            if x > 0 and x + wide > width:
                x, lines = 0.0, lines + 1
            x += wide + (_PAD if change != "same" else 0)
    return lines


def _breakable(shown: str, *, words: bool) -> list[str]:
    """A stretch in pieces between which a line may break."""
    found, at = [], 0
    for i, character in enumerate(shown):
        if character == " ":
            found.append(shown[at : i + 1])
            at = i + 1
    return [*found, shown[at:]] if at < len(shown) else found


def _paint_piece(painter: QPainter, box: QRectF, shown: str, change: str) -> None:
    centre = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
    if change == "same":
        painter.setPen(theme.color("ink"))
        painter.drawText(box, centre, shown)
        return
    role = "warn" if change == "missing" else "bad"
    ground = box.adjusted(-0.5, 3, 0.5, -3)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(role, 0.16))
    painter.drawRoundedRect(ground, 3, 3)
    painter.setPen(theme.color(role))
    painter.drawText(box, centre, shown)
    painter.setPen(QPen(theme.color(role), 1.2))
    if change == "missing":
        painter.drawLine(QPointF(box.left(), box.center().y() + 1), QPointF(box.right(), box.center().y() + 1))
    elif change == "replaced":
        painter.drawLine(QPointF(box.left(), ground.bottom()), QPointF(box.right(), ground.bottom()))


class Compared(Painted):
    """An answer held against the truth, as tall as it needs to be."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._steps: Sequence[Step] = ()
        self._words = False
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_steps(self, steps: Sequence[Step], *, words: bool = False) -> None:
        """Show these."""
        self._steps, self._words = steps, words
        wrong = [s for s in steps if s.change != "same"]
        self.setAccessibleDescription("; ".join(f"{s.change}: {s.truth or s.answer}" for s in wrong[:40]))
        self.updateGeometry()
        self.update()

    def heightForWidth(self, width: int) -> int:
        """Qt's: as many lines as it takes."""
        return int(lines_needed(self._steps, width, words=self._words) * _LINE)

    def sizeHint(self) -> QSize:
        """Qt's: one line at least."""
        return QSize(200, self.heightForWidth(max(200, self.width())))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's: the pieces."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_compared(painter, QRectF(self.rect()), self._steps, words=self._words)
