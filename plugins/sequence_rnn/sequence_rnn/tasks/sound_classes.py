"""Sounds and single words to their class."""

from trasluz.api import Kind, ModelCard

from ..classification import Classification
from ..settings import SoundConfig
from ..sound_front import SoundFront
from ..sound_script import sound_class_script


class SoundClasses(Classification):
    """Tells recordings apart."""

    name = "sound-classes"
    kind = Kind.SOUND_CLASSES
    title = "Sounds"
    config = SoundConfig
    front = SoundFront()

    def script(self, card: ModelCard) -> str:
        """Give the source of `predict.py`."""
        return sound_class_script(card)
