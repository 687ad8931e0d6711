"""A map of points."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from trasluz.api import Points
from trasluz.ui import theme

from .canvas import Canvas, sized, text_width, write
from .colour import inks

_REACH = 14.0  # pixels: how near the pointer must be


class PointsPainter(Canvas):
    """Points in their groups' colours; a group's name stands in its middle. Emits the index that was selected."""

    def __init__(self, view: Points, parent: QWidget | None = None) -> None:
        self._near: int | None = None
        self.selected: int | None = None
        super().__init__(view, parent)

    def wanted_height(self, width: float) -> float:
        """Nearly square."""
        return min(520.0, max(200.0, width * 0.75))

    def spoken(self) -> str:
        """How many points in how many groups."""
        groups = list(dict.fromkeys(self.view.groups))
        among = f" in {len(groups)} groups: {', '.join(groups[:20])}" if groups else ""
        return f"{self.view.title}: {len(self._xy())} points{among}"

    def draw(self, painter: QPainter, area: QRectF) -> None:
        """Points, then names where there is room."""
        at = self._places(area)
        ink = inks()
        groups = list(dict.fromkeys(self.view.groups))
        radius = 3.5 if len(at) <= 2000 else 2.0
        for number, members in self._members(groups):
            colour = QColor(theme.series_color(number))
            colour.setAlphaF(0.75 if len(at) <= 2000 else 0.45)
            pen = QPen(colour, radius * 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawPoints([QPointF(x, y) for x, y in at[members]])
        if groups:
            self._name_groups(painter, at, groups, area)
        elif len(self.view.labels) and len(at) <= 400:
            taken: list[QRectF] = []
            font = self.caption_font()
            for i, (x, y) in enumerate(at):
                box = QRectF(x + 6, y - 8, text_width(font, self.view.labels[i]) + 2, 16)
                if area.contains(box) and not any(box.intersects(t) for t in taken):
                    taken.append(box)
                    write(painter, box, self.view.labels[i], font=font, colour=ink.ink, elide=False)

    def draw_over(self, painter: QPainter, area: QRectF) -> None:
        """A ring on the point under the pointer and on the selected one."""
        at = self._places(area)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for index, colour in ((self._near, inks().muted), (self.selected, inks().accent)):
            if index is not None and index < len(at):
                painter.setPen(QPen(colour, 2))
                painter.drawEllipse(QPointF(*at[index]), 7, 7)

    def tip_at(self, point: QPointF) -> str:
        """The label and the group of the nearest point."""
        index = self._nearest(point)
        if index is None:
            return ""
        words = [str(names[index]) for names in (self.view.labels, self.view.groups) if index < len(names)]
        return " · ".join(words) or f"point {index + 1}"

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's: ring the nearest point."""
        near = self._nearest(event.position())
        if near != self._near:
            self._near = near
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's: select the nearest point."""
        super().mousePressEvent(event)
        near = self._nearest(event.position())
        if near is not None:
            self.selected = near
            self.update()
            self.chosen.emit(near)

    def _xy(self) -> np.ndarray:
        return np.nan_to_num(np.asarray(self.view.xy, dtype=np.float64).reshape(-1, 2))

    def _places(self, area: QRectF) -> np.ndarray:
        xy = self._xy()
        if not len(xy):
            return xy
        low, high = xy.min(axis=0), xy.max(axis=0)
        reach = np.where(high > low, high - low, 1.0)
        share = (xy - low) / reach
        x = area.left() + 14 + share[:, 0] * max(1.0, area.width() - 28)
        y = area.bottom() - 14 - share[:, 1] * max(1.0, area.height() - 28)
        return np.stack([x, y], axis=1)

    def _members(self, groups: list[str]) -> list[tuple[int, np.ndarray]]:
        if not groups:
            return [(0, np.arange(len(self._xy())))]
        of = np.asarray(self.view.groups)
        return [(i, np.flatnonzero(of == g)) for i, g in enumerate(groups)]

    def _nearest(self, point: QPointF) -> int | None:
        at = self._places(QRectF(self.rect()))
        if not len(at):
            return None
        away = np.hypot(at[:, 0] - point.x(), at[:, 1] - point.y())
        index = int(np.argmin(away))
        return index if away[index] <= _REACH else None

    def _name_groups(self, painter: QPainter, at: np.ndarray, groups: list[str], area: QRectF) -> None:
        ink = inks()
        font = sized(self.body_font(bold=True), 12)
        for number, members in self._members(groups):
            middle = np.median(at[members], axis=0)
            width = text_width(font, groups[number]) + 10
            left = min(max(middle[0] - width / 2, area.left()), area.right() - width)
            box = QRectF(left, middle[1] - 10, width, 20)
            ground = QColor(ink.panel)
            ground.setAlphaF(0.85)
            painter.setPen(QPen(theme.series_color(number), 1.2))
            painter.setBrush(ground)
            painter.drawRoundedRect(box, 6, 6)
            write(
                painter, box, groups[number], font=font, colour=ink.ink, elide=False, align=Qt.AlignmentFlag.AlignCenter
            )
