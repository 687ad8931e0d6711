"""Where the system's file dialogs open: where the person was last, at first among their pictures."""

from pathlib import Path

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

_last = ""


def choose_folder(parent: QWidget, title: str) -> str:
    """Let the person choose a folder; empty where they chose none."""
    return _remembered(QFileDialog.getExistingDirectory(parent, title, _start()))


def choose_file(parent: QWidget, title: str, kinds: str) -> str:
    """Let the person choose a file; empty where they chose none."""
    return _remembered(QFileDialog.getOpenFileName(parent, title, _start(), kinds)[0])


def choose_files(parent: QWidget, title: str, kinds: str) -> list[str]:
    """Let the person choose files; none where they chose none."""
    names, _ = QFileDialog.getOpenFileNames(parent, title, _start(), kinds)
    for name in names[:1]:
        _remembered(name)
    return names


def choose_new_file(parent: QWidget, title: str, name: str, kinds: str) -> str:
    """Let the person name a file to write; empty where they gave none."""
    return _remembered(QFileDialog.getSaveFileName(parent, title, str(Path(_start()) / name), kinds)[0])


def _start() -> str:
    if _last and Path(_last).is_dir():
        return _last
    for place in (QStandardPaths.StandardLocation.PicturesLocation, QStandardPaths.StandardLocation.HomeLocation):
        folder = QStandardPaths.writableLocation(place)
        if folder and Path(folder).is_dir():
            return folder
    return str(Path.home())


def _remembered(chosen: str) -> str:
    global _last  # noqa: PLW0603 - one person, one place
    if chosen:
        _last = str(Path(chosen).parent)
    return chosen
