"""The small style sheet: what a palette alone cannot say."""

from trasluz.core.places import resources

from .tokens import Tokens

_SHEET = """
QToolTip { background: $panel; color: $ink; border: 1px solid $line; padding: 4px 6px; }
QLabel { background: transparent; }
QLabel[role="muted"], QLabel[role="caption"] { color: $muted; }
QLabel[role="accent"] { color: $accent; }
QLabel[role="good"] { color: $good; }
QLabel[role="warn"] { color: $warn; }
QLabel[role="bad"] { color: $bad; }
QLabel[role="key"] {
  background: $chip; color: $ink; border: 1px solid $line; border-bottom-width: 2px; border-radius: 5px;
  padding: 2px 6px; min-width: 10px; }

QFrame[role="card"] { background: $panel; border: 1px solid $line; border-radius: 10px; }
QFrame[role="well"] { background: $chip; border: none; border-radius: 8px; }
QFrame[role="rule"] { background: $line; border: none; max-height: 1px; min-height: 1px; }

QPushButton, QToolButton[role="button"] {
  background: $panel; color: $ink; border: 1px solid $line; border-radius: 8px; padding: 7px 14px; }
QPushButton:hover, QToolButton[role="button"]:hover { background: $chip; }
QPushButton:pressed, QToolButton[role="button"]:pressed { background: $line; }
QPushButton:focus, QToolButton[role="button"]:focus { border: 2px solid $accent; padding: 6px 13px; }
QPushButton:disabled, QToolButton[role="button"]:disabled { color: $muted; background: $chip; }
QPushButton:checked { background: $accent_ground; border-color: $accent; }
QPushButton[role="primary"] {
  background: $accent; color: $on_accent; border: 1px solid $accent; font-weight: 600; padding: 7px 14px; }
QPushButton[role="primary"]:hover { background: $accent_hover; border-color: $accent_hover; }
QPushButton[role="primary"]:focus { border: 2px solid $ink; padding: 6px 13px; }
QPushButton[role="primary"]:disabled { background: $chip; color: $muted; border-color: $line; }
QPushButton[role="danger"] { color: $bad; }
QPushButton[role="small"] { padding: 3px 8px; border-radius: 7px; }
QPushButton[role="small"]:focus { padding: 2px 7px; }
QPushButton[role="link"] {
  background: transparent; border: 1px solid transparent; color: $accent; padding: 1px 3px; border-radius: 4px; }
QPushButton[role="link"]:hover { background: $accent_ground; }
QPushButton[role="link"]:focus { border: 1px solid $accent; padding: 1px 3px; }
QPushButton[role="plain"] { background: transparent; border: 1px solid transparent; padding: 4px 8px; }
QPushButton[role="plain"]:hover { background: $chip; }
QPushButton[role="plain"]:focus { border: 1px solid $accent; padding: 4px 8px; }
QPushButton::menu-indicator { width: 0; image: none; }

QLineEdit, QPlainTextEdit, QTextEdit, QComboBox, QAbstractSpinBox {
  background: $panel; color: $ink; border: 1px solid $line; border-radius: 8px; padding: 6px 10px;
  selection-background-color: $accent; selection-color: $on_accent; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QComboBox:focus, QAbstractSpinBox:focus {
  border: 1px solid $accent; }
QLineEdit:disabled, QComboBox:disabled, QAbstractSpinBox:disabled { color: $muted; background: $chip; }
QLineEdit[wrong="true"], QAbstractSpinBox[wrong="true"] { border: 1px solid $bad; }
QComboBox { padding-right: 22px; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: url("$icons/chevron-down-$mode.svg"); width: 12px; height: 12px; }
QAbstractSpinBox { padding-right: 20px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {
  background: transparent; border: none; width: 18px; subcontrol-origin: border; right: 4px; }
QAbstractSpinBox::up-button { subcontrol-position: top right; top: 3px; }
QAbstractSpinBox::down-button { subcontrol-position: bottom right; bottom: 3px; }
QAbstractSpinBox::up-arrow { image: url("$icons/chevron-up-$mode.svg"); width: 10px; height: 10px; }
QAbstractSpinBox::down-arrow { image: url("$icons/chevron-down-$mode.svg"); width: 10px; height: 10px; }
QComboBox QAbstractItemView {
  background: $panel; border: 1px solid $line; padding: 4px; outline: none;
  selection-background-color: $accent_ground; selection-color: $ink; }

QMenu { background: $panel; border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 6px 24px 6px 12px; border-radius: 6px; color: $ink; }
QMenu::item:selected { background: $accent_ground; }
QMenu::item:disabled { color: $muted; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }

QProgressBar { background: $chip; border: none; border-radius: 3px; max-height: 6px; min-height: 6px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }

QSlider { min-height: 20px; background: transparent; }
QSlider::groove:horizontal { background: $line; height: 5px; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal {
  background: $panel; border: 1px solid $muted; width: 12px; margin: -5px 0; border-radius: 7px; }
QSlider::handle:horizontal:hover { border-color: $accent; }
QSlider::handle:horizontal:focus { border: 3px solid $accent; width: 8px; }

QScrollArea { background: transparent; border: none; }
QScrollArea > QWidget > QWidget[role="page"] { background: transparent; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle { background: $line; border-radius: 4px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {
  background: none; border: none; width: 0; height: 0; }

QTableView, QTreeView, QListView {
  background: $panel; border: none; outline: none; gridline-color: $line; alternate-background-color: $background;
  selection-background-color: $accent_ground; selection-color: $ink; }
QHeaderView::section {
  background: $panel; color: $muted; border: none; border-bottom: 1px solid $line; padding: 6px 3px; }
QTableCornerButton::section { background: $panel; border: none; }
QTabBar::tab { background: transparent; color: $muted; padding: 6px 12px; border: none; }
QTabBar::tab:selected { color: $ink; border-bottom: 2px solid $accent; }
QTabWidget::pane { border: none; }
QSplitter::handle { background: transparent; }
QCheckBox, QRadioButton { spacing: 8px; background: transparent; }
QCheckBox::indicator, QRadioButton::indicator {
  width: 14px; height: 14px; border: 1px solid $muted; background: $panel; border-radius: 4px; }
QRadioButton::indicator { border-radius: 8px; }
QCheckBox::indicator:checked {
  background: $accent; border-color: $accent; image: url("$icons/tick-$mode.svg"); }
QRadioButton::indicator:checked { background: $panel; border: 5px solid $accent; width: 6px; height: 6px; }
QCheckBox::indicator:focus { border: 2px solid $accent; width: 12px; height: 12px; }
QCheckBox::indicator:checked:focus { border-color: $ink; }
QRadioButton::indicator:focus { border-color: $accent; }
QRadioButton::indicator:checked:focus { border-color: $ink; }
QCheckBox::indicator:disabled { background: $chip; border-color: $line; }
"""


def style_sheet(t: Tokens) -> str:
    """The style sheet in the colours of `t`."""
    # the longest names first, since `$accent` begins `$accent_ground`
    values = {**t._asdict(), "icons": (resources() / "icons").as_posix(), "mode": "dark" if t.dark else "light"}
    sheet = _SHEET
    for name in sorted(values, key=len, reverse=True):
        sheet = sheet.replace(f"${name}", str(values[name]))
    return sheet
