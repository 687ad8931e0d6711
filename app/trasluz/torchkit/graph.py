"""ONNX graphs written node by node, for what tracing cannot say well: any width, any length, state in and out.

Recurrent layers become ONNX's own RNN, GRU and LSTM, which ONNX Runtime runs in one kernel for all steps. Whether a
graph and its network agree is measured on every run (parity), not assumed.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor, nn

OPSET: Final = 18
IR_VERSION: Final = 9

_GATES: Final = {"RNN": (0,), "GRU": (1, 0, 2), "LSTM": (0, 3, 1, 2)}
"""ONNX's order of the gates, by torch's: GRU reset, update, new → update, reset, new; LSTM i, f, g, o → i, o, f, g."""


def array(tensor: "Tensor", dtype: Any = np.float32) -> np.ndarray:
    """A tensor's numbers, off its device."""
    found: np.ndarray = tensor.detach().cpu().float().numpy().astype(dtype)
    return found


def direction(layer: "nn.RNNBase", place: str) -> Sequence[np.ndarray]:
    """The weights and biases of one direction of one recurrent layer, in torch's order of gates.

    Args:
        layer: The layer or layers.
        place: Its place among them: `l0`, `l0_reverse`, `l1`, …

    Returns:
        weight_ih (gates · H, D), weight_hh (gates · H, H), bias_ih and bias_hh (gates · H,).
    """
    return [array(getattr(layer, f"{part}_{place}")) for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]


