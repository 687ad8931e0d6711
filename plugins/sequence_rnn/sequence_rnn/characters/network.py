"""The network of the next character: an embedding, the recurrent core, a score for each symbol.

Shapes: B streams, T steps, K symbols, E numbers of an embedding, H units, L layers, S states (2 for the LSTM, else 1).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..recurrent import Cell, RecurrentCore

EMBEDDING = 64


class CharacterNetwork(nn.Module):
    """Reads characters and says what comes next.

    Args:
        symbols: K.
        units: H.
        layers: L.
        cell: `rnn`, `gru` or `lstm`.
        dropout: Between the layers and before the scores, in training.
        rows: B of the training; the states of its streams are part of the network's own state, so that a run that
            was interrupted goes on with what each stream had in mind.
    """

    def __init__(self, symbols: int, units: int, *, layers: int, cell: Cell, dropout: float, rows: int = 1) -> None:
        super().__init__()
        self.embedding = nn.Embedding(symbols, min(EMBEDDING, units))
        self.core = RecurrentCore(
            self.embedding.embedding_dim, units, layers=layers, cell=cell, both_ways=False, dropout=dropout
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(units, symbols)
        self.states = 2 if cell == "lstm" else 1
        self.register_buffer("carried", torch.zeros(self.states, layers, rows, units))

    def forward(
        self, x: Tensor, state: Sequence[Tensor] | None = None, *, seen: dict[str, Tensor] | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Give the scores (B, T, K) before the softmax, and the state after the last step.

        Args:
            x: (B, T) symbols.
            state: S tensors (L, B, H); none at the start.
            seen: Takes up the outputs of each layer, `hidden_1` first.
        """
        return self.read(self.embedding(x), state, seen=seen)

    def read(
        self, features: Tensor, state: Sequence[Tensor] | None = None, *, seen: dict[str, Tensor] | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """The same from embedded symbols (B, T, E)."""
        lengths = torch.full((len(features),), features.shape[1], device=features.device)
        out, after = self.core(features, lengths, state, seen=seen)
        return self.head(self.dropout(out)).float(), after

    def weights(self) -> dict[str, Tensor]:
        """What was learned, without what the streams had in mind."""
        return {name: value.contiguous() for name, value in self.state_dict().items() if name != "carried"}


def step(network: nn.Module, piece: tuple[Tensor, Tensor, Tensor, Tensor]) -> tuple[Tensor, dict[str, float]]:
    """From the next characters of the streams to their loss in nats; the state is carried on, the gradient is not."""
    rows, x, y, fresh = piece
    carried: Tensor = getattr(network, "module", network).carried  # type: ignore[assignment]
    before = carried[:, :, rows] * (~fresh)[:, None]  # (S, L, b, H)
    scores, after = network(x, list(before))
    carried[:, :, rows] = torch.stack(after).detach().to(carried.dtype)
    return functional.cross_entropy(scores.flatten(0, 1), y.flatten()), {}
