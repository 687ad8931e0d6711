"""How a checkpoint of the model hub wants its photos, from its own `preprocessor_config.json`."""

import math
from collections.abc import Mapping
from typing import Any, Literal

from trasluz.api import FamilyError
from trasluz.torchkit.checkpoint_folder import PREPROCESSOR, CheckpointFolder

from .facts import Preparation

SIZES = range(16, 1025)
"""Sides of photos, in pixels, that are taken for no mistake."""
BICUBIC, LANCZOS = 3, 1
"""Pillow's numbers of the filters; the second has no counterpart in ONNX, and this one is the nearest."""
RESCALE = 1 / 255


def preparation(folder: CheckpointFolder) -> Preparation:
    """What the checkpoint's own preprocessor does to the levels of a photo, as one subtraction and one division.

    The middle square is always used whole: what the preprocessor cuts off at the edges of it stays in.

    Raises:
        FamilyError: If that is not said, or is nothing that can be done here.
    """
    said, where = folder.preprocessor, folder.path / PREPROCESSOR
    if not said:
        raise FamilyError(f"“{folder.path}” has no {PREPROCESSOR}, so it is not known how it wants its photos.")
    try:
        side = _side(said)
        factor = float(said.get("rescale_factor", RESCALE)) if said.get("do_rescale", True) else 1.0
        offset = 1.0 if said.get("rescale_offset", False) else 0.0
        mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
        if said.get("do_normalize", True):
            mean, std = _three(said["image_mean"]), _three(said["image_std"])
        if said.get("include_top", False):  # EfficientNet divides once more
            std = tuple(value * value for value in std)  # type: ignore[assignment]
        if factor <= 0 or min(std) <= 0 or not all(map(math.isfinite, (factor, *mean, *std))):
            raise ValueError
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise FamilyError(
            f"“{where}” does not say how it wants its photos: it needs a square size between {SIZES.start} and "
            f"{SIZES.stop - 1} pixels, image_mean and image_std."
        ) from error
    method: Literal["bilinear", "bicubic"] = "bicubic" if said.get("resample") in (BICUBIC, LANCZOS) else "bilinear"
    low = tuple((value + offset) / factor for value in mean)
    scale = tuple(value / factor for value in std)
    return Preparation(size=side, mean=low, std=scale, method=method)  # type: ignore[arg-type]


def _side(said: Mapping[str, Any]) -> int:
    size = said.get("crop_size") if said.get("do_center_crop") and said.get("crop_size") else said["size"]
    if isinstance(size, Mapping):
        height = size.get("shortest_edge") or size["height"]
        if (size.get("width") or height) != height:
            raise ValueError
        size = height
    if isinstance(size, list | tuple):
        size = size[0]
    side = int(size)
    if side not in SIZES:
        raise ValueError
    return side


def _three(values: Any) -> tuple[float, float, float]:
    numbers = [float(value) for value in values] if isinstance(values, list | tuple) else [float(values)] * 3
    red, green, blue = numbers if len(numbers) == 3 else numbers * 3
    return red, green, blue
