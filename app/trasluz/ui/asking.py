"""Asking for a name, in a dialog over the window that has the size in which it was left last."""

from collections.abc import Callable

from PySide6.QtWidgets import QInputDialog, QWidget

from trasluz.ui.place import remember


def ask_for_name(
    parent: QWidget, what: str, title: str, label: str, given: Callable[[str], object], *, text: str = ""
) -> None:
    """Let the person give a name; returns at once.

    Args:
        parent: Over whose window it opens.
        what: A word under which the dialog's size is remembered.
        title: What is being done.
        label: What the name is for.
        given: Called with the name, without spaces around it, where the person gave one.
        text: What stands there at first.
    """
    from trasluz.ui.app import settings

    dialog = QInputDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setLabelText(label)
    dialog.setTextValue(text)
    remember(dialog, settings(), what)

    def take() -> None:
        name = dialog.textValue().strip()
        if name:
            given(name)

    dialog.accepted.connect(take)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
