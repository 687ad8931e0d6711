"""The trained network as two ONNX graphs: the encoder, run once for a text, and one step of the decoder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.torchkit.graph import array, direction

from .nodes import TextGraph

if TYPE_CHECKING:
    from .networks import Network

ENCODER, DECODER = "encoder.onnx", "decoder.onnx"
ROWS, SOURCE, WRITTEN = "rows", "source_tokens", "written"


def export_network(network: "Network", folder: Path) -> None:
    """Write `encoder.onnx` and `decoder.onnx` into a folder."""
    from .networks.transformer import TransformerNetwork

    network = network.cpu().eval()
    if isinstance(network, TransformerNetwork):
        from .export_transformer import write_decoder, write_encoder

        write_encoder(network, folder / ENCODER)
        write_decoder(network, folder / DECODER)
    else:
        _write_encoder(network, folder / ENCODER)
        _write_decoder(network, folder / DECODER)


def _write_encoder(network: Any, path: Path) -> None:
    """`source` (B, S), `lengths` (B,) → what the network's `encoded` names."""
    nodes = TextGraph()
    nodes.input("source", np.int64, [ROWS, SOURCE])
    nodes.input("lengths", np.int64, [ROWS])
    encoder = network.encoder
    width = encoder.embedding.embedding_dim
    x = nodes.node("Gather", nodes.constant(array(encoder.embedding.weight)), "source", axis=0)  # (B, S, H)
    x = nodes.node("Transpose", x, perm=[1, 0, 2])  # (S, B, H)
    lengths = nodes.cast("lengths", np.int32)
    hidden, memories = [], []
    for layer in encoder.layers:
        ways = [direction(layer, "l0"), direction(layer, "l0_reverse")]
        y, h, *c = nodes.cell(encoder.cell.upper(), x, ways, lengths=lengths)
        x = nodes.node("Reshape", nodes.node("Transpose", y, perm=[0, 2, 1, 3]), nodes.integers(0, 0, width))
        last = [
            nodes.node("Reshape", nodes.node("Transpose", each, perm=[1, 0, 2]), nodes.integers(0, width))
            for each in (h, *c)
        ]
        hidden.append(last[0])
        memories += last[1:]
    nodes.node("Transpose", x, perm=[1, 0, 2], result="states")
    bridged = [
        nodes.node("Unsqueeze", nodes.node("Tanh", nodes.linear(bridge, last)), nodes.integers(1))
        for bridge, last in zip(encoder.bridges, [*hidden, *memories], strict=True)
    ]
    nodes.node("Concat", *bridged, result="state", axis=1)
    nodes.output("states", [ROWS, SOURCE, width])
    nodes.output("state", [ROWS, len(bridged), width])
    if "keys" in network.encoded:
        keys = network.attention.keys
        if hasattr(keys, "weight"):
            nodes.node("MatMul", "states", nodes.constant(array(keys.weight).T), result="keys")
        else:
            nodes.node("Identity", "states", result="keys")
        nodes.output("keys", [ROWS, SOURCE, width])
    nodes.save(path, path.stem)


