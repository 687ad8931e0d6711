"""Speech to text: a recording becomes what is said in it."""

from trasluz.api import Kind, ModelCard

from ..script import speech_script
from ..settings import SpeechConfig
from ..sound_front import SoundFront
from ..transcription import Transcription


class Speech(Transcription):
    """Writes down speech."""

    name = "speech"
    kind = Kind.SPEECH
    title = "Speech"
    config = SpeechConfig
    front = SoundFront()

    def script(self, card: ModelCard) -> str:
        """Give the source of `predict.py`."""
        return speech_script(card)
