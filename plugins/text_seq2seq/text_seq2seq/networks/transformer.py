"""The Transformer (Vaswani et al. 2017), with what came after it to choose from.

Normalisation before each part (Xiong et al. 2020) or after it; sinusoidal, learned or rotary positions (Su et al.
2021). In use the keys and values of what was written so far are kept (the cache), so a step costs one token.

Shapes: B texts, S source tokens, T target tokens, W width, L layers, A heads of D numbers each, V tokens.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from text_seq2seq.config import TextSeq2SeqConfig

PAD = 0


class Attention(nn.Module):
    """Attention with several heads; a `bias` (1, A, T, S) is added to how well query and key fit.

    Args:
        width: W.
        heads: A.
        dropout: Share of the weights that is left out while it learns.
        size: D; W / A where None.
        biased: Whether the four linear parts have a bias.
    """

    def __init__(self, width: int, heads: int, dropout: float, *, size: int | None = None, biased: bool = True) -> None:
        super().__init__()
        self.heads, self.dropout, self.size = heads, dropout, size or width // heads
        inner = heads * self.size
        self.query, self.key, self.value = (nn.Linear(width, inner, bias=biased) for _ in range(3))
        self.out = nn.Linear(inner, width, bias=biased)
        self.scale = self.size**-0.5

    def split(self, x: Tensor) -> Tensor:
        """(B, T, W) → (B, A, T, D)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def joined(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, bias: Tensor | None = None) -> Tensor:
        """The heads' answers, put together: q (B, A, T, D), k and v (B, A, S, D) → (B, T, W)."""
        dropout = self.dropout if self.training else 0.0
        if bias is not None:
            mask = bias if mask is None else bias.masked_fill(~mask, float("-inf"))
        found = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout, scale=self.scale)
        return self.out(found.transpose(1, 2).flatten(-2))

    def looked(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, bias: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """The same with the weights (B, A, T, S), for eyes and for the exported graph."""
        scores = q @ k.transpose(-1, -2) * self.scale
        if bias is not None:
            scores = scores + bias
        if mask is not None:
            scores = scores.masked_fill(~mask, float("-inf"))
        weights = scores.softmax(dim=-1)
        return self.out((weights @ v).transpose(1, 2).flatten(-2)), weights


class Part(nn.Module):
    """One sublayer with its normalisation and its residual path."""

    def __init__(self, width: int, *, pre: bool, dropout: float) -> None:
        super().__init__()
        self.pre = pre
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def before(self, x: Tensor) -> Tensor:
        """What goes into the sublayer."""
        return self.norm(x) if self.pre else x

    def after(self, x: Tensor, found: Tensor) -> Tensor:
        """Put what the sublayer found on top of what was there."""
        x = x + self.dropout(found)
        return x if self.pre else self.norm(x)


class GatedLinear(nn.Module):
    """A linear layer whose numbers are let through by another one (Dauphin et al. 2017; Shazeer 2020)."""

    def __init__(self, inputs: int, outputs: int, activation: nn.Module, *, biased: bool) -> None:
        super().__init__()
        self.gate, self.value = (nn.Linear(inputs, outputs, bias=biased) for _ in range(2))
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """The activation of the one times the other."""
        return self.activation(self.gate(x)) * self.value(x)


class Layer(nn.Module):
    """A layer of the encoder, or with `cross` of the decoder."""

    def __init__(self, width: int, heads: int, *, cross: bool, pre: bool, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(width, heads, dropout)
        self.around_attention = Part(width, pre=pre, dropout=dropout)
        if cross:
            self.cross = Attention(width, heads, dropout)
            self.around_cross = Part(width, pre=pre, dropout=dropout)
        self.forward_part = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(4 * width, width)
        )
        self.around_forward = Part(width, pre=pre, dropout=dropout)

    def fed_forward(self, x: Tensor) -> Tensor:
        """The two-layer network on each token by itself."""
        return self.around_forward.after(x, self.forward_part(self.around_forward.before(x)))


class Positions(nn.Module):
    """Where a token stands: added to its vector, or turned into its queries and keys."""

    def __init__(self, kind: str, width: int, heads: int, longest: int) -> None:
        super().__init__()
        self.kind = kind
        places = torch.arange(longest)[:, None]
        if kind == "learned":
            self.table = nn.Parameter(torch.randn(longest, width) * width**-0.5)
        elif kind == "sinusoidal":
            # PE(p, 2i) = sin(p / 10000^(2i/W)), PE(p, 2i+1) = cos of the same
            rates = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000.0) / width))
            table = torch.stack([(places * rates).sin(), (places * rates).cos()], dim=-1).flatten(-2)
            self.register_buffer("table", table, persistent=False)
        else:
            size = width // heads
            rates = torch.exp(torch.arange(0, size, 2) * (-math.log(10_000.0) / size))
            angles = torch.cat([places * rates, places * rates], dim=-1)  # (longest, D)
            self.register_buffer("cos", angles.cos(), persistent=False)
            self.register_buffer("sin", angles.sin(), persistent=False)

    def added(self, x: Tensor, at: Tensor) -> Tensor:
        """Add the positions `at` (T,) to vectors (B, T, W); rotary ones are not added."""
        return x if self.kind == "rotary" else x + self.table[at]

    def turned(self, x: Tensor, at: Tensor) -> Tensor:
        """Turn queries or keys (B, A, T, D) by the positions `at` (T,); others are left as they are."""
        if self.kind != "rotary":
            return x
        first, second = x.chunk(2, dim=-1)
        return x * self.cos[at] + torch.cat([-second, first], dim=-1) * self.sin[at]

    def bias(self, side: str, queries: Tensor, keys: Tensor) -> Tensor | None:
        """What the distance adds to how well queries and keys at these places fit; nothing with these positions."""
        return None


