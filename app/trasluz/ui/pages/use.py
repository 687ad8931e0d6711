"""Using the model: drop, paste or open photos and see the answers; a folder becomes a table."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from trasluz.ui import theme
from trasluz.ui.files import choose_files, choose_folder
from trasluz.ui.thumbnails import Thumbnails
from trasluz.ui.widgets import Card, EmptyState, Label, PrimaryButton, SecondaryButton, SmallButton
from trasluz.ui.widgets.basic import Painted

from .page import Page
from .standing import missing
from .using.answer import AnswerPanel, provider_words
from .using.table import FolderAnswers
from .using.tray import Tray

if TYPE_CHECKING:
    from trasluz.ui.bridge.call import Call, Trouble
    from trasluz.ui.session import Session

_AT_ONCE = 48
"""More photos than this become a table."""


class UsePage(Page):
    """Answers photos with the ONNX model of the chosen run."""

    title = "Use it"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model: Path | None = None
        self._opening: Call | None = None
        self._asked: list[Call] = []
        self._goes = "model"
        self.empty = EmptyState(
            "", "", action="Choose a model →", clicked=lambda: self.go.emit(self._goes), drawing="lamp"
        )
        self.open_button = SecondaryButton("Open photos…", self.choose_photos, tip="Ctrl+O")
        self.folder_button = SecondaryButton("Open a folder…", self.choose_folder)
        self.paste_button = SecondaryButton("Paste", self.paste, tip="Ctrl+V")
        self.export_button = PrimaryButton("Export →", lambda: self.go.emit("export"))
        self.place = DropPlace()
        self.tray = Tray()
        self.tray.shown.connect(self._show_photo)
        self.answer = AnswerPanel(tall=False)
        self.answer.answered.connect(self._answered)
        self.folder = FolderAnswers()
        self.folder.opened.connect(self._open_row)
        self.folder.closed.connect(self._close_folder)
        self.stack = QStackedWidget()
        for widget in (self.empty, self.place, self._build(), self.folder):
            self.stack.addWidget(widget)
        self.body.addWidget(self.stack, 1)

    def _build(self) -> QWidget:
        page = QWidget()
        layout = QHBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(16)
        side = Card("Photos")
        side.setFixedWidth(248)
        side.head.addWidget(SmallButton("Clear", self._clear))
        side.body.addWidget(self.tray, 1)
        layout.addWidget(side)
        card = Card()
        card.body.addWidget(self.answer, 1)
        layout.addWidget(card, 1)
        return page

    # what comes from the session

    def connect_session(self, session: "Session") -> None:
        """Follow the chosen run."""
        thumbnails = Thumbnails(session.host, self, size=160)
        self.tray.set_thumbnails(thumbnails)
        for signal in (session.run_changed, session.run_state_changed, session.project_changed):
            signal.connect(self._changed)

    def _changed(self, *_: object) -> None:
        # also while another page is in front: a model that has just been made is opened ahead
        self._follow_model()
        if self.isVisible():
            self.refresh()

    def refresh(self) -> None:
        """The page has come to the front."""
        self._follow_model()
        standing = missing(self.session, what="use")
        if standing is not None:
            self._goes = standing.goes
            self.empty.set_words(standing.title, standing.sentence)
            if self.empty.button is not None:
                self.empty.button.setText(standing.action)
                self.empty.button.setAccessibleName(standing.action)
            self.header.set_subtitle("")
            self.header.set_actions()
            self.stack.setCurrentWidget(self.empty)
            return
        self.header.set_actions(self.paste_button, self.open_button, self.folder_button, self.export_button)
        if self.stack.currentWidget() is self.empty:
            self.stack.setCurrentIndex(2 if self.tray.tray.paths else 1)

    def _follow_model(self) -> None:
        model = self.session.model if self.session is not None else None
        if model == self._model:
            return
        self._model = model
        self.folder.stop()
        self._forget_answers()
        if self.stack.currentWidget() is self.folder:
            self._close_folder()
        if model is None or self.session is None:
            return
        if self._opening is not None:
            self._opening.cancel()
        self.header.set_subtitle("Opening the model…")
        self._opening = self.session.host.call(
            self,
            "open_model",
            {"model": str(model), "device": self.session.device},
            success=self._opened,
            failure=self._not_opened,
        )

    def _opened(self, found: dict[str, Any]) -> None:
        card = found.get("card", {})
        words = [str(card.get("title", "")), f"on the {provider_words(str(found.get('provider', '')))}"]
        if found.get("milliseconds") is not None:
            words.append(f"ready in {found['milliseconds']:.0f} ms")
        self.header.set_subtitle(" · ".join(filter(None, words)))
        self.header.setToolTip(str(found.get("sentence") or ""))
        if self.session is not None:
            self.session.set_step("use", f"ready on the {provider_words(str(found.get('provider', '')))}", done=True)
        # what was answered by another model is answered again
        if self.tray.tray.paths:
            self._predict(self.tray.tray.paths[:_AT_ONCE])
            if self.answer.path:
                self._show_photo(self.answer.path)

    def _not_opened(self, trouble: "Trouble") -> None:
        self.header.set_subtitle(trouble.sentence)

    # getting photos

    def accepts_drop(self, paths: list[Path]) -> bool:
        """Whether there is a model to answer with; before the first visit nobody knows."""
        return self.session is None or self.session.model is not None

    def drop(self, paths: list[Path]) -> None:
        """Answer what was dropped."""
        self.answer_paths(paths)

    def answer_paths(self, paths: list[Path]) -> None:
        """Answer photos one by one, or a folder, or very many, as a table."""
        session = self.session
        if session is None or not paths:
            return
        if self._model is None:
            session.say("There is no model to answer with yet: train one first.", "warn")
            return
        if len(paths) > _AT_ONCE or any(p.is_dir() for p in paths):
            self.folder.start(session, self._model, paths)
            self.stack.setCurrentWidget(self.folder)
            return
        given = [str(p) for p in paths]
        self.stack.setCurrentIndex(2)
        if len(given) > 1:
            self._predict(given)
        self.tray.add(given)

    def choose_photos(self) -> None:
        """Let the person choose files."""
        self.answer_paths([Path(name) for name in choose_files(self, "Open photos", self._filter())])

    def choose_folder(self) -> None:
        """Let the person choose a folder."""
        if name := choose_folder(self, "Open a folder of photos"):
            self.answer_paths([Path(name)])

    def paste(self) -> None:
        """Take files or a picture from the clipboard."""
        session = self.session
        held = QGuiApplication.clipboard().mimeData()
        if session is None or held is None:
            return
        files = [Path(url.toLocalFile()) for url in held.urls() if url.isLocalFile()]
        if files:
            self.answer_paths(files)
        elif held.hasImage():
            image = QGuiApplication.clipboard().image()
            session.work.run(self, lambda: _kept(image), success=lambda path: self.answer_paths([path]))
        else:
            session.say("There is no photo in the clipboard: copy one, or a file, and paste again.", "warn")

    def _filter(self) -> str:
        kinds = self.session.catalogue.get("kinds", []) if self.session is not None else []
        kind = self.session.summary.kind if self.session is not None and self.session.summary is not None else None
        suffixes = sorted({s for k in kinds if kind in (None, k["kind"]) for s in k["suffixes"]})
        listed = " ".join(f"*{s}" for s in suffixes)
        return f"Photos ({listed});;All files (*)" if listed else "All files (*)"

    # answering

    def _predict(self, paths: list[str]) -> None:
        if self.session is None or self._model is None:
            return
        params = {"model": str(self._model), "inputs": paths, "device": self.session.device}
        self._asked.append(self.session.host.call(self, "predict", params, success=self._predicted))

    def _predicted(self, found: dict[str, Any]) -> None:
        for raw in found["predictions"]:
            answer = dict(raw)
            answer.setdefault("provider", found.get("provider", ""))
            self.tray.tray.answer(str(answer["input"]), answer)

    def _show_photo(self, path: str) -> None:
        if self.session is not None and self._model is not None:
            self.answer.show_input(self.session, self._model, path, self.tray.tray.answers.get(path))

    def _answered(self, answer: dict[str, Any]) -> None:
        self.tray.tray.answer(self.answer.path, answer)

    def _open_row(self, path: str, answer: dict[str, Any]) -> None:
        self.tray.tray.answer(path, answer)
        self.stack.setCurrentIndex(2)
        self.tray.add([path])

    def _close_folder(self) -> None:
        self.stack.setCurrentIndex(2 if self.tray.tray.paths else 1)

    def _clear(self) -> None:
        self._forget_answers()
        self.tray.tray.clear()
        self.answer.forget()
        self.stack.setCurrentIndex(1)

    def _forget_answers(self) -> None:
        for call in self._asked:
            call.cancel()
        self._asked.clear()
        self.tray.tray.answers.clear()

    # keys

    def event(self, event: QEvent) -> bool:
        """Qt's: on this page Open and Paste mean photos, whatever they mean elsewhere."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._mine(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's: open or paste."""
        if event.matches(QKeySequence.StandardKey.Paste):
            self.paste()
        elif event.matches(QKeySequence.StandardKey.Open):
            self.choose_photos()
        else:
            super().keyPressEvent(event)

    def _mine(self, event: QKeyEvent) -> bool:
        keys = (QKeySequence.StandardKey.Paste, QKeySequence.StandardKey.Open)
        return self._model is not None and any(event.matches(key) for key in keys)


class DropPlace(Painted):
    """The empty page: a sheet to drop photos on."""

    def __init__(self) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.addStretch(3)
        self._drawing = QWidget()
        self._drawing.setFixedSize(120, 112)
        layout.addWidget(self._drawing, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(10)
        for words, role in (
            ("Drop photos here", "heading"),
            ("One, several or a whole folder. You can also paste with Ctrl+V or open with Ctrl+O.", "muted"),
            ("They are answered on this computer and stay where they are.", "muted"),
        ):
            label = Label(words, role)  # type: ignore[arg-type]
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(label)
        layout.addStretch(4)
        self.setAccessibleName("Drop photos here")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's: a dashed sheet with the lamp's glow and a photo on its way in."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(theme.color("muted", 0.6), 1.5)
        pen.setDashPattern([5, 4])
        painter.setPen(pen)
        painter.setBrush(theme.color("panel"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 12, 12)
        middle = QRectF(self._drawing.geometry()).center()
        x, y = middle.x(), middle.y()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent_ground"))
        painter.drawEllipse(QRectF(x - 52, y - 52, 104, 104))
        painter.setPen(QPen(theme.color("muted"), 1.5))
        painter.setBrush(theme.color("panel", 0.95))
        painter.save()
        painter.translate(x, y)
        painter.rotate(-6)
        painter.drawRoundedRect(QRectF(-34, -26, 68, 52), 6, 6)
        painter.setPen(QPen(theme.color("accent"), 1.8))
        for start, end in (((-26, 16), (-8, -6)), ((-8, -6), (6, 10)), ((6, 10), (14, 0)), ((14, 0), (26, 16))):
            painter.drawLine(*start, *end)
        painter.drawEllipse(QRectF(12, -18, 9, 9))
        painter.restore()


def _kept(image: QImage) -> Path:
    """Write a pasted picture to the cache, so that the host can read it. For a thread."""
    import hashlib

    from trasluz.core.places import cache_folder

    folder = cache_folder() / "pasted"
    folder.mkdir(parents=True, exist_ok=True)
    plain = image.convertToFormat(QImage.Format.Format_RGBA8888)
    digest = hashlib.sha256(bytes(plain.constBits())).hexdigest()[:16]
    path = folder / f"pasted-{digest}.png"
    if not path.exists() and not image.save(str(path)):
        raise OSError(f"The pasted picture could not be kept in {folder}; make room there and paste again.")
    return path
