"""Optimisers with a rate for each part of a network, and schedules over the fraction of the run that is done."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import nn

from trasluz.api import FamilyError

Schedule = Callable[[float], float]
"""From the fraction of the run that is done, 0 to 1, to the factor of every learning rate."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a network with its own learning rate.

    Attributes:
        name: What the person calls it: `stage 3`, `head`.
        modules: What belongs to it.
        rate: Its learning rate; 0 keeps it as it is.
        opens: The fraction of the run at which it begins to learn.
    """

    name: str
    modules: tuple[nn.Module, ...]
    rate: float
    opens: float = 0.0

    @property
    def size(self) -> int:
        """How many weights it has."""
        return sum(parameter.numel() for module in self.modules for parameter in module.parameters())

    @property
    def learning(self) -> bool:
        """Whether it learns."""
        return self.rate > 0


def layerwise(
    parts: Sequence[tuple[str, Sequence[nn.Module]]], rate: float, *, decay: float, learning: int | None = None
) -> list[Part]:
    """Give each part its rate: the last one `rate`, each one before it `decay` times its successor's.

    Early layers hold what all pictures (or sounds) share and should move least (ULMFiT's discriminative rates).

    Args:
        parts: Names and modules from the input to the output.
        rate: The rate of the last part.
        decay: Factor from a part to the one before it.
        learning: How many parts, from the end, learn; all where None.
    """
    count = len(parts)
    kept = 0 if learning is None else count - learning
    return [
        Part(name, tuple(modules), 0.0 if index < kept else rate * decay ** (count - 1 - index))
        for index, (name, modules) in enumerate(parts)
    ]


def unfreezing(parts: Sequence[Part], until: float) -> list[Part]:
    """Let the learning parts begin one after the other, from the last one back, instead of all at once.

    Gradual unfreezing: what lies nearest to the answer fits it first, and what lies deeper is not shaken by a
    classifier that has yet to settle (Howard & Ruder, “Universal Language Model Fine-tuning”, ACL 2018, 3.3). There
    one part a pass; here in equal steps of the run, so that a run with a time limit unfreezes within it.

    Args:
        parts: From the input to the output.
        until: The fraction of the run, 0 to 1, at which the first of the learning parts begins; 0 is all at once.
    """
    learning = [number for number, part in enumerate(parts) if part.learning]
    last = max(1, len(learning) - 1)
    opens = {number: until * step / last for step, number in enumerate(reversed(learning))}
    return [replace(part, opens=opens.get(number, 0.0)) for number, part in enumerate(parts)]


def set_rates(optimiser: torch.optim.Optimizer, factor: float, done: float, *, toggle: bool = True) -> None:
    """Set the rate of each group: its full one times `factor`, or nothing before it opens.

    Args:
        optimiser: Its groups have `full`, the rate at its height, and may have `opens`.
        factor: Of the schedule.
        done: The fraction of the run that is done.
        toggle: Whether to spare the gradients of what is not open yet; several processes must not, for they wait
            for the gradient of every weight.
    """
    for group in optimiser.param_groups:
        opened = done >= group.get("opens", 0.0)
        group["lr"] = group["full"] * factor if opened else 0.0
        if toggle:
            for parameter in group["params"]:
                parameter.requires_grad_(opened)


def freeze(parts: Iterable[Part]) -> None:
    """Let gradients flow into the learning parts alone."""
    for part in parts:
        for module in part.modules:
            module.requires_grad_(part.learning)


def parameter_groups(parts: Iterable[Part], *, weight_decay: float) -> list[dict[str, Any]]:
    """Return torch's parameter groups: two a part, for norms and biases are never decayed.

    Raises:
        ValueError: If one weight belongs to two parts.
    """
    groups: list[dict[str, Any]] = []
    seen: set[int] = set()
    for part in parts:
        if not part.learning:
            continue
        decayed: list[nn.Parameter] = []
        free: list[nn.Parameter] = []
        for module in part.modules:
            for parameter in module.parameters():
                if not parameter.requires_grad:
                    continue
                if id(parameter) in seen:
                    raise ValueError(f"a weight of “{part.name}” belongs to another part too")
                seen.add(id(parameter))
                # One axis or none: a bias, or the scale of a norm.
                (free if parameter.ndim <= 1 else decayed).append(parameter)
        for members, decay in ((decayed, weight_decay), (free, 0.0)):
            if members:
                group = {"params": members, "lr": part.rate, "weight_decay": decay, "name": part.name}
                groups.append(group | {"opens": part.opens})
    return groups


def optimiser(
    groups: list[dict[str, Any]],
    *,
    kind: Literal["adamw", "sgd"] = "adamw",
    momentum: float = 0.9,
    betas: tuple[float, float] = (0.9, 0.999),
) -> torch.optim.Optimizer:
    """Make the optimiser of the groups.

    Raises:
        FamilyError: If nothing learns.
    """
    if not groups:
        raise FamilyError("No part of the network is set to learn; choose a strategy that trains at least one.")
    if kind == "sgd":
        return torch.optim.SGD(groups, lr=0.0, momentum=momentum, nesterov=momentum > 0)
    return torch.optim.AdamW(groups, lr=0.0, betas=betas)


def warmup_cosine(warmup: float = 0.05, *, floor: float = 0.01) -> Schedule:
    """Rise in a line over the fraction `warmup` of the run, then fall along half a cosine to `floor`.

    It is a function of the fraction done, not of the step, so that a run with a time limit anneals within it.
    """

    def factor(done: float) -> float:
        done = min(max(done, 0.0), 1.0)
        if done < warmup:
            # The first step moves too: a rate of exactly zero would waste it.
            return max(done / warmup, 0.02)
        along = (done - warmup) / max(1e-9, 1 - warmup)
        return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * along))

    return factor


def constant(warmup: float = 0.0) -> Schedule:
    """Rise over the fraction `warmup`, then stay."""

    def factor(done: float) -> float:
        return max(done / warmup, 0.02) if done < warmup else 1.0

    return factor
