"""From a photo to a network in an ONNX graph: what surrounds the network is written node by node.

The photo goes in as it was decoded; resizing and normalising are nodes of the graph. Writing the nodes directly
takes a fraction of a second where tracing takes fifteen, and it can say `exclude_outside=1`, without which ONNX's
antialiased resize weighs pixels beyond the edge, and the border of each photo differs from PyTorch's and Pillow's.
Whether the graph and the network agree is measured on every run (parity), not assumed.

Names in the graph: `image` (images, height, width, 3) uint8 RGB → `probabilities` (images, classes) and
`features` (images, C), and what a family adds.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.torchkit.graph import OPSET, GraphWriter, array

from .squares import LOOKS, Look

if TYPE_CHECKING:
    from .backbone import Backbone
    from .facts import Preparation

IMAGE, PROBABILITIES, FEATURES = "image", "probabilities", "features"


def preprocessing(prepared: "Preparation", looks: Sequence[Look] = LOOKS["one"]) -> dict[str, Any]:
    """Say for the card what the caller does to a photo and what the graph does then."""
    ends = any(look.halves != 1 for look in looks)
    crop = "the largest square in the middle" + (", and those at both ends of the longer side" if ends else "")
    mirrored = [{"mirror": "each once as it is, once mirrored"}] if any(look.mirrored for look in looks) else []
    mean = [{"mean": f"of the features of these {len(looks)} looks"}] if len(looks) > 1 else []
    return {
        "before_the_graph": {
            "decode": "RGB, 8 bits; EXIF rotation applied; transparency on white; first frame; halved until no "
            "side is longer than 2048",
            "feed": f"`{IMAGE}`: (images, height, width, 3) uint8, any size; all of one batch the same size",
        },
        "in_the_graph": [
            {"crop": crop},
            {"resize": [prepared.size, prepared.size], "method": f"{prepared.method}, antialiased"},
            *mirrored,
            {"subtract": list(prepared.mean), "divide": list(prepared.std)},
            *mean,
        ],
    }


def export_backbone(backbone: "Backbone", path: Path) -> None:
    """Write the road from a photo to the pooled features after each part, one output each, by the part's name."""
    writer = Writer()
    maps = backbone.draw(writer, writer.photo(backbone.facts.preparation), len(backbone.channels))
    for depth, (name, x, channels) in enumerate(zip(backbone.names, maps, backbone.channels, strict=True), start=1):
        writer.features(backbone, x, depth, name)
        writer.output(name, ("images", channels))
    writer.save(path, f"{backbone.facts.title} backbone")


