"""The front end of sounds and speech: a waveform, its log-mel spectrogram, convolutions.

What reads in both directions has the whole recording, and brings it to one loudness. What reads forward only can hear
it in chunks as they arrive: its frames look at themselves alone, in units that were measured of the train data.

Shapes: B items, S samples, M mel bands, F frames, T steps.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api import DataError, Record, Sample, TrainConfig, TrainContext
from trasluz.api.spectrogram import BANDS, FLAT, FLOOR, HOP, LOWEST, WINDOW, greys, hop, rate_for

from .front import FrontEnd
from .settings import CoreConfig, TranscriptionConfig
from .sound import STREAMED_FLOOR, log_mel, resampled, streamed_levels, write_log_mel, write_streamed_levels
from .sound_variation import another_take, another_voice
from .streaming import whole_steps

if TYPE_CHECKING:
    from torch import Tensor, nn

    from trasluz.torchkit.graph import GraphWriter

INPUT, PAST = "waveform", "past"
MEASURED = 200
"""Recordings of which a stream's levels are measured."""
WORD = 2.0
"""Seconds; sounds whose middle length is more are taken for noises rather than words, and keep their tone colour."""
TAIL = 6
"""Steps of silence after the end of a stream, as many as the first convolutions look back."""


class SoundFront(FrontEnd):
    """A recording at the rate of the model, as a spectrogram."""

    plural = "recordings"

    def facts(self, context: TrainContext) -> dict[str, Any]:
        """Choose the `rate` in Hz; `step` is the seconds of a step; `streaming` is there where chunks can be heard."""
        from .stems import SoundStem

        records = context.dataset.records("train")
        rate = rate_for([int(r.extra["rate"]) for r in records if r.extra.get("rate")])
        facts: dict[str, Any] = {"rate": rate, "step": SoundStem.STRIDE * hop(rate) / rate}
        facts["tone"] = _tone(context.config, [r.length for r in records if r.length])
        if getattr(context.config, "directions", "both") == "one":
            facts |= _hearing_in_chunks(_some(context, records, rate), rate)
        return facts

    def stem(self, facts: Mapping[str, Any]) -> "nn.Module":
        """Give the convolutions over a spectrogram."""
        from .stems import SoundStem

        return SoundStem(streaming="streaming" in facts)

    def steps(self, record: Record, facts: Mapping[str, Any]) -> int:
        """One step for every four frames of ten milliseconds."""
        from .stems import SoundStem

        samples = int((record.length or 1.0) * facts["rate"])
        if how := facts.get("streaming"):
            return max(1, -(-samples // how["chunk"])) + TAIL
        return SoundStem.steps(1 + samples // hop(facts["rate"]))

    def prepared(self, sample: Sample, facts: Mapping[str, Any]) -> np.ndarray:
        """(S,) float32 at the model's rate."""
        return self._waveform(sample, facts)

    def plain(self, kept: np.ndarray, facts: Mapping[str, Any]) -> np.ndarray:
        """(M, F) float32, log-mel."""
        import torch

        return self._levels(torch.from_numpy(kept), facts)[0].numpy()

    def varied(
        self, kept: np.ndarray, facts: Mapping[str, Any], strength: float, draw: np.random.Generator
    ) -> np.ndarray:
        """Another take by another voice, with stripes of time and of pitch silenced: (M, F') float32."""
        if strength <= 0:
            return self.plain(kept, facts)
        streaming = "streaming" in facts
        levels = self.plain(another_take(kept, facts["rate"], strength, draw), facts)
        levels = another_voice(levels, strength, draw, coloured=streaming or facts["tone"] > 0)
        return levels[:, : _whole_frames(levels.shape[1])] if streaming else levels

    def pictured(
        self, samples: Sequence[Sample], config: CoreConfig, draws: Sequence[np.random.Generator]
    ) -> list[np.ndarray]:
        """Spectrograms as of another take by another voice, dark is loud; the same code that learning uses."""
        rate = rate_for([int(sample.array("rate")) for sample in samples])
        lengths = [len(sample.array(INPUT)) / max(1, int(sample.array("rate"))) for sample in samples]
        facts: dict[str, Any] = {"rate": rate, "tone": _tone(config, lengths)}
        waveforms = [self._waveform(sample, facts) for sample in samples]
        if config.directions == "one":
            facts |= _hearing_in_chunks(waveforms, rate)
        altered = [
            self.varied(waveform, facts, config.augmentation, draw)
            for waveform, draw in zip(waveforms, draws, strict=True)
        ]
        return [np.repeat(np.rint(greys(each))[:, :, None], 3, axis=2).astype(np.uint8) for each in altered]

    def together(self, several: Sequence[np.ndarray], facts: Mapping[str, Any]) -> "tuple[Tensor, Tensor]":
        """(B, 1, M, F) float32, the end padded with the mean, which is 0."""
        import torch

        from .stems import SoundStem

        longest = max(each.shape[1] for each in several)
        x = torch.zeros(len(several), 1, BANDS, longest)
        for row, each in zip(x, several, strict=True):
            row[0, :, : each.shape[1]] = torch.from_numpy(each)
        frames = [each.shape[1] for each in several]
        past = SoundStem.SEEN - SoundStem.STRIDE if "streaming" in facts else 0
        steps = torch.tensor([SoundStem.steps(count - past) for count in frames])
        return x.contiguous(memory_format=torch.channels_last), steps

    def exactly(self, sample: Sample, facts: Mapping[str, Any]) -> "Tensor":
        """(1, 1, M, F)."""
        import torch

        return self._levels(torch.from_numpy(self._waveform(sample, facts)), facts)[None]

    def write(self, writer: "GraphWriter", stem: "nn.Module", facts: Mapping[str, Any]) -> str:
        """Spectrogram, convolutions."""
        waveform = writer.input(INPUT, np.float32, ("items", "samples"))
        if how := facts.get("streaming"):
            past = writer.input(PAST, np.float32, ("items", how["states"][PAST][1]))
            known = writer.node("Concat", past, waveform, axis=1)
            kept = writer.integers(-how["states"][PAST][1])
            end = writer.integers(np.iinfo(np.int64).max)
            writer.node("Slice", known, kept, end, writer.integers(1), result=f"{PAST}_after")
            writer.output(f"{PAST}_after", ("items", how["states"][PAST][1]))
            levels = write_streamed_levels(writer, known, facts["rate"])
            means = writer.constant(np.array(facts["levels"]["means"])[:, None])
            levels = writer.node("Div", writer.node("Sub", levels, means), writer.constant(facts["levels"]["spread"]))
        else:
            levels = write_log_mel(writer, waveform, facts["rate"], tone=facts["tone"])
        x = writer.node("Unsqueeze", levels, writer.integers(1))
        x = writer.node("Squeeze", writer.sequential(stem.layers, x), writer.integers(2))  # (B, D, T)
        return writer.node("Transpose", x, perm=[0, 2, 1])

    def feed(self, sample: Sample, facts: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Give (1, S) float32 at the model's rate; for a stream with the silence after it."""
        waveform = self._waveform(sample, facts)
        if how := facts.get("streaming"):
            return {INPUT: whole_steps(waveform, how)[None]}
        return {INPUT: waveform[None]}

    def preprocessing(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Say what happens to a recording."""
        frames = {"frames": f"{WINDOW * 1000:g} ms every {HOP * 1000:g} ms, Hann window"}
        mel = f"{BANDS} bands from {LOWEST:g} Hz to {facts['rate'] // 2} Hz of the power"
        before = {
            "decode": "the first 60 seconds at the most, the channels mixed by their mean, from -1 to 1",
            "resample": f"to {facts['rate']} Hz",
            "feed": f"`{INPUT}`: (recordings, samples) float32, any length; all of one batch the same length",
        }
        if how := facts.get("streaming"):
            before["feed"] = (
                f"`{INPUT}`: (recordings, samples) float32, a multiple of {how['chunk']} samples; with it the states, "
                f"zeros at first and then what the graph gave as `…_after`; {how['tail']} zeros after the last sample"
            )
            inside: list[dict[str, Any]] = [
                frames,
                {"mel": f"{mel}, floor {STREAMED_FLOOR:g}"},
                {"logarithm": "natural", "subtract": "each band's mean in the train data", "divide by": "their spread"},
            ]
        else:
            inside = [
                {"loudness": "divided by the root of the mean square"},
                {"frames": frames["frames"] + ", centred, zeros around"},
                {"mel": f"{mel}, floor {FLOOR:g}"},
                {
                    "logarithm": "natural",
                    "weigh": "each frame by how far its mean is above the floor",
                    "subtract": f"{1 - facts['tone']:g} of each band's mean, {facts['tone']:g} of the mean of all",
                    "divide by": f"the spread + {FLAT:g}",
                },
            ]
        return {"before_the_graph": before, "in_the_graph": inside}

    def _levels(self, waveform: "Tensor", facts: Mapping[str, Any]) -> "Tensor":
        """(S,) → (1, M, F): as the graph has them before the convolutions."""
        import torch

        rate = facts["rate"]
        how = facts.get("streaming")
        if how is None:
            return log_mel(waveform[None], rate, tone=facts["tone"])
        whole = torch.from_numpy(whole_steps(waveform.numpy(), how))
        levels = streamed_levels(torch.cat([torch.zeros(looked_back(rate)), whole])[None], rate)
        return (levels - torch.tensor(facts["levels"]["means"])[:, None]) / facts["levels"]["spread"]

    def _waveform(self, sample: Sample, facts: Mapping[str, Any]) -> np.ndarray:
        return resampled(sample.array(INPUT), int(sample.array("rate")), facts["rate"])


def looked_back(rate: int) -> int:
    """Samples before a chunk that its first step sees."""
    from .stems import SoundStem

    return round(rate * WINDOW) + (SoundStem.SEEN - SoundStem.STRIDE - 1) * hop(rate)


def _whole_frames(frames: int) -> int:
    """The frames of whole steps of a stream, at least of one."""
    from .stems import SoundStem

    past = SoundStem.SEEN - SoundStem.STRIDE
    return past + max(1, (frames - past) // SoundStem.STRIDE) * SoundStem.STRIDE


def _tone(config: TrainConfig, seconds: Sequence[float]) -> float:
    """How much of their tone colour recordings keep: as the settings say, or by whether they are longer than words."""
    chosen = getattr(config, "tone", "auto")
    if chosen == "auto":
        chosen = "kept" if len(seconds) and float(np.median(seconds)) > WORD and not _is_speech(config) else "half"
    return {"out": 0.0, "half": 0.5, "kept": 1.0}[chosen]


def _is_speech(config: TrainConfig) -> bool:
    return isinstance(config, TranscriptionConfig)


def _hearing_in_chunks(waveforms: Iterable[np.ndarray], rate: int) -> dict[str, Any]:
    """The facts of a stream: the `levels` of these recordings, and how chunks follow each other."""
    from .stems import SoundStem

    means, spread = _measured(waveforms, rate)
    return {
        "levels": {"means": [round(float(m), 4) for m in means], "spread": round(spread, 4)},
        "streaming": {
            "input": INPUT,
            "chunk": SoundStem.STRIDE * hop(rate),
            "tail": TAIL * SoundStem.STRIDE * hop(rate),
            "states": {PAST: [1, looked_back(rate)]},
        },
    }


def _some(context: TrainContext, records: Sequence[Record], rate: int) -> Iterator[np.ndarray]:
    """Recordings from all over the data, at the model's rate."""
    for record in [records[i] for i in range(0, len(records), max(1, len(records) // MEASURED))][:MEASURED]:
        try:
            sample = context.dataset.read(record)
        except DataError:
            continue  # it is named when it is learned from
        yield resampled(sample.array(INPUT), int(sample.array("rate")), rate)


def _measured(waveforms: Iterable[np.ndarray], rate: int) -> tuple[np.ndarray, float]:
    """Each band's mean level (M,) over recordings, and the spread of all around them."""
    import torch

    found = []
    for waveform in waveforms:
        size = max(0, round(rate * WINDOW) - len(waveform))
        found.append(streamed_levels(torch.from_numpy(np.pad(waveform, (0, size)))[None], rate)[0].numpy())
    if not found:
        raise DataError("None of the recordings could be read; look at the list of problems on the Data page.")
    levels = np.concatenate(found, axis=1)
    means = levels.mean(axis=1)
    return means, max(float(np.sqrt(np.mean((levels - means[:, None]) ** 2))), FLAT)
