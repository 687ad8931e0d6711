"""An exponential moving average of a network's weights, which often generalises better than the last ones."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """The average of what learns in `module`.

    Args:
        module: The network; its present weights are the first average, and what learns is what wants a gradient now.
        decay: Share of the old average that a step keeps. It is lower in the first steps, so that the random
            start is soon forgotten.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._module = module
        self._decay = decay
        # By name, for a part that is unfrozen later has no gradient yet.
        self._learning = {name for name, parameter in module.named_parameters() if parameter.requires_grad}
        self.steps = 0
        self.weights = {name: tensor.detach().clone() for name, tensor in self._moving()}

    def _moving(self) -> Iterator[tuple[str, Tensor]]:
        for name, parameter in self._module.named_parameters():
            if name in self._learning:
                yield name, parameter
        for name, buffer in self._module.named_buffers():
            if buffer.is_floating_point():
                yield name, buffer

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights after a step."""
        self.steps += 1
        weight = 1 - min(self._decay, (1 + self.steps) / (10 + self.steps))
        present = [tensor.detach() for _, tensor in self._moving()]
        torch._foreach_lerp_(list(self.weights.values()), present, weight)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Put the average into the network for as long as the block lasts."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for name, tensor in self._moving():
            held = tensor.detach().clone()
            tensor.copy_(self.weights[name])
            self.weights[name].copy_(held)

    @torch.no_grad()
    def load(self, weights: Mapping[str, Tensor], steps: int) -> None:
        """Go on from a checkpoint."""
        self.steps = steps
        for name, tensor in self.weights.items():
            tensor.copy_(weights[name])
