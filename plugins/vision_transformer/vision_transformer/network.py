"""The Vision Transformer.

Dosovitskiy et al., “An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale”, ICLR 2021,
equations 1–4: a photo is cut into patches, each patch becomes a token by one linear map, a learnable classification
token comes before them, positions are added, and a pre-norm Transformer encoder follows; the classifier reads the
classification token. The distillation token is that of DeiT (Touvron et al., ICML 2021), stochastic depth of Huang et
al. (ECCV 2016), layer scale of CaiT (Touvron et al., ICCV 2021), registers of Darcet et al. (ICLR 2024).

Shapes: B photos, S the side of a photo, P of a patch, N = (S/P)² patches, L leading tokens (classification,
distillation, registers), T = L + N tokens, W the width, H heads of D = W/H numbers, K classes.
"""

import hashlib
import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from trasluz.torchkit.photos.facts import Preparation

Positions = Literal["learned", "sinusoidal", "rotary"]
Reads = Literal["class", "class+mean", "class+distillation"]

ROTARY_BASE, SINUSOIDAL_BASE = 100.0, 10_000.0
"""Of the frequencies: that of Heo et al., “Rotary Position Embedding for Vision Transformer”, ECCV 2024, for axes of
some ten places; and that of Vaswani et al., NIPS 2017."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Everything that makes the network besides its weights.

    Attributes:
        size: The side of the square it sees, S; a multiple of `patch`.
        patch: The side of a patch, P.
        width: Numbers of a token, W.
        depth: Blocks of the encoder.
        heads: Heads of each attention, H.
        hidden: Numbers in the middle of each block's perceptron.
        positions: How it knows where a patch lies.
        registers: Tokens without a meaning of their own, on which it may put what belongs to no patch.
        distillation_token: Whether a second learnable token comes after the classification token.
        layer_scale: The first value of a factor for each number that a block adds; no such factor where None.
        epsilon: Of the normalisations.
        reads: What the classifier reads.
    """

    size: int
    patch: int
    width: int
    depth: int
    heads: int
    hidden: int
    positions: Positions = "learned"
    registers: int = 0
    distillation_token: bool = False
    layer_scale: float | None = None
    epsilon: float = 1e-6
    reads: Reads = "class"

    @property
    def grid(self) -> int:
        """Patches along a side."""
        return self.size // self.patch

    @property
    def placed(self) -> int:
        """Leading tokens that have a position of their own."""
        return 2 if self.distillation_token else 1

    @property
    def leading(self) -> int:
        """Tokens before the patches, L."""
        return self.placed + self.registers

    @property
    def features(self) -> int:
        """Numbers that the classifier reads."""
        return self.width if self.reads == "class" else 2 * self.width


SIZES: dict[str, tuple[int, int, int]] = {
    "mini": (128, 6, 4),
    "tiny": (192, 12, 3),
    "small": (384, 12, 6),
    "base": (768, 12, 12),
    "large": (1024, 24, 16),
}
"""Width, depth and heads: Ti and S of DeiT, B and L of the ViT paper, and one for computers without a GPU."""


def sized(name: str, *, size: int, patch: int, **others: object) -> Shape:
    """The shape of that name, with a perceptron of four times its width."""
    width, depth, heads = SIZES[name]
    return Shape(size, patch, width, depth, heads, 4 * width, **others)  # type: ignore[arg-type]


