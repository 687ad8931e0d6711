"""A network as a row of stages: which keep what they learned, which are learning."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from trasluz.api import Stages

from .canvas import Canvas, number, write
from .colour import inks, mix

_NAME = 20.0
_GAP = 8.0


class StagesPainter(Canvas):
    """Blocks from input to answer; a learning one is lit, framed and says so in its tooltip."""

    view: Stages

    def wanted_height(self, width: float) -> float:
        """A low strip."""
        return 108.0 + (22 if self.view.caption else 0)

    def spoken(self) -> str:
        """Which stages learn."""
        pairs = list(zip(self.view.names, self.view.learning, strict=False))
        learning = [n for n, on in pairs if on]
        frozen = [n for n, on in pairs if not on]
        said = [f"learning: {', '.join(learning)}"] if learning else []
        said += [f"unchanged: {', '.join(frozen)}"] if frozen else []
        return f"{self.view.title}: {'; '.join(said) or 'no stages'}. {self.view.caption}".strip()

    def draw(self, painter: QPainter, area: QRectF) -> None:
        """Blocks on one ground line, names under them."""
        ink = inks()
        blocks = self._blocks(area)
        for i, (block, name, learns) in enumerate(zip(blocks, self.view.names, self.view.learning, strict=False)):
            if i:
                middle = (blocks[i - 1].right() + block.left()) / 2
                painter.setPen(QPen(ink.line, 1.5))
                y = block.bottom() - 6
                painter.drawLine(QPointF(middle - _GAP / 2, y), QPointF(middle + _GAP / 2, y))
            painter.setPen(QPen(ink.accent if learns else mix(ink.line, ink.muted, 0.4), 1.2))
            painter.setBrush(ink.accent_ground if learns else ink.chip)
            painter.drawRoundedRect(block, 6, 6)
            if not learns and block.height() > 18:
                self._draw_lock(painter, block, mix(ink.muted, ink.chip, 0.45))
            label = QRectF(block.left() - 4, block.bottom() + 2, block.width() + 8, _NAME)
            write(
                painter,
                label,
                name,
                font=self.caption_font(),
                colour=ink.accent if learns else ink.muted,
                align=Qt.AlignmentFlag.AlignCenter,
            )
        if self.view.caption:
            line = QRectF(area.left(), area.bottom() - 18, area.width(), 18)
            write(painter, line, self.view.caption, font=self.caption_font(), colour=ink.muted)

    def tip_at(self, point: QPointF) -> str:
        """Whether the stage learns."""
        for i, block in enumerate(self._blocks(QRectF(self.rect()))):
            if block.adjusted(0, -200, 0, _NAME).contains(point):
                words = "learning from your data" if self.view.learning[i] else "keeps what it learned before"
                return f"{self.view.names[i]}: {words} (size {number(float(self.view.sizes[i]))})"
        return ""

    def _blocks(self, area: QRectF) -> list[QRectF]:
        count = min(len(self.view.names), len(self.view.sizes), len(self.view.learning))
        if not count:
            return []
        bottom = area.bottom() - _NAME - 2 - (22 if self.view.caption else 0)
        tall = max(12.0, bottom - area.top() - 2)
        width = (area.width() - 2 - _GAP * (count - 1)) / count
        largest = max(*(float(s) for s in self.view.sizes), 1e-9, 0.0)
        heights = [max(10.0, tall * float(s) / largest) for s in self.view.sizes[:count]]
        return [
            QRectF(area.left() + 1 + i * (width + _GAP), bottom - heights[i], width, heights[i]) for i in range(count)
        ]

    def _draw_lock(self, painter: QPainter, block: QRectF, colour: object) -> None:
        """A small padlock, so that the state does not hang on colour."""
        centre = QPointF(block.center().x(), block.bottom() - 11)
        painter.setPen(QPen(colour, 1.3))  # type: ignore[call-overload]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(centre.x() - 4, centre.y() - 1, 8, 6), 1.5, 1.5)
        painter.drawArc(QRectF(centre.x() - 2.5, centre.y() - 5, 5, 8), 0, 180 * 16)
