"""What speaks for a class, followed back through all layers, as an ONNX graph: forward and backward written out.

Chefer, Gur & Wolf, “Generic Attention-model Explainability for Interpreting Bi-Modal and Encoder-Decoder Transformers”,
ICCV 2021, equations 5 and 6: in each layer the attention A is weighed by the gradient of the class's score with
respect to it, Ā = mean over heads of (∇A ⊙ A)⁺, and relevance is passed on by R ← R + Ā R, from the identity. The
gradients are nodes of the graph like everything else, so that an exported model can be looked through without PyTorch;
the tests hold them against PyTorch's own.

Shapes: B photos, T tokens, W the width, H heads of D numbers, C numbers that the classifier reads.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .attending import CLASS, RELEVANCE
from .drawing import Pen

if TYPE_CHECKING:
    from torch import nn

    from .network import Block, VisionTransformer

FILE = "relevance.onnx"
WEIGHTS_AT_MOST = 30_000_000
"""Of a network for which the graph is written: it holds the weights once more."""


def export_relevance(network: "VisionTransformer", path: Path) -> None:
    """Write the graph: `image` (images, height, width, 3) uint8, `class` (1,) int64 → `relevance` (images, N)."""
    pen = BackwardPen(network)
    pen.writer.input(CLASS, np.int64, (1,))
    layers, tokens = [], pen.tokens()
    for block in network.blocks:
        tokens, kept = pen.forward(block, tokens)
        layers.append(kept)
    _, normed = pen.kept_norm(network.norm, tokens)
    gradient = pen.norm_back(network.norm, normed, pen.of_class())
    weighed = []
    for block, kept in zip(reversed(network.blocks), reversed(layers), strict=True):
        gradient, of_attention = pen.backward(block, kept, gradient)
        weighed.append(pen.weighed(kept.weights, of_attention))
    pen.passed_on(list(reversed(weighed)))
    pen.writer.output(RELEVANCE, ("images", network.shape.grid**2))
    pen.writer.save(path, "Relevance")


@dataclass(frozen=True, slots=True)
class Normed:
    """Names of what a normalisation made: what is normalised, and one over its deviation."""

    unit: str
    inverse: str


@dataclass(frozen=True, slots=True)
class Kept:
    """Names of what a layer made on its way, for the way back."""

    first: Normed
    second: Normed
    queries: str
    keys: str
    values: str
    weights: str
    wide: str


class BackwardPen(Pen):
    """Writes the layers so that they can be followed back."""

    def __init__(self, network: "VisionTransformer") -> None:
        super().__init__(network)
        self.rotation: tuple[str, str, str] | None = None
        if network.rotation is not None:
            cosine, sine = (each.cpu().numpy() for each in network.rotation)
            self.rotation = self.constant(cosine), self.constant(sine), self.constant(-sine)

    # forward

    def kept_norm(self, norm: "nn.LayerNorm", x: str) -> tuple[str, Normed]:
        """A layer normalisation, and what its way back needs."""
        middle = self.mean(x)
        apart = self.writer.node("Sub", x, middle)
        variance = self.mean(self.writer.node("Mul", apart, apart))
        spread = self.writer.node("Sqrt", self.writer.node("Add", variance, self.constant(np.float32([norm.eps]))))
        inverse = self.writer.node("Reciprocal", spread)
        unit = self.writer.node("Mul", apart, inverse)
        scaled = self.writer.node("Mul", unit, self.constant(norm.weight))
        return self.writer.node("Add", scaled, self.constant(norm.bias)), Normed(unit, inverse)

    def forward(self, block: "Block", x: str) -> tuple[str, Kept]:
        """One layer, with what is kept of it."""
        normed, first = self.kept_norm(block.before_attention, x)
        heads, each = block.attention.heads, self.shape.width // block.attention.heads
        made = self.linear(block.attention.queries_keys_values, normed)
        split = self.writer.node("Reshape", made, self.integers(0, 0, 3 * heads, each))
        turned = self.writer.node("Transpose", split, perm=[0, 2, 1, 3])  # (B, 3H, T, D)
        q, k, v = (self.some(turned, number * heads, (number + 1) * heads) for number in range(3))
        if self.rotation is not None:
            q, k = (self.rotated(value, self.rotation[:2], each) for value in (q, k))
        scores = self.writer.node("MatMul", q, self.flipped(k))
        scores = self.writer.node("Mul", scores, self.constant(np.float32([each**-0.5])))
        weights = self.writer.node("Softmax", scores, axis=3)
        taken = self.writer.node("Transpose", self.writer.node("MatMul", weights, v), perm=[0, 2, 1, 3])
        joined = self.writer.node("Reshape", taken, self.integers(0, 0, -1))
        added = self.scaled(self.linear(block.attention.out, joined), block.attention_scale)
        x = self.writer.node("Add", x, added)
        normed, second = self.kept_norm(block.before_perceptron, x)
        wide = self.linear(block.widen, normed)
        added = self.scaled(self.linear(block.narrow, self.gelu(wide)), block.perceptron_scale)
        return self.writer.node("Add", x, added), Kept(first, second, q, k, v, weights, wide)

    # back

    def of_class(self) -> str:
        """The gradient of the class's score with respect to the normalised tokens: (1, T, W)."""
        weight = self.network.classifier.weight
        row = self.writer.node("Gather", self.constant(weight), CLASS, axis=0)  # (1, C)
        width, reads = self.shape.width, self.shape.reads
        patches = self.count - self.shape.leading
        if reads == "class+distillation":
            parts = [self.writer.node("Reshape", row, self.integers(1, 2, width)), self.nothing(self.count - 2)]
        elif reads == "class":
            parts = [self.writer.node("Reshape", row, self.integers(1, 1, width)), self.nothing(self.count - 1)]
        else:
            both = self.writer.node("Reshape", row, self.integers(1, 2, width))
            share = self.writer.node("Mul", self.some(both, 1, 2), self.constant(np.float32([1 / patches])))
            spread = self.writer.node("Expand", share, self.integers(1, patches, width))
            parts = [self.some(both, 0, 1), self.nothing(self.shape.leading - 1), spread]
        return self.writer.node("Concat", *[part for part in parts if part], axis=1)

    def nothing(self, tokens: int) -> str:
        """Zeros for so many tokens; nothing where there are none."""
        return self.constant(np.zeros((1, tokens, self.shape.width), np.float32)) if tokens else ""

    def norm_back(self, norm: "nn.LayerNorm", normed: Normed, gradient: str) -> str:
        """Back through a normalisation: σ⁻¹ (g − mean(g) − x̂ mean(g x̂)), g the gradient times its weights."""
        g = self.writer.node("Mul", gradient, self.constant(norm.weight))
        along = self.writer.node("Mul", normed.unit, self.mean(self.writer.node("Mul", g, normed.unit)))
        rest = self.writer.node("Sub", self.writer.node("Sub", g, self.mean(g)), along)
        return self.writer.node("Mul", rest, normed.inverse)

    def backward(self, block: "Block", kept: Kept, gradient: str) -> tuple[str, str]:
        """Back through a layer: the gradients with respect to what came in, (B, T, W), and to A, (B, H, T, T)."""
        g = self.linear_back(block.narrow, self.scaled(gradient, block.perceptron_scale))
        g = self.writer.node("Mul", g, self.gelu_slope(kept.wide))
        g = self.norm_back(block.before_perceptron, kept.second, self.linear_back(block.widen, g))
        gradient = self.writer.node("Add", gradient, g)
        heads, each = block.attention.heads, self.shape.width // block.attention.heads
        g = self.linear_back(block.attention.out, self.scaled(gradient, block.attention_scale))
        g = self.writer.node("Reshape", g, self.integers(0, 0, heads, each))
        g = self.writer.node("Transpose", g, perm=[0, 2, 1, 3])  # of what each head took, (B, H, T, D)
        of_weights = self.writer.node("MatMul", g, self.flipped(kept.values))
        of_values = self.writer.node("MatMul", self.flipped(kept.weights), g)
        product = self.writer.node("Mul", of_weights, kept.weights)
        total = self.writer.node("ReduceSum", product, self.integers(3), keepdims=1)
        of_scores = self.writer.node("Mul", kept.weights, self.writer.node("Sub", of_weights, total))
        of_scores = self.writer.node("Mul", of_scores, self.constant(np.float32([each**-0.5])))
        of_queries = self.writer.node("MatMul", of_scores, kept.keys)
        of_keys = self.writer.node("MatMul", self.flipped(of_scores), kept.queries)
        if self.rotation is not None:  # a turn is followed back by the opposite turn
            opposite = self.rotation[0], self.rotation[2]
            of_queries, of_keys = (self.rotated(value, opposite, each) for value in (of_queries, of_keys))
        three = self.writer.node("Concat", of_queries, of_keys, of_values, axis=1)
        three = self.writer.node("Transpose", three, perm=[0, 2, 1, 3])
        three = self.writer.node("Reshape", three, self.integers(0, 0, -1))
        g = self.linear_back(block.attention.queries_keys_values, three)
        g = self.norm_back(block.before_attention, kept.first, g)
        return self.writer.node("Add", gradient, g), of_weights

    def weighed(self, weights: str, gradient: str) -> str:
        """Ā = mean over heads of (∇A ⊙ A)⁺: (B, T, T)."""
        positive = self.writer.node("Relu", self.writer.node("Mul", weights, gradient))
        return self.writer.node("ReduceMean", positive, self.integers(1), keepdims=0)

    def passed_on(self, layers: list[str]) -> None:
        """R ← R + Ā R from the first layer to the last, and of it what the tokens that are read have of the patches."""
        relevance = self.constant(np.eye(self.count, dtype=np.float32))
        for layer in layers:
            relevance = self.writer.node("Add", relevance, self.writer.node("MatMul", layer, relevance))
        leading = self.shape.leading
        if self.shape.reads == "class+mean":  # every patch is read; its own is the same for all
            own = self.writer.node("Sub", relevance, self.constant(np.eye(self.count, dtype=np.float32)))
            patches = self.writer.node("ReduceMean", self.some(own, leading, self.count), self.integers(1), keepdims=1)
            rows = self.writer.node("Concat", self.some(own, 0, 1), patches, axis=1)
        else:
            rows = self.some(relevance, 0, 1 if self.shape.reads == "class" else 2)
        row = self.writer.node("ReduceSum", rows, self.integers(1), keepdims=0)
        self.writer.node("Slice", row, *map(self.integers, (leading, self.count, 1)), result=RELEVANCE)

    # small parts

    def mean(self, x: str) -> str:
        """Over the last axis, which stays."""
        return self.writer.node("ReduceMean", x, self.integers(-1), keepdims=1)

    def flipped(self, x: str) -> str:
        """The last two of four axes swapped."""
        return self.writer.node("Transpose", x, perm=[0, 1, 3, 2])

    def linear_back(self, layer: "nn.Linear", gradient: str) -> str:
        """Back through a linear layer: (…, outputs) → (…, inputs)."""
        return self.writer.node("MatMul", gradient, self.constant(layer.weight))

    def gelu_slope(self, x: str) -> str:
        """The slope of the GELU: Φ(x) + x φ(x)."""
        ratio = self.writer.node("Mul", x, self.constant(np.float32([2**-0.5])))
        raised = self.writer.node("Add", self.writer.node("Erf", ratio), self.constant(np.float32([1])))
        below = self.writer.node("Mul", raised, self.constant(np.float32([0.5])))
        square = self.writer.node("Mul", self.writer.node("Mul", x, x), self.constant(np.float32([-0.5])))
        height = self.constant(np.float32([(2 * np.pi) ** -0.5]))
        density = self.writer.node("Mul", self.writer.node("Exp", square), height)
        return self.writer.node("Add", below, self.writer.node("Mul", x, density))