class GraphWriter:
    """Collects the nodes of one graph; a value is known by its name."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._known: dict[bytes, str] = {}

    def input(self, name: str, dtype: Any, shape: Sequence[int | str]) -> str:
        """Declare an input; a dimension is a number, or a name where it varies."""
        from onnx import helper

        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        self._inputs.append(helper.make_tensor_value_info(name, kind, list(shape)))
        return name

    def output(self, name: str, shape: Sequence[int | str], dtype: Any = np.float32) -> None:
        """Declare that a value is an output."""
        from onnx import helper

        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        self._outputs.append(helper.make_tensor_value_info(name, kind, list(shape)))

    def constant(self, value: Any, dtype: Any = None) -> str:
        """A constant's name; float32 where no type is asked for, but an array of whole numbers keeps its own.

        Small ones that are equal are written once.
        """
        from onnx import numpy_helper

        if dtype is None:
            whole = isinstance(value, np.ndarray) and value.dtype.kind in "iub"
            dtype = value.dtype if whole else np.float32
        numbers = np.array(value, dtype, order="C")
        key = numbers.tobytes() + str((numbers.dtype, numbers.shape)).encode() if numbers.size < 64 else b""
        if key in self._known:
            return self._known[key]
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(numbers, name))
        if key:
            self._known[key] = name
        return name

    def integers(self, *values: int) -> str:
        """A constant (N,) int64, as ONNX wants axes and shapes."""
        return self.constant(values, np.int64)

    def node(self, kind: str, *inputs: str, result: str = "", **attributes: Any) -> str:
        """Add a node with one result and return its name."""
        return self.nodes(kind, *inputs, results=(result or f"{kind.lower()}_{len(self._nodes)}",), **attributes)[0]

    def nodes(self, kind: str, *inputs: str, results: Sequence[str], **attributes: Any) -> Sequence[str]:
        """Add a node with several results; an empty name leaves one out."""
        from onnx import helper

        name = next(r for r in results if r)
        self._nodes.append(helper.make_node(kind, list(inputs), list(results), name=name, **attributes))
        return results

    @property
    def written(self) -> Sequence[Any]:
        """The nodes so far."""
        return self._nodes

    def take_node(self, node: Any) -> None:
        """Add a node of another graph, whose values have names of this one."""
        self._nodes.append(node)

    def take_constant(self, constant: Any) -> None:
        """Add a constant of another graph, under its name there."""
        self._constants.append(constant)

    def cast(self, x: str, dtype: Any) -> str:
        """Numbers of another type."""
        from onnx import helper

        return self.node("Cast", x, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    # layers of torch

    def conv_norm(self, conv: "nn.Conv1d | nn.Conv2d", norm: "nn.Module | None", x: str) -> str:
        """A convolution with the batch normalisation after it folded into its weights."""
        weight = array(conv.weight, np.float64)
        bias = np.zeros(len(weight)) if conv.bias is None else array(conv.bias, np.float64)
        if norm is not None:
            scale = array(norm.weight, np.float64) / np.sqrt(array(norm.running_var, np.float64) + norm.eps)
            weight = weight * scale.reshape(-1, *[1] * (weight.ndim - 1))
            bias = (bias - array(norm.running_mean, np.float64)) * scale + array(norm.bias, np.float64)
        return self.node(
            "Conv",
            x,
            self.constant(weight),
            self.constant(bias),
            kernel_shape=list(conv.kernel_size),
            strides=list(conv.stride),
            pads=[*conv.padding, *conv.padding],
            dilations=list(conv.dilation),
            group=conv.groups,
        )

    def sequential(self, layers: "nn.Module", x: str) -> str:
        """Convolutions with their normalisation, rectifiers and poolings, one after another, however nested.

        Raises:
            TypeError: If a layer is of another kind.
        """
        from torch import nn

        flat = list(_leaves(layers))
        at = 0
        while at < len(flat):
            layer = flat[at]
            if isinstance(layer, nn.Conv1d | nn.Conv2d):
                following = flat[at + 1] if at + 1 < len(flat) else None
                norm = following if isinstance(following, nn.BatchNorm1d | nn.BatchNorm2d) else None
                x = self.conv_norm(layer, norm, x)
                at += norm is not None
            elif isinstance(layer, nn.ReLU):
                x = self.node("Relu", x)
            elif isinstance(layer, nn.MaxPool1d | nn.MaxPool2d):
                dims = 1 if isinstance(layer, nn.MaxPool1d) else 2
                kernel, stride = _each(layer.kernel_size, dims), _each(layer.stride, dims)
                x = self.node("MaxPool", x, kernel_shape=kernel, strides=stride)
            elif not isinstance(layer, nn.Dropout):
                raise TypeError(f"a layer of the kind {type(layer).__name__} cannot be written")
            at += 1
        return x

    def linear(self, layer: "nn.Linear", x: str, *, result: str = "") -> str:
        """`x` (…, inputs) → (…, outputs)."""
        weight = self.constant(array(layer.weight).T)
        if layer.bias is None:
            return self.node("MatMul", x, weight, result=result)
        product = self.node("MatMul", x, weight)
        return self.node("Add", product, self.constant(array(layer.bias)), result=result)

    def recurrent(
        self,
        ways: "Sequence[nn.RNNBase]",
        x: str,
        *,
        state: Sequence[str] = (),
        last: Sequence[str] = (),
        result: str = "",
    ) -> str:
        """One recurrent layer, (T, B, D) → (T, B, N·H).

        Args:
            ways: The forward layer, and the backward one where there is one; one-way layers of torch.
            x: The sequences, all of one length.
            state: Names of its state before the first step, each (N, B, H).
            last: Names for its state after the last step.
            result: A name for what it gives.
        """
        from torch import nn

        kind = {nn.RNN: "RNN", nn.GRU: "GRU", nn.LSTM: "LSTM"}[type(ways[0])]
        out, *_ = self.cell(kind, x, [direction(way, "l0") for way in ways], state=state, last=last)  # (T, N, B, H)
        if len(ways) == 1:
            return self.node("Squeeze", out, self.integers(1), result=result)
        turned = self.node("Transpose", out, perm=[0, 2, 1, 3])
        return self.node("Reshape", turned, self.integers(0, 0, len(ways) * ways[0].hidden_size), result=result)

    def cell(
        self,
        kind: str,
        x: str,
        weights: Sequence[Sequence[np.ndarray]],
        *,
        lengths: str = "",
        state: Sequence[str] = (),
        last: Sequence[str] = (),
    ) -> Sequence[str]:
        """ONNX's own recurrent node: `x` (T, B, D) → (T, N, B, H), and the state after the last step.

        Args:
            kind: `RNN`, `GRU` or `LSTM`.
            x: The sequences.
            weights: For each of N directions what `direction` gives.
            lengths: The name of the sequences' lengths (B,) int32, where they differ.
            state: Names of its state before the first step, each (N, B, H): h, and an LSTM's c.
            last: Names for its state after the last step; made up where none are given.

        Returns:
            The names of what it gives for each step, of the last h, and of an LSTM's last c.
        """
        gates = _GATES[kind]
        hidden = weights[0][1].shape[-1]
        stacked = [
            np.stack([np.concatenate([np.split(way[part], len(gates))[g] for g in gates]) for way in weights])
            for part in range(4)
        ]
        attributes: dict[str, Any] = {"hidden_size": hidden}
        attributes["direction"] = "bidirectional" if len(weights) == 2 else "forward"
        if kind == "GRU":
            attributes["linear_before_reset"] = 1  # as torch and cuDNN have it
        given = [x, self.constant(stacked[0]), self.constant(stacked[1])]
        given.append(self.constant(np.concatenate(stacked[2:], axis=1)))
        if lengths or state:
            given += [lengths, *state]
        number = len(self._nodes)
        last = last or [f"last_{part}_{number}" for part in ("h", "c")[: 2 if kind == "LSTM" else 1]]
        return self.nodes(kind, *given, results=(f"{kind.lower()}_{number}", *last), **attributes)

    def model(self, title: str) -> Any:
        """The graph as an ONNX model."""
        from onnx import helper

        graph = helper.make_graph(self._nodes, title, self._inputs, self._outputs, self._constants)
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="Trasluz"
        )

    def save(self, path: Path, title: str) -> None:
        """Check the graph and write it."""
        import onnx

        model = self.model(title)
        onnx.checker.check_model(model)
        onnx.save(model, str(path))


def _leaves(module: "nn.Module") -> "Sequence[nn.Module]":
    children = list(module.children())
    return [leaf for child in children for leaf in _leaves(child)] if children else [module]


def _each(value: int | Sequence[int], count: int) -> list[int]:
    return [value] * count if isinstance(value, int) else list(value)