def _write_decoder(network: Any, path: Path) -> None:
    """`token` (R,), `state` (R, K, H) and the memory → `logits` (R, V), `next_state`, `attention` (R, S)."""
    nodes = TextGraph()
    decoder = network.decoder
    width, count, cell = decoder.width, decoder.count, decoder.cell
    kinds = 2 if cell == "lstm" else 1
    nodes.input("token", np.int64, [ROWS])
    nodes.input("state", np.float32, [ROWS, kinds * count, width])
    x = nodes.node("Gather", nodes.constant(array(decoder.embedding.weight)), "token", axis=0)  # (R, H)
    x = nodes.node("Unsqueeze", x, nodes.integers(0))  # (1, R, H): one step of time
    turned = nodes.node("Transpose", "state", perm=[1, 0, 2])  # (K, R, H)
    hidden, memories = [], []
    for number in range(count):
        first = [_row(nodes, turned, kind * count + number) for kind in range(kinds)]
        y, h, *c = nodes.cell(cell.upper(), x, [direction(decoder.layers, f"l{number}")], state=first)
        x = nodes.node("Squeeze", y, nodes.integers(1))  # (1, R, H)
        hidden.append(h)
        memories += c
    nodes.node("Transpose", nodes.node("Concat", *hidden, *memories, axis=0), perm=[1, 0, 2], result="next_state")
    upper = nodes.node("Squeeze", x, nodes.integers(0))  # (R, H)
    shapes: dict[str, Sequence[Any]] = {"next_state": [ROWS, kinds * count, width], "attention": [ROWS, SOURCE]}
    shapes["logits"] = [ROWS, network.output.out_features]
    if "keys" in network.decoder_inputs:
        nodes.input("states", np.float32, [ROWS, SOURCE, width])
        nodes.input("keys", np.float32, [ROWS, SOURCE, width])
        nodes.input("lengths", np.int64, [ROWS])
        upper = _attended(nodes, network, upper)
    nodes.linear(network.output, upper, result="logits")
    for name in network.decoder_outputs:
        nodes.output(name, shapes[name])
    nodes.save(path, path.stem)


def _attended(nodes: TextGraph, network: Any, query: str) -> str:
    """From a state (R, H) to the attentional vector (R, H); the weights become `attention`."""
    attention = network.attention
    if attention.score == "additive":
        asked = nodes.node("Unsqueeze", nodes.linear(attention.queries, query), nodes.integers(1))
        energy = nodes.linear(attention.energy, nodes.node("Tanh", nodes.node("Add", asked, "keys")))  # (R, S, 1)
    else:
        energy = nodes.node("MatMul", "keys", nodes.node("Unsqueeze", query, nodes.integers(2)))  # (R, S, 1)
    scores = nodes.node("Squeeze", energy, nodes.integers(2))
    mask = nodes.before(nodes.length("keys", 1), "lengths", axes=())
    nodes.node("Softmax", nodes.masked(scores, mask), result="attention", axis=-1)
    weights = nodes.node("Unsqueeze", "attention", nodes.integers(1))  # (R, 1, S)
    context = nodes.node("Squeeze", nodes.node("MatMul", weights, "states"), nodes.integers(1))  # (R, H)
    return nodes.node("Tanh", nodes.linear(network.combine, nodes.node("Concat", context, query, axis=-1)))


def _row(nodes: TextGraph, turned: str, number: int) -> str:
    """One state of (K, R, H) as (1, R, H)."""
    return nodes.node("Slice", turned, nodes.integers(number), nodes.integers(number + 1), nodes.integers(0))


class TorchGraph:
    """A module in the clothes of a graph, so that the same search runs on PyTorch.

    Args:
        call: The module's method.
        inputs: Its inputs in their order.
        outputs: Its outputs in their order.
        device: Where it is.
    """

    def __init__(self, call: Any, inputs: Sequence[str], outputs: Sequence[str], device: Any = "cpu") -> None:
        self._call, self._inputs, self._outputs, self._device = call, inputs, outputs, device

    def run(self, feeds: Mapping[str, np.ndarray], wanted: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Run it once."""
        import torch

        with torch.inference_mode():
            given = [torch.from_numpy(np.ascontiguousarray(feeds[name])).to(self._device) for name in self._inputs]
            found = self._call(*given)
        named = dict(zip(self._outputs, found if isinstance(found, tuple) else (found,), strict=True))
        return {name: named[name].float().cpu().numpy() for name in wanted or self._outputs}


def torch_graphs(network: "Network") -> tuple[TorchGraph, TorchGraph]:
    """The network's encoder and the step of its decoder as graphs."""
    network = network.cpu().eval()
    return (
        TorchGraph(network.encode, ("source", "lengths"), network.encoded),
        TorchGraph(network.step, network.decoder_inputs, network.decoder_outputs),
    )
