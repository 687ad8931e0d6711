"""The trained network as two ONNX graphs: the encoder, run once for a text, and one step of the decoder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .nodes import Nodes, array

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
    from onnx import TensorProto

    nodes = Nodes()
    encoder = network.encoder
    width = encoder.embedding.embedding_dim
    x = nodes.add("Gather", nodes.constant(array(encoder.embedding.weight)), "source", axis=0)  # (B, S, H)
    x = nodes.add("Transpose", x, perm=[1, 0, 2])  # (S, B, H)
    lengths = nodes.add("Cast", "lengths", to=TensorProto.INT32)
    hidden, memories = [], []
    for layer in encoder.layers:
        y, h, *c = nodes.layer(encoder.cell, x, [_weights(layer, "l0"), _weights(layer, "l0_reverse")], lengths=lengths)
        x = nodes.add("Reshape", nodes.add("Transpose", y, perm=[0, 2, 1, 3]), nodes.whole(0, 0, width))
        last = [
            nodes.add("Reshape", nodes.add("Transpose", each, perm=[1, 0, 2]), nodes.whole(0, width))
            for each in (h, *c)
        ]
        hidden.append(last[0])
        memories += last[1:]
    nodes.add("Transpose", x, perm=[1, 0, 2], result="states")
    bridged = [
        nodes.add("Unsqueeze", nodes.add("Tanh", nodes.linear(last, bridge)), nodes.whole(1))
        for bridge, last in zip(encoder.bridges, [*hidden, *memories], strict=True)
    ]
    nodes.add("Concat", *bridged, result="state", axis=1)
    outputs: dict[str, Sequence[Any]] = {"states": [ROWS, SOURCE, width], "state": [ROWS, len(bridged), width]}
    if "keys" in network.encoded:
        keys = network.attention.keys
        if hasattr(keys, "weight"):
            nodes.add("MatMul", "states", nodes.constant(array(keys.weight).T), result="keys")
        else:
            nodes.add("Identity", "states", result="keys")
        outputs["keys"] = [ROWS, SOURCE, width]
    nodes.save(path, inputs={"source": [ROWS, SOURCE], "lengths": [ROWS]}, outputs=outputs)


def _write_decoder(network: Any, path: Path) -> None:
    """`token` (R,), `state` (R, K, H) and the memory → `logits` (R, V), `next_state`, `attention` (R, S)."""
    nodes = Nodes()
    decoder = network.decoder
    width, count, cell = decoder.width, decoder.count, decoder.cell
    kinds = 2 if cell == "lstm" else 1
    x = nodes.add("Gather", nodes.constant(array(decoder.embedding.weight)), "token", axis=0)  # (R, H)
    x = nodes.add("Unsqueeze", x, nodes.whole(0))  # (1, R, H): one step of time
    turned = nodes.add("Transpose", "state", perm=[1, 0, 2])  # (K, R, H)
    hidden, memories = [], []
    for number in range(count):
        first = {"h": _row(nodes, turned, number)}
        if cell == "lstm":
            first["c"] = _row(nodes, turned, count + number)
        y, h, *c = nodes.layer(cell, x, [_weights(decoder.layers, f"l{number}")], **first)
        x = nodes.add("Squeeze", y, nodes.whole(1))  # (1, R, H)
        hidden.append(h)
        memories += c
    nodes.add("Transpose", nodes.add("Concat", *hidden, *memories, axis=0), perm=[1, 0, 2], result="next_state")
    upper = nodes.add("Squeeze", x, nodes.whole(0))  # (R, H)
    inputs: dict[str, Sequence[Any]] = {"token": [ROWS], "state": [ROWS, kinds * count, width]}
    outputs: dict[str, Sequence[Any]] = {"next_state": [ROWS, kinds * count, width]}
    if "keys" in network.decoder_inputs:
        inputs |= {"states": [ROWS, SOURCE, width], "keys": [ROWS, SOURCE, width], "lengths": [ROWS]}
        upper = _attended(nodes, network, upper)
        outputs["attention"] = [ROWS, SOURCE]
    nodes.linear(upper, network.output, result="logits")
    outputs = {"logits": [ROWS, network.output.out_features], **outputs}
    nodes.save(path, inputs=inputs, outputs={name: outputs[name] for name in network.decoder_outputs})


def _attended(nodes: Nodes, network: Any, query: str) -> str:
    """From a state (R, H) to the attentional vector (R, H); the weights become `attention`."""
    attention = network.attention
    if attention.score == "additive":
        asked = nodes.add("Unsqueeze", nodes.linear(query, attention.queries), nodes.whole(1))
        energy = nodes.linear(nodes.add("Tanh", nodes.add("Add", asked, "keys")), attention.energy)  # (R, S, 1)
    else:
        energy = nodes.add("MatMul", "keys", nodes.add("Unsqueeze", query, nodes.whole(2)))  # (R, S, 1)
    scores = nodes.add("Squeeze", energy, nodes.whole(2))
    mask = nodes.before(nodes.length("keys", 1), "lengths", axes=())
    nodes.add("Softmax", nodes.masked(scores, mask), result="attention", axis=-1)
    weights = nodes.add("Unsqueeze", "attention", nodes.whole(1))  # (R, 1, S)
    context = nodes.add("Squeeze", nodes.add("MatMul", weights, "states"), nodes.whole(1))  # (R, H)
    return nodes.add("Tanh", nodes.linear(nodes.add("Concat", context, query, axis=-1), network.combine))


def _row(nodes: Nodes, turned: str, number: int) -> str:
    """One state of (K, R, H) as (1, R, H)."""
    return nodes.add("Slice", turned, nodes.whole(number), nodes.whole(number + 1), nodes.whole(0))


def _weights(layer: Any, place: str) -> list[np.ndarray]:
    return [array(getattr(layer, f"{kind}_{place}")) for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]


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
