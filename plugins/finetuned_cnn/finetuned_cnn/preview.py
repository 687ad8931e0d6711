"""What finetuning makes of photos, by the code of finetuning itself, for whoever wants to see it."""

from collections.abc import Sequence

import numpy as np

from trasluz.api import Sample

from . import mixing
from .augment import Variation, shrunk
from .config import FinetunedCnnConfig
from .finetune import KEPT_LARGER

SIDE = 224
"""Of the pictures: that of most backbones. For one that sees larger squares the alterations are the same, drawn at
this size."""
UNALTERED = ("linear", "stages")
"""The strategies whose photos go through the frozen network once, as they are."""


def varied(
    samples: Sequence[Sample], config: FinetunedCnnConfig, draws: Sequence[np.random.Generator]
) -> list[np.ndarray] | None:
    """Alter photos (H, W, 3) uint8 as a batch of finetuning: each (224, 224, 3) uint8; None where none is altered."""
    if config.strategy in UNALTERED:
        return None
    vary = Variation.from_config(config, SIDE)
    photos = [shrunk(sample.array("image"), round(SIDE * KEPT_LARGER)) for sample in samples]
    # In the order of training: the same generator alters a photo, then says how it is mixed.
    altered = np.stack([vary(photo, draw) for photo, draw in zip(photos, draws, strict=True)])
    mixed, _ = mixing.mixed(config.mixing, altered, np.stack([mixing.drawn(config.mixing, draw) for draw in draws]))
    return list(mixed)
