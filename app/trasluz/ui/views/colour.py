"""From numbers to colours: maps that read the same in light, in dark and without red and green."""

from dataclasses import dataclass, fields

import numpy as np
from PySide6.QtGui import QColor, QImage

from trasluz.ui import theme
from trasluz.ui.tokens import contrast

# Samples of the “inferno” map (van der Walt & Smith, CC0), from dark to bright.
_LAMP = np.array(
    [
        [0, 0, 4],
        [31, 12, 72],
        [85, 15, 109],
        [136, 34, 106],
        [186, 54, 85],
        [227, 89, 51],
        [249, 140, 10],
        [249, 201, 50],
        [252, 255, 164],
    ],
    dtype=np.float64,
)


@dataclass(frozen=True, slots=True)
class Inks:
    """The theme's tokens as colours to paint with."""

    panel: QColor
    line: QColor
    ink: QColor
    muted: QColor
    accent: QColor
    accent_ground: QColor
    chip: QColor
    bad: QColor
    series_1: QColor
    series_2: QColor


def inks() -> Inks:
    """Return the colours in force."""
    t = theme.tokens()
    series = {"series_1": theme.series_color(0), "series_2": theme.series_color(1)}
    return Inks(**{f.name: QColor(getattr(t, f.name)) for f in fields(Inks) if f.name not in series}, **series)


def mix(low: QColor, high: QColor, share: float) -> QColor:
    """Return the colour `share` of the way from `low` to `high`."""
    share = min(1.0, max(0.0, share))
    pairs = zip(low.getRgb()[:3], high.getRgb()[:3], strict=True)
    return QColor(*(round(a + (b - a) * share) for a, b in pairs))


def readable_on(ground: QColor) -> QColor:
    """Return near-black or near-white, whichever reads better on `ground` (WCAG contrast)."""
    dark, light = "#1A1714", "#FFFFFF"
    better = max((dark, light), key=lambda words: contrast(words, ground.name()))
    return QColor(better)


def lamp(values: np.ndarray) -> np.ndarray:
    """Map numbers from 0 to 1 to RGB of the lamp map, (…, 3) uint8."""
    return _looked_up(values, _LAMP)


def between(values: np.ndarray, stops: list[QColor]) -> np.ndarray:
    """Map numbers from 0 to 1 to RGB along `stops` at equal distances, (…, 3) uint8."""
    return _looked_up(values, np.array([c.getRgb()[:3] for c in stops], dtype=np.float64))


def _looked_up(values: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """Colours from a table of 256: screens show no more, and it is ten times as fast as interpolating each number."""
    at, steps = np.linspace(0, 1, len(stops)), np.linspace(0, 1, 256)
    table = np.stack([np.interp(steps, at, stops[:, c]) for c in range(3)], axis=-1).round().astype(np.uint8)
    return table[(np.nan_to_num(np.clip(values, 0, 1)) * 255).round().astype(np.uint8)]


def image_of(pixels: np.ndarray) -> QImage:
    """Make a picture that owns its memory from (H, W, 3) RGB or (H, W, 4) RGBA uint8."""
    pixels = np.ascontiguousarray(pixels, dtype=np.uint8)
    height, width, depth = pixels.shape
    kind = QImage.Format.Format_RGB888 if depth == 3 else QImage.Format.Format_RGBA8888
    return QImage(pixels.data, width, height, width * depth, kind).copy()


def scaled_to_unit(values: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Stretch numbers to 0–1; returns them with their least and greatest finite value.

    Numbers on both sides of zero are stretched symmetrically, so that zero falls on the middle.
    """
    values = np.asarray(values, dtype=np.float64)
    finite = values[np.isfinite(values)]
    if not finite.size:
        return np.zeros_like(values), 0.0, 0.0
    low, high = float(finite.min()), float(finite.max())
    if low < 0 < high:
        high = max(-low, high)
        low = -high
    if high - low <= 0:
        return np.full_like(values, 0.5 if high else 0.0), low, high
    return (values - low) / (high - low), low, high
