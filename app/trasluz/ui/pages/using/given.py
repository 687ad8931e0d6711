"""One input of a model, as the pages hand it to the host: a file, a part of a file, or a text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from trasluz.ui.kinds import KindWords, words_for

if TYPE_CHECKING:
    from trasluz.ui.session import Session


@dataclass(frozen=True, slots=True)
class Given:
    """One input.

    Attributes:
        path: The file; of a typed text the text itself.
        words: What its kind is called.
        part: Of the file, where it holds several items.
        index: The list of the data that knows how to read a part.
        text: What is asked, where that is a text.
        target: What the answer should be, where that is known.
    """

    path: str
    words: KindWords = field(default_factory=lambda: words_for("image-classes"))
    part: str = ""
    index: str = ""
    text: str = ""
    target: str = ""

    @property
    def is_text(self) -> bool:
        """Whether it is a text and no file."""
        return not self.words.opens

    @property
    def input(self) -> str:
        """What the model is given: a path or a text."""
        return (self.text or self.path) if self.is_text else self.path

    def place(self) -> dict[str, Any]:
        """The arguments that say where a part of a file is."""
        return {"part": self.part, "index": self.index} if self.part and self.index and not self.is_text else {}

    @property
    def name(self) -> str:
        """What it is called in a line of facts."""
        if self.is_text:
            return ""
        from .said import short_name

        return short_name(self.path) + (f" · {self.part}" if self.part else "")

    @property
    def file(self) -> Path:
        """The file."""
        return Path(self.path)


def each_of(
    asker: QObject,
    session: "Session",
    kind: str,
    words: KindWords,
    paths: Sequence[Path],
    *,
    then: Callable[[list[Path]], None],
) -> None:
    """Hand on the inputs that files hold: of a table each of its series; all else is one input, at once."""
    if words.look != "curves" or any(path.is_dir() for path in paths):
        then(list(paths))
        return
    session.host.call(
        asker,
        "parts",
        {"kind": kind, "inputs": [str(path) for path in paths]},
        success=lambda found: then([Path(each) for each in found["inputs"]]),
        failure=lambda _trouble: then(list(paths)),
    )
