"""What one series looks like, for whoever shows it."""

from pathlib import Path
from typing import Final

import numpy as np

from trasluz.api import DataError, Sample

SUFFIXES: Final = (".csv", ".tsv", ".ts")
_HEIGHT: Final = 0.62
"""Of a picture, by its width."""


def is_table(path: Path) -> bool:
    """Whether an input is a table that may hold series, also one series of it: `FILE#part`."""
    from trasluz.core.data.readers.parts import file_and_part

    return file_and_part(str(path))[0].suffix.lower() in SUFFIXES


def pictured_table(path: Path, width: int) -> np.ndarray:
    """The picture of a series outside of any data, (H, W, 3) uint8.

    Raises:
        DataError: If it cannot be read.
    """
    from trasluz.core.data.readers.forecasts import Forecasts
    from trasluz.core.data.readers.series_classes import SeriesClasses

    try:
        return pictured_series(Forecasts().open(str(path)), width)
    except DataError:
        return pictured_series(SeriesClasses().open(str(path)), width)


def pictured_series(sample: Sample, width: int) -> np.ndarray:
    """The picture of a series, (H, W, 3) uint8."""
    from trasluz.core.data.series_picture import drawn_series

    return drawn_series(sample.array("series"), width, round(width * _HEIGHT))
