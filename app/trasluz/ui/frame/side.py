"""The steps at the left, each with its state in a line; Plugins and Lessons at the foot."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from trasluz.ui import theme
from trasluz.ui.steps import FOOT, STEPS, StepState
from trasluz.ui.widgets.basic import Painted
from trasluz.ui.window import SIDE


class StepButton(QAbstractButton):
    """A step: a circle with its number or a tick, its name, its state in a line."""

    def __init__(self, name: str, title: str, sign: str) -> None:
        super().__init__()
        self.name = name
        self._sign = sign
        self.state = StepState()
        self.setText(title)
        self.setAccessibleName(title)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_state(self, state: StepState) -> None:
        """Change the line and the tick."""
        if state == self.state:
            return
        self.state = state
        self.setAccessibleDescription(state.line)
        self.setToolTip(state.line)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Taller where there is a line."""
        return QSize(SIDE - 16, 48 if self.state.line else 36)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the row."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        row = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(theme.color("accent"), 1.5) if self.hasFocus() else Qt.PenStyle.NoPen)
        if self.isChecked():
            painter.setBrush(theme.color("accent_ground"))
        elif self.underMouse() and self.isEnabled():
            painter.setBrush(theme.color("chip"))
        else:
            painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(row, 8, 8)
        middle = self.height() / 2
        self._paint_circle(painter, QPointF(20, middle))
        font = theme.font("strong" if self.isChecked() else "body")
        painter.setFont(font)
        painter.setPen(theme.color("ink" if self.isChecked() else "muted", 1.0 if self.isEnabled() else 0.55))
        left, width = 40.0, self.width() - 48.0
        title = QRectF(left, middle - (18 if self.state.line else 10), width, 20)
        painter.drawText(title, Qt.AlignmentFlag.AlignVCenter, self.text())
        if self.state.line:
            painter.setFont(theme.font("caption"))
            painter.setPen(theme.color("muted"))
            line = painter.fontMetrics().elidedText(self.state.line, Qt.TextElideMode.ElideRight, int(width))
            painter.drawText(QRectF(left, middle + 1, width, 16), Qt.AlignmentFlag.AlignVCenter, line)

    def _paint_circle(self, painter: QPainter, centre: QPointF) -> None:
        ticked = self.state.done and not self.isChecked()
        if self.isChecked() or ticked:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("good" if ticked else "accent"))
        else:
            painter.setPen(QPen(theme.color("line"), 1))
            painter.setBrush(theme.color("background"))
        painter.drawEllipse(centre, 10, 10)
        if ticked:
            painter.setPen(QPen(theme.color("panel"), 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            x, y = centre.x(), centre.y()
            painter.drawPolyline(QPolygonF([QPointF(x - 3.5, y), QPointF(x - 1, y + 2.8), QPointF(x + 3.8, y - 2.6)]))
            return
        painter.setPen(theme.color("on_accent" if self.isChecked() else "muted", 1.0 if self.isEnabled() else 0.55))
        font = theme.font("caption")
        font.setBold(self.isChecked())
        painter.setFont(font)
        painter.drawText(QRectF(centre.x() - 10, centre.y() - 10, 20, 20), Qt.AlignmentFlag.AlignCenter, self._sign)


class SideBar(Painted):
    """The steps and the foot."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedWidth(SIDE)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 12, 9, 12)
        layout.setSpacing(2)
        self._buttons: dict[str, StepButton] = {}
        for number, (name, title) in enumerate(STEPS, start=1):
            layout.addWidget(self._button(name, title, str(number)))
        layout.addStretch(1)
        for (name, title), sign in zip(FOOT, "+?", strict=True):
            layout.addWidget(self._button(name, title, sign))
        self.set_open(False)

    def _button(self, name: str, title: str, sign: str) -> StepButton:
        button = StepButton(name, title, sign)
        button.clicked.connect(lambda: self._clicked(button))
        self._buttons[name] = button
        return button

    def _clicked(self, button: StepButton) -> None:
        # the window decides what is in front; the tick follows `set_current`
        button.setChecked(not button.isChecked())
        self.chosen.emit(button.name)

    def button(self, name: str) -> StepButton:
        """The button of a step."""
        return self._buttons[name]

    def set_current(self, name: str) -> None:
        """Light the step of the page in front."""
        for key, button in self._buttons.items():
            button.setChecked(key == name)

    def set_open(self, is_open: bool) -> None:
        """Let the steps be chosen, or not while there is no project."""
        for name, _title in STEPS:
            self._buttons[name].setEnabled(is_open)

    def open_to(self, name: str) -> bool:
        """Whether that page can be gone to."""
        return name not in self._buttons or self._buttons[name].isEnabled()

    def set_state(self, name: str, state: StepState) -> None:
        """Change the line of a step."""
        self._buttons[name].set_state(state)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the ground and the line at its right."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("side"))
        painter.fillRect(self.width() - 1, 0, 1, self.height(), theme.color("line"))
