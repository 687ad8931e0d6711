"""What learning makes of photos, by the code of learning itself, for whoever wants to see it."""

from collections.abc import Sequence

import numpy as np

from trasluz.api import Sample

from . import mixing
from .augment import Variation, shrunk
from .learning import KEPT_LARGER, Recipe


def altered(
    samples: Sequence[Sample], config: Recipe, draws: Sequence[np.random.Generator], side: int
) -> list[np.ndarray]:
    """Alter photos (H, W, 3) uint8 as a batch of learning: each (side, side, 3) uint8."""
    vary = Variation.from_config(config, side)
    photos = [shrunk(sample.array("image"), round(side * KEPT_LARGER)) for sample in samples]
    # In the order of training: the same generator alters a photo, then says how it is mixed.
    varied = np.stack([vary(photo, draw) for photo, draw in zip(photos, draws, strict=True)])
    mixed, _ = mixing.mixed(config.mixing, varied, np.stack([mixing.drawn(config.mixing, draw) for draw in draws]))
    return list(mixed)
