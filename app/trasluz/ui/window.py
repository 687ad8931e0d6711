"""The window: steps at the left, the project at the top, what the machine does at the bottom, a page in the middle."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, QTimer, Signal
from PySide6.QtWidgets import QWidget

from . import theme

if TYPE_CHECKING:
    # Each class of Qt that is named costs time before the first frame, so these are named for readers only.
    from PySide6.QtCore import QUrl
    from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QPaintEvent, QResizeEvent

    from .frame.bottom import BottomBar
    from .frame.keyboard import KeyboardOverlay
    from .frame.side import SideBar
    from .frame.top import TopBar
    from .pages.page import Page
    from .session import Session
    from .widgets.toast import Toasts

PAGES = {
    "start": ("start", "StartPage"),
    "data": ("data", "DataPage"),
    "model": ("model", "ModelPage"),
    "train": ("train", "TrainPage"),
    "judge": ("judge", "JudgePage"),
    "use": ("use", "UsePage"),
    "export": ("export", "ExportPage"),
    "plugins": ("plugins", "PluginsPage"),
    "lessons": ("lessons", "LessonsPage"),
}
"""Page name → module in `pages` and class; imported ahead after the first frames, at the latest at the first visit."""

_WHERE_DATA_IS = ("start", "data")
"""Pages on which a file that is dropped is data to learn from, where it can be; on the others it is to be answered."""
_PLACE = "window/geometry"
"""Where the settings keep the window's place."""

TOP, SIDE, BOTTOM = 48, 208, 28
"""How large the bars are; known here, so that the first frame needs none of them."""