class Embedding(nn.Module):
    """From a photo to tokens (equation 1): patches by one linear map, leading tokens, positions.

    The map is written as a convolution whose kernel and stride are a patch. Learned positions begin as sinusoids, so
    that a network which learns from few photos need not find out first what lies beside what.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.patches = nn.Conv2d(3, shape.width, shape.patch, stride=shape.patch)
        self.class_token = nn.Parameter(torch.zeros(shape.width))
        self.distillation_token = nn.Parameter(torch.zeros(shape.width)) if shape.distillation_token else None
        self.register_tokens = nn.Parameter(torch.zeros(shape.registers, shape.width)) if shape.registers else None
        known = torch.cat([torch.zeros(shape.placed, shape.width), sinusoids(shape.grid, shape.width)])
        self.positions: Tensor | None
        if shape.positions == "learned":
            self.positions = nn.Parameter(known)
        elif shape.positions == "sinusoidal":
            self.register_buffer("positions", known)
        else:
            self.positions = None

    def patch_tokens(self, photos: Tensor) -> Tensor:
        """(B, 3, S, S), normalised → (B, N, W), with their positions."""
        tokens = self.patches(photos).flatten(2).transpose(1, 2)
        return tokens if self.positions is None else tokens + self.positions[self.shape.placed :]

    def leading_tokens(self, count: int) -> Tensor:
        """The tokens before the patches, for `count` photos: (B, L, W)."""
        first = [self.class_token] if self.distillation_token is None else [self.class_token, self.distillation_token]
        tokens = torch.stack(first)
        if self.positions is not None:
            tokens = tokens + self.positions[: self.shape.placed]
        if self.register_tokens is not None:
            tokens = torch.cat([tokens, self.register_tokens])
        return tokens.expand(count, -1, -1)

    def forward(self, photos: Tensor) -> Tensor:
        """(B, 3, S, S), normalised → (B, T, W)."""
        return torch.cat([self.leading_tokens(len(photos)), self.patch_tokens(photos)], dim=1)


class Attention(nn.Module):
    """Multi-head self-attention (Vaswani et al., “Attention Is All You Need”, NIPS 2017, section 3.2)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.queries_keys_values = nn.Linear(shape.width, 3 * shape.width)
        self.out = nn.Linear(shape.width, shape.width)

    def _split(self, tokens: Tensor, rotation: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of all heads, (B, H, T, D) each."""
        made = self.queries_keys_values(tokens)
        q, k, v = made.unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return (q, k, v) if rotation is None else (rotated(q, rotation), rotated(k, rotation), v)

    def forward(self, tokens: Tensor, rotation: Tensor | None = None) -> Tensor:
        """(B, T, W) → (B, T, W), by the fused kernel."""
        found = functional.scaled_dot_product_attention(*self._split(tokens, rotation))
        result: Tensor = self.out(found.transpose(1, 2).flatten(2))
        return result

    def weights(self, tokens: Tensor, rotation: Tensor | None = None) -> Tensor:
        """How much each token takes from each: (B, H, T, T), rows sum to 1."""
        q, k, _ = self._split(tokens, rotation)
        return (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).softmax(-1)


class Block(nn.Module):
    """One layer of the encoder (equations 2 and 3): attention, then a perceptron, each added to what came in."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.before_attention = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.attention = Attention(shape)
        self.before_perceptron = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.widen = nn.Linear(shape.width, shape.hidden)
        self.narrow = nn.Linear(shape.hidden, shape.width)
        scale = shape.layer_scale
        self.attention_scale = None if scale is None else nn.Parameter(torch.full((shape.width,), scale))
        self.perceptron_scale = None if scale is None else nn.Parameter(torch.full((shape.width,), scale))
        self.skipped = 0.0
        """How often a training step leaves out what this block adds to a photo (stochastic depth)."""

    def forward(self, tokens: Tensor, rotation: Tensor | None = None) -> Tensor:
        """(B, T, W) → (B, T, W)."""
        tokens = tokens + self._added(self.attention(self.before_attention(tokens), rotation), self.attention_scale)
        inner = functional.gelu(self.widen(self.before_perceptron(tokens)))
        return tokens + self._added(self.narrow(inner), self.perceptron_scale)

    def _added(self, found: Tensor, scale: Tensor | None) -> Tensor:
        if scale is not None:
            found = found * scale
        if not self.training or self.skipped == 0:
            return found
        kept = torch.rand(len(found), 1, 1, device=found.device) >= self.skipped
        return found * kept / (1 - self.skipped)


class VisionTransformer(nn.Module):
    """The encoder with a classifier.

    Args:
        shape: What it is made of.
        classes: How many classes it tells apart, K.
        preparation: What happens to a photo before it comes in.
    """

    def __init__(self, shape: Shape, classes: int, preparation: Preparation) -> None:
        super().__init__()
        if shape.size % shape.patch or shape.width % (4 * shape.heads):
            raise ValueError("the side is no multiple of the patch, or the width none of four times the heads")
        self.shape, self.preparation = shape, preparation
        self.embedding = Embedding(shape)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.depth))
        self.norm = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.classifier = nn.Linear(shape.features, classes)
        rotation = rotations(shape) if shape.positions == "rotary" else None
        self.register_buffer("rotation", rotation, persistent=False)
        self.apply(_initialise)
        nn.init.trunc_normal_(self.embedding.class_token, std=0.02)

    def normalised(self, levels: Tensor) -> Tensor:
        """Levels from 0 to 255, (B, 3, S, S) → what the network sees."""
        prepared = self.preparation
        mean, std = (torch.tensor(each, device=levels.device).view(3, 1, 1) for each in (prepared.mean, prepared.std))
        return (levels.float() - mean) / std

    def parts(self) -> list[tuple[str, nn.Module]]:
        """The named parts from the photo to the classes."""
        blocks = [(f"layer {number}", block) for number, block in enumerate(self.blocks, start=1)]
        return [("patches", self.embedding), *blocks, ("classifier", nn.ModuleList([self.norm, self.classifier]))]

    def skip_blocks(self, chance: float) -> None:
        """Skip the last block so often in training, earlier ones less, the first one never."""
        for number, block in enumerate(self.blocks):
            block.skipped = chance * number / max(1, self.shape.depth - 1)

    def encode(self, tokens: Tensor, kept: Tensor | None = None) -> Tensor:
        """Tokens (B, T, W) through all blocks and the last normalisation.

        Args:
            tokens: All of them, or those that are kept.
            kept: Which ones those are, (B, T'), counted among all T; all of them where None.
        """
        result: Tensor = self.norm(deque(self.through(tokens, kept), maxlen=1)[0])
        return result

    def through(self, tokens: Tensor, kept: Tensor | None = None) -> Iterator[Tensor]:
        """The tokens (B, T, W) after each block, of the same tokens as `encode`."""
        rotation = self.rotation
        if rotation is not None and kept is not None:
            rotation = rotation[:, kept].unsqueeze(2)  # (2, B, 1, T', D/2)
        for block in self.blocks:
            tokens = block(tokens, rotation)
            yield tokens

    def read(self, tokens: Tensor) -> Tensor:
        """What the classifier reads of the encoded tokens: (B, T, W) → (B, C)."""
        if self.shape.reads == "class":
            return tokens[:, 0]
        if self.shape.reads == "class+distillation":
            return tokens[:, :2].flatten(1)
        return torch.cat([tokens[:, 0], tokens[:, self.shape.leading :].mean(dim=1)], dim=1)

    def features(self, photos: Tensor) -> Tensor:
        """(B, 3, S, S), normalised → what the classifier reads, (B, C)."""
        return self.read(self.encode(self.embedding(photos)))

    def forward(self, photos: Tensor) -> Tensor:
        """(B, 3, S, S), normalised → logits (B, K)."""
        logits: Tensor = self.classifier(self.features(photos))
        return logits

    def attention(self, photos: Tensor) -> list[Tensor]:
        """The weights of each block's attention, (B, H, T, T) each."""
        tokens, found = self.embedding(photos), []
        for block in self.blocks:
            found.append(block.attention.weights(block.before_attention(tokens), self.rotation))
            tokens = block(tokens, self.rotation)
        return found

    def fingerprint(self) -> str:
        """A hash of all that decides what it makes of a photo."""
        digest = hashlib.sha256(repr((1, asdict(self.shape), self.preparation)).encode())
        for name, tensor in sorted(self.state_dict().items()):
            if not name.startswith("classifier."):
                digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
                digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
        return digest.hexdigest()[:16]


