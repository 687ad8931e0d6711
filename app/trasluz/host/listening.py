"""Answering what a microphone hears, piece by piece, while it goes on.

A model that can hears each piece once and remembers (`trasluz.api.Listening`); any other one that answers recordings
is asked about the last seconds, each time anew.
"""

import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api import Kind, Listening

from .calls import UsageError

if TYPE_CHECKING:
    from trasluz.api import Listener
    from trasluz.core.inference.model import OpenModel

QUIET = 0.004
"""Root of the mean square of the loudest moment of what is heard: below it nothing is said, so nothing is answered."""
MOMENT = 0.05
"""Seconds of a moment."""
LONGEST, SHORTEST = 30.0, 0.2
"""Seconds that an answer can look back on."""


def hears(model: "OpenModel") -> bool:
    """Whether a microphone can be answered live: a class for the last seconds, or text by a model that remembers."""
    kind = str(model.card.kind)
    if kind == Kind.SOUND_CLASSES:
        return True
    predictor = model.predictor
    return kind == Kind.SPEECH and isinstance(predictor, Listening) and predictor.listener(1.0) is not None


class Ear:
    """One listening at a time: its model, what hears, and the last seconds. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._name = ""
        self._model: OpenModel | None = None
        self._listener: Listener | None = None
        self._lately = np.zeros(0, np.float32)

    def hear(self, model: "OpenModel", samples: np.ndarray, *, rate: int, name: str, seconds: float) -> dict[str, Any]:
        """Take a piece: `quiet`, the `prediction` (None while there is none), and whether the model `remembers`.

        Args:
            model: The model.
            samples: (S,) float32.
            rate: In Hz.
            name: Of this listening.
            seconds: How far back the answer looks.

        Raises:
            UsageError: If the model answers no sounds.
        """
        from .answers import answered, recording

        if not hears(model):
            raise UsageError(f"This model cannot listen: it answers {model.card.kind}, or needs a whole recording.")
        if rate <= 0:
            raise UsageError("A microphone's rate is more than 0 Hz.")
        seconds = min(LONGEST, max(SHORTEST, seconds))
        samples = np.asarray(samples, np.float32).reshape(-1)
        with self._lock:
            if (name, model) != (self._name, self._model):
                predictor = model.predictor
                self._name, self._model = name, model
                self._listener = predictor.listener(seconds) if isinstance(predictor, Listening) else None
                self._lately = np.zeros(0, np.float32)
            self._lately = np.concatenate([self._lately, samples])[-round(seconds * rate) :]
            quiet = loudest(self._lately, rate) < QUIET
            begun = time.perf_counter()
            found: dict[str, Any] | None = None
            if self._listener is not None:
                prediction = self._listener.hear(samples, rate)
                found = None if prediction is None else answered(model, prediction, time.perf_counter() - begun)
            elif not quiet and len(self._lately) >= SHORTEST * rate:
                found = recording(model, self._lately, rate)
            return {
                "prediction": None if quiet and str(model.card.kind) == Kind.SOUND_CLASSES else found,
                "quiet": quiet,
                "remembers": self._listener is not None,
                "provider": model.provider,
            }


def loudest(samples: np.ndarray, rate: int) -> float:
    """The root of the mean square of the loudest moment, 0 where there is none."""
    size = max(1, round(MOMENT * rate))
    if not len(samples):
        return 0.0
    moments = np.array_split(samples, max(1, len(samples) // size))
    return max(float(np.sqrt(np.mean(each * each))) for each in moments)
