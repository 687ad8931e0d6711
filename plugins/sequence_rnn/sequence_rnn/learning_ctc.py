"""Learning to write by CTC: from a batch to its loss, and how well the network reads the val items."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api import DataError, Previewed, Record, TrainContext

from .alphabet import Alphabet, composed
from .decoding import greedy
from .edits import error_rates
from .front import FrontEnd, keeper

if TYPE_CHECKING:
    from torch import Tensor, nn

    from trasluz.torchkit.plan import Validation

PREVIEWS = 8


class Check:
    """Measures the network on the val items, read greedily."""

    def __init__(self, front: FrontEnd, context: TrainContext, alphabet: Alphabet, facts: Mapping[str, Any]) -> None:
        self._front, self._alphabet, self._facts = front, alphabet, facts
        records = context.dataset.records("val")
        self._records = list(records) if len(records) else list(context.dataset.records("train")[:200])
        self._kept = keeper(front, context, facts)

    def __call__(self, network: "nn.Module") -> "Validation":
        """Read every val item greedily."""
        from trasluz.torchkit.batches import Batches
        from trasluz.torchkit.plan import Validation

        from .network import ctc_loss

        device = next(network.parameters()).device
        batches: Batches[Record, Any] = Batches(
            self._records,
            load=lambda record, _: (record, self._kept(record)),
            collate=list,
            batch_size=16,
            shuffle=False,
            lengths=[self._front.steps(record, self._facts) for record in self._records],
        )
        rows: list[tuple[Record, str]] = []
        losses: list[float] = []
        for batch in batches.epoch(0):
            if not batch.items:
                continue
            x, steps = self._front.together([kept for _, kept in batch.items], self._facts)
            scores, _ = network(x.to(device), steps.to(device))
            records = [record for record, _ in batch.items]
            targets, sizes = as_targets([self._alphabet.numbers(composed(r.target)) for r in records])
            losses.append(float(ctc_loss(scores, steps.to(device), targets.to(device), sizes.to(device))))
            values = scores.float().cpu().numpy()
            for record, each, count in zip(records, values, steps.tolist(), strict=True):
                numbers, _ = greedy(each[:count])
                rows.append((record, "".join(self._alphabet.characters[n - 1] for n in numbers)))
        if not rows:
            raise DataError(
                f"None of the val {self._front.plural} could be read; look at the list of problems on the Data page."
            )
        rates = error_rates([text for _, text in rows], [record.target for record, _ in rows])
        shown = rows[:: max(1, len(rows) // PREVIEWS)][:PREVIEWS]
        return Validation(
            {**rates, "loss": float(np.mean(losses))},
            [Previewed(path=record.path, target=record.target, text=text) for record, text in shown],
        )


def step(network: "nn.Module", batch: "tuple[Tensor, ...]") -> "tuple[Tensor, dict[str, float]]":
    """From a batch to its loss."""
    from .network import SHORTCUT, ctc_loss

    x, steps, targets, sizes = batch
    scores, short = network(x, steps)
    loss = ctc_loss(scores, steps, targets, sizes)
    if short is None:
        return loss, {}
    # The curve shows the loss of the way that is exported; the shortcut only helps it along.
    return loss + SHORTCUT * ctc_loss(short, steps, targets, sizes), {}


def as_targets(numbers: Sequence[Sequence[int]]) -> "tuple[Tensor, Tensor]":
    """The characters of all items one after another, and how many each has."""
    import torch

    return torch.tensor([n for each in numbers for n in each]), torch.tensor([len(each) for each in numbers])
