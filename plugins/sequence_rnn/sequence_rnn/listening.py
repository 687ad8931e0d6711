"""Hearing a sound while it goes on, by the state that a model of one direction hands from chunk to chunk.

Shapes: S samples, T steps, K characters with the blank before them, or classes.
"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api import Listener, Prediction, Record, Sample

from .predict import PROBABILITIES, SCORES

if TYPE_CHECKING:
    from .predict import ClassPredictor, TranscriptionPredictor

WEIGHT, WEIGHED = "heard_weight", "heard_sum"
"""What a stream hands on of the steps that it has heard: the sum of their weights, and of what they said by it."""


class _Rate:
    """Brings pieces to the model's rate, without a seam between them."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._stream: Any = None

    def brought(self, samples: np.ndarray, rate: int) -> np.ndarray:
        """(S,) float32 → (S',) float32."""
        samples = np.ascontiguousarray(samples, np.float32)
        if rate == self._wanted:
            return samples
        if self._stream is None:
            import soxr

            self._stream = soxr.ResampleStream(rate, self._wanted, 1, dtype="float32")
        found: np.ndarray = self._stream.resample_chunk(samples)
        return found


class ClassListener(Listener):
    """Names the class of what was heard lately: the sums of the pooling fade, the recurrent state does not.

    Args:
        predictor: Of a model that reads in one direction.
        seconds: After so long a step counts a third (1/e) of a new one.
    """

    def __init__(self, predictor: "ClassPredictor", seconds: float) -> None:
        self._predictor, self._seconds = predictor, max(0.05, seconds)
        self._stream = predictor.stream()
        self._wanted = int(predictor.card.extra["facts"]["rate"])
        self._rate = _Rate(self._wanted)

    def hear(self, samples: np.ndarray, rate: int) -> Prediction | None:
        """Take the next piece."""
        piece = self._rate.brought(samples, rate)
        fading = math.exp(-len(piece) / self._wanted / self._seconds)
        for name in (WEIGHT, WEIGHED):
            self._stream.state[name] = (self._stream.state[name] * fading).astype(np.float32)
        found = self._stream.hear(piece)
        if found is None:
            return None
        return self._predictor.interpret(_MICROPHONE, {PROBABILITIES: found[PROBABILITIES]})


class SpeechListener(Listener):
    """Writes down what is said, character by character, each as soon as its step was heard; nothing is taken back.

    Args:
        predictor: Of a model that reads in one direction.
    """

    def __init__(self, predictor: "TranscriptionPredictor") -> None:
        self._predictor = predictor
        self._stream = predictor.stream()
        self._rate = _Rate(int(predictor.card.extra["facts"]["rate"]))
        self._last = 0
        self._text = ""

    def hear(self, samples: np.ndarray, rate: int) -> Prediction | None:
        """Take the next piece."""
        found = self._stream.hear(self._rate.brought(samples, rate))
        if found is None:
            return None
        for number in found[SCORES].argmax(axis=1).tolist():
            if number and number != self._last:
                self._text += self._predictor.alphabet.characters[number - 1]
            self._last = number
        return Prediction(text=self._text)


_MICROPHONE = Sample(Record(path="microphone"), {})
