"""Where the lines of a page lie, by classical means: the ink of each row of pixels (a projection profile).

Lines are the hills of the profile and the valleys between them the cuts (Likforman-Sulem, Zahour and Taconet, “Text
line segmentation of historical documents: a survey”, IJDAR 9, 2007, section 4.1). It finds level lines on a page with
one column; what it gets wrong, the person moves.

Shapes: (H, W) uint8 grey; a box is (left, top, right, bottom) in pixels of the page.
"""

import itertools
from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image, ImageFilter

Box = tuple[int, int, int, int]

_WIDE: Final = 900
"""Pixels of width that a page is looked at in."""
_LEAST_PITCH: Final = 10
"""Pixels from a line to the next, at that width, at the least."""
_INK: Final = 0.14
"""How much darker than the paper around it a pixel is that counts as ink, as a share of the paper's tone."""
_RULE: Final = 0.55
"""A row or a column of pixels with a greater share of ink is a ruled line, and no writing."""
_FAINT: Final = 0.2
"""A hill is a line where it is at least this share of the middle hill."""
_MARGIN: Final = 0.12
"""Of a line's height, what is left around it."""


def lines_of_page(page: np.ndarray) -> list[Box]:
    """Find the lines of a page, from the top; none where it is blank.

    Args:
        page: (H, W) uint8 grey, dark ink on light paper.
    """
    height, width = page.shape
    if height < 8 or width < 8:
        return []
    scale = max(1.0, width / _WIDE)
    small = Image.fromarray(page).resize((round(width / scale), max(8, round(height / scale))), Image.Resampling.BOX)
    ink = _ink(small)
    profile = ink.sum(1).astype(float)
    if profile.max() < 3:
        return []
    pitch = _pitch(profile)
    smooth = _smoothed(profile, max(1, round(pitch / 3)))
    centres = _hills(smooth, pitch)
    if not centres:
        return []
    cuts = [0, *(a + int(np.argmin(smooth[a:b])) for a, b in itertools.pairwise(centres)), len(profile)]
    found = []
    for top, bottom in itertools.pairwise(cuts):
        box = _trimmed(ink, top, bottom, pitch)
        if box is not None:
            left, upper, right, lower = (round(n * scale) for n in box)
            found.append((max(0, left), max(0, upper), min(width, right), min(height, lower)))
    return found


def cut_boxes(page: np.ndarray, boxes: Sequence[Sequence[float]]) -> list[np.ndarray]:
    """The pictures of lines, (h, w) uint8 each; a box outside the page gives the nearest pixels that there are."""
    height, width = page.shape
    found = []
    for box in boxes:
        left, right = sorted(min(width, max(0, round(x))) for x in (box[0], box[2]))
        top, bottom = sorted(min(height, max(0, round(y))) for y in (box[1], box[3]))
        left, top = min(left, width - 1), min(top, height - 1)
        found.append(page[top : max(bottom, top + 1), left : max(right, left + 1)].copy())
    return found


def _ink(page: Image.Image) -> np.ndarray:
    """Which pixels are ink, (h, w) bool: those darker than the paper around them, without ruled lines."""
    grey = np.asarray(page, dtype=np.float32)
    around = np.asarray(page.filter(ImageFilter.GaussianBlur(max(8, page.width / 40))), dtype=np.float32)
    paper = np.maximum(around, float(np.percentile(grey, 60)) * 0.6)
    ink = (paper - grey) > _INK * paper
    ink[ink.mean(1) > _RULE] = False
    ink[:, ink.mean(0) > _RULE] = False
    return ink


def _pitch(profile: np.ndarray) -> float:
    """From a line to the next, in rows: where the profile is most like itself again."""
    centred = profile - profile.mean()
    size = 1 << (2 * len(centred) - 1).bit_length()
    spectrum = np.fft.rfft(centred, size)
    alike = np.fft.irfft(spectrum * np.conj(spectrum))[: len(centred)]
    alike /= np.arange(len(centred), 0, -1)  # longer shifts overlap less
    most = min(len(alike) - 1, max(_LEAST_PITCH + 2, len(alike) // 2))
    falls = next((i for i in range(1, most) if alike[i] <= 0), None)
    if falls is None:
        return float(len(profile))  # one hill
    start = max(_LEAST_PITCH, falls)
    if start >= most:
        return float(len(profile))
    stretch = alike[start:most]
    peaks = [i for i in range(1, len(stretch) - 1) if stretch[i - 1] < stretch[i] >= stretch[i + 1]]
    strong = [i for i in peaks if stretch[i] >= 0.4 * stretch.max() and stretch[i] > 0]
    return float(start + strong[0]) if strong else float(max(_LEAST_PITCH, 2 * falls))


def _smoothed(profile: np.ndarray, width: int) -> np.ndarray:
    kernel = np.hanning(2 * width + 1)[1:-1] if width > 1 else np.ones(1)
    return np.convolve(profile, kernel / kernel.sum(), mode="same")


def _hills(smooth: np.ndarray, pitch: float) -> list[int]:
    """The tops of the hills, from the top of the page; of two closer than half a pitch the higher one."""
    padded = np.concatenate([[-1.0], smooth, [-1.0]])
    tops = [i - 1 for i in range(1, len(padded) - 1) if padded[i - 1] < padded[i] >= padded[i + 1]]
    kept: list[int] = []
    for top in sorted(tops, key=lambda i: -smooth[i]):
        if all(abs(top - other) >= 0.55 * pitch for other in kept):
            kept.append(top)
    middle = float(np.median([smooth[i] for i in kept])) if kept else 0.0
    return sorted(i for i in kept if smooth[i] >= max(1.0, _FAINT * middle))


def _trimmed(ink: np.ndarray, top: int, bottom: int, pitch: float) -> tuple[float, float, float, float] | None:
    """The box of the ink between two rows, with a margin; None where there is hardly any."""
    band = ink[top:bottom]
    rows, columns = np.flatnonzero(band.sum(1) > 1), np.flatnonzero(band.sum(0) > 0)
    if not len(rows) or not len(columns) or columns[-1] - columns[0] < pitch / 3:
        return None
    margin = _MARGIN * min(pitch, rows[-1] - rows[0] + 1)
    return (
        columns[0] - margin,
        max(0.0, top + rows[0] - margin),
        columns[-1] + 1 + margin,
        min(float(len(ink)), top + rows[-1] + 1 + margin),
    )
