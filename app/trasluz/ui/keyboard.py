"""The keys, once: what the window's shortcuts are made from, and what the Keyboard overlay lists."""

from typing import TYPE_CHECKING, NamedTuple

from .steps import FOOT, STEPS

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QWidget


class Keys(NamedTuple):
    """Keys and what they do.

    Attributes:
        name: How `bind` is asked for them; empty for those that a view answers by itself, such as the arrows.
        keys: Each by itself does it; written as `QKeySequence` reads them, in its portable form.
        words: What they do, a few words.
    """

    name: str
    keys: tuple[str, ...]
    words: str


class Group(NamedTuple):
    """Keys that belong together in the overlay."""

    title: str
    keys: tuple[Keys, ...]


PAGES = tuple(Keys(name, (f"Ctrl+{n}",), title) for n, (name, title) in enumerate((*STEPS, *FOOT), start=1))
"""A page each, in the order in which they stand at the left."""

GROUPS = (
    Group("Pages", (Keys("start", ("Ctrl+0",), "Start"), *PAGES)),
    Group(
        "Everywhere",
        (
            Keys("keyboard", ("F1", "?"), "These keys"),
            Keys("open", ("Ctrl+O",), "Open a folder; on Use, files to answer"),
            Keys("", ("Tab", "Shift+Tab"), "To the next part, and back"),
            Keys("", ("Space",), "Press the button"),
            Keys("close", ("Ctrl+W",), "Close the window; runs go on"),
        ),
    ),
    Group(
        "Items, tables, plots",
        (
            Keys("", ("Left", "Right", "Up", "Down"), "Go from one to the next"),
            Keys("", ("Home", "End"), "To the first, the last"),
            Keys("", ("Return", "Space"), "Open the item or the cell"),
            Keys("put away", ("Esc",), "Put it away again"),
            Keys("search", ("Ctrl+F",), "Search the data"),
            Keys("", ("Ctrl+V",), "Paste a photo, a file or a text, on Use"),
            Keys("", ("F2",), "Correct its label, on Judge"),
            Keys("undo", ("Ctrl+Z",), "Take a correction back"),
            Keys("redo", ("Ctrl+Shift+Z",), "Make it again"),
        ),
    ),
)


def keys_of(name: str) -> tuple[str, ...]:
    """The keys of that name.

    Raises:
        KeyError: If there are none.
    """
    for group in GROUPS:
        for entry in group.keys:
            if entry.name == name:
                return entry.keys
    raise KeyError(name)


def bind(
    name: str, widget: "QWidget", do: "Callable[[], object]", *, context: "Qt.ShortcutContext | None" = None
) -> None:
    """Let the keys of that name do something while `widget`'s window, or what `context` says, is in front."""
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QKeySequence, QShortcut

    for key in keys_of(name):
        shortcut = QShortcut(QKeySequence(key), widget)
        shortcut.setContext(Qt.ShortcutContext.WindowShortcut if context is None else context)
        shortcut.activated.connect(do)


def shown(key: str) -> str:
    """A key as it is written on this system's keyboards, arrows as arrows."""
    from PySide6.QtGui import QKeySequence

    arrows = {"Left": "←", "Right": "→", "Up": "↑", "Down": "↓", "Return": "Enter"}
    return arrows.get(key) or QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
