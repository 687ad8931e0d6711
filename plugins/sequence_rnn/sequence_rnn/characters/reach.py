"""The three cells on the same text, briefly, and how far back the gradient of each reaches.

Small networks of one layer learn from the same streams for the same number of steps; only the cell differs.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from ..reach import gradient_by_distance, smoothed
from .learning import WARM, WINDOW, Text, nats_of
from .network import CharacterNetwork, step
from .streams import Streams
from .symbols import Symbols

CELLS = ("rnn", "gru", "lstm")
STEPS, ROWS, LENGTH, UNITS, RATE = 300, 16, 128, 128, 4e-3
FAR, SEQUENCES = 160, 64
CHECKED = 20_000


def reach_of_cells(
    train: Text,
    val: Text,
    symbols: Symbols,
    *,
    seed: int,
    told: Callable[[str, int, float], None],
    stopping: Callable[[], bool],
) -> dict[str, Any] | None:
    """Teach each cell the same and measure its gradient; None where the text is too short or somebody stopped it.

    Args:
        train: What is learned from.
        val: What is measured on.
        symbols: The characters.
        seed: Of the weights and the streams.
        told: Called with the cell, the number of steps and the loss now and then.
        stopping: Asked at each step.
    """
    judged = val if len(val.numbers) > FAR + SEQUENCES else train
    if len(judged.numbers) <= FAR + SEQUENCES:
        return None
    numbers = judged.numbers[:CHECKED].astype(np.int64)
    windows = [
        (numbers[max(0, at - WARM) : at + WINDOW + 1], min(at, WARM)) for at in range(0, len(numbers) - 1, WINDOW)
    ]
    places = np.linspace(0, len(judged.numbers) - FAR - 2, SEQUENCES).astype(int)
    rows = torch.from_numpy(np.stack([judged.numbers[p : p + FAR + 2].astype(np.int64) for p in places]))
    found: dict[str, Any] = {}
    for cell in CELLS:
        torch.manual_seed(seed)
        streams = Streams(train.numbers, train.starts, rows=ROWS, steps=LENGTH, seed=seed)
        units = min(UNITS, 8 * symbols.size)
        network = CharacterNetwork(symbols.size, units, layers=1, cell=cell, dropout=0.0, rows=streams.rows)
        if not _taught(network, streams, cell, told, stopping):
            return None
        network.eval()

        def loss(features: torch.Tensor, network: CharacterNetwork = network) -> torch.Tensor:
            scores, _ = network.read(features)
            return functional.cross_entropy(scores[:, -1], rows[:, -1])

        with torch.no_grad():
            features = network.embedding(rows[:, :-1])
        norms = smoothed(gradient_by_distance(features, loss))
        found[cell] = {"gradient": [float(v) for v in norms], "score": float(nats_of(network, windows) / np.log(2))}
    return {
        "asked": f"after {STEPS} steps of learning",
        "measure": "bits a character",
        "cells": found,
        "steps": STEPS,
        "units": units,
        "length": LENGTH,
    }


def _taught(
    network: CharacterNetwork,
    streams: Streams,
    cell: str,
    told: Callable[[str, int, float], None],
    stopping: Callable[[], bool],
) -> bool:
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE)
    network.train()
    done, epoch, mean = 0, 0, 0.0
    while done < STEPS:
        for batch in streams.epoch(epoch):
            if stopping():
                return False
            for group in optimiser.param_groups:
                group["lr"] = RATE * (1 - done / STEPS)
            optimiser.zero_grad(set_to_none=True)
            loss, _ = step(network, batch.pieces[0])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            mean += float(loss.detach())
            done += 1
            if done % 20 == 0:
                told(cell, done, mean / 20)
                mean = 0.0
            if done >= STEPS:
                break
        epoch += 1
    return True
