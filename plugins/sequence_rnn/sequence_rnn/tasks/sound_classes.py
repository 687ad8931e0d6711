"""Sounds and single words to their class."""

from trasluz.api import Kind, ModelCard

from ..classification import Classification
from ..settings import CoreConfig
from ..sound_front import SoundFront
from ..sound_script import PREDICT


class SoundClasses(Classification):
    """Tells recordings apart."""

    name = "sound-classes"
    kind = Kind.SOUND_CLASSES
    title = "Sounds"
    config = CoreConfig
    front = SoundFront()

    def script(self, card: ModelCard) -> str:
        """Give the source of `predict.py`."""
        return PREDICT
