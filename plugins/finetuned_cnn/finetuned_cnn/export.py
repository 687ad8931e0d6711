"""The network as an ONNX graph, written layer by layer from its modules.

The photo goes in as it was decoded; resizing and normalising are nodes of the graph. Writing the nodes directly
takes a fraction of a second where tracing takes fifteen, and it can say `exclude_outside=1`, without which ONNX's
antialiased resize weighs pixels beyond the edge, and the border of each photo differs from PyTorch's and Pillow's.
Whether the graph and the network agree is measured on every run (parity), not assumed.

Names in the graph: `image` (images, height, width, 3) uint8 RGB → `probabilities` (images, classes),
`features` (images, C), `class_maps` (images, classes, h, w): the score of a class is the mean of its map.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor, nn

    from .network import ConvNorm, EfficientNetLite0Classifier

OPSET, IR_VERSION = 18, 9
IMAGE, PROBABILITIES, FEATURES, CLASS_MAPS = "image", "probabilities", "features", "class_maps"


def preprocessing() -> dict[str, Any]:
    """Say for the card what the caller does to a photo and what the graph does then."""
    from .network import IMAGE_SIZE, MEAN, STD

    return {
        "before_the_graph": {
            "decode": "RGB, 8 bits; EXIF rotation applied; transparency on white; first frame; halved until no "
            "side is longer than 2048",
            "feed": f"`{IMAGE}`: (images, height, width, 3) uint8, any size; all of one batch the same size",
        },
        "in_the_graph": [
            {"crop": "the largest square in the middle"},
            {"resize": [IMAGE_SIZE, IMAGE_SIZE], "method": "bilinear, antialiased"},
            {"subtract": MEAN, "divide": STD},
        ],
    }


def export_classifier(network: "EfficientNetLite0Classifier", path: Path) -> None:
    """Write the road from a photo to `probabilities`, `features` and `class_maps` as one ONNX file."""
    writer = _Writer()
    x = writer.photo()
    for _, part in network.parts()[:-1]:
        x = writer.part(part, x)
    weight, bias = _array(network.classifier.weight), _array(network.classifier.bias)  # (classes, C), (classes,)
    classes, channels = weight.shape
    writer.pooled(x, FEATURES)
    logits = writer.node("Gemm", FEATURES, writer.constant(weight), writer.constant(bias), transB=1)
    writer.node("Softmax", logits, result=PROBABILITIES, axis=1)
    pixelwise = writer.constant(weight[:, :, None, None])
    writer.node("Conv", x, pixelwise, writer.constant(bias), result=CLASS_MAPS, kernel_shape=[1, 1])
    writer.output(PROBABILITIES, classes)
    writer.output(FEATURES, channels)
    writer.output(CLASS_MAPS, classes, "map_height", "map_width")
    writer.save(path, "EfficientNet-Lite0 classifier")


def export_backbone(network: "EfficientNetLite0Classifier", path: Path) -> None:
    """Write the road from a photo to the pooled features after each part, one output each, by the part's name."""
    from .network import PART_CHANNELS

    writer = _Writer()
    x = writer.photo()
    for (name, part), channels in zip(network.backbone.parts(), PART_CHANNELS, strict=True):
        x = writer.part(part, x)
        writer.pooled(x, name)
        writer.output(name, channels)
    writer.save(path, "EfficientNet-Lite0 backbone")


class _Writer:
    """Collects the nodes of one graph; a value is known by its name."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.outputs: list[Any] = []

    def node(self, kind: str, *inputs: str, result: str = "", **attributes: Any) -> str:
        from onnx import helper

        result = result or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [result], name=result, **attributes))
        return result

    def constant(self, value: np.ndarray) -> str:
        from onnx import numpy_helper

        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def output(self, name: str, *shape: int | str) -> None:
        from onnx import TensorProto, helper

        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["images", *shape]))

    def photo(self) -> str:
        """From the photo to what the network was trained on: (images, 3, 224, 224)."""
        from onnx import TensorProto

        from .network import IMAGE_SIZE, MEAN, STD

        sides = self.node("Shape", IMAGE, start=1, end=3)  # (height, width)
        side = self.node("ReduceMin", sides, keepdims=1)
        start = self.node("Div", self.node("Sub", sides, side), self.constant(np.array([2, 2], np.int64)))
        end = self.node("Add", start, side)
        x = self.node("Slice", IMAGE, start, end, self.constant(np.array([1, 2], np.int64)))
        x = self.node("Transpose", x, perm=[0, 3, 1, 2])
        x = self.node("Cast", x, to=TensorProto.FLOAT)
        size = self.constant(np.array([IMAGE_SIZE, IMAGE_SIZE], np.int64))
        how = {"mode": "linear", "coordinate_transformation_mode": "half_pixel", "axes": [2, 3]}
        x = self.node("Resize", x, "", "", size, antialias=1, exclude_outside=1, **how)
        x = self.node("Sub", x, self.constant(np.array(MEAN, np.float32)))
        return self.node("Div", x, self.constant(np.array(STD, np.float32)))

    def part(self, part: "nn.Module", x: str) -> str:
        """One part of the backbone: a convolution, or blocks in a row."""
        from .network import ConvNorm

        if isinstance(part, ConvNorm):
            return self.conv_norm(part, x)
        for block in part.children():
            before = x
            for layer in (block.expand, block.depthwise, block.project):
                x = self.conv_norm(layer, x) if isinstance(layer, ConvNorm) else x
            x = self.node("Add", before, x) if block.residual else x
        return x

    def conv_norm(self, layer: "ConvNorm", x: str) -> str:
        """A convolution with the normalisation folded into its weights, then ReLU6 where the layer has it."""
        conv, norm = layer.conv, layer.norm
        scale = _array(norm.weight, np.float64) / np.sqrt(_array(norm.running_var, np.float64) + norm.eps)
        weight = _array(conv.weight, np.float64) * scale[:, None, None, None]
        bias = _array(norm.bias, np.float64) - _array(norm.running_mean, np.float64) * scale
        left, right, top, bottom = layer.pad.padding if hasattr(layer, "pad") else (conv.padding[0],) * 4
        x = self.node(
            "Conv",
            x,
            self.constant(weight.astype(np.float32)),
            self.constant(bias.astype(np.float32)),
            kernel_shape=list(conv.kernel_size),
            strides=list(conv.stride),
            pads=[top, left, bottom, right],
            group=conv.groups,
        )
        if not hasattr(layer, "act"):
            return x
        low, high = (self.constant(np.array(edge, np.float32)) for edge in (0, 6))
        return self.node("Clip", x, low, high)

    def pooled(self, x: str, name: str) -> None:
        """The mean of each map under a name of its own: (images, channels)."""
        mean = self.node("GlobalAveragePool", x)
        self.node("Flatten", mean, result=name, axis=1)

    def save(self, path: Path, title: str) -> None:
        import onnx
        from onnx import TensorProto, helper

        photo = helper.make_tensor_value_info(IMAGE, TensorProto.UINT8, ["images", "height", "width", 3])
        graph = helper.make_graph(self.nodes, title, [photo], self.outputs, self.constants)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="Trasluz"
        )
        onnx.checker.check_model(model)
        onnx.save(model, str(path))


def _array(tensor: "Tensor", dtype: Any = np.float32) -> np.ndarray:
    return tensor.detach().cpu().float().numpy().astype(dtype)
