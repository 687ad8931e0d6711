"""Models that are a vector for each word."""

from abc import abstractmethod

from trasluz.api.family import Predictor
from trasluz.api.vectors import WordVectors


class VectorsPredictor(Predictor):
    """A predictor whose model is a vector for each word. The house asks it what is near to what, and shows a map.

    One of its family's explainers is called `map` and gives `Points` whose labels are the words, for a text without a
    word too.
    """

    @property
    @abstractmethod
    def vectors(self) -> WordVectors:
        """All words with their vectors."""
