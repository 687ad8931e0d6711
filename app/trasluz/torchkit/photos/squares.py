"""Photos on their way to the network in PyTorch: the same steps as in the exported graph.

Of a photo the largest square in its middle is used, resized without stretching. Chosen by cross-validation inside
the train part of clothing-small: 0.873 with the middle square, 0.857 with the whole photo in a padded square,
0.854 with the photo stretched to a square (linear classifier).
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from .facts import Preparation
    from .learning import Seeing


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a photo: which square of it, and whether left and right are swapped.

    Attributes:
        halves: How many halves of what lies beside the square come before it: 0 is the top or the left end of the
            photo, 1 its middle, 2 the other end.
        mirrored: Whether it is mirrored.
    """

    halves: int = 1
    mirrored: bool = False


LOOKS: Mapping[str, tuple[Look, ...]] = {
    "one": (Look(),),
    "mirrored": (Look(), Look(mirrored=True)),
    "squares": (Look(), Look(0), Look(2)),
    "both": tuple(Look(halves, mirrored) for halves in (1, 0, 2) for mirrored in (False, True)),
}
"""The setting `looks`. The answer is that of the mean of their features (Krizhevsky et al., NIPS 2012, 4.1, took the
mean of ten looks' probabilities; with the mean of features the answer is still linear in what was seen)."""


def middle_square(height: int, width: int) -> tuple[slice, slice]:
    """The rows and columns of the largest square in the middle of a photo."""
    return _square(height, width, 1)


def _square(height: int, width: int, halves: int) -> tuple[slice, slice]:
    side = min(height, width)
    top, left = (height - side) * halves // 2, (width - side) * halves // 2
    return slice(top, top + side), slice(left, left + side)


def as_levels(image: np.ndarray, prepared: "Preparation", look: Look = LOOKS["one"][0]) -> "Tensor":
    """A square of a photo (H, W, 3) uint8, resized, as levels from 0 to 255: (3, S, S) float32."""
    import torch
    from torch.nn import functional

    rows, columns = _square(*image.shape[:2], look.halves)
    square = torch.from_numpy(np.array(image[rows, columns])).permute(2, 0, 1)[None].float()
    size = (prepared.size, prepared.size)
    levels = functional.interpolate(square, size=size, mode=prepared.method, antialias=True)[0]
    return levels.flip(2) if look.mirrored else levels


def as_batch(images: Sequence[np.ndarray], seen: "Seeing", look: Look = LOOKS["one"][0]) -> "Tensor":
    """Photos of any sizes as a network wants them: (B, 3, S, S), normalised, channels last in memory."""
    import torch

    def levels_of(image: np.ndarray) -> "Tensor":
        return as_levels(image, seen.preparation, look)

    with ThreadPoolExecutor(max(1, min(len(images), torch.get_num_threads()))) as pool:  # one photo keeps one core busy
        levels = torch.stack(list(pool.map(levels_of, images)))
    return seen.normalised(levels).contiguous(memory_format=torch.channels_last)
