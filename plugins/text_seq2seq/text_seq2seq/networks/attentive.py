"""The encoder–decoder with attention (Bahdanau et al. 2015; Luong et al. 2015).

At each step the decoder's state is held against the state of each source token; the softmax of the scores says how
much of each flows into the answer. The way round is Luong's (section 3.1: from the state to the attention to the
output), for then all steps of teacher forcing run at once; the score is either's.

Shapes: B texts, S source tokens, T target tokens, H width, K states, V tokens.
"""

from typing import Any

import torch
from torch import Tensor, nn

from text_seq2seq.config import TextSeq2SeqConfig

from .recurrent import Decoder, Encoder, initialised


class Attention(nn.Module):
    """Scores of decoder states against encoder states.

    Args:
        width: H.
        score: `additive`: vᵀ tanh(W s + U h); `dot`: sᵀ h; `general`: sᵀ W h.
    """

    def __init__(self, width: int, score: str) -> None:
        super().__init__()
        self.score = score
        self.keys = nn.Linear(width, width, bias=False) if score != "dot" else nn.Identity()
        if score == "additive":
            self.queries = nn.Linear(width, width)
            self.energy = nn.Linear(width, 1, bias=False)

    def forward(self, query: Tensor, keys: Tensor, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """From queries (B, T, H), keys and values (B, S, H) to contexts (B, T, H) and weights (B, T, S)."""
        if self.score == "additive":
            scores = self.energy(torch.tanh(self.queries(query)[:, :, None] + keys[:, None])).squeeze(-1)
        else:
            scores = query @ keys.transpose(1, 2)
        beyond = torch.arange(keys.shape[1], device=keys.device)[None] >= lengths[:, None]  # (B, S)
        weights = scores.masked_fill(beyond[:, None], float("-inf")).softmax(dim=-1)
        return weights @ values, weights


class AttentiveNetwork(nn.Module):
    """Encoder and decoder, joined by attention."""

    encoded = ("states", "keys", "state")
    decoder_inputs = ("token", "state", "states", "keys", "lengths")
    decoder_outputs = ("logits", "next_state", "attention")

    def __init__(self, config: TextSeq2SeqConfig, *, sources: int, targets: int) -> None:
        super().__init__()
        sizes: dict[str, Any] = {"width": config.width, "layers": config.layers, "cell": config.cell}
        self.encoder = Encoder(sources, dropout=config.dropout, **sizes)
        self.decoder = Decoder(targets, dropout=config.dropout, **sizes)
        self.attention = Attention(config.width, config.attention)
        self.combine = nn.Linear(2 * config.width, config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.width, targets)
        if config.tied:
            self.output.weight = self.decoder.embedding.weight
        if config.joint:
            self.encoder.embedding.weight = self.decoder.embedding.weight
        initialised(self)

    def encode(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give `states` (B, S, H), their `keys` (B, S, H) and the decoder's first `state` (B, K, H)."""
        states, state = self.encoder(source, lengths)
        return states, self.attention.keys(states), state

    def forward(self, source: Tensor, lengths: Tensor, given: Tensor) -> Tensor:
        """Logits (B, T, V) of each next token along given answers (B, T)."""
        states, keys, state = self.encode(source, lengths)
        query = self.decoder(given, state)
        context, _ = self.attention(query, keys, states, lengths)
        return self.output(self.dropout(self._attentional(query, context)))

    def step(
        self, token: Tensor, state: Tensor, states: Tensor, keys: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Logits (B, V) after a token (B,), the next state, and the attention (B, S)."""
        query, state = self.decoder.step(token, state)
        context, weights = self.attention(query[:, None], keys, states, lengths)
        return self.output(self._attentional(query, context[:, 0])), state, weights[:, 0]

    def _attentional(self, query: Tensor, context: Tensor) -> Tensor:
        """Luong's attentional vector: tanh(W [c; h])."""
        return torch.tanh(self.combine(torch.cat([context, query], dim=-1)))

    def embedding(self, side: str) -> nn.Embedding:
        """The vectors of the tokens of the `source` or the `target`."""
        return self.encoder.embedding if side == "source" else self.decoder.embedding

    def facts(self) -> dict[str, Any]:
        """Names for the search."""
        return {"memory": ["states", "keys", "lengths"], "state": ["state"], "cache": {}}
