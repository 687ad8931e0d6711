"""Progress: a thin line, and the card line with words over it."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from trasluz.ui import theme

from .basic import Label, Painted


class ProgressLine(Painted):
    """A line that fills up; where the end is unknown (None) a third of it is lit, without motion."""

    def __init__(self, fraction: float | None = 0.0, *, token: str = "accent", height: int = 6) -> None:
        super().__init__()
        self._fraction = fraction
        self._token = token
        self.setFixedHeight(height)
        self.setMinimumWidth(24)

    def set_fraction(self, fraction: float | None, token: str | None = None) -> None:
        """Fill it to `fraction` (0–1), or None where nobody knows."""
        self._fraction = None if fraction is None else min(1.0, max(0.0, fraction))
        self._token = token or self._token
        self.setAccessibleDescription("" if self._fraction is None else f"{self._fraction:.0%}")
        self.update()

    @property
    def fraction(self) -> float | None:
        """How far it is filled."""
        return self._fraction

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the track and what is done of it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        track = QRectF(self.rect())
        radius = track.height() / 2
        painter.setBrush(theme.color("chip"))
        painter.drawRoundedRect(track, radius, radius)
        painter.setBrush(theme.color(self._token))
        if self._fraction is None:
            track.setLeft(track.width() / 3)
            track.setWidth(track.width() / 2)
        elif self._fraction > 0:
            track.setWidth(max(track.height(), track.width() * self._fraction))
        else:
            return
        painter.drawRoundedRect(track, radius, radius)


class StepProgress(QWidget):
    """Words and a line: `Pass 34 of 60 · about 11 minutes left … best so far: pass 30`."""

    def __init__(self) -> None:
        super().__init__()
        self._stage = Label("", "strong")
        self._detail = Label("", "muted")
        self._right = Label("", "muted")
        words = QHBoxLayout()
        words.setSpacing(16)
        words.addWidget(self._stage)
        words.addWidget(self._detail)
        words.addStretch(1)
        words.addWidget(self._right)
        self.line = ProgressLine()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addLayout(words)
        layout.addWidget(self.line)

    def show_progress(self, stage: str, fraction: float | None, *, detail: str = "", right: str = "") -> None:
        """Say where it stands."""
        self._stage.setText(stage)
        self._detail.setText(detail)
        self._right.setText(right)
        self.line.set_fraction(fraction)