class Writer(GraphWriter):
    """Writes the graph of a network of photos, whose first input is the photo."""

    def __init__(self) -> None:
        super().__init__()
        self.input(IMAGE, np.uint8, ("images", "height", "width", 3))

    def photo(self, prepared: "Preparation", looks: Sequence[Look] = LOOKS["one"]) -> str:
        """From the photo to what the network was trained on: (looks × images, 3, S, S), look by look."""
        sides = self.node("Shape", IMAGE, start=1, end=3)  # (height, width)
        side = self.node("ReduceMin", sides, keepdims=1)
        squares = {halves: self._square(prepared, sides, side, halves) for halves in {look.halves for look in looks}}
        views = [self._mirrored(squares[look.halves]) if look.mirrored else squares[look.halves] for look in looks]
        x = views[0] if len(views) == 1 else self.node("Concat", *views, axis=0)
        mean, std = (np.array(each, np.float32)[:, None, None] for each in (prepared.mean, prepared.std))
        return self.node("Div", self.node("Sub", x, self.constant(mean)), self.constant(std))

    def _square(self, prepared: "Preparation", sides: str, side: str, halves: int) -> str:
        """A square of the photo, resized, as levels: (images, 3, S, S)."""
        from onnx import TensorProto

        beside = self.node("Mul", self.node("Sub", sides, side), self.constant(np.array([halves] * 2, np.int64)))
        start = self.node("Div", beside, self.constant(np.array([2, 2], np.int64)))
        end = self.node("Add", start, side)
        x = self.node("Slice", IMAGE, start, end, self.constant(np.array([1, 2], np.int64)))
        x = self.node("Transpose", x, perm=[0, 3, 1, 2])
        x = self.node("Cast", x, to=TensorProto.FLOAT)
        size = self.constant(np.array([prepared.size, prepared.size], np.int64))
        how: dict[str, Any] = {"coordinate_transformation_mode": "half_pixel", "axes": [2, 3]}
        # Pillow's and torch's antialiased cubic has -0.5 where ONNX would take -0.75.
        how |= {"mode": "linear"} if prepared.method == "bilinear" else {"mode": "cubic", "cubic_coeff_a": -0.5}
        return self.node("Resize", x, "", "", size, antialias=1, exclude_outside=1, **how)

    def _mirrored(self, x: str) -> str:
        """(…, W) with the last axis turned round."""
        start, end, axis, step = (np.array([n], np.int64) for n in (-1, np.iinfo(np.int64).min, -1, -1))
        return self.node("Slice", x, *(self.constant(each) for each in (start, end, axis, step)))

    def mean_of_looks(self, x: str, looks: int, channels: int) -> None:
        """The mean of (looks × images, C) over the looks, as the graph's features: (images, C)."""
        apart = self.node("Reshape", x, self.constant(np.array([looks, -1, channels], np.int64)))
        self.node("ReduceMean", apart, self.constant(np.array([0], np.int64)), result=FEATURES, keepdims=0)

    def middle_maps(self, x: str, looks: Sequence[Look]) -> str:
        """The maps of the middle square, each look turned back before the mean is taken: (images, C, h, w)."""
        names = [f"maps_of_look_{number}" for number in range(len(looks))]
        self.nodes("Split", x, results=names, axis=0, num_outputs=len(looks))
        pairs = [(name, look) for name, look in zip(names, looks, strict=True) if look.halves == 1]
        turned = [self._mirrored(name) if look.mirrored else name for name, look in pairs]
        return self.node("Mean", *turned)

    def features(self, backbone: "Backbone", x: str, depth: int, name: str) -> tuple[str, str]:
        """The pooled features of the maps `x` after `depth` parts, under a name of their own.

        Returns:
            The features (images, C), and the maps (images, C, h, w) whose mean they are.
        """
        norm = backbone.norm if depth == len(backbone.channels) else None
        if norm is None:
            mean = self.node("GlobalAveragePool", x)
            return self.node("Flatten", mean, result=name, axis=1), x
        # The layer norm of a mean is the mean of maps that are shifted and scaled alike everywhere: by the mean and
        # the deviation, over the channels, of the pooled features.
        mean = self.node("GlobalAveragePool", x)  # (images, C, 1, 1)
        middle = self.node("ReduceMean", mean, self.constant(np.array([1], np.int64)), keepdims=1)
        apart = self.node("Sub", mean, middle)
        square = self.node("ReduceMean", self.node("Mul", apart, apart), self.constant(np.array([1], np.int64)))
        spread = self.node("Sqrt", self.node("Add", square, self.constant(np.array(norm.eps, np.float32))))
        weight, bias = (self.constant(array(each)[:, None, None]) for each in (norm.weight, norm.bias))

        def scaled(values: str) -> str:
            return self.node("Add", self.node("Mul", self.node("Div", values, spread), weight), bias)

        return self.node("Flatten", scaled(apart), result=name, axis=1), scaled(self.node("Sub", x, middle))

    def insert(self, drawn: Any, feeds: Mapping[str, str], wanted: Sequence[str]) -> list[str]:
        """Add all of another graph.

        Args:
            drawn: An ONNX model of the same operator set.
            feeds: Name of one of its inputs → the value here that it gets.
            wanted: Names of its outputs.

        Returns:
            The values here that hold those outputs.
        """
        import onnx

        if drawn.functions or [(each.domain, each.version) for each in drawn.opset_import] != [("", OPSET)]:
            raise ValueError("the graph of the backbone is written in operators that ONNX itself does not have")
        number = len(self.written)

        def named(name: str) -> str:
            return feeds.get(name) or (f"part_{number}_{name}" if name else "")

        for constant in drawn.graph.initializer:
            copy = onnx.TensorProto()
            copy.CopyFrom(constant)
            copy.name = named(constant.name)
            self.take_constant(copy)
        for node in drawn.graph.node:
            new = onnx.NodeProto()
            new.CopyFrom(node)
            del new.input[:], new.output[:]
            new.input.extend(named(name) for name in node.input)
            new.output.extend(named(name) for name in node.output)
            new.name = named(node.name)
            self.take_node(new)
        return [named(name) for name in wanted]
