"""What finetuning makes of photos, by the code of finetuning itself, for whoever wants to see it."""

from collections.abc import Sequence

import numpy as np

from trasluz.api import Sample
from trasluz.torchkit.photos.preview import altered

from .config import FinetunedCnnConfig

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
    return altered(samples, config, draws, SIDE)
