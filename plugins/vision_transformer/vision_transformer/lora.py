"""Small additions to the attention that learn in place of its weights, and are added to them at the end.

Hu et al., “LoRA: Low-Rank Adaptation of Large Language Models”, ICLR 2022: a linear map W of a trained network stays as
it is, and learns W + B A α/r, where A has r rows and B r columns. B begins as zero, so the network begins as it was.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from .network import VisionTransformer

ALPHA = 2.0
"""α in units of the rank: the additions count twice, whatever the rank."""


class LowRank(nn.Module):
    """A linear map that stays, and an addition that learns.

    Args:
        base: The map.
        rank: Of the addition.
    """

    def __init__(self, base: nn.Linear, rank: int) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.addition = Addition(base.in_features, base.out_features, rank)

    def forward(self, x: Tensor) -> Tensor:
        """(…, inputs) → (…, outputs)."""
        result: Tensor = self.base(x) + self.addition(x)
        return result

    def merged(self) -> nn.Linear:
        """One map that computes the same."""
        with torch.no_grad():
            self.base.weight += self.addition.product()
        return self.base


class Addition(nn.Module):
    """B A α/r."""

    def __init__(self, inputs: int, outputs: int, rank: int) -> None:
        super().__init__()
        self.narrow = nn.Parameter(torch.empty(rank, inputs))
        self.widen = nn.Parameter(torch.zeros(outputs, rank))
        nn.init.kaiming_uniform_(self.narrow, a=math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        """(…, inputs) → (…, outputs)."""
        return functional.linear(functional.linear(x, self.narrow), self.widen) * ALPHA

    def product(self) -> Tensor:
        """The addition as one matrix, (outputs, inputs)."""
        return self.widen @ self.narrow * ALPHA


def add(network: VisionTransformer, rank: int) -> list[nn.Module]:
    """Put additions on the queries, keys, values and outputs of all attentions; returns them. All else stays."""
    network.requires_grad_(False)
    found: list[nn.Module] = []
    for block in network.blocks:
        attention = block.attention
        for name in ("queries_keys_values", "out"):
            low = LowRank(getattr(attention, name), rank)
            setattr(attention, name, low)
            found.append(low.addition)
    network.classifier.requires_grad_(True)
    network.norm.requires_grad_(True)
    return found


def merge(network: VisionTransformer) -> None:
    """Add all additions to the weights that they belong to; the network is as it was made."""
    for block in network.blocks:
        for name in ("queries_keys_values", "out"):
            low = getattr(block.attention, name)
            if isinstance(low, LowRank):
                setattr(block.attention, name, low.merged())
    network.requires_grad_(True)
