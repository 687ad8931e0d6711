"""The theme in force: tokens, fonts, the palette and the small style sheet that are made from them.

Painters ask `tokens()`, `color("accent")` and `font("title")` while they paint, so a change of theme needs no more
than a repaint. Nothing here imports more than Qt's three base modules: it runs before the first frame.
"""

from functools import lru_cache
from typing import Literal

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from .tokens import DARK, LIGHT, Tokens

Mode = Literal["system", "light", "dark"]
Role = Literal["body", "strong", "title", "heading", "number", "figure", "caption", "mono"]

CARD_RADIUS = 10
CONTROL_RADIUS = 8
THUMBNAIL_RADIUS = 6
_PIXELS = {"body": 13, "strong": 13, "title": 20, "heading": 16, "number": 28, "figure": 20, "caption": 11, "mono": 12}
_WEIGHTS = {
    "strong": QFont.Weight.DemiBold,
    "title": QFont.Weight.DemiBold,
    "heading": QFont.Weight.DemiBold,
    "number": QFont.Weight.DemiBold,
}


class Theme(QObject):
    """The theme of the program: its mode, its tokens, and a signal when they change."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.mode: Mode = "system"
        self.tokens: Tokens = LIGHT
        self._following = False

    def install(self, app: QApplication, mode: Mode = "system") -> None:
        """Colour the program for its first frame; `follow` dresses it wholly after that."""
        app.setStyle("Fusion")
        self.mode = mode
        # Asking for the colour scheme would build all of Qt's enumerations before the first frame, a quarter of the
        # time to it; the palette tells as much.
        ground = QGuiApplication.palette().color(QPalette.ColorRole.Window)
        dark = mode == "dark" or (mode == "system" and ground.lightness() < 128)
        self.tokens = DARK if dark else LIGHT
        app.setPalette(palette(self.tokens))

    def follow(self) -> None:
        """Put on fonts and style sheet, and go along with the system from now on where the mode is `system`."""
        if not self._following:
            self._following = True
            QApplication.setFont(font("body"))
            QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)
            self.set_mode(self.mode)

    def set_mode(self, mode: Mode) -> None:
        """Choose light, dark, or whatever the system has."""
        from PySide6.QtCore import Qt

        self.mode = mode
        schemes = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
        # so that title bars and native dialogs go along
        QGuiApplication.styleHints().setColorScheme(schemes.get(mode, Qt.ColorScheme.Unknown))
        dark = mode == "dark"
        if mode == "system":
            dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        self._dress(dark=dark)

    def _system_changed(self) -> None:
        if self.mode == "system":
            self.set_mode("system")

    def _dress(self, *, dark: bool) -> None:
        self.tokens = DARK if dark else LIGHT
        app = QApplication.instance()
        if isinstance(app, QApplication):
            from .stylesheet import style_sheet

            app.setPalette(palette(self.tokens))
            app.setStyleSheet(style_sheet(self.tokens))
        self.changed.emit()


@lru_cache(maxsize=1)
def theme() -> Theme:
    """The one theme of the process."""
    return Theme()


def tokens() -> Tokens:
    """The colours in force."""
    return theme().tokens


def color(name: str, alpha: float = 1.0) -> QColor:
    """A token as a colour, e.g. `color("accent")`; `series` is asked for by `series_color`."""
    found = QColor(getattr(tokens(), name))
    found.setAlphaF(alpha)
    return found


def series_color(number: int) -> QColor:
    """The colour of the series of that number, from 0; they repeat after the eighth."""
    series = tokens().series
    return QColor(series[number % len(series)])


def font(role: Role = "body") -> QFont:
    """The system's interface font in the size and weight of a role, with figures of one width."""
    return QFont(_font(role))


@lru_cache(maxsize=16)
def _font(role: str) -> QFont:
    mono = role == "mono"
    system = QFontDatabase.SystemFont.FixedFont if mono else QFontDatabase.SystemFont.GeneralFont
    found = QFontDatabase.systemFont(system)
    # a desktop without a chosen interface font answers with a bare "Sans"; Inter reads better where it is there
    if not mono and found.family().lower() in {"sans", "sans serif", "sans-serif", "dejavu sans", ""}:
        found.setFamilies(["Inter", found.family() or "sans-serif"])
    found.setPixelSize(_PIXELS[role])
    found.setWeight(_WEIGHTS.get(role, QFont.Weight.Normal))
    found.setFeature(QFont.Tag("tnum"), 1)
    return found


def palette(t: Tokens) -> QPalette:
    """The palette that Fusion paints its own parts with."""
    found = QPalette()
    roles = {
        QPalette.ColorRole.Window: t.background,
        QPalette.ColorRole.WindowText: t.ink,
        QPalette.ColorRole.Base: t.panel,
        QPalette.ColorRole.AlternateBase: t.background,
        QPalette.ColorRole.Text: t.ink,
        QPalette.ColorRole.Button: t.panel,
        QPalette.ColorRole.ButtonText: t.ink,
        QPalette.ColorRole.BrightText: t.bad,
        QPalette.ColorRole.Highlight: t.accent,
        QPalette.ColorRole.HighlightedText: t.on_accent,
        QPalette.ColorRole.Accent: t.accent,
        QPalette.ColorRole.Link: t.accent,
        QPalette.ColorRole.LinkVisited: t.accent,
        QPalette.ColorRole.PlaceholderText: t.muted,
        QPalette.ColorRole.ToolTipBase: t.panel,
        QPalette.ColorRole.ToolTipText: t.ink,
        QPalette.ColorRole.Light: t.panel,
        QPalette.ColorRole.Midlight: t.chip,
        QPalette.ColorRole.Mid: t.line,
        QPalette.ColorRole.Dark: t.line,
        QPalette.ColorRole.Shadow: t.line,
    }
    for role, value in roles.items():
        found.setColor(role, QColor(value))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        found.setColor(QPalette.ColorGroup.Disabled, role, QColor(t.muted))
    return found
