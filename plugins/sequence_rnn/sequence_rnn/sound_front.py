"""The front end of sounds: a waveform, its log-mel spectrogram, convolutions.

Shapes: B items, S samples, M mel bands, F frames, T steps.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api import Record, Sample, TrainContext

from .front import FrontEnd
from .sound import BANDS, FLAT, FLOOR, HOP, LOWEST, WINDOW, hop, log_mel, masked, rate_for, resampled, write_log_mel

if TYPE_CHECKING:
    from torch import Tensor, nn

    from trasluz.torchkit.graph import GraphWriter

INPUT = "waveform"


class SoundFront(FrontEnd):
    """A recording at the rate of the model, as a spectrogram."""

    plural = "recordings"

    def facts(self, context: TrainContext) -> dict[str, Any]:
        """Choose the `rate` in Hz; `step` is the seconds of a step."""
        from .stems import SoundStem

        records = context.dataset.records("train")
        rate = rate_for([int(r.extra["rate"]) for r in records if r.extra.get("rate")])
        return {"rate": rate, "step": SoundStem.STRIDE * hop(rate) / rate}

    def stem(self, facts: Mapping[str, Any]) -> "nn.Module":
        """Give the convolutions over a spectrogram."""
        from .stems import SoundStem

        return SoundStem()

    def steps(self, record: Record, facts: Mapping[str, Any]) -> int:
        """One step for every four frames of ten milliseconds."""
        from .stems import SoundStem

        return SoundStem.steps(1 + int((record.length or 1.0) * facts["rate"]) // hop(facts["rate"]))

    def prepared(self, sample: Sample, facts: Mapping[str, Any]) -> np.ndarray:
        """(M, F) float32, log-mel."""
        import torch

        return log_mel(torch.from_numpy(self._waveform(sample, facts))[None], facts["rate"])[0].numpy()

    def varied(
        self, kept: np.ndarray, facts: Mapping[str, Any], strength: float, draw: np.random.Generator
    ) -> np.ndarray:
        """With stripes of time and of pitch silenced."""
        return masked(kept, strength, draw)

    def together(self, several: Sequence[np.ndarray], facts: Mapping[str, Any]) -> "tuple[Tensor, Tensor]":
        """(B, 1, M, F) float32, the end padded with the mean, which is 0."""
        import torch

        from .stems import SoundStem

        longest = max(each.shape[1] for each in several)
        x = torch.zeros(len(several), 1, BANDS, longest)
        for row, each in zip(x, several, strict=True):
            row[0, :, : each.shape[1]] = torch.from_numpy(each)
        steps = torch.tensor([SoundStem.steps(each.shape[1]) for each in several])
        return x.contiguous(memory_format=torch.channels_last), steps

    def exactly(self, sample: Sample, facts: Mapping[str, Any]) -> "Tensor":
        """(1, 1, M, F)."""
        import torch

        return log_mel(torch.from_numpy(self._waveform(sample, facts))[None], facts["rate"])[None]

    def write(self, writer: "GraphWriter", stem: "nn.Module", facts: Mapping[str, Any]) -> str:
        """Spectrogram, convolutions."""
        waveform = writer.input(INPUT, np.float32, ("items", "samples"))
        x = writer.node("Unsqueeze", write_log_mel(writer, waveform, facts["rate"]), writer.integers(1))
        x = writer.node("Squeeze", writer.sequential(stem.layers, x), writer.integers(2))  # (B, D, T)
        return writer.node("Transpose", x, perm=[0, 2, 1])

    def feed(self, sample: Sample, facts: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Give (1, S) float32 at the model's rate."""
        return {INPUT: self._waveform(sample, facts)[None]}

    def preprocessing(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Say what happens to a recording."""
        return {
            "before_the_graph": {
                "decode": "the first 60 seconds at the most, the channels mixed by their mean, from -1 to 1",
                "resample": f"to {facts['rate']} Hz",
                "feed": f"`{INPUT}`: (recordings, samples) float32, any length; all of one batch the same length",
            },
            "in_the_graph": [
                {"loudness": "divided by the root of the mean square"},
                {"frames": f"{WINDOW * 1000:g} ms every {HOP * 1000:g} ms, Hann window, centred, zeros around"},
                {"mel": f"{BANDS} bands from {LOWEST:g} Hz to {facts['rate'] // 2} Hz of the power, floor {FLOOR:g}"},
                {"logarithm": "natural", "subtract": "each band's mean", "divide by": f"the spread + {FLAT:g}"},
            ],
        }

    def _waveform(self, sample: Sample, facts: Mapping[str, Any]) -> np.ndarray:
        return resampled(sample.array(INPUT), int(sample.array("rate")), facts["rate"])
