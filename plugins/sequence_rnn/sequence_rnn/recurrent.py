"""The recurrent core that every task shares: layers of tanh, GRU or LSTM cells, in one direction or in both.

The tanh cell is the recurrence of the textbook (Elman, “Finding structure in time”, Cognitive Science 1990):
h_t = tanh(W x_t + U h_{t-1} + b). The LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al.
2000) and the GRU (Cho et al. 2014) add gates, so that what was heard long ago need not fade at every step.

Shapes: B sequences, T steps, D features of a step, H units of a layer, N directions (1 or 2), L layers.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

Cell = Literal["rnn", "gru", "lstm"]
CELLS: dict[Cell, type[nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
FORGET_BIAS = 1.0
"""The LSTM starts by remembering (Jozefowicz et al., “An empirical exploration of recurrent networks”, ICML 2015)."""


class RecurrentCore(nn.Module):
    """A stack of recurrent layers over padded sequences.

    The backward direction reads each sequence reversed within its own length, so that padding never reaches a step
    that counts; and every direction is a plain one-way layer, which torch runs faster than packed sequences.

    Args:
        inputs: D, features of a step.
        units: H, units of a layer in one direction.
        layers: L.
        cell: `rnn`, `gru` or `lstm`.
        both_ways: Whether each layer also reads from the end.
        dropout: Share of a layer's outputs that is left out before the next layer, in training.
    """

    def __init__(
        self, inputs: int, units: int, *, layers: int, cell: Cell, both_ways: bool, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.cell: Cell = cell
        self.units = units
        self.ways = 2 if both_ways else 1
        self.outputs = units * self.ways
        self.dropout = nn.Dropout(dropout)
        sizes = [inputs] + [self.outputs] * (layers - 1)
        self.layers = nn.ModuleList(
            nn.ModuleList(CELLS[cell](size, units, batch_first=True) for _ in range(self.ways)) for size in sizes
        )
        for each in self.one_way_layers():
            _initialise(each, cell)

    def one_way_layers(self) -> list[nn.RNNBase]:
        """The layers by depth, forward before backward: L · N of them."""
        return [way for layer in self.layers for way in layer]  # type: ignore[union-attr]

    def forward(
        self,
        x: Tensor,
        lengths: Tensor,
        state: Sequence[Tensor] | None = None,
        *,
        seen: dict[str, Tensor] | None = None,
    ) -> tuple[Tensor, list[Tensor]]:
        """Read sequences.

        Args:
            x: (B, T, D), padded at the end.
            lengths: (B,) steps of each sequence; 1 to T.
            state: What a one-directional core has in mind: (L, B, H), for the LSTM two of them; none at the start.
            seen: Takes up the outputs of each layer, `hidden_1` first.

        Returns:
            (B, T, N·H) the last layer's outputs; those of the padding mean nothing. And the state after the last
            step of T: use it with sequences of one length only.
        """
        back = reversed_within(x.shape[1], lengths) if self.ways == 2 else None
        last: list[list[Tensor]] = []
        for depth, layer in enumerate(self.layers):
            if depth:
                x = self.dropout(x)
            before = None if state is None else _one_layer(state, depth)
            out, after = layer[0](x, before)
            last.append(list(after) if isinstance(after, tuple) else [after])
            if back is not None:
                turned, _ = layer[1](_taken(x, back))
                out = torch.cat([out, _taken(turned, back)], dim=2)
            x = out
            if seen is not None:
                seen[f"hidden_{depth + 1}"] = out
        return x, [torch.cat(each) for each in zip(*last, strict=True)]


def reversed_within(steps: int, lengths: Tensor) -> Tensor:
    """The step that comes to each place when every sequence is turned round within its length: (B, T).

    It is its own inverse; the padding stays where it is.
    """
    place = torch.arange(steps, device=lengths.device)[None]  # (1, T)
    turned = lengths[:, None] - 1 - place
    return torch.where(turned >= 0, turned, place)


def _taken(x: Tensor, steps: Tensor) -> Tensor:
    return x.gather(1, steps[:, :, None].expand(-1, -1, x.shape[2]))


def _one_layer(state: Sequence[Tensor], depth: int) -> Tensor | tuple[Tensor, ...]:
    parts = tuple(each[depth : depth + 1].contiguous() for each in state)
    return parts if len(parts) > 1 else parts[0]


def _initialise(layer: nn.RNNBase, cell: Cell) -> None:
    """Orthogonal recurrences keep the size of what flows through them (Saxe et al., ICLR 2014)."""
    with torch.no_grad():
        for name, weight in layer.named_parameters():
            if name.startswith("weight_hh"):
                for gate in weight.chunk(weight.shape[0] // layer.hidden_size):
                    nn.init.orthogonal_(gate)
            elif name.startswith("weight_ih"):
                nn.init.xavier_uniform_(weight)
            else:
                nn.init.zeros_(weight)
                if cell == "lstm" and name.startswith("bias_ih"):
                    # The gates are stacked as input, forget, cell, output.
                    weight[layer.hidden_size : 2 * layer.hidden_size] = FORGET_BIAS
