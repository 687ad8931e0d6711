"""The Transformer's two graphs, written node by node; shapes as in `networks/transformer.py`."""

from pathlib import Path
from typing import Any

import numpy as np

from trasluz.torchkit.graph import array

from .export import ROWS, SOURCE, WRITTEN
from .networks.transformer import GatedLinear
from .nodes import TextGraph


class _Transformer(TextGraph):
    """Knows the network's parts; x is (B, T, W), heads are (B, A, T, D)."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network
        self.heads, self.size = network.heads, network.size
        self.kind = network.positions.kind

    def vectors(self, embedding: Any, tokens: str) -> str:
        """The vectors of tokens, scaled as in the paper."""
        table = array(embedding.weight) * self.network.scale
        return self.node("Gather", self.constant(table), tokens, axis=0)

    def positions(self, start: str, end: str) -> dict[str, str]:
        """The rows of the tables of positions from `start` to `end`, both (1,)."""
        positions = self.network.positions
        names = {"rotary": ("cos", "sin"), "relative": ()}.get(self.kind, ("table",))
        tables = {name: self.constant(array(getattr(positions, name))) for name in names}
        return {name: self.node("Slice", table, start, end, self.integers(0)) for name, table in tables.items()}

    def placed(self, x: str, places: dict[str, str]) -> str:
        """Positions added to vectors, where they are added."""
        return self.node("Add", x, places["table"]) if "table" in places else x

    def bias(self, side: str, start: str, end: str) -> str:
        """What the distance of queries from `start` on to keys from 0 on adds, both up to `end`: (1, A, T, S).

        Nothing where positions are not relative.
        """
        if self.kind != "relative":
            return ""
        table = array(self.network.positions.by_distance(side))  # (2 N - 1, A), from -(N - 1) on
        one, first = (self.constant(np.array(n, np.int64)) for n in (1, len(table) // 2))
        begin, stop = (self.node("Squeeze", each, self.integers(0)) for each in (start, end))
        keys = self.node("Range", self.constant(np.array(0, np.int64)), stop, one)
        queries = self.node("Unsqueeze", self.node("Range", begin, stop, one), self.integers(1))
        rows = self.node("Add", self.node("Sub", keys, queries), first)  # (T, S)
        found = self.node("Transpose", self.node("Gather", self.constant(table), rows, axis=0), perm=[2, 0, 1])
        return self.node("Unsqueeze", found, self.integers(0))

    def turned(self, x: str, places: dict[str, str]) -> str:
        """Queries or keys turned by their positions, where they are turned."""
        if self.kind != "rotary":
            return x
        half = self.size // 2
        first = self.node("Slice", x, self.integers(0), self.integers(half), self.integers(3))
        second = self.node("Slice", x, self.integers(half), self.integers(self.size), self.integers(3))
        across = self.node("Concat", self.node("Neg", second), first, axis=-1)
        return self.node("Add", self.node("Mul", x, places["cos"]), self.node("Mul", across, places["sin"]))

    def split(self, x: str) -> str:
        """(B, T, W) → (B, A, T, D)."""
        return self.node(
            "Transpose", self.node("Reshape", x, self.integers(0, 0, self.heads, self.size)), perm=[0, 2, 1, 3]
        )

    def looked(self, attention: Any, q: str, k: str, v: str, mask: str = "", *, bias: str = "") -> tuple[str, str]:
        """Attention: what was found (B, T, W) and the weights (B, A, T, S)."""
        scaled = self.node("Mul", q, self.constant(attention.scale)) if attention.scale != 1 else q
        scores = self.node("MatMul", scaled, self.node("Transpose", k, perm=[0, 1, 3, 2]))
        if bias:
            scores = self.node("Add", scores, bias)
        weights = self.node("Softmax", self.masked(scores, mask) if mask else scores, axis=-1)
        joined = self.node("Transpose", self.node("MatMul", weights, v), perm=[0, 2, 1, 3])
        joined = self.node("Reshape", joined, self.integers(0, 0, self.heads * self.size))
        return self.linear(attention.out, joined), weights

    def into(self, part: Any, x: str) -> str:
        """What goes into a sublayer."""
        return self.norm(part.norm, x) if part.pre else x

    def onto(self, part: Any, x: str, found: str) -> str:
        """What a sublayer found, on top of what was there."""
        summed = self.node("Add", x, found)
        return summed if part.pre else self.norm(part.norm, summed)

    def fed_forward(self, layer: Any, x: str) -> str:
        """The two-layer network on each token."""
        first, last = layer.forward_part[0], layer.forward_part[3]
        y = self.into(layer.around_forward, x)
        if isinstance(first, GatedLinear):
            gate = self.activation(self.linear(first.gate, y), first.activation)
            inner = self.node("Mul", gate, self.linear(first.value, y))
        else:
            inner = self.activation(self.linear(first, y), layer.forward_part[1])
        return self.onto(layer.around_forward, x, self.linear(last, inner))

    def activation(self, x: str, layer: Any) -> str:
        """GELU, or what a pretrained network has in its place: SiLU, ReLU."""
        kind = type(layer).__name__
        if kind == "SiLU":
            return self.node("Mul", x, self.node("Sigmoid", x))
        return self.node("Relu", x) if kind == "ReLU" else self.gelu(x, layer.approximate)

    def stacked(self, parts: list[str], *, result: str = "") -> str:
        """Several values side by side in a new second axis."""
        return self.node(
            "Concat", *(self.node("Unsqueeze", part, self.integers(1)) for part in parts), axis=1, result=result
        )


def write_encoder(network: Any, path: Path) -> None:
    """`source` (B, S), `lengths` (B,) → `cross`, `states`, `encoder_attention`."""
    nodes = _Transformer(network)
    nodes.input("source", np.int64, [ROWS, SOURCE])
    nodes.input("lengths", np.int64, [ROWS])
    size = nodes.length("source", 1)
    places = nodes.positions(nodes.integers(0), size)
    mask = nodes.before(size, "lengths", axes=(1, 2))  # (B, 1, 1, S)
    x = nodes.placed(nodes.vectors(network.source, "source"), places)
    bias = nodes.bias("encoder", nodes.integers(0), size)
    seen = []
    for layer in network.encoder:
        y = nodes.into(layer.around_attention, x)
        own = layer.attention
        q = nodes.turned(nodes.split(nodes.linear(own.query, y)), places)
        k = nodes.turned(nodes.split(nodes.linear(own.key, y)), places)
        found, weights = nodes.looked(own, q, k, nodes.split(nodes.linear(own.value, y)), mask, bias=bias)
        seen.append(weights)
        x = nodes.fed_forward(layer, nodes.onto(layer.around_attention, x, found))
    states = nodes.node("Identity", nodes.norm(network.encoder_norm, x), result="states")
    pairs = []
    for layer in network.decoder:
        keys, values = (nodes.split(nodes.linear(each, states)) for each in (layer.cross.key, layer.cross.value))
        pairs.append(nodes.stacked([keys, values]))
    nodes.stacked(pairs, result="cross")
    nodes.stacked(seen, result="encoder_attention")
    nodes.output("cross", [ROWS, network.count, 2, nodes.heads, SOURCE, nodes.size])
    nodes.output("states", [ROWS, SOURCE, network.width])
    nodes.output("encoder_attention", [ROWS, network.count, nodes.heads, SOURCE, SOURCE])
    nodes.save(path, path.stem)


def write_decoder(network: Any, path: Path) -> None:
    """`token` (R,), `cache`, `cross`, `lengths` → `logits`, `next_cache`, `attention`, `self_attention`."""
    nodes = _Transformer(network)
    shape = [ROWS, network.count, 2, nodes.heads]
    nodes.input("token", np.int64, [ROWS])
    nodes.input("cache", np.float32, [*shape, WRITTEN, nodes.size])
    nodes.input("cross", np.float32, [*shape, SOURCE, nodes.size])
    nodes.input("lengths", np.int64, [ROWS])
    written = nodes.length("cache", 4)
    places = nodes.positions(written, nodes.node("Add", written, nodes.integers(1)))
    mask = nodes.before(nodes.length("cross", 4), "lengths", axes=(1, 2))
    x = nodes.vectors(network.target, nodes.node("Unsqueeze", "token", nodes.integers(1)))  # (R, 1, W)
    x = nodes.placed(x, places)
    bias = nodes.bias("decoder", written, nodes.node("Add", written, nodes.integers(1)))
    kept, to_source, to_own = [], [], []

    def of_layer(name: str, number: int, which: int) -> str:
        """The keys (0) or the values (1) of a layer: (R, A, T, D)."""
        layer = nodes.node("Gather", name, nodes.constant(np.array(number, np.int64)), axis=1)
        return nodes.node("Gather", layer, nodes.constant(np.array(which, np.int64)), axis=1)

    for number, layer in enumerate(network.decoder):
        y = nodes.into(layer.around_attention, x)
        own, cross = layer.attention, layer.cross
        q = nodes.turned(nodes.split(nodes.linear(own.query, y)), places)
        new_k = nodes.turned(nodes.split(nodes.linear(own.key, y)), places)
        new_v = nodes.split(nodes.linear(own.value, y))
        k = nodes.node("Concat", of_layer("cache", number, 0), new_k, axis=2)
        v = nodes.node("Concat", of_layer("cache", number, 1), new_v, axis=2)
        kept.append(nodes.stacked([k, v]))
        found, weights = nodes.looked(own, q, k, v, bias=bias)
        to_own.append(nodes.node("Squeeze", weights, nodes.integers(2)))
        x = nodes.onto(layer.around_attention, x, found)
        q = nodes.split(nodes.linear(cross.query, nodes.into(layer.around_cross, x)))
        found, weights = nodes.looked(cross, q, of_layer("cross", number, 0), of_layer("cross", number, 1), mask)
        to_source.append(nodes.node("Squeeze", weights, nodes.integers(2)))
        x = nodes.fed_forward(layer, nodes.onto(layer.around_cross, x, found))
    last = nodes.norm(network.decoder_norm, nodes.node("Squeeze", x, nodes.integers(1)))
    nodes.linear(network.output, last, result="logits")
    nodes.stacked(kept, result="next_cache")
    nodes.stacked(to_source, result="attention")
    nodes.stacked(to_own, result="self_attention")
    nodes.output("logits", [ROWS, network.output.out_features])
    nodes.output("next_cache", [*shape, "written_then", nodes.size])
    nodes.output("attention", [ROWS, network.count, nodes.heads, SOURCE])
    nodes.output("self_attention", [ROWS, network.count, nodes.heads, "written_then"])
    nodes.save(path, path.stem)
