"""What the person corrects about their photos, as the window does it: at once, kept, and to be taken back."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

if TYPE_CHECKING:
    from trasluz.core.corrections import Correction, Corrections

    from .bridge.call import Trouble
    from .session import Session

_SETTLES = 400
"""Milliseconds after the last correction until the list of the data follows."""
_REMEMBERED = 200
_LONG = 22


class CorrectionDesk(QObject):
    """The open project's corrections, with undo and redo.

    What is changed is shown at once and written in a thread; the list of the data follows a moment later.

    Attributes:
        made: All corrections (`core.corrections.Corrections`), or None while none are read.
    """

    changed = Signal()
    said = Signal(str)
    """What was just changed, in a sentence."""

    def __init__(self, session: "Session") -> None:
        super().__init__(session)
        self._session = session
        self.made: Corrections | None = None
        self._before: list[Corrections] = []
        self._undone: list[Corrections] = []
        self._due = QTimer(self, interval=_SETTLES, singleShot=True)
        self._due.timeout.connect(session.inspect)
        session.project_changed.connect(self._read)
        self._read()

    def __len__(self) -> int:
        return len(self.made) if self.made is not None else 0

    def of(self, path: str, part: str = "") -> "Correction | None":
        """What is corrected about an item, or None."""
        return self.made.of(path, part) if self.made is not None else None

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return bool(self._before)

    @property
    def can_redo(self) -> bool:
        """Whether something that was taken back can be had again."""
        return bool(self._undone)

    # what the person does

    def correct(self, path: str, now: str | None, part: str = "") -> None:
        """Let an item count as another class, or its text be another, or leave it out (None)."""
        project = self._session.project
        if project is None or self.made is None:
            return
        at = project.index_path

        def looking() -> tuple[str, str]:
            from trasluz.core.data.corrected import as_told

            return as_told(at, path, part)

        def known(found: tuple[str, str]) -> None:
            from trasluz.core.corrections import Correction

            if self.made is not None and self._session.project is project:
                was, content = found
                made = self.made.adding(Correction(path=path, part=part, content=content, was=was, now=now))
                self._change(made, f"{_name(path)} {_said(was, now)}")

        self._session.index_work.run(self, looking, success=known)

    def take_back(self, path: str, part: str = "") -> None:
        """Let an item count as the data says."""
        if self.made is not None and (correction := self.made.of(path, part)) is not None:
            self._change(self.made.without(path, part), f"{_name(path)} is {_short(correction.was)} again.")

    def undo(self) -> None:
        """Take the last change back."""
        if self._before and self.made is not None:
            self._undone.append(self.made)
            self._set(self._before.pop())
            self.said.emit("The last correction is taken back.")

    def redo(self) -> None:
        """Make the change again that was taken back last."""
        if self._undone and self.made is not None:
            self._before.append(self.made)
            self._set(self._undone.pop())
            self.said.emit("The correction is made again.")

    # how it is kept

    def _read(self) -> None:
        self.made, self._before, self._undone = None, [], []
        self._due.stop()
        project = self._session.project
        if project is None:
            self.changed.emit()
            return

        def reading() -> "Corrections":
            from trasluz.core.corrections import Corrections

            return Corrections.read(project.corrections_path)

        def came(made: "Corrections") -> None:
            if self._session.project is project:
                self.made = made
                self.changed.emit()

        self._session.work.run(self, reading, success=came)

    def _change(self, made: "Corrections", sentence: str) -> None:
        if self.made is None or made == self.made:
            return
        self._before = [*self._before[-_REMEMBERED:], self.made]
        self._undone.clear()
        self._set(made)
        self.said.emit(sentence)

    def _set(self, made: "Corrections") -> None:
        project, before = self._session.project, self.made
        if project is None:
            return
        self.made = made
        self.changed.emit()

        def failed(trouble: "Trouble") -> None:
            self._session.show_trouble(trouble)
            if self.made is made:
                self.made = before
                self.changed.emit()

        at = project.corrections_path
        # one thread, so that the last word is written last
        self._session.index_work.run(self, lambda: made.write(at), success=lambda _: self._due.start(), failure=failed)


def _name(path: str) -> str:
    name = path.rsplit("/", 1)[-1]
    return f"“{name}”" if len(name) <= _LONG else f"“{name[:10]}…{name[-8:]}”"


def _said(was: str, now: str | None) -> str:
    if now is None:
        return "is left out now."
    if now == was:
        return f"is {_short(was)}, as the data says."
    return f"counts as {_short(now)} now, not {_short(was)}."


def _short(text: str) -> str:
    return text if len(text) <= _LONG else f"“{text[:_LONG].rstrip()}…”"
