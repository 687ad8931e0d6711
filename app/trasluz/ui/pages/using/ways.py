"""The ways to an input that need a panel of their own: the camera, the microphone, a whole page."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

from trasluz.ui.files import choose_files
from trasluz.ui.kinds import KindWords
from trasluz.ui.widgets import SecondaryButton

if TYPE_CHECKING:
    from trasluz.ui.pages.use import UsePage
    from trasluz.ui.session import Session

    from .camera import CameraPanel
    from .listening import ListeningPanel
    from .microphone import MicrophonePanel
    from .page_cut import PageCutter


class Ways:
    """Makes the panels when they are first asked for and puts them on the Use page.

    Attributes:
        camera: Answers what it sees; None until it is asked for, as the others.
        microphone: Records.
        listening: Answers what the microphone hears.
        cutter: Cuts a page into lines.
    """

    def __init__(self, page: "UsePage") -> None:
        self._page = page
        self.camera: CameraPanel | None = None
        self.microphone: MicrophonePanel | None = None
        self.listening: ListeningPanel | None = None
        self.cutter: PageCutter | None = None
        self.camera_button = SecondaryButton("Camera", self.start_camera, tip="Answer what the camera sees")
        self.record_button = SecondaryButton("Record", self.start_microphone, tip="Answer what you say")
        self.listen_button = SecondaryButton("Listen", self.start_listening, tip="Answer what is heard, while it is")
        self.page_button = SecondaryButton("Open a page…", self.choose_page, tip="Its lines are found, and read")

    def offered(self, words: KindWords, *, hears: bool) -> tuple[SecondaryButton, ...]:
        """What gives inputs of the kind at hand; `hears` says whether the model can listen live."""
        if not words.opens:
            return ()
        page = self._page
        files = (page.open_button, page.folder_button)
        listen = (self.listen_button,) if hears else ()
        return {
            "photos": (self.camera_button, page.paste_button, *files),
            "lines": (page.paste_button, self.page_button, *files),
            "sounds": (*listen, self.record_button, *files),
            "curves": files,
            "pairs": (),
        }[words.look]

    def stop(self) -> None:
        """Switch camera and microphone off."""
        if self.camera is not None:
            self.camera.stop()
        if self.microphone is not None:
            self.microphone.stop()
        if self.listening is not None:
            self.listening.stop()

    def start_camera(self) -> None:
        """Answer what the camera sees; where there is none, say so."""
        page, session, model = self._page, self._page.session, self._page.model
        if session is None or model is None:
            return
        if self.camera is None:
            from .camera import CameraPanel

            self.camera = CameraPanel()
            self.camera.kept.connect(self._keep_picture)
            self.camera.closed.connect(page.show_inputs)
            page.stack.addWidget(self.camera)
        if refusal := self.camera.start(session, model):
            self._refuse(self.camera_button, refusal)
            return
        self.camera_button.setToolTip("Answer what the camera sees")
        page.stack.setCurrentWidget(self.camera)

    def start_microphone(self) -> None:
        """Record from the microphone; where there is none, say so."""
        page = self._page
        if page.session is None or page.model is None:
            return
        if self.microphone is None:
            from .microphone import MicrophonePanel

            self.microphone = MicrophonePanel()
            self.microphone.kept.connect(lambda path: page.answer_paths([path]))
            self.microphone.closed.connect(page.show_inputs)
            page.stack.addWidget(self.microphone)
        if refusal := self.microphone.refusal():
            self._refuse(self.record_button, refusal)
            return
        page.stack.setCurrentWidget(self.microphone)

    def start_listening(self) -> None:
        """Answer what the microphone hears; where there is none, say so."""
        page, session, model = self._page, self._page.session, self._page.model
        if session is None or model is None:
            return
        self.stop()
        if self.listening is None:
            from .listening import ListeningPanel

            self.listening = ListeningPanel()
            self.listening.closed.connect(page.show_inputs)
            page.stack.addWidget(self.listening)
        if refusal := self.listening.start(session, model, page.words):
            self._refuse(self.listen_button, refusal)
            return
        page.stack.setCurrentWidget(self.listening)

    def choose_page(self) -> None:
        """Let the person choose the picture of a whole page."""
        if names := choose_files(self._page, "Open a page", suffixes_of(self._page.session, self._page.words.inputs)):
            self.cut_page(Path(names[0]))

    def cut_page(self, path: Path) -> None:
        """Find the lines of a page, and let the person move the cuts."""
        page = self._page
        if page.session is None or page.model is None:
            return
        if self.cutter is None:
            from .page_cut import PageCutter

            self.cutter = PageCutter()
            self.cutter.closed.connect(page.show_inputs)
            self.cutter.opened.connect(page.answer_lines)
            page.stack.addWidget(self.cutter)
        self.cutter.show_page(page.session, page.model, path)
        page.stack.setCurrentWidget(self.cutter)

    def _refuse(self, button: SecondaryButton, refusal: str) -> None:
        button.setEnabled(False)
        button.setToolTip(refusal)
        if self._page.session is not None:
            self._page.session.say(refusal, "warn")

    def _keep_picture(self, image: QImage) -> None:
        page = self._page
        if page.session is not None:
            page.session.work.run(page, lambda: kept(image), success=lambda path: page.answer_paths([path]))


def suffixes_of(session: "Session | None", inputs: str) -> str:
    """The files that can be opened as inputs, for a dialog: `Photos (*.jpg *.png);;All files (*)`."""
    kinds = session.catalogue.get("kinds", []) if session is not None else []
    kind = session.summary.kind if session is not None and session.summary is not None else None
    suffixes = sorted({s for k in kinds if kind in (None, k["kind"]) for s in k["suffixes"]})
    listed = " ".join(f"*{s}" for s in suffixes)
    return f"{inputs.capitalize()} ({listed});;All files (*)" if listed else "All files (*)"


def kept(image: QImage) -> Path:
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
