"""A form made from the settings of a family: a few in sight, the others behind “Advanced”."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from trasluz.ui.widgets import Label, LinkButton, Rule, SmallButton

from .controls import MISSING, control_for
from .schema import Field, fields_of, means_something


class SettingsForm(QWidget):
    """Shows the settings of a JSON schema and holds their values while the person changes them.

    Signals:
        changed: Something was changed; ask `values()` or `troubles()`.
        turned: The advanced settings came in sight, or went.
    """

    changed = Signal()
    turned = Signal(bool)

    def __init__(
        self,
        schema: Mapping[str, Any],
        values: Mapping[str, Any] | None = None,
        *,
        suggestions: Mapping[str, Sequence[Mapping[str, str]]] | None = None,
        columns: Sequence[str] = (),
    ) -> None:
        super().__init__()
        # what is chosen between comes first: the other settings hang on it
        self.fields = sorted(
            fields_of(schema, suggestions, columns), key=lambda f: not any(c.sentence for c in f.choices)
        )
        self.rows: dict[str, SettingRow] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(14)
        self._advanced = QWidget()
        inner = QVBoxLayout(self._advanced)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(14)
        for field in self.fields:
            row = SettingRow(field)
            row.changed.connect(self._row_changed)
            self.rows[field.name] = row
            if field.advanced:
                inner.addWidget(row)
            else:
                layout.addWidget(row)
        self._toggle = LinkButton("", self._turn)
        self._toggle.setCheckable(False)
        self._open = False
        has_advanced = any(f.advanced for f in self.fields)
        if has_advanced:
            layout.addWidget(Rule())
            layout.addWidget(self._toggle, 0, Qt.AlignmentFlag.AlignLeft)
            layout.addWidget(self._advanced)
        layout.addStretch(1)
        self._advanced.setVisible(False)
        self.set_values(values or {})

    def values(self) -> dict[str, Any]:
        """The values of all settings; what cannot be used is left out (see `troubles`)."""
        found = {name: row.control.value() for name, row in self.rows.items()}
        return {name: value for name, value in found.items() if value is not MISSING and not self.rows[name].trouble}

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show these values, and the defaults for the rest; names that the form does not know are left alone."""
        for name, row in self.rows.items():
            row.set_value(values.get(name, row.field.default))
        self._show_meaningful()
        self._show_toggle()

    def troubles(self) -> list[str]:
        """What has to be mended before the values can be used, one sentence for each setting."""
        return [f"{row.field.title}: {row.trouble}" for row in self.rows.values() if row.trouble]

    @property
    def advanced_open(self) -> bool:
        """Whether the advanced settings are in sight."""
        return self._open

    def open_advanced(self, open_: bool = True) -> None:
        """Show or hide the advanced settings."""
        self._open = open_
        self._advanced.setVisible(open_)
        self._show_toggle()
        self.turned.emit(open_)

    def _turn(self) -> None:
        self.open_advanced(not self._open)

    def _row_changed(self) -> None:
        self._show_meaningful()
        self._show_toggle()
        self.changed.emit()

    def _show_meaningful(self) -> None:
        """Hide the settings that mean nothing beside the others as they stand."""
        values = {name: row.control.value() for name, row in self.rows.items()}
        for row in self.rows.values():
            if row.field.when:
                row.setVisible(means_something(row.field.when, values))

    def _show_toggle(self) -> None:
        rows = [r for r in self.rows.values() if r.field.advanced]
        moved = sum(not r.at_default for r in rows)
        words = f"{'▾' if self._open else '▸'}  Advanced"
        if moved:
            words += f" · {moved} changed"
        elif not self._open:
            words += f" · {len(rows)} more"
        self._toggle.setText(words)
        self._toggle.setAccessibleName(words[3:])
        if any(r.trouble for r in rows) and not self._open:
            self.open_advanced()


class SettingRow(QWidget):
    """One setting: title, sentence, control with its unit, and the mark that puts it back."""

    changed = Signal()

    def __init__(self, field: Field) -> None:
        super().__init__()
        self.field = field
        self.trouble = ""
        self.control = control_for(field)
        self.control.changed.connect(self._control_changed)
        title = Label(field.title, "strong")
        title.setBuddy(self.control)
        title.setToolTip(f"{field.name}" + (f", {field.bounds}" if field.bounds else ""))
        sentence = Label(field.sentence, "muted", wrap=True)
        sentence.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._wrong = Label("", "bad", wrap=True)
        self._wrong.setVisible(False)
        self._reset = SmallButton("↺", self.reset)
        self._reset.setFixedWidth(30)
        policy = self._reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._reset.setSizePolicy(policy)
        shown = field.shown(field.default)
        self._reset.setToolTip(f"Back to {shown}")
        self._reset.setAccessibleName(f"{field.title}: back to {shown}")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(0, 1)
        if self.control.wide:
            head = QHBoxLayout()
            head.addWidget(title)
            head.addStretch(1)
            head.addWidget(self._reset)
            grid.addLayout(head, 0, 0)
            grid.addWidget(sentence, 1, 0)
            grid.addWidget(self.control, 2, 0)
            grid.addWidget(self._wrong, 3, 0)
            grid.setVerticalSpacing(6)
        else:
            side = QHBoxLayout()
            side.setSpacing(8)
            side.addWidget(self.control)
            side.addWidget(self._reset)
            self.control.setFixedWidth(196)
            grid.addWidget(title, 0, 0)
            grid.addWidget(sentence, 1, 0)
            grid.addLayout(side, 0, 1, 2, 1, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(self._wrong, 2, 0, 1, 2)
        sentence.setVisible(bool(field.sentence))

    @property
    def at_default(self) -> bool:
        """Whether the value is the family's own."""
        return bool(self.control.value() == self.field.default)

    def set_value(self, value: Any) -> None:
        """Show a value."""
        self.control.blockSignals(True)
        self.control.set_value(value)
        self.control.blockSignals(False)
        self._check()

    def reset(self) -> None:
        """Put the default back."""
        self.set_value(self.field.default)
        self.control.setFocus()
        self.changed.emit()

    def _control_changed(self) -> None:
        self._check()
        self.changed.emit()

    def _check(self) -> None:
        value = self.control.value()
        if value is MISSING:
            self.trouble = "That is not a whole number." if self.field.kind == "whole" else "That is not a number."
        else:
            self.trouble = self.field.trouble(value)
        self.control.set_wrong(bool(self.trouble))
        self._wrong.setText(self.trouble)
        self._wrong.setVisible(bool(self.trouble))
        self._reset.setVisible(not self.at_default)
