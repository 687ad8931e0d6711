"""Views of photos: altered as the settings say, and always the same for the same photo. Without torch."""

import zlib
from collections.abc import Sequence

import numpy as np
from PIL import Image

from trasluz.api import Sample
from trasluz.torchkit.photos.augment import Variation, shrunk
from trasluz.torchkit.photos.graph import IMAGE
from trasluz.torchkit.photos.learning import KEPT_LARGER

from .config import OWN_SIDE, VisionTransformerConfig

TEACHER_SEES = 128
"""Pixels that a view has at the least where the teacher sees it; the pupil sees the same one, smaller."""
FRESH = 2
"""Fresh alterations for the number of views that the teacher was asked about."""
OTHER_PHOTOS = 16
"""By every so manieth pixel a photo is known, for what is drawn for its views."""


class AlteredView:
    """A view of each photo, altered as the settings say, or not at all.

    Args:
        config: The settings.
        side: Of the pupil's pictures, S.
        number: Of the view; 0 is the photo as it is.
    """

    def __init__(self, config: VisionTransformerConfig, side: int, number: int) -> None:
        self._number, self._seed = number, config.seed
        self._times = -(-TEACHER_SEES // side)
        whole = Variation(side * self._times, 0.0, mirror=False)
        self._vary = whole if number == 0 else Variation.from_config(config, side * self._times)

    @property
    def name(self) -> str:
        """All that decides what it makes of a photo."""
        return f"{self._vary} {self._seed} {self._number}"

    def __call__(self, photo: np.ndarray) -> np.ndarray:
        """What the teacher sees of a photo (H, W, 3) uint8."""
        mark = zlib.crc32(np.ascontiguousarray(photo[::OTHER_PHOTOS, ::OTHER_PHOTOS]))
        draw = np.random.Generator(np.random.PCG64(np.random.SeedSequence((self._seed, self._number, mark))))
        photo = shrunk(photo, round(self._vary.size * KEPT_LARGER))
        return self._vary(photo, draw)

    def small(self, photo: np.ndarray) -> np.ndarray:
        """What the pupil sees of it: (S, S, 3) uint8."""
        return np.asarray(Image.fromarray(self(photo)).reduce(self._times))


def fresh(config: VisionTransformerConfig, side: int) -> Variation:
    """The alteration of pictures that the teacher is not asked about."""
    return Variation.from_config(config, side)


def drawn_view(draw: np.random.Generator, views: int) -> int | None:
    """Which view of a photo is learned from; none of them, but a fresh alteration, where None."""
    number = int(draw.integers(views + FRESH))
    return number if number < views else None


def viewed(
    samples: Sequence[Sample], config: VisionTransformerConfig, draws: Sequence[np.random.Generator]
) -> list[np.ndarray]:
    """What the pupil learns from, for whoever wants to see it: a picture of each photo, (S, S, 3) uint8."""
    side = config.resolution or OWN_SIDE
    views = [AlteredView(config, side, number) for number in range(config.views + 1)]
    found = []
    for sample, draw in zip(samples, draws, strict=True):
        photo, view = sample.array(IMAGE), drawn_view(draw, len(views))
        if view is None:
            found.append(fresh(config, side)(shrunk(photo, round(side * KEPT_LARGER)), draw))
        else:
            found.append(views[view].small(photo))
    return found
