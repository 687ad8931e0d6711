"""The network of a problem of long memory: the recurrent core and a head at the steps that are asked.

Shapes: B items, T steps, D features, K numbers of an answer, H units.
"""

from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from trasluz.torchkit.batches import Batch, Batches
from trasluz.torchkit.seed import generator

from ..recurrent import Cell, RecurrentCore
from .problems import CLOSE, Problem

PASS = 100
"""Batches of a pass."""
SHORTEST = 4
MASTERED = 0.97
"""The share of right answers from which on the delay grows."""
NEARLY = 0.2
"""A sum no further off shows that both numbers were remembered; that it comes out exactly is learned later."""
GROWTH = 1.25
SMOOTH = 0.9


class MemoryNetwork(nn.Module):
    """Reads an item and answers at its end.

    The gates begin as if the network knew how long it has to remember: the biases of the LSTM's forget gate and of the
    GRU's update gate are drawn so that their memories last from 1 to the delay (chrono initialisation: Tallec and
    Ollivier, “Can recurrent neural networks warp time?”, ICLR 2018). A plain RNN has no gates; its recurrence begins
    orthogonal, the best that is known for it.

    Args:
        problem: What is asked.
        units: H.
        layers: Recurrent layers.
        cell: `rnn`, `gru` or `lstm`.
        dropout: Between the layers.
    """

    def __init__(self, problem: Problem, units: int, *, layers: int, cell: Cell, dropout: float = 0.0) -> None:
        super().__init__()
        self.problem = problem
        self.core = RecurrentCore(problem.features, units, layers=layers, cell=cell, both_ways=False, dropout=dropout)
        self.head = nn.Linear(units, problem.answers)
        for layer in self.core.one_way_layers():
            remember_long(layer, cell, 1.5 * problem.steps())
        # Where the curriculum stands, and how well that is mastered: kept with the weights, so that a run goes on.
        self.register_buffer("delay", torch.tensor(float(min(SHORTEST, problem.delay))))
        self.register_buffer("mastery", torch.tensor(0.0))

    def forward(self, x: Tensor, *, seen: dict[str, Tensor] | None = None) -> Tensor:
        """Give the scores (B, asked, K) at the last steps of items (B, T, D)."""
        out, _ = self.core(x, torch.full((len(x),), x.shape[1], device=x.device), seen=seen)
        return self.head(out[:, -self.problem.asked :]).float()


def remember_long(layer: nn.RNNBase, cell: Cell, longest: float) -> None:
    """Set the biases of the gates by chrono initialisation; a plain RNN stays as it is."""
    if cell == "rnn":
        return
    hidden = layer.hidden_size
    with torch.no_grad():
        bias = torch.log(torch.empty(hidden).uniform_(1.0, max(2.0, longest - 1.0)).clamp(min=1.001))
        gates = layer.bias_ih_l0
        gates[hidden : 2 * hidden] = bias  # the LSTM's forget gate, the GRU's update gate
        if cell == "lstm":
            gates[:hidden] = -bias


def right(problem: Problem, scores: Tensor, y: Tensor, close: float = CLOSE) -> Tensor:
    """The share of right answers; of sums, those no further off than `close`."""
    if problem.problem == "copy":
        return (scores.argmax(dim=2) == y).float().mean()
    return ((scores[:, :, 0] - y).abs() <= close).float().mean()


def loss_of(problem: Problem, scores: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy of letters, or the mean squared error of a sum."""
    if problem.problem == "copy":
        return functional.cross_entropy(scores.flatten(0, 1), y.flatten())
    return functional.mse_loss(scores[:, :, 0], y)


def step(network: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, dict[str, float]]:
    """From a batch to its loss; what is mastered makes the delay grow."""
    x, y = batch
    inner: MemoryNetwork = getattr(network, "module", network)
    problem = inner.problem
    scores = network(x)
    share = float(right(problem, scores.detach(), y))
    remembered = float(right(problem, scores.detach(), y, NEARLY))
    at = int(inner.delay)
    if x.shape[1] == problem.steps(at):
        inner.mastery.mul_(SMOOTH).add_((1 - SMOOTH) * remembered)
        if float(inner.mastery) > MASTERED and at < problem.delay:
            inner.delay.fill_(min(problem.delay, int(np.ceil(at * GROWTH))))
            inner.mastery.fill_(0.8)
    return loss_of(problem, scores, y), {"right": share, "delay": float(at)}


class Endless(Batches[int, Any]):
    """New items in every batch, at the delay that the network has come to, now and then at a shorter one.

    Args:
        network: Knows the delay.
        size: Items of a batch.
        seed: Of the run.
    """

    def __init__(self, network: MemoryNetwork, *, size: int, seed: int) -> None:
        super().__init__(range(PASS * size), load=lambda n, _draw: n, collate=_stacked, batch_size=size, shuffle=False)
        self._network, self._seeded = network, seed

    def epoch(
        self, epoch: int, *, start: int = 0, pieces: Callable[[], int] = lambda: 1
    ) -> Generator[Batch[Any], None, None]:
        """Yield the batches of a pass; a batch depends on (seed, pass, number) and the delay."""
        problem = self._network.problem
        for index in range(start, PASS):
            draw = generator(self._seeded, epoch, index)
            at = int(self._network.delay)
            delay = at if draw.random() < 0.7 else int(draw.integers(1, at + 1))
            x, y = problem.arrays(self.batch_size, draw, delay)
            batch: Batch[Any] = Batch(index, list(zip(x, y, strict=True)))
            batch.cut(pieces(), self.collate)
            yield batch


def _stacked(items: Sequence[Any]) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(np.stack([x for x, _ in items])), torch.from_numpy(np.stack([y for _, y in items]))
