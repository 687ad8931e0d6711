"""The graph: from symbols and the state before them to what comes next and the state after them."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from trasluz.api import Graph

    from .network import CharacterNetwork

SCORES = "log_probabilities"
STATES = ("state", "memory")
"""What a layer has in mind; only the LSTM has a memory. Inputs are called `state_1`, outputs `next_state_1`."""


def write_graph(network: "CharacterNetwork", path: Path, title: str) -> None:
    """Write the network, for any number of texts and steps: one graph both reads passages and writes on.

    It runs once for each character that is written, so each operation more would be heard: every layer has a state of
    its own, and what is only looked at stays in the order of time.

    Inputs: `symbols` (B, T) int64, of each layer `state_1` and for the LSTM `memory_1`, … (1, B, H), zeros at the
    start. Outputs: `log_probabilities` (B, T, K), `next_state_1`, `next_memory_1`, …, and `hidden_1`, … (T, B, H).
    """
    from trasluz.torchkit.graph import GraphWriter, array

    writer = GraphWriter()
    core = network.core
    names = STATES[: network.states]
    symbols = writer.input("symbols", np.int64, ("items", "steps"))
    x = writer.node("Transpose", symbols, perm=[1, 0])
    x = writer.node("Gather", writer.constant(array(network.embedding.weight)), x)  # (T, B, E)
    for depth, layer in enumerate(core.one_way_layers(), start=1):
        state = [writer.input(f"{name}_{depth}", np.float32, (1, "items", core.units)) for name in names]
        last = [f"next_{name}_{depth}" for name in names]
        x = writer.recurrent([layer], x, state=state, last=last, result=f"hidden_{depth}")
        writer.output(x, ("steps", "items", core.units))
        for each in last:
            writer.output(each, (1, "items", core.units))
    scores = writer.node("LogSoftmax", writer.linear(network.head, x), axis=2)
    scores = writer.node("Transpose", scores, perm=[1, 0, 2], result=SCORES)
    writer.output(scores, ("items", "steps", network.head.out_features))
    writer.save(path, title)


def by_steps(graph: "Graph", name: str, value: np.ndarray) -> np.ndarray:
    """An output for one text without its batch axis, (T, …): it is the first one, or the second where time is."""
    shape = next(spec.shape for spec in graph.outputs if spec.name == name)
    return value[:, 0] if shape[0] == "steps" else value[0]
