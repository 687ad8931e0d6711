"""A text that is chosen: known values in a list, and below them what else it may be, pointed at or typed."""

from pathlib import PurePath
from typing import Any

from PySide6.QtCore import QEvent, QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QLineEdit, QVBoxLayout

from trasluz.ui.files import choose_folder
from trasluz.ui.widgets import Label

from .controls import Control
from .schema import FOLDER, Field

_VALUE, _OTHER = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1


class OpenChoiceControl(Control):
    """Known values, a folder by the system's dialog, or a typed name after a prefix."""

    wide = True

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self._value: Any = field.default
        self.box = QComboBox()
        self.box.setAccessibleName(field.title)
        self.box.setAccessibleDescription(field.sentence)
        self.box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMaximumWidth(420)
        self.box.installEventFilter(self)
        self.edit = QLineEdit()
        self.edit.setMaximumWidth(420)
        self.edit.setVisible(False)
        self.edit.textChanged.connect(self._typed)
        self._about = Label("", "muted", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for widget in (self.box, self.edit, self._about):
            layout.addWidget(widget)
        self.box.activated.connect(self._chosen)
        self.setFocusProxy(self.box)
        self._fill()

    def value(self) -> Any:
        """The chosen value."""
        return self._value

    def set_value(self, value: Any) -> None:
        """Show a value, also one that is not in the list."""
        self._value = value
        self._fill()

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Qt's: let the wheel scroll the page."""
        if event.type() == QEvent.Type.Wheel and not self.box.hasFocus():
            event.ignore()
            return True
        return False

    def _prefix(self) -> str:
        """The prefix of a typed value, or nothing; what has a name of its own is in the list."""
        if any(choice.value == self._value for choice in self.field.choices):
            return ""
        words = str(self._value or "")
        return next((key for key in self.field.others if key.endswith(":") and words.startswith(key)), "")

    def _fill(self) -> None:
        """The list, with the present value chosen in it."""
        known = {choice.value: choice for choice in self.field.choices}
        prefix = self._prefix()
        with QSignalBlocker(self.box):
            self.box.clear()
            for value, choice in known.items():
                self._add(choice.title, _VALUE, value)
            if self._value not in known and not prefix:
                self._add(PurePath(str(self._value)).name or str(self._value), _VALUE, self._value)
            self.box.insertSeparator(self.box.count())
            for key, title in self.field.others.items():
                self._add(f"{title}…", _OTHER, key)
            at = self.box.findData(prefix, _OTHER) if prefix else self.box.findData(self._value, _VALUE)
            self.box.setCurrentIndex(at)
        self.edit.setVisible(bool(prefix))
        if prefix:
            with QSignalBlocker(self.edit):
                typed = str(self._value).removeprefix(prefix)
                if self.edit.text() != typed:
                    self.edit.setText(typed)
            self.edit.setPlaceholderText(self.field.placeholder)
            self.edit.setAccessibleName(f"{self.field.title}: {self.field.others[prefix]}")
        choice = known.get(self._value)
        self._about.setText(choice.sentence if choice else "" if prefix else str(self._value))
        self._about.setVisible(bool(self._about.text()))

    def _add(self, title: str, role: int, data: Any) -> None:
        self.box.addItem(title)
        self.box.setItemData(self.box.count() - 1, data, role)

    def _chosen(self, index: int) -> None:
        other = self.box.itemData(index, _OTHER)
        before = self._value
        if other is None:
            self._value = self.box.itemData(index, _VALUE)
        elif other == FOLDER:
            self._value = choose_folder(self, self.field.others[FOLDER]) or before
        elif self._prefix() != other:
            self._value = str(other)
        self._fill()
        if other is not None and other != FOLDER:
            self.edit.setFocus()
        if self._value != before:
            self.changed.emit()

    def _typed(self, words: str) -> None:
        self._value = self._prefix() + words.strip()
        self.changed.emit()
