"""Real windows for the tests of the window."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from trasluz.ui.app import application, settings
from trasluz.ui.theme import theme
from trasluz.ui.window import Window


@pytest.fixture(scope="session")
def qapp_cls() -> type:
    from PySide6.QtWidgets import QApplication

    return QApplication


@pytest.fixture(scope="session")
def qapp(tmp_path_factory: pytest.TempPathFactory) -> object:
    """The program's own application, dressed as a person sees it."""
    import os

    home = os.environ.get("TRASLUZ_HOME")
    os.environ["TRASLUZ_HOME"] = str(tmp_path_factory.mktemp("look"))
    try:
        made = application()
        theme().follow()
        return made
    finally:
        if home is None:
            del os.environ["TRASLUZ_HOME"]
        else:
            os.environ["TRASLUZ_HOME"] = home


@pytest.fixture
def window(qtbot: QtBot, trasluz_home: Path) -> Iterator[Window]:
    """A window on the screen, its session begun, its host warming up."""
    shown = Window(settings())
    qtbot.addWidget(shown)
    shown.resize(1280, 800)
    with qtbot.waitSignal(shown.first_frame):
        shown.show()
    shown.begin()
    yield shown
    shown.close()
    shown.end()


@pytest.fixture
def opened(window: Window, qtbot: QtBot) -> Callable[[Path], Window]:
    """`opened(folder)`: the window with that data looked at."""

    def open_it(data: Path) -> Window:
        with qtbot.waitSignal(window.session.data_changed, timeout=60_000):
            window.open_paths([data])
        return window

    return open_it
