"""Handwriting to text: lines of ink, brought to one height inside the graph."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api import Kind, ModelCard, Record, Sample, TrainContext

from ..alphabet import composed
from ..front import FrontEnd
from ..ink import FLAT, HEIGHT, LEAST_COLUMNS, brought, columns_for, normalised, varied
from ..script import handwriting_script
from ..settings import CoreConfig
from ..transcription import Transcription

if TYPE_CHECKING:
    from torch import Tensor, nn

    from trasluz.torchkit.graph import GraphWriter

INPUT = "line"


class LineFront(FrontEnd):
    """A line of ink, brought to one height."""

    plural = "lines"

    def facts(self, context: TrainContext) -> dict[str, Any]:
        """Measure how far the lines are stretched: `columns`, for each unit of width at height 1."""
        records = context.dataset.records("train")
        known = [(r.length, len(composed(r.target))) for r in records if r.length]
        scale = columns_for([length for length, _ in known], [size for _, size in known]) if known else 2.0 * HEIGHT
        return {"columns": scale, "height": HEIGHT}

    def stem(self, facts: Mapping[str, Any]) -> "nn.Module":
        """Give the convolutions over a line."""
        from ..stems import LineStem

        return LineStem()

    def steps(self, record: Record, facts: Mapping[str, Any]) -> int:
        """One step for every four columns."""
        from ..stems import LineStem

        columns = max(LEAST_COLUMNS, round((record.length or 1.0) * facts["columns"]))
        return LineStem.steps(columns)

    def prepared(self, sample: Sample, facts: Mapping[str, Any]) -> np.ndarray:
        """(h, w) uint8."""
        levels = brought(sample.array(INPUT), facts["columns"])
        return levels.round().clamp(0, 255).byte().numpy()

    def varied(
        self, kept: np.ndarray, facts: Mapping[str, Any], strength: float, draw: np.random.Generator
    ) -> np.ndarray:
        """Another hand, another pen."""
        return varied(kept, strength, draw)

    def pictured(
        self, samples: Sequence[Sample], config: CoreConfig, draws: Sequence[np.random.Generator]
    ) -> list[np.ndarray]:
        """Lines at the network's height, as another hand might have written them; the same code that learning uses."""
        shapes = [sample.array(INPUT).shape for sample in samples]
        sizes = [len(composed(sample.record.target)) for sample in samples]
        facts = {"columns": columns_for([width / height for height, width in shapes], sizes)}
        lines = [self.prepared(sample, facts) for sample in samples]
        altered = [self.varied(line, facts, config.augmentation, draw) for line, draw in zip(lines, draws, strict=True)]
        return [np.repeat(line[:, :, None], 3, axis=2) for line in altered]

    def together(self, several: Sequence[np.ndarray], facts: Mapping[str, Any]) -> "tuple[Tensor, Tensor]":
        """(B, 1, h, W) float32, the right end padded with the line's own mean."""
        import torch

        from ..stems import LineStem

        widest = max(line.shape[1] for line in several)
        x = torch.zeros(len(several), 1, HEIGHT, widest)
        for row, line in zip(x, several, strict=True):
            row[0, :, : line.shape[1]] = normalised(torch.from_numpy(line).float())
        steps = torch.tensor([LineStem.steps(line.shape[1]) for line in several])
        return x.contiguous(memory_format=torch.channels_last), steps

    def exactly(self, sample: Sample, facts: Mapping[str, Any]) -> "Tensor":
        """(1, 1, h, w), with levels that are not rounded."""
        return normalised(brought(sample.array(INPUT), facts["columns"]))[None, None]

    def write(self, writer: "GraphWriter", stem: "nn.Module", facts: Mapping[str, Any]) -> str:
        """Resize, normalise, convolve."""
        line = writer.input(INPUT, np.uint8, ("items", "height", "width"))
        x = writer.node("Unsqueeze", writer.cast(line, np.float32), writer.integers(1))  # (B, 1, H, W)
        height = writer.cast(writer.node("Shape", line, start=1, end=2), np.float64)
        width = writer.cast(writer.node("Shape", line, start=2, end=3), np.float64)
        asked = writer.node("Mul", width, writer.constant([facts["columns"]], np.float64))
        asked = writer.node("Add", writer.node("Div", asked, height), writer.constant([0.5], np.float64))
        columns = writer.cast(writer.node("Floor", asked), np.int64)
        columns = writer.node("Max", columns, writer.integers(LEAST_COLUMNS))
        size = writer.node("Concat", writer.integers(HEIGHT), columns, axis=0)
        how = {"mode": "linear", "coordinate_transformation_mode": "half_pixel", "axes": [2, 3]}
        x = writer.node("Resize", x, "", "", size, antialias=1, exclude_outside=1, **how)
        axes = writer.integers(2, 3)
        mean = writer.node("ReduceMean", x, axes, keepdims=1)
        darker = writer.node("Sub", mean, x)
        spread = writer.node("Sqrt", writer.node("ReduceMean", writer.node("Mul", darker, darker), axes, keepdims=1))
        x = writer.node("Div", darker, writer.node("Add", spread, writer.constant(FLAT)))
        x = writer.sequential(stem.layers, x)
        x = writer.node("ReduceMax", x, writer.integers(2), keepdims=0)  # (B, D, T)
        return writer.node("Transpose", x, perm=[0, 2, 1])

    def feed(self, sample: Sample, facts: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Give (1, H, W) uint8."""
        return {INPUT: sample.array(INPUT)[None]}

    def preprocessing(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Say what happens to a line."""
        return {
            "before_the_graph": {
                "decode": "grey, 8 bits: 0.299 red + 0.587 green + 0.114 blue; one line of text, upright; no taller "
                "than 256 pixels",
                "feed": f"`{INPUT}`: (lines, height, width) uint8, any size; all of one batch the same size",
            },
            "in_the_graph": [
                {"resize": [HEIGHT, f"{facts['columns']:.6g} × width / height"], "method": "bilinear, antialiased"},
                {"subtract from": "the line's mean", "divide by": f"its standard deviation + {FLAT:g}"},
            ],
            "text": "Unicode NFC; white space is one blank",
        }


class Handwriting(Transcription):
    """Reads a line of ink."""

    name = "handwriting"
    kind = Kind.HANDWRITING
    title = "Handwriting"
    front = LineFront()

    def script(self, card: ModelCard) -> str:
        """Give the source of `predict.py`."""
        return handwriting_script(card)
