"""Small drawings of series, for those who watch while a network learns."""

import numpy as np

from trasluz.api import PreviewLine

POINTS = 80
"""Of a drawn line at the most; every pass of a run writes some down."""
CHANNELS = 3


def line(values: np.ndarray, *, name: str = "", start: float = 0.0) -> PreviewLine:
    """A line through values (T,), thinned out, NaN where there is none."""
    every = max(1, -(-len(values) // POINTS))
    kept = np.asarray(values, np.float64)[::every]
    rounded = [float(f"{v:.4g}") if np.isfinite(v) else None for v in kept]
    return PreviewLine(name=name, start=start, step=float(every), values=tuple(rounded))


def channels(values: np.ndarray) -> tuple[PreviewLine, ...]:
    """The first channels of a series (T, D), each in its own units, brought to one height."""
    found = []
    for channel in values.T[:CHANNELS]:
        known = channel[np.isfinite(channel)]
        low, size = (float(known.min()), float(np.ptp(known)) or 1.0) if len(known) else (0.0, 1.0)
        found.append(line((channel - low) / size))
    return tuple(found)
