"""A series as a small picture: a line for each channel, a gap where values are missing."""

from typing import Final

import numpy as np

CHANNELS: Final = 6
"""Lines that are drawn at the most."""
_PAPER: Final = 250
_INKS: Final = (
    (52, 92, 168),
    (201, 96, 40),
    (46, 139, 110),
    (148, 84, 160),
    (150, 120, 40),
    (110, 110, 120),
)
_MARGIN: Final = 0.06


def drawn_series(values: np.ndarray, width: int, height: int) -> np.ndarray:
    """Draw a series, (height, width, 3) uint8; each channel between its own least and greatest value.

    Of several values that fall into one column the whole range is inked, so that no peak is lost.

    Args:
        values: (T, D) float, NaN where there is no value.
        width: Pixels.
        height: Pixels.
    """
    picture = np.full((height, width, 3), _PAPER, np.uint8)
    top, room = height * _MARGIN, height * (1 - 2 * _MARGIN) - 1
    rows = np.arange(height)[:, None]
    thick = max(0.6, height / 256)
    for channel in range(min(CHANNELS, values.shape[1]) - 1, -1, -1):  # the first one lies on top
        column = values[:, channel].astype(float)
        known = np.isfinite(column)
        if not known.any():
            continue
        low, high = float(column[known].min()), float(column[known].max())
        share = (column - low) / (high - low) if high > low else np.where(known, 0.5, np.nan)
        upper, lower = _columns(top + room * (1 - share), width)
        with np.errstate(invalid="ignore"):
            inked = (rows >= upper - thick) & (rows <= lower + thick)
        picture[inked] = _INKS[channel]
    return picture


def _columns(heights: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The least and the greatest height in each column, (width,); NaN where there is a gap.

    Each column takes in the straight line on to the next one, so that a steep line has no holes.
    """
    count = len(heights)
    if count == 1:
        return np.full(width, heights[0]), np.full(width, heights[0])
    at = np.linspace(0, count - 1, width + 1)
    between = np.floor(at).astype(int)
    following = np.minimum(between + 1, count - 1)
    share = at - between
    # A point beside a gap is drawn for itself; 0 × NaN is no number either.
    ends = np.where(share == 0, heights[between], heights[between] * (1 - share) + heights[following] * share)
    upper, lower = np.fmin(ends[:-1], ends[1:]), np.fmax(ends[:-1], ends[1:])
    for x in range(width):
        inside = heights[int(np.ceil(at[x])) : int(np.floor(at[x + 1])) + 1]
        if np.isfinite(inside).any():
            upper[x] = np.fmin(upper[x], np.nanmin(inside))
            lower[x] = np.fmax(lower[x], np.nanmax(inside))
    return upper, lower
