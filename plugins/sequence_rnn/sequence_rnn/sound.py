"""From a waveform to its log-mel spectrogram, the same in training and in the graph.

The short-time Fourier transform is a convolution with cosines and sines: ONNX Runtime's own STFT is many times slower
and less exact. Mel scale after O'Shaughnessy, m = 2595 log10(1 + f / 700); triangular bands of equal height.

Shapes: S samples, F frames, M mel bands, N bins of frequency, W samples of the window.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from trasluz.torchkit.graph import GraphWriter

RATES = (8_000, 16_000)
"""Hz that a model listens at; the lower one where the recordings hold no more."""
WINDOW, HOP = 0.025, 0.010
"""Seconds."""
BANDS = 64
LOWEST = 40.0
"""Hz; below are hum and handling."""
FLOOR = 1e-6
"""Of power, before the logarithm, where the whole recording has the power 1: what is 60 dB below it is silence."""
STREAMED_FLOOR = 1e-8
"""Of power, where a stream cannot know how loud the whole recording will be."""
QUIET = 1e-5
"""Added to the loudness that is divided by, so that digital silence stays silent."""
FLAT = 0.1
"""Added to the spread that is divided by, so that silence stays silent."""
MOST_BANDS, MOST_FRAMES = 0.25, 0.2
"""Of the bands, and of the frames, that one stripe of SpecAugment silences at most."""


def rate_for(rates: Sequence[int]) -> int:
    """The rate that suits recordings of these rates."""
    return RATES[0] if rates and float(np.median(rates)) <= RATES[0] else RATES[1]


def hop(rate: int) -> int:
    """Samples from one frame to the next."""
    return round(rate * HOP)


def resampled(waveform: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """(S,) float32 at another rate; one sample at least."""
    if rate != wanted:
        import soxr

        waveform = soxr.resample(waveform, rate, wanted)
    if not len(waveform):
        waveform = np.zeros(1, np.float32)
    return np.ascontiguousarray(waveform, np.float32)


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


def log_mel(waveform: "Tensor", rate: int) -> "Tensor":
    """(B, S) → (B, M, F): each item at one loudness, without its own mean in every band, in units of its own spread."""
    import torch
    from torch.nn import functional

    cosines, sines, bands = (torch.from_numpy(each) for each in kernels(rate))
    loudness = torch.sqrt((waveform * waveform).mean(dim=1, keepdim=True))
    x, pad, step = (waveform / (loudness + QUIET))[:, None], cosines.shape[2] // 2, hop(rate)
    real, imaginary = (functional.conv1d(x, k, stride=step, padding=pad) for k in (cosines, sines))
    levels = torch.log(torch.clamp(bands @ (real * real + imaginary * imaginary), min=FLOOR))
    levels = levels - levels.mean(dim=2, keepdim=True)
    spread = torch.sqrt((levels * levels).mean(dim=(1, 2), keepdim=True))
    return levels / (spread + FLAT)


def streamed_levels(waveform: "Tensor", rate: int) -> "Tensor":
    """(B, S) → (B, M, F): the logarithm of the power as it is, of frames that lie wholly in the waveform.

    Nothing is measured of the recording as a whole, so that a frame is the same in whatever chunk it comes.
    """
    import torch
    from torch.nn import functional

    cosines, sines, bands = (torch.from_numpy(each) for each in kernels(rate))
    real, imaginary = (functional.conv1d(waveform[:, None], k, stride=hop(rate)) for k in (cosines, sines))
    return torch.log(torch.clamp(bands @ (real * real + imaginary * imaginary), min=STREAMED_FLOOR))


def write_streamed_levels(writer: "GraphWriter", waveform: str, rate: int) -> str:
    """Write `streamed_levels`: (B, S) → (B, M, F)."""
    cosines, sines, bands = kernels(rate)
    x = writer.node("Unsqueeze", waveform, writer.integers(1))
    how: Mapping[str, Any] = {"kernel_shape": [cosines.shape[2]], "strides": [hop(rate)]}
    parts = [writer.node("Conv", x, writer.constant(each), **how) for each in (cosines, sines)]
    real, imaginary = (writer.node("Mul", part, part) for part in parts)
    power = writer.node("MatMul", writer.constant(bands), writer.node("Add", real, imaginary))
    return writer.node("Log", writer.node("Max", power, writer.constant(STREAMED_FLOOR)))


def write_log_mel(writer: "GraphWriter", waveform: str, rate: int) -> str:
    """Write `log_mel`: (B, S) → (B, M, F)."""
    cosines, sines, bands = kernels(rate)
    size = cosines.shape[2]
    squared = writer.node("Mul", waveform, waveform)
    loudness = writer.node("Sqrt", writer.node("ReduceMean", squared, writer.integers(1), keepdims=1))
    x = writer.node("Div", waveform, writer.node("Add", loudness, writer.constant(QUIET)))
    x = writer.node("Unsqueeze", x, writer.integers(1))
    how: Mapping[str, Any] = {"kernel_shape": [size], "strides": [hop(rate)], "pads": [size // 2, size // 2]}
    parts = [writer.node("Conv", x, writer.constant(each), **how) for each in (cosines, sines)]
    real, imaginary = (writer.node("Mul", part, part) for part in parts)
    power = writer.node("MatMul", writer.constant(bands), writer.node("Add", real, imaginary))
    levels = writer.node("Log", writer.node("Max", power, writer.constant(FLOOR)))
    levels = writer.node("Sub", levels, writer.node("ReduceMean", levels, writer.integers(2), keepdims=1))
    squares = writer.node("ReduceMean", writer.node("Mul", levels, levels), writer.integers(1, 2), keepdims=1)
    return writer.node("Div", levels, writer.node("Add", writer.node("Sqrt", squares), writer.constant(FLAT)))


def seen_levels(waveform: np.ndarray, rate: int) -> np.ndarray:
    """A recording for the eye, without torch: (S,) at any rate → (M, F), the logarithm of the power of each band."""
    wanted = rate_for([rate])
    sound = resampled(waveform, rate, wanted)
    cosines, sines, bands = kernels(wanted)
    size = cosines.shape[2]
    padded = np.pad(sound, size // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[:: hop(wanted)]  # (F, W)
    power = (frames @ cosines[:, 0].T) ** 2 + (frames @ sines[:, 0].T) ** 2  # (F, N)
    loudness = max(float(np.mean(sound * sound)), QUIET**2)
    found: np.ndarray = np.log(np.maximum(bands @ power.T / loudness, FLOOR))
    return found


def masked(levels: np.ndarray, strength: float, draw: np.random.Generator) -> np.ndarray:
    """Silence stripes of pitch and of time (Park et al., “SpecAugment”, Interspeech 2019): (M, F).

    Args:
        levels: A spectrogram whose bands have the mean 0, which is what is put in.
        strength: From none (0) to strong (1); two stripes of each kind.
        draw: The generator.
    """
    if strength <= 0:
        return levels
    levels = levels.copy()
    bands, frames = levels.shape
    for _ in range(2):
        wide = int(draw.integers(0, round(bands * MOST_BANDS * strength) + 1))
        low = int(draw.integers(0, bands - wide + 1))
        levels[low : low + wide] = 0
        long = int(draw.integers(0, round(frames * MOST_FRAMES * strength) + 1))
        start = int(draw.integers(0, frames - long + 1))
        levels[:, start : start + long] = 0
    return levels


def _mel(hertz: float) -> float:
    return 2595 * math.log10(1 + hertz / 700)
