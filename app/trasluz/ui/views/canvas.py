"""What every painter of a view shares: a still layer that is drawn once, values under the pointer, and words."""

import math
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from trasluz.api import View
from trasluz.ui import theme

SIDE_BY_SIDE = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft


class Canvas(QWidget):
    """Paints one view. Subclasses draw; this keeps the drawing, the tooltip and the words for a screen reader.

    The still layer (`draw`) is kept as a picture until the view, the size or the theme changes; what follows the
    pointer or the keyboard (`draw_over`) is painted each time, so moving the mouse stays cheap.
    """

    chosen = Signal(object)
    """What the person selected: a cell, a bar, a point. The painter says what it is."""

    def __init__(self, view: View, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view: Any = view
        self._still: QPixmap | None = None
        self._still_key: tuple[Any, ...] = ()
        self.setMouseTracking(True)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._describe()

    # For subclasses

    def draw(self, painter: QPainter, area: QRectF) -> None:
        """Draw the view into `area`; must not depend on the pointer or the focus."""
        raise NotImplementedError

    def draw_over(self, painter: QPainter, area: QRectF) -> None:
        """Draw what follows the pointer, the selection and the focus."""

    def wanted_height(self, width: float) -> float:
        """Return the height that shows the view well at this width."""
        return width * 0.6

    def tip_at(self, point: QPointF) -> str:
        """Return the value under the pointer in words, or nothing."""
        return ""

    def spoken(self) -> str:
        """Return what the view shows, in a sentence, for a screen reader."""
        return self.view.title

    # The machinery

    def set_view(self, view: View) -> None:
        """Show another view of the same type."""
        self.view = view
        self._describe()
        self.refresh()
        self.updateGeometry()

    def refresh(self) -> None:
        """Draw the still layer again."""
        self._still = None
        self.update()

    def sizeHint(self) -> QSize:
        """Qt's: a comfortable size."""
        width = 360
        return QSize(width, math.ceil(self.wanted_height(width)))

    def minimumSizeHint(self) -> QSize:
        """Qt's: the smallest size that still reads."""
        return QSize(160, 80)

    def heightForWidth(self, width: int) -> int:
        """Qt's: the height that goes with a width."""
        return math.ceil(self.wanted_height(width))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's: copy the still layer, then draw what moves."""
        ratio = self.devicePixelRatioF()
        key = (self.width(), self.height(), ratio, theme.tokens().dark, self.font().toString())
        if self._still is None or self._still_key != key:
            self._still = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
            self._still.setDevicePixelRatio(ratio)
            self._still.fill(Qt.GlobalColor.transparent)
            self._still_key = key
            layer = QPainter(self._still)
            self._prepare(layer)
            self.draw(layer, QRectF(self.rect()))
            layer.end()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._still)
        self._prepare(painter)
        self.draw_over(painter, QRectF(self.rect()))
        painter.end()

    def event(self, event: QEvent) -> bool:
        """Qt's: answer the question for a tooltip with the value under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            words = self.tip_at(QPointF(event.pos()))
            if words:
                QToolTip.showText(event.globalPos(), words, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def changeEvent(self, event: QEvent) -> None:
        """Qt's: a new palette or font asks for a new drawing."""
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.refresh()
        super().changeEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's: a click takes the focus, so that the arrow keys go on from there."""
        if self.focusPolicy() != Qt.FocusPolicy.NoFocus:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
        super().mousePressEvent(event)

    def caption_font(self) -> QFont:
        """Return the small font of labels and axes, with figures of equal width."""
        return sized(self.font(), 11)

    def body_font(self, *, bold: bool = False) -> QFont:
        """Return the font of names and values."""
        font = sized(self.font(), 13)
        font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
        return font

    def _prepare(self, painter: QPainter) -> None:
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing
            | QPainter.RenderHint.TextAntialiasing
            | QPainter.RenderHint.SmoothPixmapTransform
        )
        painter.setFont(self.body_font())

    def _describe(self) -> None:
        self.setAccessibleName(self.view.title)
        self.setAccessibleDescription(self.spoken())


def sized(font: QFont, pixels: int) -> QFont:
    """Return the font at a size in pixels, with tabular figures."""
    font = QFont(font)
    font.setPixelSize(pixels)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def text_width(font: QFont, words: str) -> float:
    """Return how wide the words are in that font."""
    return QFontMetricsF(font).horizontalAdvance(words)


def widest(font: QFont, words: Sequence[str]) -> float:
    """Return the width of the widest of the words."""
    metrics = QFontMetricsF(font)
    return max((metrics.horizontalAdvance(w) for w in words), default=0.0)


def elided(font: QFont, words: str, width: float) -> str:
    """Return the words, cut with an ellipsis in the middle where they do not fit."""
    return QFontMetricsF(font).elidedText(words, Qt.TextElideMode.ElideMiddle, max(0.0, width))


def wrapped_height(font: QFont, words: str, width: float) -> float:
    """Return how tall the words are on as many lines as they need."""
    room = QRectF(0, 0, max(1.0, width), 1e4)
    return float(QFontMetricsF(font).boundingRect(room, int(Qt.TextFlag.TextWordWrap), words).height())


def write(
    painter: QPainter,
    area: QRectF,
    words: str,
    *,
    font: QFont,
    colour: QColor,
    align: Qt.AlignmentFlag = SIDE_BY_SIDE,
    elide: bool = True,
) -> None:
    """Write a line of words into an area."""
    painter.setFont(font)
    painter.setPen(colour)
    painter.drawText(area, align, elided(font, words, area.width()) if elide else words)


def number(value: float, unit: str = "") -> str:
    """Write a number as a person does: percent with one decimal where it matters, few digits otherwise."""
    if not math.isfinite(value):
        return "–"
    if unit == "%":
        percent = value * 100
        if 0 < percent < 0.05:
            return "<0.1%"
        return f"{percent:.0f}%" if percent >= 99.95 or percent < 0.05 else f"{percent:.1f}%"
    if value == 0:
        return "0"
    if float(value).is_integer() and abs(value) < 1e9:
        words = f"{int(value):,}"
    elif 1e-4 <= abs(value) < 1e6:
        words = f"{value:.4g}"
    else:
        words = f"{value:.2e}"
    return f"{words} {unit}".strip()


def numbers(values: Sequence[float], unit: str = "") -> list[str]:
    """Write numbers that stand under each other: with the same number of decimals, as the largest needs."""
    largest = max((abs(v) for v in values if math.isfinite(v)), default=0.0)
    if unit == "%" or not 1e-3 <= largest < 1e3 or all(float(v).is_integer() for v in values):
        return [number(v, unit) for v in values]
    decimals = max(0, 2 - math.floor(math.log10(largest)) - (largest < 1))
    return [f"{v:.{decimals}f} {unit}".strip().replace("-", "−") for v in values]


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Return round numbers that cover the stretch from `low` to `high`, about `wanted` of them."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low]
    rough = (high - low) / max(1, wanted)
    power = 10 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]
