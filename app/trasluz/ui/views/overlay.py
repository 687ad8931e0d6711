"""Heat over a picture: where the model looked."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPainterPath
from PySide6.QtWidgets import QWidget

from trasluz.api import Overlay

from .canvas import Canvas, number, wrapped_height
from .colour import image_of, inks, lamp

_GAP = 8.0
_CENTRED = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap


class OverlayPainter(Canvas):
    """The picture, dimmed where the model did not look and lit where it did. `set_strength(0)` shows it bare."""

    def __init__(self, view: Overlay, parent: QWidget | None = None) -> None:
        super().__init__(view, parent)
        self._strength = 0.65
        self._picture: QImage | None = None

    @property
    def strength(self) -> float:
        """How strong the heat is drawn, from 0 to 1."""
        return self._strength

    def set_strength(self, strength: float) -> None:
        """Draw the heat stronger or weaker."""
        self._strength = min(1.0, max(0.0, strength))
        self.refresh()

    def set_view(self, view: object) -> None:
        """Show another picture or another heat."""
        self._picture = None
        super().set_view(view)  # type: ignore[arg-type]

    def wanted_height(self, width: float) -> float:
        """The picture's own proportions, at most as tall as a page."""
        height, wide = self.view.image.shape[:2]
        return float(min(width * height / max(1, wide), 620.0)) + self._caption_height(width)

    def spoken(self) -> str:
        """Where the warmest place is."""
        heat = np.asarray(self.view.heat, dtype=np.float64)
        if not heat.size:
            return f"{self.view.title}. {self.view.caption}".strip()
        if float(np.nanmax(heat)) <= 0:
            return f"{self.view.title}: no place stands out. {self.view.caption}".strip()
        row, column = np.unravel_index(int(np.nanargmax(heat)), heat.shape)
        down = ("top", "middle", "bottom")[min(2, int(row) * 3 // heat.shape[0])]
        across = ("left", "centre", "right")[min(2, int(column) * 3 // heat.shape[1])]
        return f"{self.view.title}: warmest at the {down} {across}. {self.view.caption}".strip()

    def draw(self, painter: QPainter, area: QRectF) -> None:
        """Picture, heat, caption."""
        ink = inks()
        frame = self._frame(area)
        if self._picture is None:
            self._picture = image_of(np.asarray(self.view.image)[..., :3])
        painter.save()
        outline = QPainterPath()
        outline.addRoundedRect(frame, 6, 6)
        painter.setClipPath(outline)
        painter.drawImage(frame, self._picture)
        if self._strength > 0 and np.asarray(self.view.heat).size:
            painter.drawImage(frame, self._heat_image())
        painter.restore()
        if self.view.caption:
            tall = self._caption_height(area.width()) - _GAP
            painter.setFont(self.caption_font())
            painter.setPen(ink.muted)
            painter.drawText(
                QRectF(area.left(), frame.bottom() + _GAP, area.width(), tall), _CENTRED, self.view.caption
            )

    def tip_at(self, point: QPointF) -> str:
        """The heat under the pointer."""
        frame = self._frame(QRectF(self.rect()))
        heat = np.asarray(self.view.heat)
        if not frame.contains(point) or not heat.size:
            return ""
        row = min(heat.shape[0] - 1, int((point.y() - frame.top()) / frame.height() * heat.shape[0]))
        column = min(heat.shape[1] - 1, int((point.x() - frame.left()) / frame.width() * heat.shape[1]))
        return f"warmth here: {number(float(heat[row, column]), '%')}"

    def cell_at(self, point: QPointF) -> int | None:
        """The number of the cell under a point, row by row; None beside the cells, or where there are none."""
        frame, cells = self._frame(QRectF(self.rect())), int(self.view.cells)
        side = min(frame.width(), frame.height())
        if not cells or side <= 0:
            return None
        across = (point.x() - frame.center().x()) / side + 0.5
        down = (point.y() - frame.center().y()) / side + 0.5
        if not (0 <= across < 1 and 0 <= down < 1):
            return None
        return int(down * cells) * cells + int(across * cells)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's: choose the cell."""
        super().mousePressEvent(event)
        if (cell := self.cell_at(event.position())) is not None:
            self.chosen.emit(cell)

    def _caption_height(self, width: float) -> float:
        """The room of the caption, which takes as many lines as it needs, with the gap above it."""
        if not self.view.caption:
            return 0.0
        return wrapped_height(self.caption_font(), self.view.caption, width) + _GAP

    def _frame(self, area: QRectF) -> QRectF:
        height, width = self.view.image.shape[:2]
        room = area.height() - self._caption_height(area.width())
        scale = min(area.width() / max(1, width), room / max(1, height))
        wide, tall = width * scale, height * scale
        return QRectF(area.left() + (area.width() - wide) / 2, area.top() + (room - tall) / 2, wide, tall)

    def _heat_image(self) -> QImage:
        """Heat as colour; small, for Qt to stretch smoothly."""
        heat = np.nan_to_num(np.clip(np.asarray(self.view.heat, dtype=np.float64), 0, 1))
        # The cold is dimmed and the warm is lit: the eye goes where the model looked.
        colours = lamp(0.82 * heat)
        opacity = self._strength * (0.85 - 0.2 * heat)
        pixels = np.dstack([colours, (opacity * 255).astype(np.uint8)])
        small = image_of(pixels)
        return small.scaled(
            min(640, max(small.width(), self.view.image.shape[1])),
            min(640, max(small.height(), self.view.image.shape[0])),
            Qt.AspectRatioMode.IgnoreAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