def at_resolution(network: VisionTransformer, size: int) -> VisionTransformer:
    """The same network for photos of another size, its learned positions interpolated (the ViT paper, section 3.2).

    Args:
        network: Not changed.
        size: A multiple of its patch.
    """
    shape = replace(network.shape, size=size)
    result = VisionTransformer(shape, network.classifier.out_features, replace(network.preparation, size=size))
    weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    if shape.positions == "learned":
        weights["embedding.positions"] = interpolated(weights["embedding.positions"], shape.placed, shape.grid)
    elif shape.positions == "sinusoidal":
        weights["embedding.positions"] = result.state_dict()["embedding.positions"]
    result.load_state_dict(weights)
    return result.train(network.training)


def interpolated(positions: Tensor, placed: int, grid: int) -> Tensor:
    """Positions of a square of patches for one with another number of them: (L + N, W) → (L + grid², W), bicubic."""
    before = math.isqrt(len(positions) - placed)
    if before == grid:
        return positions
    image = positions[placed:].T.reshape(1, -1, before, before)
    resized = functional.interpolate(image, size=(grid, grid), mode="bicubic", align_corners=False)
    return torch.cat([positions[:placed], resized.flatten(2)[0].T])


def sinusoids(grid: int, width: int) -> Tensor:
    """Two-dimensional sinusoids, (grid², W): half of the numbers say the row, half the column (MoCo v3, MAE)."""
    frequencies = SINUSOIDAL_BASE ** (-torch.arange(width // 4, dtype=torch.float64) / (width // 4))
    angles = torch.arange(grid, dtype=torch.float64)[:, None] * frequencies  # (grid, W/4)
    waves = torch.cat([angles.sin(), angles.cos()], dim=1)  # (grid, W/2)
    down, across = waves[:, None].expand(-1, grid, -1), waves[None].expand(grid, -1, -1)
    return torch.cat([down, across], dim=2).reshape(grid * grid, -1).float()


def rotations(shape: Shape) -> Tensor:
    """Cosines and sines by which queries and keys are turned, (2, T, D/2): a quarter of D by row, one by column.

    Tokens before the patches are not turned.
    """
    quarter = shape.width // shape.heads // 4
    frequencies = ROTARY_BASE ** (-torch.arange(quarter, dtype=torch.float64) / quarter)
    angles = torch.arange(shape.grid, dtype=torch.float64)[:, None] * frequencies
    down, across = angles[:, None].expand(-1, shape.grid, -1), angles[None].expand(shape.grid, -1, -1)
    placed = torch.cat([down, across], dim=2).reshape(shape.grid**2, -1)
    every = torch.cat([torch.zeros(shape.leading, 2 * quarter, dtype=torch.float64), placed])
    return torch.stack([every.cos(), every.sin()]).float()


def rotated(x: Tensor, rotation: Tensor) -> Tensor:
    """Turn pairs of numbers, the first of one half with the first of the other: (B, H, T, D) by (2, …, T, D/2)."""
    cosine, sine = rotation
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=-1)


def trained_parts(network: VisionTransformer, learning: Sequence[str]) -> list[dict[str, object]]:
    """The parts for the card: their names, widths, weights, and whether they learned."""
    found: list[dict[str, object]] = []
    for name, part in network.parts():
        size = sum(parameter.numel() for parameter in part.parameters())
        found.append({"name": name, "channels": network.shape.width, "size": size, "learning": name in learning})
    return found


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Conv2d):
        nn.init.trunc_normal_(
            module.weight, std=0.02 if isinstance(module, nn.Linear) else module.weight[0].numel() ** -0.5
        )
        if module.bias is not None:
            nn.init.zeros_(module.bias)
