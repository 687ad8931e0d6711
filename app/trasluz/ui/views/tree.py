"""A tree from left to right: words where it branches, lines that are the thicker the better what follows."""

import math
from functools import cached_property

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QWidget

from trasluz.api import Tree

from .canvas import Canvas, elided, number, text_width, wrapped_height, write
from .colour import inks, mix

_ROW = 24.0
_MARGIN = 10.0
_GAP, _LEAST_GAP = 26.0, 6.0
_PAD, _LEAST_PAD = 12.0, 4.0
"""Between two words, and around one, where there is room and where there is not."""
_WIDEST = 120.0
_CAPTION = 8.0
"""Above what stands below the tree."""


class TreePainter(Canvas):
    """Each node is a word with its score under the pointer; a marked way stands out. Emits the node selected."""

    view: Tree

    def __init__(self, view: Tree, parent: QWidget | None = None) -> None:
        super().__init__(view, parent)

    def set_view(self, view: object) -> None:
        """Show another tree."""
        self.__dict__.pop("_shape", None)
        super().set_view(view)  # type: ignore[arg-type]

    def wanted_height(self, width: float) -> float:
        """A row for each end."""
        _, rows = self._shape
        ends = float(rows.max(initial=-1)) + 1
        return max(60.0, ends * _ROW + 2 * _MARGIN) + self._caption_height(width)

    def spoken(self) -> str:
        """The marked way and how many ends there are."""
        inner = set(self.view.parents)
        ends = sum(node not in inner for node in range(len(self.view.labels)))
        way = " ".join(self.view.labels[i] for i in self.view.marked if i < len(self.view.labels))
        said = f"{self.view.title}: {len(self.view.labels)} nodes, {ends} ends"
        return f"{said}; marked: {way}. {self.view.caption}".strip() if way else f"{said}. {self.view.caption}".strip()

    def draw(self, painter: QPainter, area: QRectF) -> None:
        """Lines first, words over them."""
        ink = inks()
        boxes = self._boxes(area)
        marked = set(self.view.marked)
        for node, parent in enumerate(self.view.parents):
            if parent < 0 or parent >= node:
                continue
            start, end = boxes[parent], boxes[node]
            way = node in marked and parent in marked
            pen = QPen(ink.accent if way else mix(ink.line, ink.muted, 0.4), 2.2 if way else 1.2)
            painter.setPen(pen)
            path = QPainterPath(QPointF(start.right(), start.center().y()))
            middle = (start.right() + end.left()) / 2
            path.cubicTo(
                QPointF(middle, start.center().y()),
                QPointF(middle, end.center().y()),
                QPointF(end.left(), end.center().y()),
            )
            painter.setBrush(ink.panel)
            painter.strokePath(path, pen)
        font = self.caption_font()
        for node, box in enumerate(boxes):
            lit = node in marked
            painter.setPen(QPen(ink.accent if lit else mix(ink.line, ink.muted, 0.4), 1.2))
            painter.setBrush(ink.accent_ground if lit else ink.chip)
            painter.drawRoundedRect(box, 5, 5)
            words = elided(font, str(self.view.labels[node]), box.width() - 3)
            write(painter, box, words, font=font, colour=ink.ink, elide=False, align=Qt.AlignmentFlag.AlignCenter)
        if self.view.caption:
            height = self._caption_height(area.width())
            place = QRectF(area.left() + _MARGIN, area.bottom() - height, area.width() - 2 * _MARGIN, height)
            painter.setFont(font)
            painter.setPen(ink.muted)
            painter.drawText(place, int(Qt.AlignmentFlag.AlignBottom | Qt.TextFlag.TextWordWrap), self.view.caption)

    def _caption_height(self, width: float) -> float:
        if not self.view.caption:
            return 0.0
        return wrapped_height(self.caption_font(), self.view.caption, max(40.0, width - 2 * _MARGIN)) + _CAPTION

    def tip_at(self, point: QPointF) -> str:
        """The node with its score, and the way to it."""
        for node, box in enumerate(self._boxes(QRectF(self.rect()))):
            if box.contains(point):
                score = self.view.scores[node] if node < len(self.view.scores) else math.nan
                known = f" ({number(float(score), self.view.unit)})" if math.isfinite(score) else ""
                return f"{' '.join(self._way(node))}{known}"
        return ""

    def _way(self, node: int) -> list[str]:
        way: list[str] = []
        while 0 <= node < len(self.view.labels):
            way.append(str(self.view.labels[node]))
            parent = int(self.view.parents[node])
            node = parent if parent < node else -1
        return way[::-1]

    @cached_property
    def _shape(self) -> tuple[np.ndarray, np.ndarray]:
        """For each node how deep it is, and its row: an end has a row of its own, others the middle of what follows."""
        count = len(self.view.labels)
        depths, rows = np.zeros(count, int), np.zeros(count)
        after: list[list[int]] = [[] for _ in range(count)]
        first = []
        for node in range(count):
            parent = int(self.view.parents[node])
            if 0 <= parent < node:
                depths[node] = depths[parent] + 1
                after[parent].append(node)
            else:
                first.append(node)
        # From the top down, without recursion: a long answer is a deep tree.
        order, waiting = [], list(reversed(first))
        while waiting:
            node = waiting.pop()
            order.append(node)
            waiting += reversed(after[node])
        row = 0
        for node in order:
            if not after[node]:
                rows[node] = row
                row += 1
        for node in reversed(order):
            if after[node]:
                rows[node] = (rows[after[node][0]] + rows[after[node][-1]]) / 2
        return depths, rows

    def _boxes(self, area: QRectF) -> list[QRectF]:
        depths, rows = self._shape
        if not len(depths):
            return []
        font = self.caption_font()
        texts = np.array([min(_WIDEST, text_width(font, str(label))) for label in self.view.labels])
        columns = np.zeros(int(depths.max()) + 1)
        np.maximum.at(columns, depths, texts)
        room = max(1.0, area.width() - 2 * _MARGIN)
        # Where there is little room, first what is between words gets narrower, then what is around them, then they.
        gap = _between(_LEAST_GAP, (room - columns.sum() - _PAD * len(columns)) / max(1, len(columns) - 1), _GAP)
        pad = _between(_LEAST_PAD, (room - columns.sum() - gap * (len(columns) - 1)) / len(columns), _PAD)
        for_words = room - gap * (len(columns) - 1) - pad * len(columns)
        longest = _longest(columns, for_words)
        widths = np.minimum(texts, longest) + pad
        lefts = np.concatenate([[0.0], np.cumsum(np.minimum(columns, longest) + pad + gap)])
        height = area.height() - 2 * _MARGIN - self._caption_height(area.width())
        row = min(_ROW, max(4.0, height / max(1.0, float(rows.max()) + 1)))
        return [
            QRectF(
                area.left() + _MARGIN + float(lefts[depths[node]]),
                area.top() + _MARGIN + rows[node] * row + 2,
                max(6.0, float(widths[node])),
                max(3.0, row - 4),
            )
            for node in range(len(depths))
        ]


def _longest(columns: np.ndarray, room: float) -> float:
    """How wide the widest columns may be, so that all of them take so much room."""
    left, kept = room, np.sort(columns)
    for at, width in enumerate(kept):
        share = left / (len(kept) - at)
        if width > share:
            return float(max(1.0, share))
        left -= width
    return _WIDEST


def _between(low: float, value: float, high: float) -> float:
    return float(min(high, max(low, value)))
