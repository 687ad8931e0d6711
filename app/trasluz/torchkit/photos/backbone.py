"""What every backbone has in common, and a linear classifier on top of one.

Shapes: B images, C channels, H and W the sides of a map, S the side of a prepared photo.
"""

import hashlib
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from .facts import Facts, Preparation

if TYPE_CHECKING:
    from .graph import Writer
    from .linear import Fitted

DRAWING = 1
"""Raised whenever the same weights are written as another graph, so that features from the old one are not reused."""


class Backbone(nn.Module, ABC):
    """A network of named parts, one after the other, from a normalised photo to maps.

    Attributes:
        facts: What is known of it.
        channels: How many maps come out of each part.
        norm: What normalises the pooled features of the last part, where the network has that (ConvNeXt).
    """

    facts: Facts
    channels: tuple[int, ...]
    norm: nn.LayerNorm | None  # without a value here: that would hide the module of this name

    @abstractmethod
    def parts(self) -> list[tuple[str, nn.Module]]:
        """The named parts from the photo to the last maps; each maps (B, C, H, W) to (B, C', H', W')."""

    @abstractmethod
    def draw(self, writer: "Writer", x: str, depth: int) -> list[str]:
        """Write the first `depth` parts into a graph.

        Args:
            writer: Of the graph.
            x: The value that holds the normalised photo, (B, 3, S, S).
            depth: How many parts.

        Returns:
            The values that hold the maps after each of them.
        """

    def skip_blocks(self, chance: float) -> bool:
        """Set the chance that a training step skips the deepest block that learns (stochastic depth).

        Returns:
            Whether the network has blocks that can be skipped; by default it has none.
        """
        return False

    @property
    def preparation(self) -> Preparation:
        """What happens to a square of a photo before it comes in."""
        return self.facts.preparation

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parts."""
        return tuple(name for name, _ in self.parts())

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, 3, S, S), normalised, to the last maps (B, C, h, w)."""
        for _, part in self.parts():
            x = part(x)
        return x

    def maps(self, x: Tensor) -> list[Tensor]:
        """The maps after each part, in the order of `parts`: (B, C, H, W) each."""
        found = []
        for _, part in self.parts():
            x = part(x)
            found.append(x)
        return found

    def normalised(self, levels: Tensor) -> Tensor:
        """Levels from 0 to 255, (B, 3, S, S) → what the network was trained on."""
        prepared = self.facts.preparation
        mean, std = (torch.tensor(each, device=levels.device).view(3, 1, 1) for each in (prepared.mean, prepared.std))
        return (levels.float() - mean) / std

    def features(self, maps: Tensor, depth: int) -> Tensor:
        """What a classifier after `depth` parts reads: (B, C, h, w) → (B, C)."""
        found = pooled(maps)
        return self.norm(found) if self.norm is not None and depth == len(self.channels) else found

    def write(self, path: Path) -> None:
        """Write the road from a photo to the pooled features after each part as an ONNX file."""
        from .graph import export_backbone

        export_backbone(self, path)

    def fingerprint(self) -> str:
        """A hash of all that decides what it makes of a photo: architecture, weights, preparation, drawing."""
        digest = hashlib.sha256(repr((DRAWING, self.facts.architecture, self.facts.preparation)).encode())
        for name, tensor in sorted(self.state_dict().items()):
            digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
            digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
        return digest.hexdigest()[:16]


class Classifier(nn.Module):
    """A backbone with a linear classifier on its pooled features.

    Because pooling is a mean and the classifier is linear, the score of a class is the mean of a map of
    scores: the class-activation map (Zhou et al., CVPR 2016).

    Args:
        backbone: Used as it is, not copied.
        classes: How many classes it tells apart.
        depth: How many parts of the backbone come before the classifier; fewer than all of them put it on the
            features of an earlier stage.
        dropout: Share of the pooled features that a training step leaves out.
    """

    def __init__(self, backbone: Backbone, classes: int, *, depth: int | None = None, dropout: float = 0.2) -> None:
        super().__init__()
        self.backbone = backbone
        self.depth = len(backbone.channels) if depth is None else depth
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(backbone.channels[self.depth - 1], classes)

    def parts(self) -> list[tuple[str, nn.Module]]:
        """The parts of the backbone that are in use, then the classifier."""
        return [*self.backbone.parts()[: self.depth], ("classifier", self.classifier)]

    def maps(self, x: Tensor) -> Tensor:
        """Map (B, 3, S, S), normalised, to what the classifier pools: (B, C, h, w)."""
        for _, part in self.parts()[:-1]:
            x = part(x)
        return x

    def features(self, x: Tensor) -> Tensor:
        """Map (B, 3, S, S), normalised, to what the classifier reads: (B, C)."""
        return self.backbone.features(self.maps(x), self.depth)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, 3, S, S), normalised, to logits (B, classes)."""
        logits: Tensor = self.classifier(self.dropout(self.features(x)))
        return logits


def with_classifier(backbone: Backbone, fitted: "Fitted", *, dropout: float) -> Classifier:
    """A network that ends after the fitted part and has the fitted classifier; the backbone is shared, not copied."""
    result = Classifier(backbone, len(fitted.linear.bias), depth=fitted.part + 1, dropout=dropout)
    with torch.no_grad():
        result.classifier.weight.copy_(torch.from_numpy(fitted.linear.weight))
        result.classifier.bias.copy_(torch.from_numpy(fitted.linear.bias))
    return result


def pooled(maps: Tensor) -> Tensor:
    """The mean of each map: (B, C, H, W) → (B, C)."""
    return maps.mean(dim=(2, 3))


MOMENTUM = 0.1
"""Share of a batch in the running statistics of a network that learns from scratch, as in torch's own default."""


def random_weights(backbone: Backbone, *, seed: int) -> None:
    """Draw the weights of a network with batch normalisation anew.

    Convolutions by He et al. (“Delving deep into rectifiers”, ICCV 2015, equation 14, each group by itself), the
    normalisations as the identity. Their statistics then follow the batches closely: several of the published networks
    keep them for hundreds of steps, which a short training does not have. A network without batch normalisation stays
    as its authors draw it.
    """
    if not any(isinstance(module, nn.BatchNorm2d) for module in backbone.modules()):
        return
    generator = torch.Generator().manual_seed(seed)
    for module in backbone.modules():
        if isinstance(module, nn.Conv2d):
            fan_out = module.kernel_size[0] * module.kernel_size[1] * module.out_channels // module.groups
            nn.init.normal_(module.weight, 0.0, (2 / fan_out) ** 0.5, generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
            module.momentum = MOMENTUM
