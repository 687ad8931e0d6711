"""Models that write: a sequence that grows piece by piece, each piece read again before the next one."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trasluz.api.family import Predictor


@dataclass(frozen=True, slots=True)
class Written:
    """One piece of what a model writes.

    Attributes:
        text: What it wrote: a character, a word.
        top: What it might have written, as it is shown, with the probabilities that the piece was drawn by; best first.
        score: The probability that the piece was drawn by.
    """

    text: str
    top: tuple[tuple[str, float], ...] = ()
    score: float | None = None


class WritingPredictor(Predictor):
    """A predictor that also goes on writing from a start. The house streams, counts and stops it."""

    @abstractmethod
    def write(self, start: str, *, temperature: float, top_k: int, seed: int) -> Iterator[Written]:
        """Go on from `start` for as long as it is asked; from nothing where `start` is empty.

        Args:
            start: What the text begins with; it is not given back.
            temperature: 0 or more; at 1 pieces are drawn as the model says, below it the likely ones more often, and
                at 0 the likeliest is taken.
            top_k: Only so many of the likeliest may be drawn; all where 0.
            seed: The same one writes the same text.
        """

    def unknown(self, start: str) -> Sequence[str]:
        """The pieces of `start` that the model has never seen, each once."""
        return ()
