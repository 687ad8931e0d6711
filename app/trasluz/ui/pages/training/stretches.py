"""The stages of a run, one line each: what is done, what is being done."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy

from trasluz.core.nouns import plurals
from trasluz.ui import theme
from trasluz.ui.steps import duration
from trasluz.ui.widgets.basic import Painted

from .story import Stretch

_ROW = 44.0


class StretchList(Painted):
    """For runs without passes, where a curve would stay empty: each stage with its progress and its time."""

    def __init__(self) -> None:
        super().__init__()
        self._stretches: list[Stretch] = []
        self._running = False
        self._noun = "item"
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("What is done")

    def show_stretches(self, stretches: list[Stretch], *, running: bool, noun: str = "item") -> None:
        """Show these, in order; `noun` is what one item is called."""
        self._stretches, self._running, self._noun = stretches, running, noun
        said = [f"{s.stage}: {'done' if s.over or not running else 'under way'}" for s in stretches]
        self.setAccessibleDescription("; ".join(said))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """A row for each stage."""
        return QSize(360, int(_ROW * max(3, len(self._stretches)) - 12))

    def minimumSizeHint(self) -> QSize:
        """Three rows."""
        return QSize(240, int(_ROW * 3))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's: a line down the side with a mark for each stage."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = max(1, int((self.height() + 12) // _ROW))
        shown = self._stretches[-room:]
        for i, stretch in enumerate(shown):
            top = i * _ROW
            under_way = self._running and i == len(shown) - 1 and not stretch.over
            if i < len(shown) - 1:
                painter.setPen(QPen(theme.color("line"), 1.5))
                painter.drawLine(QPointF(10, top + 24), QPointF(10, top + _ROW + 2))
            self._paint_mark(painter, QPointF(10, top + 13), under_way=under_way)
            painter.setPen(theme.color("ink"))
            painter.setFont(theme.font("strong" if under_way else "body"))
            right = self._right(stretch, under_way=under_way)
            body = theme.font("body")
            width = QFontMetricsF(body).horizontalAdvance(right) + 12
            words = QRectF(30, top + 3, self.width() - 30 - width, 20)
            metrics = painter.fontMetrics()
            painter.drawText(
                words,
                Qt.AlignmentFlag.AlignVCenter,
                metrics.elidedText(stretch.stage, Qt.TextElideMode.ElideRight, int(words.width())),
            )
            painter.setFont(body)
            painter.setPen(theme.color("muted"))
            painter.drawText(
                QRectF(self.width() - width, top + 3, width, 20),
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
                right,
            )
            if under_way:
                self._paint_line(painter, QRectF(30, top + 28, self.width() - 30, 5), stretch.fraction)

    def _right(self, stretch: Stretch, *, under_way: bool) -> str:
        words = duration(stretch.seconds) if stretch.seconds >= 0.5 else ""
        if stretch.unit and stretch.total and (under_way or stretch.total > 1):
            done = f"{stretch.done:,.0f} of {stretch.total:,.0f}" if under_way else f"{stretch.done:,.0f}"
            unit = plurals(self._noun) if stretch.unit == "items" else stretch.unit
            return " · ".join(filter(None, (f"{done} {unit}", words)))
        return words

    def _paint_mark(self, painter: QPainter, at: QPointF, *, under_way: bool) -> None:
        if under_way:
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.setBrush(theme.color("accent_ground"))
            painter.drawEllipse(at, 6.5, 6.5)
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("good"))
        painter.drawEllipse(at, 8, 8)
        painter.setPen(QPen(theme.color("panel"), 1.8))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline([at + QPointF(-3.5, 0), at + QPointF(-1, 2.6), at + QPointF(3.5, -2.6)])

    def _paint_line(self, painter: QPainter, track: QRectF, fraction: float | None) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("chip"))
        painter.drawRoundedRect(track, 2.5, 2.5)
        painter.setBrush(theme.color("accent"))
        done = QRectF(track)
        if fraction is None:
            done.setLeft(track.left() + track.width() / 3)
            done.setWidth(track.width() / 4)
        else:
            done.setWidth(max(5.0, track.width() * fraction))
        painter.drawRoundedRect(done, 2.5, 2.5)