class Window(QWidget):
    """The window. It shows the session's state and hands drops and shortcuts to the page in front."""

    first_frame = Signal()
    """The first frame is on the screen: the window's place and its grounds."""
    furnished = Signal()
    """The bars and the start page are on the screen."""

    session: "Session"
    top: "TopBar"
    side: "SideBar"
    bottom: "BottomBar"

    def __init__(self, settings: QSettings) -> None:
        """Make the empty window, which costs little more than Qt itself; `furnish` and `begin` follow the frame."""
        super().__init__()
        self._settings = settings
        self._frames = 0
        self._furnished = False
        self._begun = False
        self._pages: dict[str, Page] = {}
        self._toasts: Toasts | None = None
        self._keyboard: KeyboardOverlay | None = None
        self._focused_before: QWidget | None = None
        self.current = ""
        self.setWindowTitle("Trasluz")
        self.setMinimumSize(880, 560)
        self._restore_place()
        self._grounds = [self._ground("line"), *(self._ground("side") for _ in range(3))]
        self._place_grounds()

    # the first frame and what follows it

    def _ground(self, token: str) -> QWidget:
        ground = QWidget(self)
        colours = ground.palette()
        colours.setColor(ground.backgroundRole(), theme.tokens().line if token == "line" else theme.tokens().side)
        ground.setPalette(colours)
        ground.setAutoFillBackground(True)
        return ground

    def _place_grounds(self) -> None:
        """Where the bars will be, in their colours; the lines between them are what is left uncovered of the first."""
        if not self._grounds:
            return
        width, height = self.width(), self.height()
        line, top, side, bottom = self._grounds
        line.setGeometry(0, 0, SIDE, height)
        top.setGeometry(0, 0, width, TOP - 1)
        side.setGeometry(0, TOP, SIDE - 1, height - TOP - BOTTOM)
        bottom.setGeometry(0, height - BOTTOM + 1, width, BOTTOM - 1)

    def paintEvent(self, event: "QPaintEvent") -> None:
        """Paint, and tell of the first times when they are on the screen."""
        super().paintEvent(event)
        self._frames += 1
        if self._frames == 1:
            QTimer.singleShot(0, self.first_frame.emit)

    def furnish(self) -> None:
        """Put in the bars and the start page."""
        if self._furnished:
            return
        self._furnished = True
        from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout

        from .frame.bottom import BottomBar
        from .frame.side import SideBar
        from .frame.top import TopBar

        theme.theme().follow()
        self.top = TopBar()
        self.side = SideBar()
        self.bottom = BottomBar()
        self.stack = QStackedWidget()
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self.side)
        middle.addWidget(self.stack, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.top)
        layout.addLayout(middle, 1)
        layout.addWidget(self.bottom)
        self.side.chosen.connect(self.go)
        self.setAcceptDrops(True)
        self.go("start")
        for ground in self._grounds:
            ground.deleteLater()
        self._grounds = []
        # asked for by an event of a lower rank than the paint that the new widgets ask for
        QTimer.singleShot(1, self._tell_furnished)

    def _tell_furnished(self) -> None:
        self.repaint()
        self.furnished.emit()

    def begin(self) -> None:
        """Make the session and start the host; called after the first frame."""
        if self._begun:
            return
        self.furnish()
        from .frame.bottom import leaving
        from .session import Session
        from .widgets.toast import Toasts

        self.session = session = Session(self)
        self._begun = True
        self._toasts = Toasts(self)
        session.said.connect(self._toasts.show_sentence)
        session.busy_changed.connect(self.bottom.set_busy)
        for signal in (session.run_changed, session.run_state_changed, session.runs_changed, session.catalogue_changed):
            signal.connect(lambda *_: self.bottom.set_leaving(leaving(session)))
        session.project_changed.connect(self._project_changed)
        session.project_renamed.connect(self._show_title)
        session.steps_changed.connect(self._steps_changed)
        self.top.begin(session)
        self.top.go.connect(self.go)
        self.top.open_asked.connect(self.choose_data)
        self.top.file_asked.connect(self.choose_data_file)
        self._add_shortcuts()
        for page in self._pages.values():
            page.enter(session)
        self._steps_changed()
        session.warm_up()

    def _add_shortcuts(self) -> None:
        from . import keyboard

        for keys in keyboard.PAGES:
            keyboard.bind(keys.name, self, lambda name=keys.name: self._go_by_key(name))
        keyboard.bind("start", self, lambda: self.go("start"))
        keyboard.bind("open", self, self.choose_data)
        keyboard.bind("keyboard", self, self.show_keyboard)
        keyboard.bind("close", self, self.close)

    def show_keyboard(self) -> None:
        """Show the keys over the window, or put them away again."""
        if self._keyboard is not None:
            self._hide_keyboard()
            return
        from PySide6.QtWidgets import QApplication

        from .frame.keyboard import KeyboardOverlay

        self._focused_before = QApplication.focusWidget()
        self._keyboard = KeyboardOverlay(self)
        self._keyboard.closed.connect(self._hide_keyboard)
        self._keyboard.show()

    def _hide_keyboard(self) -> None:
        overlay, self._keyboard = self._keyboard, None
        if overlay is None:
            return
        overlay.hide()
        overlay.deleteLater()
        from shiboken6 import isValid

        before, self._focused_before = self._focused_before, None
        if before is not None and isValid(before) and before.isVisible():
            before.setFocus()
        elif self.current:
            self._pages[self.current].setFocus()

    def _go_by_key(self, name: str) -> None:
        if self.side.open_to(name):
            self.go(name)

    # pages

    def page(self, name: str) -> "Page":
        """The page of that name, made at the first asking."""
        if name not in self._pages:
            module, kind = PAGES[name]
            page: Page = getattr(import_module(f"{__package__}.pages.{module}"), kind)()
            page.go.connect(self.go)
            self._pages[name] = page
            self.stack.addWidget(page)
        return self._pages[name]

    def read_ahead(self) -> None:
        """Import what pages and drops need, in a thread, so that the first visit of a page only has to build it."""
        needed = [f"{__package__}.drops", *(f"{__package__}.pages.{module}" for module, _ in PAGES.values())]
        self.session.work.run(self, lambda: [import_module(name) for name in needed])

    def go(self, name: str) -> None:
        """Bring a page to the front."""
        self._hide_keyboard()
        if name == self.current:
            return
        if self.current:
            self._pages[self.current].leave()
        page = self.page(name)
        self.current = name
        self.stack.setCurrentWidget(page)
        self.side.set_current(name)
        if self._begun:
            page.enter(self.session)
        page.setFocus()

    def _project_changed(self) -> None:
        self._show_title()
        self.go("start" if self.session.project is None else "data")

    def _show_title(self) -> None:
        project = self.session.project
        self.setWindowTitle("Trasluz" if project is None else f"{project.name} – Trasluz")

    def _steps_changed(self) -> None:
        from .steps import STEPS

        self.side.set_open(self.session.project is not None)
        for name, _title in STEPS:
            self.side.set_state(name, self.session.step(name))

    # opening and dropping

    def choose_data(self) -> None:
        """Let the person choose a folder of data."""
        from .files import choose_folder

        if self._begun and (folder := choose_folder(self, "Choose a folder of data")):
            self.open_paths([Path(folder)])

    def choose_data_file(self) -> None:
        """Let the person choose a file that is data by itself: a table, a list, a text."""
        from .files import choose_file

        if self._begun and (name := choose_file(self, "Choose a table, a list or a text", "All files (*)")):
            self.session.open_data(Path(name))

    def open_paths(self, paths: list[Path]) -> None:
        """Take files and folders that were dropped or chosen, whatever they are."""
        if not paths or not self._begun:
            return
        from .drops import is_data_file, is_plugin, is_project  # not at every start: it knows all layouts of data

        if is_plugin(paths[0]):
            self.go("plugins")
            self.page("plugins").drop(paths)
        elif is_project(paths[0]):
            self.session.open_project(paths[0])
        elif (page := self._pages[self.current]).accepts_drop(paths):
            page.drop(paths)
        elif paths[0].is_dir() or (self.current in _WHERE_DATA_IS and is_data_file(paths[0])):
            self.session.open_data(paths[0])
        elif self.side.open_to("use") and (use := self.page("use")).accepts_drop(paths):
            self.go("use")
            use.drop(paths)
        elif is_data_file(paths[0]):
            self.session.open_data(paths[0])
        else:
            self.session.say(f"“{paths[0].name}” is no table, list or text; drop the folder it lies in.", "warn")

    def dragEnterEvent(self, event: "QDragEnterEvent") -> None:
        """Welcome files and folders."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            _take_a_copy(event)
            self.bottom.set_hint("Let go to open it")

    def dragLeaveEvent(self, event: "QDragLeaveEvent") -> None:
        """Forget the hint."""
        self.bottom.set_hint("")

    def dropEvent(self, event: "QDropEvent") -> None:
        """Take what was dropped."""
        self.bottom.set_hint("")
        _take_a_copy(event)
        self.open_paths(local_paths(event.mimeData().urls()))

    # coming and going

    def resizeEvent(self, event: "QResizeEvent") -> None:
        """Keep the sentences in their corner."""
        super().resizeEvent(event)
        self._place_grounds()
        if self._toasts is not None:
            self._toasts.place()

    def _restore_place(self) -> None:
        if not self._settings.contains(_PLACE):
            self.resize(1280, 800)
            return
        from .place import restore

        if not restore(self, self._settings, _PLACE):
            self.resize(1280, 800)

    def closeEvent(self, event: "QCloseEvent") -> None:
        """Remember the place of the window. Runs go on without it."""
        from .place import keep

        keep(self, self._settings, _PLACE)
        event.accept()

    def end(self) -> None:
        """Let go of the host and the threads."""
        if self._begun:
            self._begun = False
            self.session.close()


def _take_a_copy(event: "QDropEvent") -> None:
    # whatever the other program proposed: nothing is taken away from it
    from PySide6.QtCore import Qt

    event.setDropAction(Qt.DropAction.CopyAction)
    event.accept()


def local_paths(urls: "list[QUrl]") -> list[Path]:
    """The files and folders among what was dropped."""
    return [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
