"""Writing an ONNX graph node by node: a value is known by its name.

It takes milliseconds where tracing takes a minute on a small machine, and ONNX's own LSTM takes the lengths of texts,
which torch's exporter cannot say. That the graph is the network is measured on every run, not assumed.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor, nn

OPSET, IR_VERSION = 18, 9
# Torch's gates in ONNX's order: plain; update, reset, candidate; input, output, forget, candidate.
GATES: Mapping[str, Sequence[int]] = {"rnn": [0], "gru": [1, 0, 2], "lstm": [0, 3, 1, 2]}


def array(tensor: "Tensor") -> np.ndarray:
    """A weight as float32."""
    found: np.ndarray = tensor.detach().cpu().float().numpy()
    return found


class Nodes:
    """Collects the nodes of one graph."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._known: dict[bytes, str] = {}

    def add(self, kind: str, *inputs: str, result: str = "", **attributes: Any) -> str:
        """A node with one result, whose name is returned."""
        from onnx import helper

        result = result or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [result], name=f"node_{len(self.nodes)}", **attributes))
        return result

    def constant(self, value: np.ndarray) -> str:
        """A constant; small ones that are equal are written once."""
        from onnx import numpy_helper

        key = value.tobytes() + str((value.dtype, value.shape)).encode() if value.size < 64 else b""
        if key and key in self._known:
            return self._known[key]
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        if key:
            self._known[key] = name
        return name

    def whole(self, *values: int) -> str:
        """Whole numbers, (N,)."""
        return self.constant(np.array(values, np.int64))

    def number(self, value: float) -> str:
        """One number."""
        return self.constant(np.array(value, np.float32))

    def linear(self, x: str, layer: "nn.Linear", *, result: str = "") -> str:
        """A linear layer over the last axis."""
        weight = self.constant(array(layer.weight).T)
        if layer.bias is None:
            return self.add("MatMul", x, weight, result=result)
        product = self.add("MatMul", x, weight)
        return self.add("Add", product, self.constant(array(layer.bias)), result=result)

    def norm(self, x: str, layer: "nn.Module") -> str:
        """Layer normalisation over the last axis; nothing where the layer is an identity."""
        if not hasattr(layer, "eps"):
            return x
        weights: Any = layer
        if getattr(weights, "bias", None) is None:  # by the root mean square (Zhang and Sennrich 2019)
            mean = self.add("ReduceMean", self.add("Mul", x, x), self.whole(-1), keepdims=1)
            size = self.add("Sqrt", self.add("Add", mean, self.number(float(weights.eps))))
            return self.add("Mul", self.add("Div", x, size), self.constant(array(weights.weight)))
        scale, bias = self.constant(array(weights.weight)), self.constant(array(weights.bias))
        return self.add("LayerNormalization", x, scale, bias, axis=-1, epsilon=float(weights.eps))

    def gelu(self, x: str, approximate: str = "none") -> str:
        """X Φ(x), by the error function or, where it is approximated, by `tanh` (Hendrycks and Gimpel 2016)."""
        if approximate == "tanh":
            cubed = self.add("Mul", self.add("Mul", x, x), x)
            inside = self.add("Add", x, self.add("Mul", cubed, self.number(0.044715)))
            inner = self.add("Tanh", self.add("Mul", inside, self.number(float(np.sqrt(2 / np.pi)))))
            return self.add("Mul", self.add("Mul", x, self.number(0.5)), self.add("Add", inner, self.number(1.0)))
        inner = self.add("Erf", self.add("Mul", x, self.number(2**-0.5)))
        return self.add("Mul", self.add("Mul", x, self.number(0.5)), self.add("Add", inner, self.number(1.0)))

    def length(self, x: str, axis: int) -> str:
        """How long an axis is, (1,)."""
        return self.add("Shape", x, start=axis, end=axis + 1)

    def before(self, size: str, lengths: str, *, axes: Sequence[int]) -> str:
        """Which of `size` places are before the length of each text: booleans (B, S) with axes of 1 put in."""
        scalar = self.add("Squeeze", size, self.whole(0))
        zero, one = self.constant(np.array(0, np.int64)), self.constant(np.array(1, np.int64))
        places = self.add("Unsqueeze", self.add("Range", zero, scalar, one), self.whole(0))
        mask = self.add("Less", places, self.add("Unsqueeze", lengths, self.whole(1)))
        return self.add("Unsqueeze", mask, self.whole(*axes)) if axes else mask

    def masked(self, scores: str, mask: str) -> str:
        """Minus infinity where the mask is false."""
        return self.add("Where", mask, scores, self.number(-np.inf))

    def layer(self, cell: str, x: str, weights: Sequence[Sequence[np.ndarray]], **given: Any) -> list[str]:
        """A recurrent layer of ONNX's own.

        Args:
            cell: `rnn`, `gru` or `lstm`.
            x: (T, B, numbers): time comes first.
            weights: For each direction weight_ih, weight_hh, bias_ih, bias_hh in torch's order of gates.
            given: `lengths`, `h`, `c`: names of the lengths (int32) and the first states (directions, B, H).

        Returns:
            The names of y (T, directions, B, H), the last h, and an LSTM's last c (directions, B, H).
        """
        from onnx import helper

        order = GATES[cell]
        stacked = [
            np.stack([np.concatenate([np.split(d[kind], len(order))[g] for g in order]) for d in weights])
            for kind in range(4)
        ]
        number = len(self.nodes)
        outputs = [f"y_{number}", f"h_{number}"] + ([f"c_{number}"] if cell == "lstm" else [])
        attributes: dict[str, Any] = {"hidden_size": stacked[1].shape[-1]}
        if len(weights) == 2:
            attributes["direction"] = "bidirectional"
        if cell == "gru":
            attributes["linear_before_reset"] = 1
        inputs = [x, self.constant(stacked[0]), self.constant(stacked[1])]
        inputs += [self.constant(np.concatenate(stacked[2:], axis=1)), given.get("lengths", ""), given.get("h", "")]
        if cell == "lstm":
            inputs.append(given.get("c", ""))
        self.nodes.append(helper.make_node(cell.upper(), inputs, outputs, name=f"node_{number}", **attributes))
        return outputs

    def save(self, path: Path, *, inputs: Mapping[str, Sequence[Any]], outputs: Mapping[str, Sequence[Any]]) -> None:
        """Check the graph and write it.

        Args:
            path: The file.
            inputs: Name → shape; whole numbers, unless the name begins like a state.
            outputs: Name → shape, float32.
        """
        import onnx
        from onnx import TensorProto, helper

        def value(name: str, shape: Sequence[Any]) -> Any:
            whole = name in ("source", "lengths", "token", "words")
            return helper.make_tensor_value_info(name, TensorProto.INT64 if whole else TensorProto.FLOAT, list(shape))

        graph = helper.make_graph(
            self.nodes,
            path.stem,
            [value(name, shape) for name, shape in inputs.items()],
            [value(name, shape) for name, shape in outputs.items()],
            self.constants,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="Trasluz"
        )
        onnx.checker.check_model(model)
        onnx.save(model, str(path))
