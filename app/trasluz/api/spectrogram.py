"""Recordings as pictures: the log-mel spectrogram that every family which listens starts from, in numpy alone.

The short-time Fourier transform is a product with cosines and sines. Mel scale after O'Shaughnessy,
m = 2595 log10(1 + f / 700); triangular bands of equal height. The file stands alone: it becomes part of `predict.py`.

Shapes: S samples, F frames, M mel bands, N bins of frequency, W samples of the window.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

RATES = (8_000, 16_000)
"""Hz that a model listens at; the lower one where the recordings hold no more."""
WINDOW, HOP = 0.025, 0.010
"""Seconds."""
BANDS = 64
LOWEST = 40.0
"""Hz; below are hum and handling."""
FLOOR = 1e-6
"""Of power, before the logarithm, where the whole recording has the power 1: what is 60 dB below it is silence."""
QUIET = 1e-5
"""Added to the loudness that is divided by, so that digital silence stays silent."""
FLAT = 0.1
"""Added to the spread that is divided by, so that silence stays silent."""
SILENCE = 8.0
"""Natural logarithms of power (35 dB) below the loudest frame, from which on a frame is silent."""
MARGIN = 3
"""Silent frames that are kept before and after a sound."""
SIDE = 224
"""Pixels of a spectrogram as a square picture."""
PICTURED = "2"
"""Another one with every change of `picture`, for whoever keeps what was made of pictures."""
DARKEST = 2.5
"""Spreads from the mean to black and to white in a picture."""


def rate_for(rates: Sequence[int]) -> int:
    """The rate that suits recordings of these rates."""
    return RATES[0] if len(rates) and float(np.median(rates)) <= RATES[0] else RATES[1]


def hop(rate: int) -> int:
    """Samples from one frame to the next."""
    return round(rate * HOP)


@lru_cache(maxsize=2)
def kernels(rate: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cosines and sines under a Hann window, (N, 1, W) each, and the weights of the bands (M, N); float32."""
    size = round(rate * WINDOW)
    points = 1 << (size - 1).bit_length()
    time = np.arange(size)
    window = 0.5 - 0.5 * np.cos(2 * math.pi * time / size)
    bins = np.arange(points // 2 + 1)
    angle = 2 * math.pi * bins[:, None] * time[None] / points
    scale = 2.0 / size  # a sine of full height has the power 1/4, at any rate
    waves = [(scale * wave(angle) * window)[:, None].astype(np.float32) for wave in (np.cos, np.sin)]
    edges = np.linspace(_mel(LOWEST), _mel(rate / 2), BANDS + 2)
    hertz = 700 * (10 ** (edges / 2595) - 1)
    frequency = bins * rate / points
    rising = (frequency[None] - hertz[:-2, None]) / (hertz[1:-1] - hertz[:-2])[:, None]
    falling = (hertz[2:, None] - frequency[None]) / (hertz[2:] - hertz[1:-1])[:, None]
    bands = np.clip(np.minimum(rising, falling), 0, None)
    for band, centre in zip(bands, hertz[1:-1], strict=True):
        if not band.any():  # narrower than the bins are apart: the nearest one
            band[np.abs(frequency - centre).argmin()] = 1
    return waves[0], waves[1], bands.astype(np.float32)


def log_levels(waveform: np.ndarray, rate: int) -> np.ndarray:
    """The logarithm of the power of each band, at one loudness: (S,) float32 at a rate of `RATES` → (M, F) float32."""
    cosines, sines, bands = kernels(rate)
    size = cosines.shape[2]
    loud = waveform / (np.sqrt(np.mean(waveform * waveform)) + QUIET)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(loud, size // 2), size)[:: hop(rate)]  # (F, W)
    power = (frames @ cosines[:, 0].T) ** 2 + (frames @ sines[:, 0].T) ** 2  # (F, N)
    levels: np.ndarray = np.log(np.maximum(bands @ power.T, FLOOR)).astype(np.float32)
    return levels


def picture(waveform: np.ndarray, rate: int) -> np.ndarray:
    """A recording as a square picture, low below and high above, dark is loud, its time from left to right.

    The silence before and after it is cut off, or a word would be the narrower the more of it there is.

    Args:
        waveform: (S,) float32 from -1 to 1.
        rate: One of `RATES`, best what `rate_for` gives.

    Returns:
        (SIDE, SIDE, 3) uint8, grey.
    """
    grey = _resized(_resized(greys(_relative(sounding(log_levels(waveform, rate)))), SIDE).T, SIDE).T
    return np.repeat(np.rint(grey)[:, :, None], 3, axis=2).astype(np.uint8)


def drawn(waveform: np.ndarray, rate: int) -> np.ndarray:
    """A recording as it is, a row for each band and a column for each frame: (S,) → (M, F, 3) uint8, dark is loud."""
    grey = np.rint(greys(_relative(log_levels(waveform, rate))))
    return np.repeat(grey[:, :, None], 3, axis=2).astype(np.uint8)


def sounding(levels: np.ndarray) -> np.ndarray:
    """The frames from the first to the last that is not silent, and a few more: (M, F) → (M, F')."""
    loud = np.log(np.exp(levels).sum(axis=0))
    there = np.flatnonzero(loud > loud.max() - SILENCE)
    found: np.ndarray = levels[:, max(0, there[0] - MARGIN) : there[-1] + 1 + MARGIN]
    return found


def greys(levels: np.ndarray) -> np.ndarray:
    """Levels in spreads from their mean as greys from 0 to 255, high above and low below: (M, F) → (M, F)."""
    found: np.ndarray = (255 * (0.5 - levels[::-1] / (2 * DARKEST))).clip(0, 255)
    return found


def _relative(levels: np.ndarray) -> np.ndarray:
    levels = levels - levels.mean()
    return levels / (float(np.sqrt(np.mean(levels * levels))) + FLAT)


def _resized(rows: np.ndarray, size: int) -> np.ndarray:
    """(N, P) → (size, P): means where it becomes smaller, straight lines where it becomes larger."""
    count = len(rows)
    if count > size:
        edges = np.linspace(0, count, size + 1).astype(int)
        sums = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0, dtype=np.float64)])
        means: np.ndarray = (sums[edges[1:]] - sums[edges[:-1]]) / np.diff(edges)[:, None]
        return means
    places = np.linspace(0, count - 1, size)
    low = places.astype(int)
    high = np.minimum(low + 1, count - 1)
    share = (places - low)[:, None]
    between: np.ndarray = rows[low] * (1 - share) + rows[high] * share
    return between


def _mel(hertz: float) -> float:
    return 2595 * math.log10(1 + hertz / 700)
