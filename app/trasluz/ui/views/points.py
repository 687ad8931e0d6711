"""A map of points: drawn closer and farther, moved, and searched by name.

The wheel zooms with Ctrl held or once the map was clicked, so that a page still scrolls over it; + − 0 and the arrow
keys do the same.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from trasluz.api import Points
from trasluz.ui import theme

from .canvas import Canvas, sized, text_width, write
from .colour import inks
from .map_tools import MapTools

_REACH = 14.0  # pixels: how near the pointer must be
_CLOSEST = 64.0  # times
_STEP = 1.25
_NAMED = 400  # points in sight that get their names where there is room
_SEARCHED = 12  # with fewer points nothing needs to be looked for


class PointsPainter(Canvas):
    """Points in their groups' colours; a group's name stands in its middle. Emits the index that was selected."""

    def __init__(self, view: Points, parent: QWidget | None = None) -> None:
        self._near: int | None = None
        self.selected: int | None = None
        self._closer = 1.0
        self._middle = np.array([0.5, 0.5])  # what is in the middle, as a share of the whole from left and top
        self._found: list[int] = []
        self.alone = False
        """Whether nothing around it scrolls, so that the wheel always zooms."""
        self._held: QPointF | None = None
        self._moved = False
        super().__init__(view, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.tools = MapTools(self)
        self.tools.searched.connect(self.search)
        self.tools.closer.connect(lambda: self.zoom(_STEP**2))
        self.tools.farther.connect(lambda: self.zoom(_STEP**-2))
        self.tools.whole.connect(self.show_whole)
        self.tools.set_searching(len(self.view.labels) >= _SEARCHED)
        self.tools.setVisible(len(self._xy()) >= _SEARCHED)

    def set_view(self, view: object) -> None:
        """Show another map, the whole of it."""
        self._near = self.selected = None
        self._found = []
        self._closer, self._middle = 1.0, np.array([0.5, 0.5])
        super().set_view(view)  # type: ignore[arg-type]
        self.tools.set_searching(len(self.view.labels) >= _SEARCHED)
        self.tools.setVisible(len(self._xy()) >= _SEARCHED)

    # what can be done with it

    def zoom(self, times: float, about: QPointF | None = None) -> None:
        """Draw it so many times closer; what is at `about` stays there, the middle where None."""
        closer = min(_CLOSEST, max(1.0, self._closer * times))
        if closer == self._closer:
            return
        size = np.array([max(1.0, self.width()), max(1.0, self.height())])
        at = np.array([about.x(), about.y()]) / size - 0.5 if about is not None else np.zeros(2)
        self._middle += at / self._closer - at / closer
        self._closer = closer
        self._settle()

    def move_by(self, x: float, y: float) -> None:
        """Move what is seen by pixels."""
        self._middle -= np.array([x / max(1, self.width()), y / max(1, self.height())]) / self._closer
        self._settle()

    def show_whole(self) -> None:
        """Show all of it again."""
        self._closer, self._middle = 1.0, np.array([0.5, 0.5])
        self._settle()

    def search(self, words: str) -> int:
        """Ring the points whose names hold these words, and bring the best one into the middle; how many there are."""
        wanted = words.strip().casefold()
        names = [str(label).casefold() for label in self.view.labels]
        hits = [i for i, name in enumerate(names) if wanted and wanted in name]
        # The name itself, then names that begin so.
        hits.sort(key=lambda i: (names[i] != wanted, not names[i].startswith(wanted), i))
        self._found = hits
        if hits:
            self.selected = hits[0]
            self._closer = max(self._closer, 2.0)
            size = QRectF(0, 0, self.width(), self.height())
            share = self._shares(size)[hits[0]]
            self._middle = share / np.array([max(1.0, self.width()), max(1.0, self.height())])
        else:
            self.selected = None
        self.tools.say(len(hits) if wanted else None)
        self._settle()
        return len(hits)

    def mark(self, labels: Sequence[str]) -> None:
        """Let these points stand out from now on, as far as they are there; what is in sight stays."""
        places = {str(label): number for number, label in enumerate(self.view.labels)}
        marked = tuple(places[label] for label in labels if label in places)
        self.view = replace(self.view, marked=marked)
        self.refresh()

    def _settle(self) -> None:
        half = 0.5 / self._closer
        self._middle = np.clip(self._middle, half, 1 - half)
        self.refresh()

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
        groups = list(dict.fromkeys(self.view.groups))
        radius = 3.5 if len(at) <= 2000 else 2.0
        for number, members in self._members(groups):
            colour = QColor(theme.series_color(number))
            colour.setAlphaF(0.75 if len(at) <= 2000 else 0.45)
            pen = QPen(colour, radius * 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawPoints([QPointF(x, y) for x, y in at[members]])
        self._name_points(painter, at, area)
        if groups and self._closer < 3:
            self._name_groups(painter, at, groups, area)

    def _name_points(self, painter: QPainter, at: np.ndarray, area: QRectF) -> None:
        """Names where there is room: of what was marked, found and selected first, then of all in sight if not many."""
        if not len(self.view.labels):
            return
        ink, font, bold = inks(), self.caption_font(), sized(self.body_font(bold=True), 12)
        seen = [i for i in range(len(at)) if area.contains(QPointF(*at[i]))]
        first = [i for i in dict.fromkeys([*self.view.marked, *self._found[:40]]) if i < len(at)]
        rest = seen if len(seen) <= _NAMED and (self._closer > 1 or not self.view.groups) else []
        taken: list[QRectF] = []
        for i in dict.fromkeys([*first, *rest]):
            strong = i in first
            words = str(self.view.labels[i])
            x, y = at[i]
            box = QRectF(x + 6, y - 8, text_width(bold if strong else font, words) + 2, 16)
            if area.contains(box) and not any(box.intersects(t) for t in taken):
                taken.append(box)
                write(painter, box, words, font=bold if strong else font, colour=ink.ink, elide=False)

    def draw_over(self, painter: QPainter, area: QRectF) -> None:
        """A ring on the point under the pointer and on the selected one."""
        at = self._places(area)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        rings = [(index, inks().accent) for index in (*self.view.marked, *self._found[:200])]
        for index, colour in (*rings, (self._near, inks().muted), (self.selected, inks().accent)):
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
        """Qt's: ring the nearest point, or move the map where it is held."""
        if self._held is not None and event.buttons() & Qt.MouseButton.LeftButton:
            by = event.position() - self._held
            if self._moved or by.manhattanLength() > 4:
                self._moved = True
                self._held = event.position()
                self.setCursor(Qt.CursorShape.ClosedHandCursor)
                self.move_by(by.x(), by.y())
            return
        near = self._nearest(event.position())
        if near != self._near:
            self._near = near
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's: take hold of the map."""
        super().mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self._held, self._moved = event.position(), False
            near = self._nearest(event.position())
            if near is not None:
                self.selected = near
                self.update()
                self.chosen.emit(near)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Qt's: let the map go."""
        self._held = None
        self.unsetCursor()
        super().mouseReleaseEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Qt's: zoom where that was meant, else let the page scroll."""
        if self.alone or self.hasFocus() or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(_STEP ** (event.angleDelta().y() / 120), event.position())
            event.accept()
        else:
            event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: zoom and move by the keyboard."""
        key, step = event.key(), 40.0
        moves = {
            Qt.Key.Key_Left: (step, 0.0),
            Qt.Key.Key_Right: (-step, 0.0),
            Qt.Key.Key_Up: (0.0, step),
            Qt.Key.Key_Down: (0.0, -step),
        }
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(_STEP)
        elif key == Qt.Key.Key_Minus:
            self.zoom(1 / _STEP)
        elif key in (Qt.Key.Key_0, Qt.Key.Key_Home):
            self.show_whole()
        elif key in moves and self._closer > 1:
            self.move_by(*moves[Qt.Key(key)])
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's: keep the tools in their corner."""
        super().resizeEvent(event)
        self.tools.place(self.width())

    def _xy(self) -> np.ndarray:
        return np.nan_to_num(np.asarray(self.view.xy, dtype=np.float64).reshape(-1, 2))

    def _places(self, area: QRectF) -> np.ndarray:
        """Where each point is drawn, (N, 2)."""
        whole = self._shares(area)
        if self._closer == 1.0 or not len(whole):
            return whole
        size = np.array([area.width(), area.height()])
        corner = np.array([area.left(), area.top()])
        return ((whole - corner) / size - self._middle) * self._closer * size + size / 2 + corner

    def _shares(self, area: QRectF) -> np.ndarray:
        """Where each point would be if all were seen."""
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
