"""The settings of the tasks that listen."""

from typing import Literal

from trasluz.api import setting

from .core import CoreConfig
from .writing import TranscriptionConfig

_VARIATION = (
    "How much each recording is altered anew in each pass, from none (0) to strong (1): its speed, tempo and voice, "
    "when it begins, the noise around it, and stretches of time and of pitch are silenced."
)
_DIRECTIONS = {
    "both": "Both — each step knows what comes after it; needs the whole recording",
    "one": "Forward only — can be heard in chunks as they arrive, at half the work",
}


class HearingConfig(CoreConfig):
    """What sounds and speech have in common."""

    directions: Literal["both", "one"] = setting(
        "both",
        title="Directions",
        sentence="Whether the network also reads from the end.",
        labels=_DIRECTIONS,
    )
    augmentation: float = setting(0.7, title="Variation", sentence=_VARIATION, advanced=True, ge=0, le=1)
    tone: Literal["auto", "out", "half", "kept"] = setting(
        "auto",
        title="Tone colour",
        sentence="How much a recording keeps of what all of its moments have in common: the microphone, the room and "
        "the voice, but also the vowel of a short word, and what tells rain from surf.",
        labels={
            "auto": "Choose for me — half of it for words and speech, all for sounds longer than two seconds",
            "out": "Nothing — for other microphones and rooms than those that are learned from",
            "half": "Half of it — for single words, by whomever",
            "kept": "All of it — for noises that last",
        },
        advanced=True,
    )


class SoundConfig(HearingConfig):
    """How recordings are told apart."""

    epochs: int = setting(
        60,
        title="Passes",
        sentence="How often the network goes through all recordings at the most; it stops earlier when it no longer "
        "improves.",
        ge=1,
        le=10_000,
    )
    batch_size: int = setting(
        16,
        title="Batch",
        sentence="How many recordings are learned from at once; halved by itself when memory runs out.",
        advanced=True,
        ge=1,
        le=4096,
    )
    units: int = setting(
        128,
        title="Units",
        sentence="How many numbers each layer remembers in each direction.",
        advanced=True,
        ge=4,
        le=2048,
    )
    mixing: float = setting(
        0.3,
        title="Mixing",
        sentence="How strongly two recordings are laid over each other while learning, the answer being both in their "
        "shares (mixup); 0 leaves each alone.",
        advanced=True,
        ge=0,
        le=2,
    )


class SpeechConfig(HearingConfig, TranscriptionConfig):
    """How speech is written down."""
