"""A recording as another speaker, in another room, might have made it: what training alters of a sound.

Speed as in Ko et al., “Audio augmentation for speech recognition”, Interspeech 2015; vocal tracts of other lengths as
in Jaitly and Hinton, “Vocal tract length perturbation improves speech recognition”, 2013, on the mel bands.

Shapes: S samples, M mel bands, F frames.
"""

import numpy as np

from .sound import masked

SPEED = 0.18
"""Spread of the logarithm of the speed; pitch goes with it."""
STRETCH = 0.15
"""Spread of the logarithm of the tempo alone."""
MOST = 0.4
"""Of either logarithm; faster speech would have too few frames for its steps."""
TRACT = 0.12
"""Spread of the logarithm of the length of the vocal tract; 64 mel bands are warped by it."""
SHIFT = 0.15
"""Silence before and behind, in seconds, at the most."""
QUIETEST, LOUDEST = 8.0, 45.0
"""Decibels from a recording to the noise that is put in: from much noise to hardly any."""
GAIN = 6.0
"""Spread of the loudness in decibels."""
COLOUR = 0.5
"""Spread of what the microphone adds to a band, in nats."""


def another_take(waveform: np.ndarray, rate: int, strength: float, draw: np.random.Generator) -> np.ndarray:
    """Faster or slower, earlier or later, louder or softer, with noise: (S,) → (S',).

    Args:
        waveform: A recording, float32.
        rate: In Hz.
        strength: From none (0) to strong (1).
        draw: The generator.
    """
    speed = float(np.exp(np.clip(draw.normal(0, SPEED * strength), -MOST, MOST)))
    size = max(1, round(len(waveform) / speed))
    found = np.interp(np.linspace(0, len(waveform) - 1, size), np.arange(len(waveform)), waveform)
    before, behind = (int(draw.uniform(0, SHIFT * strength) * rate) for _ in range(2))
    found = np.concatenate([np.zeros(before), found, np.zeros(behind)])
    loudness = float(np.sqrt(np.mean(found**2)))
    if draw.random() < strength:
        decibels = draw.uniform(QUIETEST, LOUDEST)
        noise = draw.normal(0, 1, len(found))
        if draw.random() < 0.5:  # of a room rather than of a wire: less of it the higher it is
            noise = np.convolve(noise, 0.8 ** np.arange(16), mode="same")
            noise /= max(float(np.std(noise)), 1e-9)
        found = found + loudness * 10 ** (-decibels / 20) * noise
    gain = 10 ** (draw.normal(0, GAIN * strength) / 20)
    return (gain * found).clip(-1, 1).astype(np.float32)


def another_voice(levels: np.ndarray, strength: float, draw: np.random.Generator, *, coloured: bool) -> np.ndarray:
    """Another tempo, another length of the vocal tract, stripes silenced: (M, F) → (M, F').

    Args:
        levels: A spectrogram whose mean is 0.
        strength: From none (0) to strong (1).
        draw: The generator.
        coloured: Whether the bands are also raised and lowered as another microphone would.
    """
    bands, frames = levels.shape
    tempo = float(np.exp(np.clip(draw.normal(0, STRETCH * strength), -MOST, MOST)))
    levels = _interpolated(levels, np.linspace(0, frames - 1, max(1, round(frames / tempo))))
    tract = float(np.exp(draw.normal(0, TRACT * strength)))
    # Low bands hardly move: there the mel scale is linear, and pitch rather than the tract decides.
    warped = np.clip(np.arange(bands) * (1 + (tract - 1) * np.linspace(0.3, 1, bands)), 0, bands - 1)
    levels = _interpolated(levels.T, warped).T
    if coloured:
        at = np.linspace(0, 4, bands)
        levels = levels + np.interp(at, np.arange(5), draw.normal(0, COLOUR * strength, 5))[:, None]
    return masked(np.ascontiguousarray(levels, np.float32), strength, draw)


def _interpolated(rows: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(N, P) at other places of its second axis."""
    low = np.floor(places).astype(int).clip(0, rows.shape[1] - 1)
    high = np.minimum(low + 1, rows.shape[1] - 1)
    share = places - low
    return rows[:, low] * (1 - share) + rows[:, high] * share
