"""A frame that scrolls, without a border and on the page's own ground."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLayout, QScrollArea, QWidget

OVERHANG = 14
"""How far a scroll bar reaches into the page's margin, so that what it moves ends where the header ends."""

_BAR = 12


def scrolled(inner: QWidget) -> QScrollArea:
    """Put something tall where it can be scrolled; it never scrolls sideways."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(inner)
    area.viewport().setAutoFillBackground(False)
    inner.setAutoFillBackground(False)
    return area


def overhanging(inner: QWidget, contents: QLayout, *, bottom: int = 0) -> QScrollArea:
    """Let the page scroll `inner`, with its bar in the page's margin (`Page.overhang`).

    The contents are as wide with the bar as without it.
    """
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inner)

    def fit(_low: int, high: int) -> None:
        contents.setContentsMargins(0, 0, OVERHANG - (_BAR if high > 0 else 0), bottom)

    fit(0, 0)
    area.verticalScrollBar().rangeChanged.connect(fit)
    return area
