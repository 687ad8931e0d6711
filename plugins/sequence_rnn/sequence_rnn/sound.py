"""From a waveform to its log-mel spectrogram, the same in training and in the graph.

The short-time Fourier transform is a convolution with cosines and sines (`trasluz.api.spectrogram`): ONNX Runtime's own
STFT is many times slower and less exact.

Shapes: S samples, F frames, M mel bands, N bins of frequency, W samples of the window.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api.spectrogram import FLAT, FLOOR, QUIET, hop, kernels

if TYPE_CHECKING:
    from torch import Tensor

    from trasluz.torchkit.graph import GraphWriter

STREAMED_FLOOR = 1e-8
"""Of power, where a stream cannot know how loud the whole recording will be."""
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
