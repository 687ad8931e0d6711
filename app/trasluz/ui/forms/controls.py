"""The controls of a form: one for each kind of setting, all with `value()`, `set_value()` and `changed`."""

from typing import Any

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from trasluz.ui import theme
from trasluz.ui.widgets import Label
from trasluz.ui.widgets.basic import Painted

from .marks import RadioMark, Switch
from .schema import Choice, Field, plain

MISSING = object()
"""What a number control answers while what is written in it is no number."""


class Control(QWidget):
    """A control for one field."""

    changed = Signal()
    wide = False
    """Whether it needs the whole width, under its sentence."""

    def __init__(self, field: Field) -> None:
        super().__init__()
        self.field = field
        self.setAccessibleName(field.title)

    def value(self) -> Any:
        """The value, or `MISSING` while there is none that could be used."""
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show a value."""
        raise NotImplementedError

    def set_wrong(self, wrong: bool) -> None:
        """Mark the control as holding something that cannot be used."""


class NumberControl(Control):
    """A number to type; the up and down keys step it, by factors where it spans magnitudes. Empty where optional."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self._edit = _NumberEdit()
        self._edit.setAccessibleName(field.title)
        self._edit.setAccessibleDescription(" ".join(filter(None, (field.sentence, field.bounds))))
        self._edit.setFixedWidth(112)
        self._edit.setAlignment(Qt.AlignmentFlag.AlignRight)
        if field.optional:
            self._edit.setPlaceholderText("not set")
        self._edit.setToolTip(field.bounds[:1].upper() + field.bounds[1:])
        self._edit.textChanged.connect(lambda _text: self.changed.emit())
        self._edit.stepped.connect(self._step)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._edit)
        if field.unit:
            layout.addWidget(Label(field.unit, "muted"))
        layout.addStretch(1)
        self.setFocusProxy(self._edit)

    def value(self) -> Any:
        """The number, None where it is left empty, `MISSING` where it is no number."""
        words = self._edit.text().strip().replace(" ", "").replace("_", "")
        if not words:
            return None
        try:
            if self.field.kind == "whole":
                return int(words.replace(",", ""))
            return float(words.replace(",", ".") if words.count(",") == 1 and "." not in words else words)
        except (ValueError, OverflowError):
            return MISSING

    def set_value(self, value: Any) -> None:
        """Show a number, or nothing."""
        self._edit.setText("" if value is None else plain(value).replace(",", ""))

    def set_wrong(self, wrong: bool) -> None:
        """Frame the edit in the colour of errors; the sentence under it says why."""
        if bool(self._edit.property("wrong")) != wrong:
            self._edit.setProperty("wrong", wrong)
            self._edit.style().unpolish(self._edit)
            self._edit.style().polish(self._edit)

    def _step(self, direction: int) -> None:
        value = self.value()
        if value is None or value is MISSING:
            value = self.field.default if self.field.default is not None else (self.field.low or 0) + 1
        else:
            value = stepped(self.field, value, direction)
        self.set_value(value)


class _NumberEdit(QLineEdit):
    stepped = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: up and down step the number."""
        direction = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
        if direction is None:
            super().keyPressEvent(event)
        else:
            self.stepped.emit(direction)


class SwitchControl(Control):
    """On or off."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self._box = Switch()
        self._box.setAccessibleName(field.title)
        self._box.setAccessibleDescription(field.sentence)
        self._box.toggled.connect(lambda _on: self.changed.emit())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._box)
        layout.addStretch(1)
        self.setFocusProxy(self._box)

    def value(self) -> Any:
        """Whether it is on."""
        return self._box.isChecked()

    def set_value(self, value: Any) -> None:
        """Turn it on or off."""
        self._box.setChecked(bool(value))


class TextControl(Control):
    """A line of text; empty means None where the setting is optional."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self._edit = QLineEdit()
        self._edit.setAccessibleName(field.title)
        self._edit.setAccessibleDescription(field.sentence)
        self._edit.setMinimumWidth(180)
        if field.optional:
            self._edit.setPlaceholderText("not set")
        self._edit.textChanged.connect(lambda _text: self.changed.emit())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._edit)
        self.setFocusProxy(self._edit)

    def value(self) -> Any:
        """The text."""
        words = self._edit.text()
        return None if self.field.optional and not words.strip() else words

    def set_value(self, value: Any) -> None:
        """Show a text."""
        self._edit.setText("" if value is None else str(value))


class BoxControl(Control):
    """A choice without sentences: a drop-down box that the wheel does not change by accident."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self._box = QComboBox()
        self._box.setAccessibleName(field.title)
        self._box.setAccessibleDescription(field.sentence)
        self._box.setMinimumWidth(160)
        self._box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._box.installEventFilter(self)
        self._values = [c.value for c in field.choices]
        for choice in field.choices:
            self._box.addItem(choice.title)
        if field.optional:
            self._values.insert(0, None)
            self._box.insertItem(0, "not set")
        self._box.currentIndexChanged.connect(lambda _index: self.changed.emit())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._box)
        self.setFocusProxy(self._box)

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Qt's: let the wheel scroll the page."""
        if event.type() == QEvent.Type.Wheel and not self._box.hasFocus():
            event.ignore()
            return True
        return False

    def value(self) -> Any:
        """The chosen value."""
        index = self._box.currentIndex()
        return self._values[index] if 0 <= index < len(self._values) else None

    def set_value(self, value: Any) -> None:
        """Choose a value."""
        if value in self._values:
            self._box.setCurrentIndex(self._values.index(value))


