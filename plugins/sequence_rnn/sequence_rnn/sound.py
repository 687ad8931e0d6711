"""From a waveform to its log-mel spectrogram, the same in training and in the graph.

The short-time Fourier transform is a convolution with cosines and sines (`trasluz.api.spectrogram`): ONNX Runtime's own
STFT is many times slower and less exact.

Shapes: S samples, F frames, M mel bands, N bins of frequency, W samples of the window.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api.spectrogram import FLAT, FLOOR, QUIET, hop, kernels

if TYPE_CHECKING:
    from torch import Tensor

    from trasluz.torchkit.graph import GraphWriter

STREAMED_FLOOR = 1e-8
"""Of power, where a stream cannot know how loud the whole recording will be."""
HARDLY = 1e-3
"""Added to what is divided by, so that a recording without any sound stays silent."""
MOST_BANDS, MOST_FRAMES = 0.25, 0.2
"""Of the bands, and of the frames, that one stripe of SpecAugment silences at most."""


def resampled(waveform: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """(S,) float32 at another rate; one sample at least."""
    if rate != wanted:
        import soxr

        waveform = soxr.resample(waveform, rate, wanted)
    if not len(waveform):
        waveform = np.zeros(1, np.float32)
    return np.ascontiguousarray(waveform, np.float32)


def log_mel(waveform: "Tensor", rate: int, *, tone: float = 0.0) -> "Tensor":
    """(B, S) → (B, M, F): the logarithm of the power, its mean taken out, in units of its own spread.

    A frame counts in mean and spread by how far it stands above silence. So the silence before and after a word says
    nothing, however much of it there is: without that, recordings that are cut close look unlike all others.

    Args:
        waveform: Brought to one loudness here.
        rate: In Hz.
        tone: How much of its own tone colour a recording keeps, from 0 to 1. Without any, each band loses its own mean,
            and with it what microphone, room and voice add to every sound alike (Atal, “Effectiveness of linear
            prediction characteristics of the speech wave”, JASA 1974), but also the vowel of a word that has only one;
            with all of it rain can be told from surf.
    """
    import torch
    from torch.nn import functional

    cosines, sines, bands = (torch.from_numpy(each) for each in kernels(rate))
    loudness = torch.sqrt((waveform * waveform).mean(dim=1, keepdim=True))
    x, pad, step = (waveform / (loudness + QUIET))[:, None], cosines.shape[2] // 2, hop(rate)
    real, imaginary = (functional.conv1d(x, k, stride=step, padding=pad) for k in (cosines, sines))
    levels = torch.log(torch.clamp(bands @ (real * real + imaginary * imaginary), min=FLOOR)) - math.log(FLOOR)
    present = levels.mean(dim=1, keepdim=True)
    counts = present / (present.sum(dim=2, keepdim=True) + HARDLY)  # (B, 1, F)
    means = (counts * levels).sum(dim=2, keepdim=True)
    levels = levels - ((1 - tone) * means + tone * means.mean(dim=1, keepdim=True))
    spread = torch.sqrt((counts * levels * levels).sum(dim=2, keepdim=True).mean(dim=1, keepdim=True))
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


def write_log_mel(writer: "GraphWriter", waveform: str, rate: int, *, tone: float = 0.0) -> str:
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
    levels = writer.node("Sub", levels, writer.constant(math.log(FLOOR)))
    along, across = writer.integers(2), writer.integers(1)
    present = writer.node("ReduceMean", levels, across, keepdims=1)
    whole = writer.node("Add", writer.node("ReduceSum", present, along, keepdims=1), writer.constant(HARDLY))
    counts = writer.node("Div", present, whole)
    means = writer.node("ReduceSum", writer.node("Mul", counts, levels), along, keepdims=1)
    own = writer.node("Mul", means, writer.constant(1 - tone))
    common = writer.node("Mul", writer.node("ReduceMean", means, across, keepdims=1), writer.constant(tone))
    levels = writer.node("Sub", levels, writer.node("Add", own, common))
    squares = writer.node("Mul", counts, writer.node("Mul", levels, levels))
    squares = writer.node("ReduceMean", writer.node("ReduceSum", squares, along, keepdims=1), across, keepdims=1)
    return writer.node("Div", levels, writer.node("Add", writer.node("Sqrt", squares), writer.constant(FLAT)))


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
