"""What networks of texts are made of, as nodes of an ONNX graph: normalisation, GELU, masks by the lengths of texts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.torchkit.graph import GraphWriter, array

if TYPE_CHECKING:
    from torch import nn


class TextGraph(GraphWriter):
    """Collects the nodes of one graph of a network of texts."""

    def norm(self, layer: "nn.Module", x: str) -> str:
        """Layer normalisation over the last axis; nothing where the layer is an identity."""
        if not hasattr(layer, "eps"):
            return x
        weights: Any = layer
        if getattr(weights, "bias", None) is None:  # by the root mean square (Zhang and Sennrich 2019)
            mean = self.node("ReduceMean", self.node("Mul", x, x), self.integers(-1), keepdims=1)
            size = self.node("Sqrt", self.node("Add", mean, self.constant(float(weights.eps))))
            return self.node("Mul", self.node("Div", x, size), self.constant(array(weights.weight)))
        scale, bias = self.constant(array(weights.weight)), self.constant(array(weights.bias))
        return self.node("LayerNormalization", x, scale, bias, axis=-1, epsilon=float(weights.eps))

    def gelu(self, x: str, approximate: str = "none") -> str:
        """X Φ(x), by the error function or, where it is approximated, by `tanh` (Hendrycks and Gimpel 2016)."""
        if approximate == "tanh":
            cubed = self.node("Mul", self.node("Mul", x, x), x)
            inside = self.node("Add", x, self.node("Mul", cubed, self.constant(0.044715)))
            inner = self.node("Tanh", self.node("Mul", inside, self.constant(float(np.sqrt(2 / np.pi)))))
            return self.node(
                "Mul", self.node("Mul", x, self.constant(0.5)), self.node("Add", inner, self.constant(1.0))
            )
        inner = self.node("Erf", self.node("Mul", x, self.constant(2**-0.5)))
        return self.node("Mul", self.node("Mul", x, self.constant(0.5)), self.node("Add", inner, self.constant(1.0)))

    def length(self, x: str, axis: int) -> str:
        """How long an axis is, (1,)."""
        return self.node("Shape", x, start=axis, end=axis + 1)

    def before(self, size: str, lengths: str, *, axes: Sequence[int]) -> str:
        """Which of `size` places are before the length of each text: booleans (B, S) with axes of 1 put in."""
        scalar = self.node("Squeeze", size, self.integers(0))
        zero, one = self.constant(np.array(0, np.int64)), self.constant(np.array(1, np.int64))
        places = self.node("Unsqueeze", self.node("Range", zero, scalar, one), self.integers(0))
        mask = self.node("Less", places, self.node("Unsqueeze", lengths, self.integers(1)))
        return self.node("Unsqueeze", mask, self.integers(*axes)) if axes else mask

    def masked(self, scores: str, mask: str) -> str:
        """Minus infinity where the mask is false."""
        return self.node("Where", mask, scores, self.constant(-np.inf))
