"""A radio mark and a switch that can be seen on paper and in the dark; Qt's own vanish on a white card."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QRadioButton

from trasluz.ui import theme


class RadioMark(QRadioButton):
    """A radio button: a ring, filled with the accent when chosen."""

    def sizeHint(self) -> QSize:
        """Qt's: mark and words."""
        return QSize(26 + self.fontMetrics().horizontalAdvance(self.text()), 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's: paint the ring and the words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        centre = QPointF(8, self.height() / 2)
        on = self.isChecked()
        painter.setPen(QPen(theme.color("ink" if self.hasFocus() else "accent" if on else "muted"), 1.5))
        painter.setBrush(theme.color("panel"))
        painter.drawEllipse(centre, 7, 7)
        if on:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent"))
            painter.drawEllipse(centre, 3.5, 3.5)
        painter.setPen(theme.color("ink" if self.isEnabled() else "muted"))
        words = QRectF(24, 0, self.width() - 24, self.height())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())


class Switch(QCheckBox):
    """A check box in the shape of a switch, with the word for its state beside it."""

    def sizeHint(self) -> QSize:
        """Qt's: switch and word."""
        return QSize(78, 26)

    def hitButton(self, pos: object) -> bool:
        """Qt's: the whole of it can be clicked."""
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's: paint the track, the knob and the word."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on = self.isChecked()
        track = QRectF(1, self.height() / 2 - 10, 36, 20)
        painter.setPen(QPen(theme.color("ink" if self.hasFocus() else "accent" if on else "muted"), 1.3))
        painter.setBrush(theme.color("accent" if on else "chip"))
        painter.drawRoundedRect(track, 10, 10)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("on_accent" if on else "muted"))
        painter.drawEllipse(QPointF(track.right() - 10 if on else track.left() + 10, track.center().y()), 6.5, 6.5)
        painter.setPen(theme.color("ink" if on else "muted"))
        words = QRectF(46, 0, self.width() - 46, self.height())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, "on" if on else "off")
