"""Sounds and single words to their class."""

from typing import TYPE_CHECKING

from trasluz.api import Kind, ModelCard, TrainContext

from ..classification import Classification, SureLesson
from ..settings import SoundConfig
from ..sound_front import SoundFront
from ..sound_script import sound_class_script

if TYPE_CHECKING:
    from ..lesson import Lesson
    from ..network import Classifier


class SoundClasses(Classification):
    """Tells recordings apart."""

    name = "sound-classes"
    kind = Kind.SOUND_CLASSES
    title = "Sounds"
    pictured = True
    config = SoundConfig
    front = SoundFront()

    def lesson(self, context: TrainContext) -> "Lesson[Classifier]":
        """Learn classes."""
        return SureLesson(context, self.title, self.front)

    def script(self, card: ModelCard) -> str:
        """Give the source of `predict.py`."""
        return sound_class_script(card)
