"""What the window calls the data of each kind: the one home of these words, for every page and every state."""

from dataclasses import dataclass, replace
from typing import Literal

from trasluz.core.nouns import plurals

Look = Literal["photos", "lines", "sounds", "curves", "pairs", "texts"]


@dataclass(frozen=True, slots=True)
class KindWords:
    """The words for one kind of data.

    Attributes:
        noun: One item: `photo`, `line`, `pair`.
        given: One input on the Use page, where that is called otherwise than an item: `sentence` of a pair.
        answer: One answer on the Judge page, where that is called otherwise than an item: `forecast`.
        whole: All of it, after “your”: `photos`, `lines of handwriting`.
        look: How the items are shown side by side. Views draw curves, recordings and texts themselves; no picture of
            them stands beside.
        classes: Whether an item's answer is one of a few classes; otherwise it is text.
        truth: What is written or said in an item, as a form calls it: `Text`, `Translation`.
        opens: Whether an input is a file that can be dropped; otherwise it is typed.
        example: What stands for an input in an example of the command line.
        reads: The packages besides onnxruntime and numpy that read an input.
    """

    noun: str
    whole: str
    look: Look = "photos"
    classes: bool = True
    given: str = ""
    answer: str = ""
    truth: str = "Class"
    opens: bool = True
    example: str = "FILE"
    reads: tuple[str, ...] = ()

    @property
    def nouns(self) -> str:
        """Several items."""
        return plurals(self.noun)

    @property
    def input(self) -> str:
        """One input on the Use page."""
        return self.given or self.noun

    @property
    def judged(self) -> str:
        """One item on the Judge page."""
        return self.answer or self.noun

    @property
    def inputs(self) -> str:
        """Several of them."""
        return plurals(self.input)


_PICTURE = ("pillow",)
_SOUND = KindWords("recording", "recordings", "sounds", example="recording.wav", reads=("soundfile",))
_SERIES = KindWords("series", "series", "curves", classes=False, truth="Values", example="series.csv")
MEASURED = frozenset({"forecast"})
"""Kinds whose answers are numbers, more or less off, and never right or wrong."""
BY_FORMULA = frozenset({"long-memory"})
"""Kinds whose items are made by formula, so that there is nothing of the person's own to correct or to give away."""
IN_ORDER = frozenset({"forecast", "text"})
"""Kinds that are split by what comes first and what comes after it."""
_KINDS = {
    "image-classes": KindWords("photo", "photos", example="photo.jpg", reads=_PICTURE),
    "handwriting": KindWords(
        "line", "lines of handwriting", "lines", classes=False, truth="Text", example="line.png", reads=_PICTURE
    ),
    "speech": replace(_SOUND, classes=False, truth="Text"),
    "sound-classes": _SOUND,
    "series-classes": KindWords("series", "series", "curves", example="series.csv"),
    "series-steps": replace(_SERIES, truth="Labels"),
    "forecast": replace(_SERIES, noun="stretch", given="series", answer="forecast"),
    "text-pairs": KindWords(
        "pair",
        "pairs of texts",
        "pairs",
        classes=False,
        given="text",
        truth="Answer",
        opens=False,
        example='"a text"',
        reads=("tokenizers",),
    ),
    "long-memory": KindWords(
        "item",
        "problems of long memory",
        "pairs",
        classes=False,
        given="text",
        truth="Answer",
        opens=False,
        example='"bdca....????"',
    ),
    "text": KindWords(
        "passage", "texts", "texts", given="text", classes=False, truth="Text", opens=False, example='"a text"'
    ),
}
_ANY = KindWords("item", "data")
"""While no data is open, and nobody knows what it will be."""


def words_for(kind: str, noun: str = "") -> KindWords:
    """The words for a kind of data.

    Args:
        kind: Its name; empty where no data is open.
        noun: What the source that brought an unknown kind calls one item.
    """
    if kind in _KINDS or not noun:
        return _KINDS.get(kind, _ANY)
    return KindWords(noun, plurals(noun), classes=kind.endswith("-classes"))
