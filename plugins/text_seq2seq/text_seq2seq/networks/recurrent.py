"""The encoder–decoder without attention (Sutskever et al. 2014; Cho et al. 2014).

One recurrent network reads the text in both directions; its last states are all that the other one knows of it when it
writes the answer. That is why long texts are answered worse: everything has to fit into one state.

Shapes: B texts, S source tokens, T target tokens, H width, L layers, K = L states (2 L for an LSTM), V tokens.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from text_seq2seq.config import TextSeq2SeqConfig

CELLS: dict[str, type[nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
GATES = {"rnn": 1, "gru": 3, "lstm": 4}
PAD = 0


class Encoder(nn.Module):
    """Reads a text in both directions, layer upon layer.

    Args:
        vocabulary: Tokens of the source.
        width: Numbers of a state, half of them from each direction.
        layers: How many.
        cell: `rnn`, `gru` or `lstm`.
    """

    def __init__(self, vocabulary: int, *, width: int, layers: int, cell: str, dropout: float) -> None:
        super().__init__()
        self.cell = cell
        self.embedding = nn.Embedding(vocabulary, width, padding_idx=PAD)
        self.layers = nn.ModuleList(
            CELLS[cell](width, width // 2, batch_first=True, bidirectional=True) for _ in range(layers)
        )
        self.dropout = nn.Dropout(dropout)
        kinds = 2 if cell == "lstm" else 1
        self.bridges = nn.ModuleList(nn.Linear(width, width) for _ in range(layers * kinds))

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """From tokens (B, S) and their numbers (B,) to each one's state (B, S, H) and the decoder's first (B, K, H).

        The first half of the K states are the hidden ones h, the second half an LSTM's memories c.
        """
        x = self.dropout(self.embedding(source))
        hidden, memories = [], []
        for layer in self.layers:
            packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
            out, last = layer(packed)
            x, _ = pad_packed_sequence(out, batch_first=True, total_length=source.shape[1])
            x = self.dropout(x)
            h, *c = last if isinstance(last, tuple) else (last,)  # (2, B, H / 2)
            hidden.append(torch.cat([h[0], h[1]], dim=-1))
            memories += [torch.cat([each[0], each[1]], dim=-1) for each in c]
        states = [bridge(each).tanh() for bridge, each in zip(self.bridges, [*hidden, *memories], strict=True)]
        return x, torch.stack(states, dim=1)


class Decoder(nn.Module):
    """Writes the answer; the embedding of the last token goes in, a state comes out."""

    def __init__(self, vocabulary: int, *, width: int, layers: int, cell: str, dropout: float) -> None:
        super().__init__()
        self.cell, self.count, self.width = cell, layers, width
        self.embedding = nn.Embedding(vocabulary, width, padding_idx=PAD)
        self.layers = CELLS[cell](width, width, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)
        self.dropout = nn.Dropout(dropout)

    def forward(self, given: Tensor, state: Tensor) -> Tensor:
        """All steps at once: tokens (B, T) and the first state (B, K, H) → states (B, T, H)."""
        first = state.transpose(0, 1).contiguous()  # (K, B, H)
        start: Any = (
            first if self.cell != "lstm" else (first[: self.count].contiguous(), first[self.count :].contiguous())
        )
        out, _ = self.layers(self.dropout(self.embedding(given)), start)
        return self.dropout(out)

    def step(self, token: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One step: tokens (B,) and the state (B, K, H) → the upper layer's state (B, H) and the next state."""
        x = self.embedding(token)
        hidden, memories = [], []
        for number in range(self.count):
            weights = [
                getattr(self.layers, f"{kind}_l{number}") for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            ]
            c = state[:, self.count + number] if self.cell == "lstm" else None
            x, c = cell_step(self.cell, x, state[:, number], c, *weights)
            hidden.append(x)
            memories += [] if c is None else [c]
        return x, torch.stack([*hidden, *memories], dim=1)


def cell_step(  # noqa: PLR0917 - the letters of the equations
    cell: str, x: Tensor, h: Tensor, c: Tensor | None, w_x: Tensor, w_h: Tensor, b_x: Tensor, b_h: Tensor
) -> tuple[Tensor, Tensor | None]:
    """One step of a recurrent cell, in the equations of the chapter: x, h, c are (B, H).

    Plain: h' = tanh(W x + U h + b). GRU: reset r, update z, candidate n; h' = (1 − z) n + z h.
    LSTM: input i, forget f, candidate g, output o; c' = f c + i g, h' = o tanh c'.
    """
    from_x, from_h = functional.linear(x, w_x, b_x), functional.linear(h, w_h, b_h)
    if cell == "rnn":
        return torch.tanh(from_x + from_h), None
    if cell == "gru":
        x_r, x_z, x_n = from_x.chunk(3, dim=-1)
        h_r, h_z, h_n = from_h.chunk(3, dim=-1)
        r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
        n = torch.tanh(x_n + r * h_n)
        return (1 - z) * n + z * h, None
    i, f, g, o = (from_x + from_h).chunk(4, dim=-1)
    assert c is not None
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


class RecurrentNetwork(nn.Module):
    """Encoder and decoder, joined by the last state alone."""

    encoded = ("states", "state")
    decoder_inputs = ("token", "state")
    decoder_outputs = ("logits", "next_state")

    def __init__(self, config: TextSeq2SeqConfig, *, sources: int, targets: int) -> None:
        super().__init__()
        sizes: dict[str, Any] = {"width": config.width, "layers": config.layers, "cell": config.cell}
        self.encoder = Encoder(sources, dropout=config.dropout, **sizes)
        self.decoder = Decoder(targets, dropout=config.dropout, **sizes)
        self.output = nn.Linear(config.width, targets)
        if config.tied:
            self.output.weight = self.decoder.embedding.weight
        if config.joint:
            self.encoder.embedding.weight = self.decoder.embedding.weight
        initialised(self)

    def encode(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Give `states` (B, S, H) of the source's tokens and `state` (B, K, H), which is handed over."""
        return self.encoder(source, lengths)

    def forward(self, source: Tensor, lengths: Tensor, given: Tensor) -> Tensor:
        """Logits (B, T, V) of each next token along given answers (B, T)."""
        _, state = self.encode(source, lengths)
        return self.output(self.decoder(given, state))

    def step(self, token: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, V) after a token (B,), and the next state."""
        x, state = self.decoder.step(token, state)
        return self.output(x), state

    def embedding(self, side: str) -> nn.Embedding:
        """The vectors of the tokens of the `source` or the `target`."""
        return self.encoder.embedding if side == "source" else self.decoder.embedding

    def facts(self) -> dict[str, Any]:
        """Names for the search."""
        return {"memory": [], "state": ["state"], "cache": {}}


def initialised(network: nn.Module) -> None:
    """Set the first weights: small vectors, so that tied logits begin near zero."""
    for module in network.modules():
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=module.embedding_dim**-0.5)
            with torch.no_grad():
                module.weight[PAD].zero_()
        elif isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias) if module.bias is not None else None
        elif isinstance(module, nn.RNNBase):
            for name, weight in module.named_parameters():
                nn.init.xavier_uniform_(weight) if weight.ndim > 1 else nn.init.zeros_(weight)
                if isinstance(module, nn.LSTM) and name.startswith("bias_ih"):
                    with torch.no_grad():  # remember, until forgetting is learned (Jozefowicz et al. 2015)
                        weight[module.hidden_size : 2 * module.hidden_size] = 1.0
    # An embedding that is tied to the output was set last by the output's rule; the vectors' own is the better one.
    for module in network.modules():
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=module.embedding_dim**-0.5)
