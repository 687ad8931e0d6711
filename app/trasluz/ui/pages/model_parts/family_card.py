"""The card of a model family, to be chosen."""

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from trasluz.ui import theme


class FamilyCard(QAbstractButton):
    """A model family: what it is, in a sentence, or what it learns from where that is not this data."""

    chosen = Signal(str)

    def __init__(self, family: str, title: str, sentence: str, *, why_not: str = "") -> None:
        super().__init__()
        self.family = family
        self._sentence, self._why_not = sentence, why_not
        self.setText(title)
        self.setCheckable(True)
        self.setEnabled(not why_not)
        self.setAccessibleName(title)
        self.setAccessibleDescription(why_not or sentence)
        self.setToolTip(f"{sentence} {why_not}" if why_not else "")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        if not why_not:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Qt's: as tall as its words."""
        return QSize(260, self._height(max(260, min(self.width(), 420))))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's: another width breaks the words elsewhere."""
        super().resizeEvent(event)
        self.updateGeometry()

    def _height(self, width: int) -> int:
        return int(44 + self._words(width, self._shown()).height() + 14)

    def _shown(self) -> str:
        return self._why_not or self._sentence  # what it would do with other data is in its way here

    def _words(self, width: int, words: str) -> QRectF:
        from PySide6.QtGui import QFontMetricsF

        room = QRectF(0, 0, width - 32, 1000)
        return QFontMetricsF(theme.font("body")).boundingRect(room, int(Qt.TextFlag.TextWordWrap), words)

    def changeEvent(self, event: QEvent) -> None:
        """Qt's: another theme, another picture."""
        self.update()
        super().changeEvent(event)

    def enterEvent(self, event: object) -> None:
        """Qt's: light up."""
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's: frame, title, sentence."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on, able = self.isChecked(), self.isEnabled()
        lit = on or self.hasFocus() or (self.underMouse() and able)
        painter.setPen(QPen(theme.color("accent" if lit else "line"), 1.5 if on else 1))
        painter.setBrush(theme.color("accent_ground" if on else "panel" if able else "background"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), theme.CARD_RADIUS, theme.CARD_RADIUS)
        if self.hasFocus():
            # a second ring: the first one may say already that it is chosen
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(4, 4, -4, -4), 7, 7)
        painter.setFont(theme.font("strong"))
        painter.setPen(theme.color("ink" if able else "muted"))
        title = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width() - 32)
        painter.drawText(QRectF(16, 14, self.width() - 32, 20), Qt.AlignmentFlag.AlignVCenter, title)
        painter.setFont(theme.font("body"))
        painter.setPen(theme.color("muted"))
        room = QRectF(16, 38, self.width() - 32, self.height() - 44)
        painter.drawText(room, int(Qt.TextFlag.TextWordWrap), self._shown())
