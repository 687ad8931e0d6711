"""The spectrogram of sounds: the graph's numbers are torch's, and they mean what they say."""

from pathlib import Path

import numpy as np
import pytest

from sequence_rnn.sound import log_mel, masked, resampled, write_log_mel
from trasluz.api.spectrogram import BANDS, hop, kernels, log_levels, picture, rate_for


@pytest.mark.parametrize("rate", [8_000, 16_000])
@pytest.mark.parametrize(("samples", "tone"), [(1, 0.0), (399, 1.0), (4_000, 0.5), (16_037, 0.5)])
def test_the_graph_and_torch_hear_the_same(rate: int, samples: int, tone: float, tmp_path: Path) -> None:
    import onnxruntime
    import torch

    from trasluz.torchkit.graph import GraphWriter

    writer = GraphWriter()
    result = write_log_mel(writer, writer.input("waveform", np.float32, ("items", "samples")), rate, tone=tone)
    writer.output(result, ("items", BANDS, "frames"))
    writer.save(tmp_path / "mel.onnx", "mel")
    session = onnxruntime.InferenceSession(str(tmp_path / "mel.onnx"), providers=["CPUExecutionProvider"])
    draw = np.random.default_rng(samples)
    waveform = (0.3 * draw.normal(size=(2, samples))).clip(-1, 1).astype(np.float32)
    expected = log_mel(torch.from_numpy(waveform), rate, tone=tone).numpy()
    assert expected.shape == (2, BANDS, samples // hop(rate) + 1)
    assert np.abs(session.run(None, {"waveform": waveform})[0] - expected).max() <= 2e-5


def test_a_tone_stands_in_its_band() -> None:
    rate, pitch = 16_000, 1_000.0
    cosines, sines, bands = kernels(rate)
    tone = np.sin(2 * np.pi * pitch * np.arange(cosines.shape[2]) / rate)
    power = (cosines[:, 0] @ tone) ** 2 + (sines[:, 0] @ tone) ** 2
    assert power.max() == pytest.approx(0.25, rel=0.02)
    edges = np.linspace(2595 * np.log10(1 + 40 / 700), 2595 * np.log10(1 + 8000 / 700), BANDS + 2)
    centre = 700 * (10 ** (edges[1 + int((bands @ power).argmax())] / 2595) - 1)
    assert abs(centre - pitch) < 60


def test_loudness_hardly_counts_and_silence_is_finite() -> None:
    import torch

    draw = np.random.default_rng(0)
    waveform = torch.from_numpy((0.2 * draw.normal(size=(1, 8_000))).astype(np.float32))
    assert (log_mel(waveform, 8_000) - log_mel(0.5 * waveform, 8_000)).abs().max() < 0.05
    assert log_mel(torch.zeros(1, 8_000), 8_000).abs().max() == 0


@pytest.mark.parametrize("tone", [0.0, 0.5, 1.0])
def test_the_silence_around_a_word_hardly_changes_how_the_word_looks(tone: float) -> None:
    import torch

    draw = np.random.default_rng(0)
    word = np.convolve(draw.normal(size=4_000), np.hanning(9), "same") * np.hanning(4_000)
    bare = torch.from_numpy(word.astype(np.float32))[None]
    quiet = torch.zeros(1, 1_600)
    around = log_mel(torch.cat([quiet, bare, quiet], dim=1), 8_000, tone=tone)[:, :, 20:-20]
    difference = (around - log_mel(bare, 8_000, tone=tone))[:, :, 3:-3].abs()
    assert difference.mean() < 0.1  # in spreads; with a mean over all frames it would be 0.6


def test_masking_silences_within_its_bounds_and_leaves_the_original() -> None:
    levels = np.ones((BANDS, 50), np.float32)
    assert masked(levels, 0.0, np.random.default_rng(0)) is levels
    shares = [float((masked(levels, 1.0, np.random.default_rng(n)) == 0).mean()) for n in range(200)]
    assert 0.2 < np.mean(shares) < 0.5
    assert max(shares) <= 1 - 0.5 * 0.6
    assert levels.min() == 1
    assert masked(np.ones((BANDS, 1), np.float32), 1.0, np.random.default_rng(0)).shape == (BANDS, 1)


def test_rates() -> None:
    assert (rate_for([8_000] * 3), rate_for([44_100, 8_000, 48_000]), rate_for([])) == (8_000, 16_000, 16_000)
    tone = np.sin(2 * np.pi * 300 * np.arange(44_100) / 44_100).astype(np.float32)
    assert len(resampled(tone, 44_100, 16_000)) == 16_000
    assert len(resampled(np.zeros(1, np.float32), 48_000, 8_000)) == 1


def test_a_recording_is_a_picture_that_numpy_alone_can_make() -> None:
    import torch

    draw = np.random.default_rng(3)
    waveform = (0.2 * draw.normal(size=9_000)).astype(np.float32)
    levels = log_levels(waveform, 8_000)
    seen = log_mel(torch.from_numpy(waveform)[None], 8_000, tone=1.0)[0].numpy()
    spread = [(each - each.mean()) / each.std() for each in (levels, seen)]  # each has a loudness of its own
    assert np.abs(spread[0] - spread[1]).max() < 5e-4
    rising = np.sin(2 * np.pi * np.cumsum(np.linspace(200, 3_500, 16_000)) / 16_000).astype(np.float32)
    found = picture(rising, 16_000)
    assert (found.shape, found.dtype) == ((224, 224, 3), np.uint8)
    darkest = found[:, :, 0].argmin(axis=0)
    assert darkest[10] > darkest[110] > darkest[210]  # low is below
    quiet = np.zeros(5_000, np.float32)
    around = picture(np.concatenate([quiet, rising, quiet]), 16_000)
    assert np.abs(around.astype(int) - found).mean() < 12  # the silence is cut off
    for samples in (1, 50, 400):
        assert picture(np.zeros(samples, np.float32), 8_000).shape == (224, 224, 3)
