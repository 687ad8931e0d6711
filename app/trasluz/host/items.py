"""What one item of the data looks like, or sounds like, for whoever shows it."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api import Audio, DataError, Sample, view_to_json

from .series_items import is_table, lines_of, pictured_series, series_at

if TYPE_CHECKING:
    from trasluz.core.plugins.registry import Registry

_COLUMNS = 160
"""Of the loudness of a recording."""


def pictured(registry: "Registry", path: Path, *, at_most: int, part: str, index: str, small: bool) -> dict[str, Any]:
    """A picture of an item: `image` (H, W, 3) uint8; where it is small, of a recording `low` and `high`, of a series
    `lines`, a list of numbers from 0 to 1 (None where there is none) for each of its first channels.

    Raises:
        DataError: If it cannot be read.
    """
    from trasluz.core.data import sounds
    from trasluz.core.data.images import read_image, thumbnail

    if is_table(path):
        series = _series(registry, path, part, index)
        return {"lines": lines_of(series)} if small else {"image": pictured_series(series, min(800, at_most))}
    if part and index:
        return {"image": _fitted(image_of(_part(registry, path, part, Path(index))), at_most)}
    if str(path).lower().endswith(sounds.SUFFIXES):
        if small:
            low, high, seconds = sounds.loudness(path, _COLUMNS)
            return {"low": low.tolist(), "high": high.tolist(), "seconds": seconds}
        width = min(800, at_most)
        return {"image": sounds.drawn(path, width, width // 2)}
    return {"image": thumbnail(path, at_most) if small else read_image(path, at_most=at_most)}


def heard(path: Path) -> dict[str, Any]:
    """A recording as an `Audio` view.

    Raises:
        DataError: If it cannot be read.
    """
    from trasluz.core.data.sounds import read_sound

    samples, rate = read_sound(path)
    return view_to_json(Audio(title=path.name, samples=samples, rate=rate))


def _series(registry: "Registry", path: Path, part: str, index: str) -> Sample:
    """By the place that the list of the data knows, or else by looking for it: a forecast is made in between."""
    if part and index:
        try:
            return _part(registry, path, part, Path(index))
        except DataError:
            pass
    return series_at(Path(f"{path}#{part}") if part else path)


def _part(registry: "Registry", path: Path, part: str, index: Path) -> Sample:
    from trasluz.core.data.index import Index

    with closing(Index.open(index, registry.sources)) as dataset:
        return dataset.read(dataset.record_of(path, part))


def image_of(sample: Sample) -> np.ndarray:
    """The picture of a sample, (H, W, 3) uint8: of a photo, or of a line in grey.

    Raises:
        DataError: If it has none.
    """
    if "image" in sample.inputs:
        return sample.array("image")
    return np.repeat(sample.array("line")[:, :, None], 3, axis=2)


def _fitted(image: np.ndarray, at_most: int) -> np.ndarray:
    from PIL import Image

    longest = max(image.shape[:2])
    if longest <= at_most:
        return np.ascontiguousarray(image)
    height, width = (max(1, round(n * at_most / longest)) for n in image.shape[:2])
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BOX))
