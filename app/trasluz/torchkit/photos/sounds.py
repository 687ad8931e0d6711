"""Sounds for a network that sees pictures: settings, what the card says, and the program beside an exported model."""

from pathlib import Path
from typing import Any

import numpy as np

from trasluz.api import again, spectrogram
from trasluz.api.sound_file import DECODED

from .script import ANSWERED, OPENED
from .settings import PhotoLearningConfig

MINUTE = 60
"""Seconds of a recording that are listened to."""

AS_PICTURE: dict[str, Any] = {
    "before_the_graph": {
        "decode": "the first 60 seconds at the most, the channels mixed by their mean, from -1 to 1",
        "resample": f"to {spectrogram.RATES[1]} Hz, or to {spectrogram.RATES[0]} Hz where it holds no more",
        "spectrogram": f"{spectrogram.BANDS} mel bands, {1000 * spectrogram.WINDOW:g} ms every "
        f"{1000 * spectrogram.HOP:g} ms, logarithm of the power at one loudness, less its mean, in units of its spread",
        "picture": "grey, dark is loud, low below, the time from its first sound to its last in "
        f"{spectrogram.SIDE} columns and {spectrogram.SIDE} rows; `predict.py` has the steps",
        "feed": "`image`: (recordings, height, width, 3) uint8",
    },
}


def not_mirrored() -> Any:
    """The setting `mirror` of a family that learns sounds by their spectrograms."""
    sentence = "Whether a spectrogram may be shown mirrored, which is the sound backwards."
    return again(PhotoLearningConfig, "mirror", False, sentence=sentence)


def pictured(path: Path) -> np.ndarray:
    """The first minute of a recording as its picture: (H, W, 3) uint8; raises whatever its decoder likes."""
    import soundfile

    with soundfile.SoundFile(path) as file:
        frames, own = file.read(MINUTE * file.samplerate, dtype="float32", always_2d=True), file.samplerate
    rate, waveform = spectrogram.rate_for([own]), frames.mean(axis=1)
    if own != rate:
        import soxr

        waveform = soxr.resample(waveform, own, rate)
    return spectrogram.picture(waveform, rate)


_HEAD = '''\
"""Says what is to be heard. Needs: pip install onnxruntime numpy; for MP3, FLAC, OGG: soundfile; for files at another
rate than 8000 or 16000 Hz: soxr. Use: python predict.py RECORDING ..."""
import json
import math
import sys
import wave
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import onnxruntime

'''

_LOOP = """

for path in sys.argv[1:]:
    frames, own = decoded(path)
    rate, waveform = rate_for([own]), frames.mean(axis=1)
    if own != rate:
        import soxr

        waveform = soxr.resample(waveform, own, rate)
    scores = session.run(["probabilities"], {"image": picture(waveform, rate)[None]})[0][0]
"""


def spectrogram_script() -> str:
    """The source of `predict.py` for sounds; the spectrogram is made by the program's own code."""
    source = Path(spectrogram.__file__).read_text(encoding="utf-8")
    return _HEAD + OPENED + "\n" + source[source.index("RATES = (") :] + "\n\n" + DECODED + _LOOP + ANSWERED
