"""The five shapes of problems with sequences, and which of a person's models has which.

The drawing is Karpathy's (“The unreasonable effectiveness of recurrent neural networks”, 2015).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .history import RunSummary


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape.

    Attributes:
        id: A short word.
        title: What it is called.
        sentence: An example in a few words.
        kinds: The kinds of data whose models have it.
        reads: At which of five steps something is read.
        answers: At which of them something is answered.
    """

    id: str
    title: str
    sentence: str
    kinds: frozenset[str]
    reads: tuple[int, ...]
    answers: tuple[int, ...]


SHAPES = (
    Shape("one-to-one", "One to one", "a photo becomes a class", frozenset({"image-classes"}), (2,), (2,)),
    Shape("one-to-many", "One to many", "one start symbol becomes a text", frozenset({"text"}), (0,), (0, 1, 2, 3, 4)),
    Shape(
        "many-to-one",
        "Many to one",
        "a series or a sound becomes a class",
        frozenset({"sound-classes", "series-classes"}),
        (0, 1, 2, 3, 4),
        (4,),
    ),
    Shape(
        "many-to-many-later",
        "Many to many, later",
        "speech becomes text, a past a future",
        frozenset({"handwriting", "speech", "text-pairs", "forecast", "long-memory"}),
        (0, 1, 2),
        (2, 3, 4),
    ),
    Shape(
        "many-to-many-in-step",
        "Many to many, in step",
        "a label at each step",
        frozenset({"series-steps", "text"}),
        (0, 1, 2, 3, 4),
        (0, 1, 2, 3, 4),
    ),
)
_WRITES = "perplexity"
"""A model of plain text has a shape only where it foresees what comes next; word vectors have none."""


def with_models(runs: Iterable[RunSummary]) -> list[tuple[Shape, RunSummary | None]]:
    """Each shape with the newest of the runs, which come newest first, whose model has it."""
    finished = [run for run in runs if run.score is not None and run.kind]
    return [(shape, _first(shape, finished)) for shape in SHAPES]


def _first(shape: Shape, runs: Sequence[RunSummary]) -> RunSummary | None:
    having = [r for r in runs if r.kind in shape.kinds and (r.kind != "text" or _WRITES in r.metrics)]
    # a model of text has two of the shapes: where another kind has this one, that shows it better
    return next((r for r in having if r.kind != "text"), next(iter(having), None))
