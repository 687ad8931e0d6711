"""The line with its text under it, each character where it was read: CTC's posteriors over the picture."""

import itertools

import numpy as np

from trasluz.api import Explainer, Kind, ModelCard, Predictor, Reading, Sample

from .decoding import aligned
from .predict import SCORES, TranscriptionPredictor

FAMILY = "sequence-rnn"


class ReadAlong(Explainer):
    """The answer aligned with the picture, character by character."""

    id = "reading"
    title = "The line as it reads it"
    sentence = "Each character under the place where it was read; green where it is sure, red where it guesses."

    def applies(self, card: ModelCard) -> bool:
        """Whether the model reads lines of ink by CTC."""
        return card.family == FAMILY and card.kind == Kind.HANDWRITING and "alphabet" in card.extra

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Reading:
        """Make the view: the answer along the likeliest way that CTC may write it."""
        assert isinstance(predictor, TranscriptionPredictor)
        scores = np.asarray(predictor.explaining_outputs(sample)[SCORES])  # (T, K)
        text, _ = predictor.read(scores)
        known = predictor.alphabet.characters
        numbers = [known.index(character) + 1 for character in text]
        first = aligned(scores, numbers)
        line = sample.array("line")
        starts, ends = stretches(first, len(scores))
        strengths = [
            float(np.exp(scores[t : max(t + 1, until), n].max()))
            for n, t, until in zip(numbers, first, [*first[1:], len(scores)], strict=False)
        ]
        unsure = sum(s < 0.5 for s in strengths)
        return Reading(
            title=self.title,
            image=np.repeat(line[:, :, None], 3, axis=2),
            pieces=list(text) if first else [],
            starts=starts,
            ends=ends,
            strengths=strengths,
            caption=f"{len(text)} characters, {unsure} of them guessed." if first else "Nothing was read in it.",
        )


def stretches(first: list[int], steps: int) -> tuple[list[float], list[float]]:
    """Where characters that begin at these of `steps` steps begin and end, as shares of the width.

    A character is seen around its step: the border to the next one lies between the two.
    """
    if not first:
        return [], []
    middles = [(t + 0.5) / steps for t in first]
    between = [(a + b) / 2 for a, b in itertools.pairwise(middles)]
    half = float(np.median(np.diff(middles))) / 2 if len(middles) > 1 else 0.5 / steps
    return [max(0.0, middles[0] - half), *between], [*between, min(1.0, middles[-1] + half)]
