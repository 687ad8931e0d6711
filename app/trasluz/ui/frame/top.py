"""The top bar: the program, the project, the run in view, the device that really computes."""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from trasluz.ui import theme
from trasluz.ui.widgets.basic import Label, Painted
from trasluz.ui.widgets.chip import Chip
from trasluz.ui.widgets.plain import LookButton, NameButton
from trasluz.ui.window import TOP

if TYPE_CHECKING:
    from PySide6.QtGui import QActionGroup
    from PySide6.QtWidgets import QMenu

    from trasluz.ui.session import Session

_LOOKS = (("system", "As the system"), ("light", "Light"), ("dark", "Dark"))


class TopBar(Painted):
    """The bar; it fills itself from the session after the first frame."""

    go = Signal(str)
    open_asked = Signal()
    file_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(TOP)
        self._session: Session | None = None
        name = Label("Trasluz", "strong")
        font = theme.font("strong")
        font.setPixelSize(14)
        name.setFont(font)
        self.project = NameButton("")
        self.project.hide()
        self.project.clicked.connect(self._project_menu)
        self.run = Chip("", arrow=True)
        self.run.hide()
        self.run.clicked.connect(self._run_menu)
        self.device = Chip("", arrow=True)
        self.device.hide()
        self.device.clicked.connect(self._device_menu)
        self.look = LookButton()
        self.look.clicked.connect(self._look_menu)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 0, 16, 1)
        layout.setSpacing(12)
        layout.addWidget(name)
        layout.addWidget(self.project)
        layout.addStretch(1)
        layout.addWidget(self.look)
        layout.addWidget(self.run)
        layout.addWidget(self.device)

    def begin(self, session: "Session") -> None:
        """Follow the session."""
        self._session = session
        session.project_changed.connect(self._show_project)
        session.project_renamed.connect(self._show_project)
        session.runs_changed.connect(self._show_run)
        session.run_changed.connect(self._show_run)
        session.run_state_changed.connect(self._show_run)
        session.devices_changed.connect(self._show_device)
        self.device.set_fact("Waking the device", "busy")
        self.device.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the ground and the line under it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("side"))
        painter.fillRect(0, self.height() - 1, self.width(), 1, theme.color("line"))

    # the project

    def _show_project(self) -> None:
        project = self._session.project if self._session else None
        self.project.setVisible(project is not None)
        if project is not None:
            self.project.set_name(project.name, tip=str(project.folder))
        self._show_run()

    def _project_menu(self) -> None:
        session = self._session
        if session is None or session.project is None:
            return
        menu = _menu(self)
        menu.addAction("Rename…", self._rename)
        menu.addAction("Show its folder", lambda: show_folder(session.project.folder if session.project else ""))
        menu.addAction("Read the data again", lambda: session.inspect(rebuild=True))
        menu.addSeparator()
        menu.addAction("Open another folder…", self.open_asked.emit)
        menu.addAction("Open a file of data…", self.file_asked.emit)
        menu.addAction("All projects", lambda: self.go.emit("start"))
        _drop_down(menu, self.project)

    def _rename(self) -> None:
        session = self._session
        if session is None or session.project is None:
            return
        from trasluz.ui.asking import ask_for_name

        name = session.project.name
        ask_for_name(self, "rename", "Rename", "Name of the project", session.rename_project, text=name)

    # the run

    def _show_run(self) -> None:
        session = self._session
        watch = session.run if session else None
        self.run.setVisible(watch is not None)
        if session is not None and watch is not None:
            number = session.run_number(watch.folder.path)
            text = run_title(watch.folder.request, number)
            marks = {"running": "busy", "failed": "bad", "interrupted": "warn", "stopped": "warn", "paused": "warn"}
            self.run.set_fact(text, marks.get(watch.state, "none"), tip=state_words(watch.state))  # type: ignore[arg-type]

    def _run_menu(self) -> None:
        session = self._session
        if session is None:
            return
        menu = _menu(self)
        chosen = session.run.folder.path if session.run else None
        from trasluz.ui.queue import run_path

        for number, summary in session.numbered_runs()[:20]:
            action = menu.addAction(run_line(summary, number))
            action.setCheckable(True)
            path = run_path(summary)
            action.setChecked(path == chosen)
            action.triggered.connect(lambda _checked=False, p=path: session.choose_run(p))
        menu.addSeparator()
        menu.addAction("Train another…", lambda: self.go.emit("model"))
        _drop_down(menu, self.run)

    # the device

    def _show_device(self) -> None:
        report: dict[str, Any] = self._session.devices if self._session else {}
        text, mark, tip = device_fact(report)
        self.device.set_fact(text, mark, tip=tip)  # type: ignore[arg-type]

    def _device_menu(self) -> None:
        import textwrap

        session = self._session
        if session is None:
            return
        menu = _menu(self)
        for sentence in device_sentences(session.devices):
            # a menu cannot break a line by itself
            for line in textwrap.wrap(sentence, 76):
                menu.addAction(line).setEnabled(False)
        menu.addSeparator()
        group = _group(menu)
        for device, words in (("auto", "Choose the fastest"), ("cuda", "Use the GPU"), ("cpu", "Use the CPU")):
            action = menu.addAction(words)
            action.setCheckable(True)
            action.setChecked(session.device == device)
            group.addAction(action)
            action.triggered.connect(lambda _checked=False, d=device: session.choose_device(d))
        _drop_down(menu, self.device)

    # the look

    def _look_menu(self) -> None:
        from trasluz.ui.app import settings

        menu = _menu(self)
        group = _group(menu)

        def choose(mode: str) -> None:
            theme.theme().set_mode(mode)  # type: ignore[arg-type]
            settings().setValue("look/mode", mode)

        for mode, words in _LOOKS:
            action = menu.addAction(words)
            action.setCheckable(True)
            action.setChecked(theme.theme().mode == mode)
            group.addAction(action)
            action.triggered.connect(lambda _checked=False, m=mode: choose(m))
        _drop_down(menu, self.look)