class TransformerNetwork(nn.Module):
    """Encoder and decoder of attention alone."""

    encoded = ("cross", "states", "encoder_attention")
    decoder_inputs = ("token", "cache", "cross", "lengths")
    decoder_outputs = ("logits", "next_cache", "attention", "self_attention")

    def __init__(self, config: TextSeq2SeqConfig, *, sources: int, targets: int) -> None:
        super().__init__()
        width, heads, pre = config.width, config.heads, config.norm == "pre"
        if width % (2 * heads):
            raise ValueError(f"a width of {width} cannot be divided into {heads} heads of even size")
        self.width, self.heads, self.size, self.count = width, heads, width // heads, config.layers
        self.scale = math.sqrt(width)
        self.longest = 2 * config.max_tokens + 16
        self.source = nn.Embedding(sources, width, padding_idx=PAD)
        self.target = nn.Embedding(targets, width, padding_idx=PAD)
        self.positions = Positions(config.positions, width, heads, self.longest)
        kinds: dict[str, Any] = {"pre": pre, "dropout": config.dropout}
        self.encoder = nn.ModuleList(Layer(width, heads, cross=False, **kinds) for _ in range(config.layers))
        self.decoder = nn.ModuleList(Layer(width, heads, cross=True, **kinds) for _ in range(config.layers))
        self.encoder_norm = nn.LayerNorm(width) if pre else nn.Identity()
        self.decoder_norm = nn.LayerNorm(width) if pre else nn.Identity()
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(width, targets)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        if config.tied:
            self.output.weight = self.target.weight
        if config.joint:
            self.source.weight = self.target.weight
        for embedding in (self.source, self.target):
            nn.init.normal_(embedding.weight, std=width**-0.5)

    def encode(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give `cross` (B, L, 2, A, S, D), `states` (B, S, W), `encoder_attention` (B, L, A, S, S).

        `cross` holds the keys and values of the source for each layer of the decoder, computed once for all steps.
        """
        x, weights = self._encoded(source, lengths, look=True)
        return self._cross(x), x, torch.stack(weights, dim=1)

    def _encoded(self, source: Tensor, lengths: Tensor, *, look: bool) -> tuple[Tensor, list[Tensor]]:
        at = torch.arange(source.shape[1], device=source.device)
        mask = (at[None] < lengths[:, None])[:, None, None]  # (B, 1, 1, S)
        x = self.dropout(self.positions.added(self.source(source) * self.scale, at))
        bias = self.positions.bias("encoder", at, at)
        seen: list[Tensor] = []
        for layer in self.encoder:
            y = layer.around_attention.before(x)
            attention = layer.attention
            q = self.positions.turned(attention.split(attention.query(y)), at)
            k = self.positions.turned(attention.split(attention.key(y)), at)
            v = attention.split(attention.value(y))
            if look:
                found, weights = attention.looked(q, k, v, mask, bias)
                seen.append(weights)
            else:
                found = attention.joined(q, k, v, mask, bias)
            x = layer.fed_forward(layer.around_attention.after(x, found))
        return self.encoder_norm(x), seen

    def _cross(self, states: Tensor) -> Tensor:
        pairs = [
            torch.stack(
                [layer.cross.split(layer.cross.key(states)), layer.cross.split(layer.cross.value(states))], dim=1
            )
            for layer in self.decoder
        ]
        return torch.stack(pairs, dim=1)

    def forward(self, source: Tensor, lengths: Tensor, given: Tensor) -> Tensor:
        """Logits (B, T, V) of each next token along given answers (B, T)."""
        states, _ = self._encoded(source, lengths, look=False)
        mask = (torch.arange(source.shape[1], device=source.device)[None] < lengths[:, None])[:, None, None]
        at = torch.arange(given.shape[1], device=given.device)
        causal = at[:, None] >= at[None]  # (T, T)
        x = self.dropout(self.positions.added(self.target(given) * self.scale, at))
        bias = self.positions.bias("decoder", at, at)
        for layer in self.decoder:
            y = layer.around_attention.before(x)
            own, cross = layer.attention, layer.cross
            q = self.positions.turned(own.split(own.query(y)), at)
            k = self.positions.turned(own.split(own.key(y)), at)
            x = layer.around_attention.after(x, own.joined(q, k, own.split(own.value(y)), causal, bias))
            y = layer.around_cross.before(x)
            k, v = cross.split(cross.key(states)), cross.split(cross.value(states))
            x = layer.around_cross.after(x, cross.joined(cross.split(cross.query(y)), k, v, mask))
            x = layer.fed_forward(x)
        return self.output(self.decoder_norm(x))

    def step(
        self, token: Tensor, cache: Tensor, cross: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """One step after a token (B,).

        Args:
            token: The last token.
            cache: Keys and values of the tokens before it, (B, L, 2, A, T, D); T is 0 at the start.
            cross: Keys and values of the source, (B, L, 2, A, S, D).
            lengths: Tokens of each source, (B,).

        Returns:
            Logits (B, V), the longer cache, `attention` (B, L, A, S) to the source, `self_attention` (B, L, A, T + 1).
        """
        at = torch.full((1,), 0, dtype=torch.int64, device=token.device) + cache.shape[4]
        mask = (torch.arange(cross.shape[4], device=token.device)[None] < lengths[:, None])[:, None, None]
        x = self.positions.added(self.target(token)[:, None] * self.scale, at)
        bias = self.positions.bias("decoder", at, torch.arange(cache.shape[4] + 1, device=token.device))
        kept, to_source, to_own = [], [], []
        for number, layer in enumerate(self.decoder):
            y = layer.around_attention.before(x)
            own = layer.attention
            q = self.positions.turned(own.split(own.query(y)), at)
            k = self.positions.turned(own.split(own.key(y)), at)
            k = torch.cat([cache[:, number, 0], k], dim=2)
            v = torch.cat([cache[:, number, 1], own.split(own.value(y))], dim=2)
            found, weights = own.looked(q, k, v, bias=bias)
            kept.append(torch.stack([k, v], dim=1))
            to_own.append(weights[:, :, 0])
            x = layer.around_attention.after(x, found)
            y = layer.around_cross.before(x)
            q = layer.cross.split(layer.cross.query(y))
            found, weights = layer.cross.looked(q, cross[:, number, 0], cross[:, number, 1], mask)
            to_source.append(weights[:, :, 0])
            x = layer.fed_forward(layer.around_cross.after(x, found))
        logits = self.output(self.decoder_norm(x[:, 0]))
        return logits, torch.stack(kept, dim=1), torch.stack(to_source, dim=1), torch.stack(to_own, dim=1)

    def embedding(self, side: str) -> nn.Embedding:
        """The vectors of the tokens of the `source` or the `target`."""
        return self.source if side == "source" else self.target

    def facts(self) -> dict[str, Any]:
        """Names and shapes for the search."""
        shape = [self.count, 2, self.heads, 0, self.size]
        return {"memory": ["cross", "lengths"], "state": ["cache"], "cache": {"cache": shape}}
