"""Models that hear a sound while it goes on: each piece is heard once, and what was heard before is remembered."""

from abc import ABC, abstractmethod

import numpy as np

from trasluz.api.family import Prediction


class Listener(ABC):
    """Hears one sound piece by piece, for as long as it lasts; made by `ListeningPredictor.listener`."""

    @abstractmethod
    def hear(self, samples: np.ndarray, rate: int) -> Prediction | None:
        """Take the next piece and answer for the moment.

        Args:
            samples: (S,) float32 from -1 to 1, any number of them.
            rate: In Hz, the same for every piece.

        Returns:
            The answer, or None while too little was heard for one.
        """


class Listening(ABC):
    """What a predictor derives from besides `Predictor` where its model can hear a sound piece by piece.

    The house answers the last seconds anew each time where a predictor cannot.
    """

    @abstractmethod
    def listener(self, seconds: float) -> Listener | None:
        """Begin to listen.

        Args:
            seconds: How far back an answer looks, where the model gives a class: what was heard longer ago counts
                less and less. A model that writes down speech keeps all of it.

        Returns:
            What hears, or None where this very model needs the whole recording.
        """
