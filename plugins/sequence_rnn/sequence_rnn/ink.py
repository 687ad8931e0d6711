"""Lines of ink on their way to the network: brought to one height, altered in training.

What a person writes differs in size, so besides the height also the width is settled: a line is stretched until the
characters of the training data are about `COLUMNS_A_CHARACTER` wide, by one factor for all its lines.

Shapes: (H, W) uint8 grey; h is `LineStem.HEIGHT`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

HEIGHT = 40
"""Rows of a line on its way into the network; `LineStem.HEIGHT`."""
COLUMNS_A_CHARACTER = 15.0
"""Columns of a narrow character, one that only a quarter of the lines go below: nearly four steps."""
LEAST_COLUMNS = 16
FLAT = 8.0
"""Added to the spread of a line's greys, so that an empty line does not become a storm of noise."""


def columns_for(lengths: Sequence[float], sizes: Sequence[int]) -> float:
    """How many columns a line gets for each unit of its width at height 1.

    Args:
        lengths: Width of each train line, its height being 1.
        sizes: Characters of each.
    """
    each = np.asarray(lengths, np.float64) / np.maximum(1, np.asarray(sizes))
    return float(np.clip(COLUMNS_A_CHARACTER / np.percentile(each, 25), HEIGHT / 2, 4 * HEIGHT))


def width_of(height: int, width: int, scale: float) -> int:
    """The columns that a line of this size gets."""
    return max(LEAST_COLUMNS, int(np.floor(width * scale / height + 0.5)))


def brought(line: np.ndarray, scale: float) -> "Tensor":
    """A line in the network's height: (h, w) float32, 0 to 255."""
    import torch
    from torch.nn import functional

    size = (HEIGHT, width_of(*line.shape, scale))
    levels = torch.from_numpy(np.ascontiguousarray(line)).float()[None, None]
    return functional.interpolate(levels, size=size, mode="bilinear", antialias=True)[0, 0]


def normalised(levels: "Tensor") -> "Tensor":
    """Ink is positive, paper a little below zero, whatever pen and lamp: (…, h, w) → (…, h, w)."""
    mean = levels.mean(dim=(-2, -1), keepdim=True)
    spread = (levels - mean).square().mean(dim=(-2, -1), keepdim=True).sqrt()
    return (mean - levels) / (spread + FLAT)


def varied(line: np.ndarray, strength: float, draw: np.random.Generator) -> np.ndarray:
    """A line as another hand and another pen might have written it: slanted, stretched, bent, thinner or thicker.

    Args:
        line: (h, w) uint8.
        strength: 0 leaves it, 1 alters it strongly.
        draw: What decides.

    Returns:
        (h, w') uint8.
    """
    import torch
    from torch.nn import functional

    if strength <= 0:
        return line
    height, width = line.shape
    stretch = float(np.exp(draw.normal(0, 0.16 * strength)))
    wide = max(LEAST_COLUMNS, round(width * stretch))
    paper = float(np.percentile(line, 85))
    levels = torch.from_numpy(line.astype(np.float32) - paper)[None, None]  # outside is paper
    if draw.random() < 0.5 * strength:
        levels = _thickened(levels, draw)
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    columns = np.linspace(-1, 1, wide, dtype=np.float32)[None, :]
    slant = draw.normal(0, 0.5 * strength)  # columns moved for each row
    size = float(np.exp(draw.normal(0, 0.10 * strength)))
    y = rows / size + draw.normal(0, 0.08 * strength) + draw.normal(0, 0.02 * strength) * columns
    x = columns + rows * slant * height / width
    bend = _smooth(height, wide, draw)
    grid = np.stack([x + bend[0] * 3.0 * strength / width, y + bend[1] * 3.0 * strength / height], axis=-1)
    moved = functional.grid_sample(
        levels, torch.from_numpy(grid.astype(np.float32))[None], mode="bilinear", align_corners=True
    )[0, 0].numpy()
    contrast = float(np.exp(draw.normal(0, 0.2 * strength)))
    noise = draw.normal(0, 10 * strength * draw.random(), moved.shape)
    return np.clip(paper + moved * contrast + noise, 0, 255).astype(np.uint8)


def _thickened(levels: "Tensor", draw: np.random.Generator) -> "Tensor":
    """Ink spread by a pixel, or eaten by one, to a part."""
    from torch.nn import functional

    share = float(draw.random()) * 0.7
    other = -functional.max_pool2d(-levels, 3, 1, 1) if draw.random() < 0.5 else functional.max_pool2d(levels, 3, 1, 1)
    return levels * (1 - share) + other * share


def _smooth(height: int, width: int, draw: np.random.Generator) -> np.ndarray:
    """Smooth random shifts, (2, height, width) of about unit size (Simard et al., ICDAR 2003), coarse ones enlarged."""
    import torch
    from torch.nn import functional

    coarse = draw.normal(0, 1, (1, 2, 3, max(3, width // 24))).astype(np.float32)
    found = functional.interpolate(torch.from_numpy(coarse), size=(height, width), mode="bicubic", align_corners=True)
    result: np.ndarray = found[0].numpy()
    return result
