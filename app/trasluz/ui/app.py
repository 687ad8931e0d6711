"""The door to the window: paint first, then everything else.

Nothing of Qt is imported by this module itself, so that `main` decides how the first frame comes about.
"""

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication

    from .window import Window


def application() -> "QApplication":
    """The one `QApplication`, made and dressed if there is none yet."""
    from PySide6.QtWidgets import QApplication

    from . import theme

    app = QApplication.instance()
    if isinstance(app, QApplication):
        return app
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Trasluz")
    app.setApplicationDisplayName("Trasluz")
    app.setDesktopFileName("trasluz")
    mode = settings().value("look/mode", "system")
    theme.theme().install(app, mode if mode in {"system", "light", "dark"} else "system")  # type: ignore[arg-type]
    return app


def settings() -> "QSettings":
    """What the window remembers: its place, its look. In a file that the person can delete."""
    from PySide6.QtCore import QSettings

    from trasluz.core.places import user_folder

    return QSettings(str(user_folder() / "window.ini"), QSettings.Format.IniFormat)


def main(opened: Sequence[Path] = ()) -> int:
    """Open the window, on a project or on data where some is given, and return the exit status.

    Where the environment names a file in TRASLUZ_FIRST_FRAME, the moments of the first painted frame and of the
    complete start page are written there, a line each, and the window closes again; the benchmark and the frozen
    program's test use it.
    """
    # Importing Qt makes thousands of small objects that live for ever; looking for garbage among them costs a
    # tenth of the time to the first frame.
    gc.disable()
    app = application()
    from PySide6.QtCore import QTimer

    from .window import Window

    window = Window(settings())
    if report := os.environ.get("TRASLUZ_FIRST_FRAME"):
        window.first_frame.connect(lambda: _report(report, window))
        window.furnished.connect(lambda: _report(report, None))
    else:
        # Each after the frame before it: bars and page, then the icon, the session, the host.
        window.first_frame.connect(window.furnish)
        window.furnished.connect(lambda: QTimer.singleShot(0, lambda: begin(window, opened)))
    window.show()
    status = app.exec()
    window.end()
    return status


def begin(window: "Window", opened: Sequence[Path] = ()) -> None:
    """What comes after the first frames: the icon, the session, the host, the recent projects, what is to be opened."""
    from PySide6.QtGui import QGuiApplication, QIcon

    from trasluz.core.places import resources

    gc.freeze()
    gc.enable()
    QGuiApplication.setWindowIcon(QIcon(str(resources() / "icons" / "trasluz.svg")))
    window.begin()
    window.open_paths([path.absolute() for path in opened])
    window.read_ahead()


def _report(path: str, window: "Window | None") -> None:
    import time

    from PySide6.QtWidgets import QApplication

    with Path(path).open("a", encoding="utf-8") as file:
        file.write(f"{time.time()!r}\n")
    if window is not None:
        window.furnish()
    else:
        # no host was started, nothing is open: leave at once, as the benchmark's empty window does
        QApplication.exit(0)
