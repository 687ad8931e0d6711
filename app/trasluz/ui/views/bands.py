"""The room between two lines of a plot, as intervals are drawn."""

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

from trasluz.api import Band

_TONE = 0.18
"""How much of the line's colour there is in the room."""


def ends(band: Band) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`x`, `low` and `high` where all three are numbers."""
    x, low, high = (np.asarray(each, np.float64) for each in (band.x, band.low, band.high))
    good = np.isfinite(x) & np.isfinite(low) & np.isfinite(high)
    return x[good], low[good], high[good]


def paint_band(painter: QPainter, band: Band, colour: QColor, point: Callable[[float, float], QPointF]) -> None:
    """Fill it.

    Args:
        painter: Of the plot.
        band: The room.
        colour: Of its line.
        point: From the plot's units to the widget.
    """
    x, low, high = ends(band)
    if len(x) < 2:
        return
    tone = QColor(colour)
    tone.setAlphaF(_TONE)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(tone)
    there = [point(float(a), float(b)) for a, b in zip(x, high, strict=True)]
    back = [point(float(a), float(b)) for a, b in zip(x[::-1], low[::-1], strict=True)]
    painter.drawPolygon(QPolygonF([*there, *back]))
