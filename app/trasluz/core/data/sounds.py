"""Recordings to waveforms: every format, rate and number of channels, never more of a file than is listened to.

Shapes: (T,) float32 from -1 to 1, one channel, at the file's own rate.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from trasluz.api import DataError

from .names import quoted
from .walk import unopened

if TYPE_CHECKING:
    import soundfile

SUFFIXES: Final = (".wav", ".flac", ".mp3", ".ogg")
LONGEST: Final = 60.0
"""Seconds from the start that are listened to; what a file holds after them is not even decoded."""
SILENT: Final = 1e-4
"""A recording whose loudest sample is below this (-80 dB) holds nothing to hear."""
CLIPPED: Final = 1e-3
"""The share of samples at full scale from which on a recording counts as clipped."""
_FULL: Final = 0.999
_MOST_CHANNELS: Final = 64
_INK: Final = (44, 92, 140)
_PAPER: Final = (248, 246, 241)
_RATES: Final = (1_000, 768_000)


class SoundError(DataError):
    """A recording that cannot be used; `rule` is the short word for the reason."""

    def __init__(self, sentence: str, rule: str = "unreadable") -> None:
        super().__init__(sentence)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class SoundFacts:
    """What a recording is.

    Attributes:
        seconds: Its length by its header.
        rate: Samples a second.
        channels: How many channels it has.
        notes: (rule, sentence) of what is unusual about it but does no harm.
    """

    seconds: float
    rate: int
    channels: int
    notes: tuple[tuple[str, str], ...] = ()


def look(path: str | Path, name: str | None = None) -> SoundFacts:
    """Read a recording's header, and listen to its first minute at the most for silence and clipping.

    Args:
        path: The file.
        name: What it is called in sentences; its path where None.

    Raises:
        SoundError: If it cannot be used; the message says why and what to do.
    """
    called = quoted(path if name is None else name)
    with _opened(path, called) as file:
        seconds, rate, channels = file.frames / file.samplerate, int(file.samplerate), int(file.channels)
        waveform = _decoded(file, called)
    notes: list[tuple[str, str]] = []
    loudest = float(np.abs(waveform).max())
    if loudest < SILENT:
        notes.append(("silent", f"{called} is silent; is the microphone's track empty?"))
    elif float((np.abs(waveform) >= _FULL).mean()) >= CLIPPED:
        notes.append(("clipped", f"{called} is clipped: it was recorded too loudly and sounds distorted."))
    if channels > 1:
        notes.append(("channels", f"{called} has {channels} channels; they are mixed into one."))
    if seconds > LONGEST:
        sentence = f"{called} is {spoken(seconds)} long; only its first {LONGEST:.0f} seconds are listened to."
        notes.append(("too-long", sentence))
    return SoundFacts(seconds, rate, channels, tuple(notes))


def read_sound(path: str | Path, name: str | None = None) -> tuple[np.ndarray, int]:
    """Decode the first minute of a recording: (T,) float32, the mean of its channels, and its rate in Hz.

    Raises:
        SoundError: If it cannot be read.
    """
    called = quoted(path if name is None else name)
    with _opened(path, called) as file:
        return _decoded(file, called), int(file.samplerate)


def resampled(waveform: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """(T,) float32 at another rate; one sample at least."""
    if rate != wanted:
        import soxr

        waveform = soxr.resample(waveform, rate, wanted)
    if not len(waveform):
        waveform = np.zeros(1, np.float32)
    return np.ascontiguousarray(waveform, np.float32)


def loudness(path: str | Path, columns: int) -> tuple[np.ndarray, np.ndarray, float]:
    """The least and the greatest value in each of so many stretches of equal length, (columns,) each, and the seconds.

    Raises:
        SoundError: If it cannot be read.
    """
    waveform, rate = read_sound(path)
    at = np.linspace(0, len(waveform), columns + 1).astype(int)[:-1]
    return np.minimum.reduceat(waveform, at), np.maximum.reduceat(waveform, at), len(waveform) / rate


def drawn(path: str | Path, width: int, height: int) -> np.ndarray:
    """A recording as a person knows it: its waveform, loud or soft, over the whole width; (height, width, 3) uint8.

    Raises:
        SoundError: If it cannot be read.
    """
    low, high, _ = loudness(path, width)
    reach = 0.9 * height / 2 / max(float(np.abs([low, high]).max()), SILENT)
    row = np.arange(height)[:, None] - (height - 1) / 2  # from the middle, downwards
    inked = (row >= -high * reach - 0.6) & (row <= -low * reach + 0.6)
    return np.where(inked[:, :, None], np.array(_INK, np.uint8), np.array(_PAPER, np.uint8))


@contextmanager
def _opened(path: str | Path, called: str) -> "Iterator[soundfile.SoundFile]":
    import soundfile

    place = Path(path)
    try:
        if not place.is_file():  # a pipe would block for ever
            place.stat()
            raise SoundError(f"{called} is not a file; it is left out.")
        if place.stat().st_size == 0:
            raise SoundError(f"{called} is empty (0 bytes); copy it again from where it came from.", "empty")
    except OSError as error:
        raise SoundError(unopened(path, error), "missing") from error
    try:
        with soundfile.SoundFile(str(place)) as file:
            low, high = _RATES
            if not (low <= file.samplerate <= high and 1 <= file.channels <= _MOST_CHANNELS):
                raise SoundError(
                    f"{called} says that it has {file.channels} channels at {file.samplerate} Hz, which cannot be; "
                    "save it again from its origin."
                )
            yield file
    except (soundfile.SoundFileError, RuntimeError, ValueError, OSError) as error:
        sentence = f"{called} cannot be read as a recording; save it as WAV or FLAC, or leave it out."
        raise SoundError(sentence) from error


def _decoded(file: "soundfile.SoundFile", called: str) -> np.ndarray:
    frames = file.read(math.ceil(LONGEST * file.samplerate), dtype="float32", always_2d=True)  # (T, channels)
    if not len(frames):
        raise SoundError(f"{called} holds no sound (0 seconds); record it again or leave it out.", "empty")
    waveform = frames[:, 0] if frames.shape[1] == 1 else frames.mean(axis=1)
    if not np.isfinite(waveform).all():
        raise SoundError(f"{called} holds numbers that are no sound (NaN); save it again from its origin.")
    return np.ascontiguousarray(waveform, np.float32)


def spoken(seconds: float) -> str:
    """A length in words: `90 seconds`, `12 minutes`, `3.0 hours`."""
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 2 * 3600 else f"{seconds / 3600:.1f} hours"
