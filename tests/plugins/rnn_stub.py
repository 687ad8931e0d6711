"""A run for lessons of the recurrent family, without a run folder: a few recordings in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from trasluz.api import Record, Sample, TrainConfig


@dataclass
class StubData:
    """Recordings by name, as a `Dataset`."""

    sounds: dict[str, tuple[str, np.ndarray, int]]
    """Name → what it is, its waveform, its rate."""
    kind: str
    fingerprint: str = "stub"

    @property
    def labels(self) -> Sequence[str]:
        return sorted({target for target, _, _ in self.sounds.values()})

    def records(self, split: str) -> list[Record]:
        return [
            Record(path=name, target=target, length=len(waveform) / rate, extra={"rate": rate})
            for name, (target, waveform, rate) in self.sounds.items()
        ]

    def read(self, record: Record) -> Sample:
        _, waveform, rate = self.sounds[record.path]
        return Sample(record, {"waveform": waveform, "rate": np.array(rate, np.int64)})


@dataclass
class StubContext:
    """As much of a `TrainContext` as a lesson needs before it learns."""

    dataset: StubData
    config: TrainConfig
    model_folder: Path
    said: list[object] = field(default_factory=list)
    device: str = "cpu"

    def stopping(self) -> bool:
        return False

    def pausing(self) -> bool:
        return False

    def seconds_left(self) -> float | None:
        return None

    def emit(self, event: object) -> None:
        self.said.append(event)


def noises(kind: str, targets: Sequence[str], *, rate: int = 8_000, seconds: float = 1.3) -> StubData:
    """Noise that swells and fades, a recording for each target."""
    draw = np.random.default_rng(0)
    sounds = {}
    for number, target in enumerate(targets):
        size = int(rate * (seconds + 0.17 * number))
        swell = np.sin(np.linspace(0, 3 * np.pi, size)) ** 2
        sounds[f"{number}.wav"] = (target, (swell * draw.normal(0, 0.1, size)).astype(np.float32), rate)
    return StubData(sounds, kind)
