"""Where the window and its dialogs were last, mended where the screens are no longer those of that time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QRect, QSettings

if TYPE_CHECKING:
    from PySide6.QtWidgets import QDialog, QWidget

_GRIP = 96
"""How much of the window's top edge, in logical pixels, must be on a screen for it to be taken hold of."""


def on_a_screen(place: QRect, screens: Sequence[QRect]) -> QRect:
    """The same place where its top edge can be reached, else moved, and made smaller if need be, onto a screen.

    Args:
        place: The window without its frame, in logical pixels of the whole desktop.
        screens: What is free on each screen, the first one first; none where there is no screen.
    """
    if not screens:
        return place
    edge = QRect(place.left(), place.top(), place.width(), 1)
    for screen in screens:
        seen = screen.intersected(edge)
        if not seen.isEmpty() and seen.width() >= min(_GRIP, place.width()):
            return place
    # the screen that shows most of it, or the first one
    best = max(screens, key=lambda screen: _area(screen.intersected(place)))
    width, height = min(place.width(), best.width()), min(place.height(), best.height())
    left = min(max(place.left(), best.left()), best.left() + best.width() - width)
    top = min(max(place.top(), best.top()), best.top() + best.height() - height)
    return QRect(left, top, width, height)


def _area(rect: QRect) -> int:
    return rect.width() * rect.height() if rect.isValid() else 0


def restore(widget: "QWidget", settings: QSettings, key: str) -> bool:
    """Put a window where it was, maximised if it was; False where that is not known or cannot be read."""
    saved = settings.value(key)
    if not isinstance(saved, QByteArray) or not widget.restoreGeometry(saved):
        return False
    if not widget.isMaximized() and not widget.isFullScreen():
        from PySide6.QtGui import QGuiApplication

        place = widget.geometry()
        mended = on_a_screen(place, [screen.availableGeometry() for screen in QGuiApplication.screens()])
        if mended != place:
            widget.setGeometry(mended)
    return True


def keep(widget: "QWidget", settings: QSettings, key: str) -> None:
    """Remember where a window is."""
    settings.setValue(key, widget.saveGeometry())
    settings.sync()


def remember(dialog: "QDialog", settings: QSettings, name: str) -> None:
    """Give a dialog the size that it had last, and remember the one in which it is left.

    Only the size: where it opens is over its window, wherever that is now.
    """
    from PySide6.QtCore import QSize

    key = f"dialog/{name}"
    size = settings.value(key)
    if isinstance(size, QSize) and size.isValid():
        room = dialog.screen().availableGeometry().size()
        dialog.resize(size.boundedTo(room).expandedTo(dialog.minimumSizeHint()))
    dialog.finished.connect(lambda _result: settings.setValue(key, dialog.size()))
