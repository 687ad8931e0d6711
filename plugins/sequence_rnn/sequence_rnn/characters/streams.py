"""A text as parallel streams, for truncated backpropagation through time that carries the state on.

The text is cut into B streams of one length, and a batch is the next T characters of each. The state that a stream
ends a batch with is the state that it begins the next one with; only the gradient stops at the cut (Williams and
Peng, “An efficient gradient-based algorithm for on-line training of recurrent network trajectories”, 1990).

Shapes: N characters of the text, B streams, T steps of a batch.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from trasluz.torchkit.batches import Batch, Batches
from trasluz.torchkit.seed import generator

from .symbols import START

START_SHARE = 0.25
"""The share of passages that the network is told begin here, so that it learns what a beginning looks like."""
FRESH = 0.02
"""The chance of a stream to begin a batch from nothing. A network whose state is always carried on never learns what to
say without one, and every text that it writes begins without."""
FEWEST_BATCHES = 4
"""Batches of a pass, where the text is short: there are fewer streams then."""


@dataclass(slots=True)
class StreamBatch(Batch[Any]):
    """The next characters of all streams; it is cut by streams, and counted in characters."""

    streams: tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor] | None = None

    def cut(self, pieces: int, collate: Callable[[Sequence[Any]], Any]) -> None:
        """Put the streams into so many pieces, each (rows (b,), inputs (b, T), targets (b, T), fresh (b,))."""
        assert self.streams is not None
        rows, x, y, fresh = self.streams
        bounds = np.linspace(0, len(rows), min(pieces, len(rows)) + 1).round().astype(int)
        self.pieces = [(rows[a:b], x[a:b], y[a:b], fresh[a:b]) for a, b in pairwise(bounds)]
        self.sizes = [int(b - a) * x.shape[1] for a, b in pairwise(bounds)]


class Streams(Batches[int, Any]):
    """The passes over a text: each begins at another place of it, drawn by (seed, pass).

    Args:
        numbers: (N,) the text.
        starts: Where its passages begin.
        rows: B, at the most.
        steps: T.
        seed: Of the run.
    """

    def __init__(self, numbers: np.ndarray, starts: Iterable[int], *, rows: int, steps: int, seed: int) -> None:
        self.steps = max(1, min(steps, len(numbers)))
        self.rows = max(1, min(rows, len(numbers) // (FEWEST_BATCHES * self.steps)))
        self._stream = len(numbers) // self.rows
        self._batches = max(1, self._stream // self.steps)
        self._numbers = numbers
        self._begins = np.zeros(len(numbers), bool)
        self._begins[list(starts)] = True
        self._seeded = seed
        super().__init__(
            range(self._batches * self.rows * self.steps),
            load=lambda number, _draw: number,
            collate=list,
            batch_size=self.rows * self.steps,
            shuffle=False,
            seed=seed,
        )

    def __len__(self) -> int:
        """Batches in one pass."""
        return self._batches

    def epoch(
        self, epoch: int, *, start: int = 0, pieces: Callable[[], int] = lambda: 1
    ) -> Generator[Batch[Any], None, None]:
        """Yield the batches of a pass from number `start` on.

        All streams begin its first batch with fresh states, and some of them a later one.
        """
        draw = generator(self._seeded, epoch)
        count = len(self._numbers)
        offset = int(draw.integers(count))
        told = self._begins & (draw.random(count) < START_SHARE)
        fresh = draw.random((self._batches, self.rows)) < FRESH
        fresh[0] = True
        first = offset + self._stream * np.arange(self.rows)[:, None]  # (B, 1)
        for index in range(start, self._batches):
            place = (first + index * self.steps + np.arange(self.steps)[None]) % count  # (B, T)
            x = self._numbers[place - 1].astype(np.int64)
            x[told[place]] = START
            x[fresh[index], 0] = START
            batch = StreamBatch(index, range(self.batch_size))  # type: ignore[arg-type]
            batch.streams = (
                torch.arange(self.rows),
                torch.from_numpy(x),
                torch.from_numpy(self._numbers[place].astype(np.int64)),
                torch.from_numpy(fresh[index]),
            )
            batch.cut(pieces(), list)
            yield batch
