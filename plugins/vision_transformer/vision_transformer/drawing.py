"""The network as an ONNX graph, written node by node: from the photo as it was decoded to probabilities.

Names in the graph: `image` (images, height, width, 3) uint8 RGB → `probabilities` (images, classes), `features`
(images, C), and `attention_1` to `attention_N` (images, heads, tokens, tokens), one a layer, in their order.
The scores of an attention are there anyway; that they have a name costs nothing until they are asked for.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.torchkit.photos.graph import FEATURES, PROBABILITIES, Writer, array

if TYPE_CHECKING:
    from torch import Tensor, nn

    from .network import Block, VisionTransformer

ENCODER = "encoder"


def attention_names(depth: int) -> tuple[str, ...]:
    """The outputs that hold the attention of each layer."""
    return tuple(f"attention_{number}" for number in range(1, depth + 1))


def export_model(network: "VisionTransformer", path: Path) -> None:
    """Write the whole network as one ONNX file."""
    pen = Pen(network)
    read = pen.read(pen.encoded(pen.tokens(), named=True), FEATURES)
    head = network.classifier
    logits = pen.writer.node("Gemm", read, pen.constant(head.weight), pen.constant(head.bias), transB=1)
    pen.writer.node("Softmax", logits, result=PROBABILITIES, axis=1)
    pen.writer.output(PROBABILITIES, ("images", head.out_features))
    pen.writer.output(FEATURES, ("images", network.shape.features))
    for name in attention_names(network.shape.depth):
        pen.writer.output(name, ("images", network.shape.heads, pen.count, pen.count))
    pen.writer.save(path, "Vision Transformer")


def export_encoder(network: "VisionTransformer", path: Path) -> None:
    """Write the road from a photo to what a classifier reads, as the output `encoder`."""
    pen = Pen(network)
    pen.read(pen.encoded(pen.tokens()), ENCODER)
    pen.writer.output(ENCODER, ("images", network.shape.features))
    pen.writer.save(path, "Vision Transformer without its classifier")


class FrozenEncoder:
    """A network that does not learn, as `trasluz.torchkit.photos.features` asks for its features."""

    def __init__(self, network: "VisionTransformer") -> None:
        self.network = network
        self.names = (ENCODER,)
        self.channels = (network.shape.features,)

    def fingerprint(self) -> str:
        """Of its weights, its shape, and the preparation of photos."""
        return self.network.fingerprint()

    def write(self, path: Path) -> None:
        """Write its graph."""
        export_encoder(self.network, path)


class Pen:
    """Writes the parts of one network into one graph."""

    def __init__(self, network: "VisionTransformer", writer: Writer | None = None) -> None:
        self.network, self.shape = network, network.shape
        self.writer = writer or Writer()
        self.count = self.shape.leading + self.shape.grid**2

    def constant(self, value: "Tensor | np.ndarray") -> str:
        """A constant of float32."""
        return self.writer.constant(value if isinstance(value, np.ndarray) else array(value))

    def integers(self, *values: int) -> str:
        """A constant of int64, for axes and shapes."""
        return self.writer.constant(np.array(values, np.int64))

    def patch_tokens(self) -> str:
        """From the photo to the patches with their positions: (images, N, W)."""
        embedding = self.network.embedding
        photo = self.writer.photo(self.network.preparation)
        conv = embedding.patches
        side = [self.shape.patch, self.shape.patch]
        maps = self.writer.node(
            "Conv", photo, self.constant(conv.weight), self.constant(conv.bias), kernel_shape=side, strides=side
        )
        flat = self.writer.node("Reshape", maps, self.integers(0, self.shape.width, -1))
        tokens = self.writer.node("Transpose", flat, perm=[0, 2, 1])
        if embedding.positions is None:
            return tokens
        return self.writer.node("Add", tokens, self.constant(array(embedding.positions)[self.shape.placed :]))

    def with_leading(self, tokens: str) -> str:
        """Put the leading tokens before others: (images, n, W) → (images, L + n, W)."""
        leading = self.constant(array(self.network.embedding.leading_tokens(1)))
        photos = self.writer.node("Shape", tokens, start=0, end=1)
        size = self.writer.node("Concat", photos, self.integers(self.shape.leading, self.shape.width), axis=0)
        return self.writer.node("Concat", self.writer.node("Expand", leading, size), tokens, axis=1)

    def tokens(self) -> str:
        """From the photo to all tokens: (images, T, W)."""
        return self.with_leading(self.patch_tokens())

    def encoded(self, tokens: str, *, named: bool = False, rotation: tuple[str, str] | None = None) -> str:
        """Through all layers and the last normalisation; `named` gives the attention of each a name."""
        if rotation is None and self.network.rotation is not None:
            cosine, sine = array(self.network.rotation)
            rotation = self.constant(cosine), self.constant(sine)
        names = attention_names(self.shape.depth) if named else [""] * self.shape.depth
        for block, name in zip(self.network.blocks, names, strict=True):
            tokens = self.block(block, tokens, rotation, name)
        return self.norm(self.network.norm, tokens)

    def block(self, block: "Block", x: str, rotation: tuple[str, str] | None = None, name: str = "") -> str:
        """One layer of the encoder."""
        added = self.attention(block, self.norm(block.before_attention, x), rotation, name)
        x = self.writer.node("Add", x, self.scaled(added, block.attention_scale))
        inner = self.gelu(self.linear(block.widen, self.norm(block.before_perceptron, x)))
        return self.writer.node("Add", x, self.scaled(self.linear(block.narrow, inner), block.perceptron_scale))

    def attention(self, block: "Block", x: str, rotation: tuple[str, str] | None, name: str) -> str:
        """Multi-head attention; the division by √D lies in the weights of the queries."""
        layer = block.attention.queries_keys_values
        heads = block.attention.heads
        each = layer.in_features // heads
        weight, bias = array(layer.weight, np.float64), array(layer.bias, np.float64)
        parts = []
        for number, perm in enumerate(([0, 2, 1, 3], [0, 2, 1, 3] if rotation else [0, 2, 3, 1], [0, 2, 1, 3])):
            rows = slice(number * layer.in_features, (number + 1) * layer.in_features)
            scale = each**-0.5 if number == 0 else 1.0
            made = self.affine((weight[rows] * scale).astype(np.float32), (bias[rows] * scale).astype(np.float32), x)
            split = self.writer.node("Reshape", made, self.integers(0, 0, heads, each))
            parts.append(self.writer.node("Transpose", split, perm=perm))
        q, k, v = parts
        if rotation:
            q = self.rotated(q, rotation, each)
            k = self.writer.node("Transpose", self.rotated(k, rotation, each), perm=[0, 1, 3, 2])
        weights = self.writer.node("Softmax", self.writer.node("MatMul", q, k), result=name, axis=3)
        found = self.writer.node("Transpose", self.writer.node("MatMul", weights, v), perm=[0, 2, 1, 3])
        return self.linear(block.attention.out, self.writer.node("Reshape", found, self.integers(0, 0, -1)))

    def rotated(self, x: str, rotation: tuple[str, str], each: int) -> str:
        """Turn pairs of numbers by (…, T, D/2): (images, H, T, D)."""
        cosine, sine = rotation

        def half(start: int, end: int) -> str:
            return self.writer.node("Slice", x, self.integers(start), self.integers(end), self.integers(3))

        def product(value: str, by: str) -> str:
            return self.writer.node("Mul", value, by)

        first, second = half(0, each // 2), half(each // 2, each)
        return self.writer.node(
            "Concat",
            self.writer.node("Sub", product(first, cosine), product(second, sine)),
            self.writer.node("Add", product(first, sine), product(second, cosine)),
            axis=3,
        )

    def read(self, tokens: str, name: str) -> str:
        """What the classifier reads: (images, T, W) → (images, C)."""
        reads = self.shape.reads
        if reads != "class+mean":
            count = 1 if reads == "class" else 2
            return self.writer.node("Flatten", self.some(tokens, 0, count), result=name, axis=1)
        mean = self.writer.node("ReduceMean", self.some(tokens, self.shape.leading, self.count), self.integers(1))
        both = self.writer.node("Concat", self.some(tokens, 0, 1), mean, axis=2)
        return self.writer.node("Flatten", both, result=name, axis=1)

    def some(self, tokens: str, start: int, end: int) -> str:
        """Some of the tokens: (images, T, W) → (images, end - start, W)."""
        return self.writer.node("Slice", tokens, self.integers(start), self.integers(end), self.integers(1))

    def linear(self, layer: "nn.Linear", x: str) -> str:
        """A linear layer: (…, inputs) → (…, outputs)."""
        return self.affine(array(layer.weight), array(layer.bias), x)

    def affine(self, weight: np.ndarray, bias: np.ndarray, x: str) -> str:
        """`x` times weight (outputs, inputs) plus bias (outputs,)."""
        return self.writer.node("Add", self.writer.node("MatMul", x, self.constant(weight.T)), self.constant(bias))

    def norm(self, norm: "nn.LayerNorm", x: str) -> str:
        """A layer normalisation."""
        weight, bias = self.constant(norm.weight), self.constant(norm.bias)
        return self.writer.node("LayerNormalization", x, weight, bias, axis=-1, epsilon=norm.eps)

    def gelu(self, x: str) -> str:
        """The exact GELU, in the nodes that ONNX Runtime knows and makes one of."""
        ratio = self.writer.node("Div", x, self.constant(np.array(2**0.5, np.float32)))
        raised = self.writer.node("Add", self.writer.node("Erf", ratio), self.constant(np.array(1, np.float32)))
        return self.writer.node("Mul", self.writer.node("Mul", x, raised), self.constant(np.array(0.5, np.float32)))

    def scaled(self, x: str, scale: "Tensor | None") -> str:
        """Times a factor for each number, where there is one."""
        return x if scale is None else self.writer.node("Mul", x, self.constant(scale))


def draw_layers(pen: Pen, blocks: Sequence[Any], x: str) -> str:
    """Further layers of the same make, without rotation."""
    for block in blocks:
        x = pen.block(block, x)
    return x