def _menu(parent: QWidget) -> "QMenu":
    from PySide6.QtWidgets import QMenu

    return QMenu(parent)


def _group(menu: "QMenu") -> "QActionGroup":
    from PySide6.QtGui import QActionGroup

    return QActionGroup(menu)


def _drop_down(menu: "QMenu", under: QWidget) -> None:
    from PySide6.QtCore import QPoint, Qt

    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.popup(under.mapToGlobal(QPoint(0, under.height() + 4)))


def show_folder(folder: Any) -> None:
    """Open a folder in the system's file manager."""
    from PySide6.QtCore import QUrl
    from PySide6.QtGui import QDesktopServices

    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def run_title(request: Any, number: int | None) -> str:
    """A run in a few words: `Run 3 · linear`."""
    head = f"Run {number}" if number else "Run"
    words = request.name or request.settings.get("strategy") or request.family
    return f"{head} · {words}"


def run_line(summary: Any, number: int) -> str:
    """A line of the run menu: title, then score or state."""
    words = getattr(summary, "name", "") or getattr(summary, "family", "")
    score = getattr(summary, "score", None)
    tail = f"{100 * score:.1f}%" if isinstance(score, float) and score <= 1 else state_words(str(summary.state))
    return f"Run {number} · {words}   {tail}"


def state_words(state: str) -> str:
    """A state of a run in plain words."""
    words = {
        "failed": "did not work",
        "interrupted": "interrupted, can be resumed",
        "queued": "waits for its turn",
    }
    return words.get(state, state)


def device_fact(report: dict[str, Any]) -> tuple[str, str, str]:
    """The device chip: text, mark, tip. Only what the host measured."""
    if not report:
        return "Waking the device", "busy", ""
    if report.get("failed"):
        return "Device unknown", "warn", str(report.get("sentence", ""))
    rows = {str(row.get("id")): row for row in report.get("rows", ())}
    used = rows.get(str(report.get("device")), {})
    # a GPU that is there but is not used is worth a mark; a machine without one is not
    mark = "warn" if report.get("remedy") else "good"
    return str(used.get("name") or report.get("device") or "CPU"), mark, " ".join(device_sentences(report))


def device_sentences(report: dict[str, Any]) -> list[str]:
    """What the report says, sentence by sentence, and what each device took for the same small sum."""
    found = [str(report[key]) for key in ("sentence", "reason", "remedy") if report.get(key)] or ["Not known yet"]
    for row in report.get("rows", ()):
        if row.get("milliseconds"):
            found.append(f"{row['name']}: {row['milliseconds']:.1f} ms for the test sum")
    return found
