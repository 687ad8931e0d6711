"""The graph: from symbols and the state before them to what comes next and the state after them."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .network import CharacterNetwork

SCORES = "log_probabilities"
STATES = ("state", "memory")
"""The inputs that hold what is in mind; only the LSTM has a memory. Their outputs are called `next_…`."""


def write_graph(network: "CharacterNetwork", path: Path, title: str) -> None:
    """Write the network, for any number of texts and steps: one graph both reads passages and writes on.

    Inputs: `symbols` (B, T) int64, `state` and for the LSTM `memory` (L, B, H), zeros at the start. Outputs:
    `log_probabilities` (B, T, K), `next_state`, `next_memory`, and `hidden_1`, … (B, T, H) of each layer.
    """
    from trasluz.torchkit.graph import GraphWriter, array

    writer = GraphWriter()
    core = network.core
    count = len(core.layers)
    names = STATES[: network.states]
    symbols = writer.input("symbols", np.int64, ("items", "steps"))
    before = [writer.input(name, np.float32, (count, "items", core.units)) for name in names]
    x = writer.node("Gather", writer.constant(array(network.embedding.weight)), symbols)
    x = writer.node("Transpose", x, perm=[1, 0, 2])  # (T, B, E)
    after: list[list[str]] = [[] for _ in names]
    for depth, layer in enumerate(core.one_way_layers()):
        state = [writer.node("Gather", each, writer.integers(depth), axis=0) for each in before]  # (1, B, H)
        last = [f"{name}_after_{depth + 1}" for name in names]
        x = writer.recurrent([layer], x, state=state, last=last)
        for each, name in zip(after, last, strict=True):
            each.append(name)
        hidden = writer.node("Transpose", x, result=f"hidden_{depth + 1}", perm=[1, 0, 2])
        writer.output(hidden, ("items", "steps", core.units))
    scores = writer.node("LogSoftmax", writer.linear(network.head, hidden), axis=2, result=SCORES)
    writer.output(scores, ("items", "steps", network.head.out_features))
    for name, each in zip(names, after, strict=True):
        writer.output(writer.node("Concat", *each, axis=0, result=f"next_{name}"), (count, "items", core.units))
    writer.save(path, title)
