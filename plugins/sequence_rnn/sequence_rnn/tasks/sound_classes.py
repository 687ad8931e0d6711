"""Sounds and single words to their class."""

from trasluz.api import Kind, ModelCard

from ..classification import Classification
from ..sound_front import SoundFront
from ..sound_script import PREDICT


class SoundClasses(Classification):
    """Tells recordings apart."""

    kind = Kind.SOUND_CLASSES
    title = "Sounds"
    front = SoundFront()

    def script(self, card: ModelCard) -> str:
        """Give the source of `predict.py`."""
        return PREDICT
