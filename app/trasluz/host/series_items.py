"""What one series looks like, for whoever shows it."""

from pathlib import Path
from typing import Final

import numpy as np

from trasluz.api import DataError, Sample

SUFFIXES: Final = (".csv", ".tsv", ".ts")
_COLUMNS: Final = 120
"""Of a small drawing."""
_HEIGHT: Final = 0.62
"""Of a picture, by its width."""


def is_table(path: Path) -> bool:
    """Whether an input is a table that may hold series, also one series of it: `FILE#part`."""
    from trasluz.core.data.readers.parts import file_and_part

    return file_and_part(str(path))[0].suffix.lower() in SUFFIXES


def series_at(path: Path) -> Sample:
    """A series outside of any data.

    Raises:
        DataError: If it cannot be read.
    """
    from trasluz.core.data.readers.forecasts import Forecasts
    from trasluz.core.data.readers.series_classes import SeriesClasses

    try:
        return Forecasts().open(str(path))
    except DataError:
        return SeriesClasses().open(str(path))


def pictured_series(sample: Sample, width: int) -> np.ndarray:
    """The picture of a series, (H, W, 3) uint8."""
    from trasluz.core.data.series_picture import drawn_series

    return drawn_series(sample.array("series"), width, round(width * _HEIGHT))


def lines_of(sample: Sample) -> list[list[float | None]]:
    """The channels of a series as lines for a small drawing, each from 0 to 1 and None where there is no value.

    Of several values that fall together the least and the greatest are kept, so that no peak is lost, each in its turn.
    """
    from trasluz.core.data.series_picture import CHANNELS

    found = []
    for channel in sample.array("series").T[:CHANNELS].astype(float):
        known = channel[np.isfinite(channel)]
        if not len(known):
            continue
        low, size = float(known.min()), float(np.ptp(known))
        shares = (channel - low) / size if size > 0 else np.where(np.isfinite(channel), 0.5, np.nan)
        if len(shares) > 2 * _COLUMNS:
            shares = np.concatenate([_ends(part) for part in np.array_split(shares, _COLUMNS)])
        found.append([round(float(v), 3) if np.isfinite(v) else None for v in shares])
    return found


def _ends(part: np.ndarray) -> np.ndarray:
    """The least and the greatest value of a stretch, in the order in which they come."""
    if not np.isfinite(part).any():
        return np.full(2, np.nan)
    found: np.ndarray = part[np.sort([np.nanargmin(part), np.nanargmax(part)])]
    return found
