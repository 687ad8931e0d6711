"""Pictures of the real window, for the guide, for machines without a screen, and for whoever draws it."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QSettings
from PySide6.QtWidgets import QComboBox

from . import theme
from .app import application
from .window import PAGES, Window

PATIENCE = 90.0
"""Seconds to wait for a page to be ready."""


def take(project: Path, picture: Path, *, page: str = "data", look: theme.Mode = "light") -> None:
    """Take one picture of a page of the window on a project."""
    take_all(project, {page: picture}, look=look)


def take_all(
    project: Path | None,
    pictures: dict[str, Path],
    *,
    look: theme.Mode = "light",
    size: tuple[int, int] = (1280, 800),
    prepare: Callable[[Window, str], None] | None = None,
) -> None:
    """Take a picture of each page.

    Args:
        project: The project to open; none for pages that need none.
        pictures: Page name → where the picture goes.
        look: Light or dark.
        size: Of the window, in logical pixels; the scale is the environment's QT_SCALE_FACTOR.
        prepare: Called with the window and the page's name before the picture is taken.

    Raises:
        ValueError: If a page does not exist.
        TimeoutError: If the data is not there in time.
    """
    if unknown := set(pictures) - set(PAGES):
        raise ValueError(f"There is no page “{unknown.pop()}”; there are {', '.join(PAGES)}.")
    application()
    theme.theme().set_mode(look)
    # the person's own window must not forget its place for a picture
    settings = QSettings(str(next(iter(pictures.values())).with_suffix(".ini")), QSettings.Format.IniFormat)
    window = Window(settings)
    try:
        window.resize(*size)
        window.show()
        settle(lambda: True)
        window.begin()
        session = window.session
        settle(lambda: bool(session.catalogue and session.devices), patience=30)
        if project is not None:
            session.open_project(project)
            if not settle(lambda: session.summary is not None and session.run_settled):
                raise TimeoutError(f"The data of “{project.name}” was not there after {PATIENCE:.0f} s.")
        for name, picture in pictures.items():
            window.go(name)
            if prepare is not None:
                prepare(window, name)
            settle(lambda: session.quiet, least=0.8)
            picture.parent.mkdir(parents=True, exist_ok=True)
            window.grab().save(str(picture))
    finally:
        window.end()
        window.deleteLater()
        Path(settings.fileName()).unlink(missing_ok=True)


def settle(ready: Callable[[], bool], *, patience: float = PATIENCE, least: float = 0.1) -> bool:
    """Let the window work until `ready`, and at least for a moment; say whether it came."""
    start = time.monotonic()
    while (passed := time.monotonic() - start) < patience:
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        if passed >= least and ready():
            return True
        time.sleep(0.01)
    return False


def _typed(window: Window, text: str, view: str | None) -> None:
    """Type a text on the Use page, and choose what to look at of its answer."""
    page = window.page("use")
    page.answer_texts([text])  # type: ignore[attr-defined]
    settle(lambda: window.session.quiet, least=1.0)
    if view is not None:
        boxes = [box for box in page.findChildren(QComboBox) if box.findText(view) >= 0]
        if not boxes:
            raise ValueError(f"There is no view “{view}” of this model.")
        boxes[0].setCurrentText(view)
        boxes[0].activated.emit(boxes[0].currentIndex())
        settle(lambda: window.session.quiet, least=1.0)


def take_views(window: Window, folder: Path, *, look: theme.Mode) -> None:
    """Take a picture of each view of the model on the input that the Use page shows: `view-TITLE-LOOK.png`.

    Args:
        window: With an answer on the Use page.
        folder: Where the pictures go.
        look: Part of their names.
    """
    panel = window.page("use").answer  # type: ignore[attr-defined]
    views = next(box for box in panel.findChildren(QComboBox) if box.accessibleName() == "What to look at")
    for number in range(views.count()):
        views.setCurrentIndex(number)
        views.activated.emit(number)
        settle(lambda: window.session.quiet, least=1.5)
        name = "-".join("".join(c if c.isalnum() else " " for c in views.itemText(number).lower()).split())
        panel.painter.grab().save(str(folder / f"view-{name}-{look}.png"))


def main(arguments: Sequence[str] | None = None) -> int:
    """`python packaging/pictures.py --project P --out DIR --theme light --size 1280x800`."""
    import argparse

    parser = argparse.ArgumentParser(description="Take a picture of each page of the window on a project.")
    parser.add_argument("--project", type=Path, help="the folder of a project; start, plugins and lessons need none")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--size", default="1280x800", help="logical pixels")
    parser.add_argument("--pages", nargs="*", choices=tuple(PAGES))
    parser.add_argument("--photos", nargs="*", type=Path, default=[], help="what to drop on the Use page")
    parser.add_argument("--text", help="what to type on the Use page")
    parser.add_argument("--view", help="what to look at of the answer, by the title of the view")
    parser.add_argument("--side", type=int, choices=range(4), help="which side of the Judge page")
    parser.add_argument("--views", action="store_true", help="also a picture of each view of that photo")
    given = parser.parse_args(arguments)
    width, height = (int(n) for n in given.size.split("x"))
    pages = given.pages or (list(PAGES) if given.project else ["start", "plugins", "lessons"])
    pictures = {name: given.out / f"{name}-{given.theme}.png" for name in pages}

    def prepare(window: Window, page: str) -> None:
        if page == "judge" and given.side is not None:
            settle(lambda: window.session.quiet, least=1.0)  # the judgement is read first
            window.page("judge").sides.turn(given.side)  # type: ignore[attr-defined]
        if page == "use" and given.photos:
            settle(lambda: window.session.quiet, least=1.5)  # the model opens first
            window.open_paths([photo.absolute() for photo in given.photos])
            settle(lambda: window.session.quiet, least=3)
        if page == "use" and given.text:
            settle(lambda: window.session.quiet, least=1.5)
            _typed(window, given.text, given.view)
            if given.views:
                given.out.mkdir(parents=True, exist_ok=True)
                take_views(window, given.out, look=given.theme)

    take_all(given.project, pictures, look=given.theme, size=(width, height), prepare=prepare)
    return 0
