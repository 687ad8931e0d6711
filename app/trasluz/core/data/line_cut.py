"""Cutting a line of text out of the picture of its page: turned upright, with the paper's tone around it.

Shapes: (H, W) uint8 grey; points are (x, y) in pixels of the page.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

Points = Sequence[tuple[float, float]]

_ABOVE: Final = 0.75
"""Of a line that is known by its baseline alone, this share of its height lies above the baseline."""
_SLOPE: Final = math.radians(1.0)
"""Lines that slope less are left as they are: turning blurs."""


def cut_line(page: np.ndarray, polygon: Points, baseline: Points = (), *, spacing: float = 0.0) -> np.ndarray | None:
    """Cut one line; None where its outline encloses nothing of the page.

    Args:
        page: (H, W) uint8 grey.
        polygon: The outline; may be empty where there is a baseline.
        baseline: From the first letter to the last; the line is turned until it lies level.
        spacing: The distance between lines, for a line that has a baseline alone; a fourteenth of its length if 0.

    Returns:
        (h, w) uint8: what lies outside the outline has the tone of the paper.
    """
    outline = list(polygon) if len(polygon) >= 3 else _around(baseline, spacing)
    if len(outline) < 3:
        return None
    height, width = page.shape
    xs, ys = [x for x, _ in outline], [y for _, y in outline]
    left, top = max(0, math.floor(min(xs))), max(0, math.floor(min(ys)))
    right, bottom = min(width, math.ceil(max(xs)) + 1), min(height, math.ceil(max(ys)) + 1)
    if right - left < 2 or bottom - top < 2:
        return None
    piece = page[top:bottom, left:right]
    mask = Image.new("L", (right - left, bottom - top), 0)
    ImageDraw.Draw(mask).polygon([(x - left, y - top) for x, y in outline], fill=255)
    inside = np.asarray(mask) > 0
    if not inside.any():
        return None
    paper = int(np.percentile(piece[inside], 90))
    masked = np.where(inside, piece, paper).astype(np.uint8)
    slope = _slope(baseline)
    if abs(slope) < _SLOPE:
        return np.ascontiguousarray(masked)
    turned = Image.fromarray(masked).rotate(
        math.degrees(slope), resample=Image.Resampling.BICUBIC, expand=True, fillcolor=paper
    )
    where = np.asarray(mask.rotate(math.degrees(slope), expand=True)) > 0
    rows, columns = np.flatnonzero(where.any(1)), np.flatnonzero(where.any(0))
    return np.ascontiguousarray(np.asarray(turned)[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def _around(baseline: Points, spacing: float) -> list[tuple[float, float]]:
    """An outline around a baseline."""
    if len(baseline) < 2:
        return []
    (x0, y0), (x1, y1) = baseline[0], baseline[-1]
    tall = spacing or max(20.0, math.hypot(x1 - x0, y1 - y0) / 14)
    above = [(x, y - _ABOVE * tall) for x, y in baseline]
    return above + [(x, y + (1 - _ABOVE) * tall) for x, y in reversed(baseline)]


def _slope(baseline: Points) -> float:
    """The angle of a baseline in radians, by the line through its points; positive where it falls to the right."""
    if len(baseline) < 2:
        return 0.0
    (x0, y0), (x1, y1) = baseline[0], baseline[-1]
    return math.atan2(y1 - y0, x1 - x0) if abs(x1 - x0) + abs(y1 - y0) > 0 else 0.0