class CardsControl(Control):
    """A choice with sentences: radio cards, two beside each other."""

    wide = True

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self._group = QButtonGroup(self)
        self.cards: list[ChoiceCard] = []
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        columns = 1 if len(field.choices) < 2 else 2
        for i, choice in enumerate(field.choices):
            card = ChoiceCard(choice)
            self._group.addButton(card.radio, i)
            layout.addWidget(card, i // columns, i % columns)
            self.cards.append(card)
        self._group.idToggled.connect(lambda _id, on: self.changed.emit() if on else None)

    def value(self) -> Any:
        """The chosen value."""
        index = self._group.checkedId()
        return self.field.choices[index].value if index >= 0 else None

    def set_value(self, value: Any) -> None:
        """Choose a value."""
        for card in self.cards:
            if card.choice.value == value:
                card.radio.setChecked(True)


class ChoiceCard(Painted):
    """A radio button with a title and a sentence; the whole card can be clicked."""

    def __init__(self, choice: Choice) -> None:
        super().__init__()
        self.choice = choice
        self.radio = RadioMark(choice.title)
        self.radio.setFont(theme.font("strong"))
        self.radio.setAccessibleName(choice.title)
        self.radio.setAccessibleDescription(choice.sentence)
        self.radio.toggled.connect(lambda _on: self.update())
        self.radio.installEventFilter(self)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 10)
        layout.setSpacing(2)
        layout.addWidget(self.radio)
        if choice.sentence:
            row = QHBoxLayout()
            row.setContentsMargins(24, 0, 0, 0)
            row.addWidget(Label(choice.sentence, "muted", wrap=True))
            layout.addLayout(row)
        layout.addStretch(1)

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Qt's: the frame shows the focus of the button inside."""
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return False

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Qt's: a click anywhere on the card chooses it."""
        if self.rect().contains(event.position().toPoint()):
            self.radio.setChecked(True)
            self.radio.setFocus(Qt.FocusReason.MouseFocusReason)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's: a frame, lit when chosen."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = self.radio.isChecked()
        frame = theme.color("accent" if chosen or self.radio.hasFocus() else "line")
        painter.setPen(QPen(frame, 1.5 if chosen else 1))
        painter.setBrush(theme.color("accent_ground" if chosen else "panel"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), theme.CONTROL_RADIUS, theme.CONTROL_RADIUS)


def control_for(field: Field) -> Control:
    """Return the control that suits the field."""
    match field.kind:
        case "whole" | "number":
            return NumberControl(field)
        case "switch":
            return SwitchControl(field)
        case "choice":
            has_sentences = any(c.sentence for c in field.choices)
            return CardsControl(field) if has_sentences else BoxControl(field)
        case "open":
            from .open_choice import OpenChoiceControl

            return OpenChoiceControl(field)
        case _:
            return TextControl(field)


def stepped(field: Field, value: float, direction: int) -> float:
    """Return the next sensible number up or down, inside the bounds."""
    if field.kind == "whole":
        result: float = value + direction * int(field.step or 1)
    elif field.open_low and field.low == 0 and (field.high is None or field.high <= 10):
        # a rate: what matters is its magnitude
        ladder = (1.0, 2.0, 5.0, 10.0, 20.0)
        exponent, lead = 0, float(value)
        while lead >= 10:
            lead, exponent = lead / 10, exponent + 1
        while 0 < lead < 1:
            lead, exponent = lead * 10, exponent - 1
        if direction > 0:
            lead = next(v for v in ladder if v > lead * 1.0001)
        else:
            lower = [v for v in (0.5, *ladder) if v < lead * 0.9999]
            lead = lower[-1]
        result = float(f"{lead * 10.0**exponent:.6g}")
    else:
        result = float(f"{value + direction * (field.step or 1):.6g}")
    if field.low is not None and (result < field.low or (field.open_low and result <= field.low)):
        return value
    if field.high is not None and (result > field.high or (field.open_high and result >= field.high)):
        return value
    return result
