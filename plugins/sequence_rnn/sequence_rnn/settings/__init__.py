"""The settings of the family: `core` for every task, a file for those that some tasks add, and all of them together.

`SequenceRnnConfig` is what a run may be asked before its data is known; a task takes its own class (`Task.config`).
"""

from .characters import CharactersConfig
from .core import CoreConfig
from .hearing import SoundConfig, SpeechConfig
from .memory import MemoryConfig
from .series import ForecastConfig, SeriesConfig
from .writing import TranscriptionConfig


class SequenceRnnConfig(SoundConfig, SpeechConfig, CharactersConfig, MemoryConfig, ForecastConfig, SeriesConfig):
    """Every setting of every task; a class of each task that has its own stands among the bases."""


__all__ = [
    "CharactersConfig",
    "CoreConfig",
    "ForecastConfig",
    "MemoryConfig",
    "SequenceRnnConfig",
    "SeriesConfig",
    "SoundConfig",
    "SpeechConfig",
    "TranscriptionConfig",
]
