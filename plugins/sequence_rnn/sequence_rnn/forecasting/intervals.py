"""How wide the intervals of forecasts must be, from what forecasts missed that nothing was learned from.

Split conformal prediction by horizon (Lei et al., “Distribution-free predictive inference for regression”, JASA 2018).
Forecasts from neighbouring origins miss much the same, so that what counts is how many of them do not overlap; the
quantile is taken the higher, the fewer these are.

Shapes: F forecasts, H steps ahead, C columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FADING = 0.5
BY_STEP = 20
"""Forecasts from which on each horizon has a quantile of its own."""


@dataclass(frozen=True, slots=True)
class Missed:
    """What forecasts missed.

    Attributes:
        gaps: (F, H, C) by how many spreads of its window each was away; NaN where nothing came.
        series: (F,) the number of each one's series.
        at: (F,) the origin of each, in rows.
    """

    gaps: np.ndarray
    series: np.ndarray
    at: np.ndarray

    def __len__(self) -> int:
        return len(self.gaps)

    def only(self, chosen: np.ndarray) -> "Missed":
        """Those that are chosen, (F,) bool."""
        return Missed(self.gaps[chosen], self.series[chosen], self.at[chosen])

    def independent(self, ahead: int) -> int:
        """As the function of this name."""
        return independent(self.series, self.at, ahead)


def independent(series: np.ndarray, at: np.ndarray, ahead: int) -> int:
    """How many origins can be taken that foresee other steps, where each foresees `ahead` of them.

    Args:
        series: (F,) numbers of series.
        at: (F,) rows.
        ahead: Steps.
    """
    count = 0
    for number in np.unique(series):
        free = -1
        for origin in np.sort(at[series == number]):
            if origin >= free:
                count, free = count + 1, int(origin) + ahead
    return count


def widths_for(parts: Sequence[Missed], coverage: float) -> np.ndarray:
    """(H, C) half widths, in spreads of the window, that hold the share `coverage` of new forecasts.

    By horizon where there are 20 forecasts or more, else all horizons together, growing with the root of the horizon.

    Args:
        parts: What forecasts missed, the latest stretch of time first; each counts half as much as the one after it
            in time, since what was long ago says less of what comes (Barber, Candès, Ramdas and Tibshirani,
            “Conformal prediction beyond exchangeability”, Annals of Statistics 2023).
        coverage: From 0 to 1.
    """
    parts = [each for each in parts if len(each)]
    gaps = np.concatenate([each.gaps for each in parts])
    worth = [FADING**back for back in range(len(parts))]
    weights = np.concatenate([np.full(len(each), w / len(each)) for each, w in zip(parts, worth, strict=True)])
    horizon, columns = gaps.shape[1:]
    growth = np.sqrt(np.arange(1, horizon + 1))[:, None]
    together = (gaps / growth).reshape(-1, columns)
    found = np.zeros((horizon, columns))
    for h in range(horizon):
        count = sum(w * each.independent(h + 1) for each, w in zip(parts, worth, strict=True))
        share = level(count, coverage)
        for c in range(columns):
            if len(gaps) < BY_STEP:
                found[h, c] = _quantile(together[:, c], weights.repeat(horizon), share) * growth[h, 0]
            else:
                found[h, c] = _quantile(gaps[:, h, c], weights, share)
    widest: np.ndarray = np.maximum.accumulate(found, axis=0)
    return widest


def level(independent: float, coverage: float) -> float:
    """Which quantile of so many misses holds the share `coverage` of new ones: (n + 1) / n of it, and at most 1."""
    return min(1.0, coverage * (independent + 1) / independent) if independent else 1.0


def _quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    """The least value that so much of the weight is not above; 0 where there are none."""
    known = np.isfinite(values)
    if not known.any():
        return 0.0
    order = np.argsort(values[known])
    sums = weights[known][order].cumsum()
    place = int(np.searchsorted(sums, share * sums[-1] * (1 - 1e-12)))
    return float(values[known][order][min(place, len(order) - 1)])


def covered(made_from: Sequence[Missed], new: Missed, coverage: float) -> tuple[float, int]:
    """What share of new values lay within intervals made from others, and of how many values."""
    widths = widths_for(made_from, coverage)
    known = np.isfinite(new.gaps)
    return float((new.gaps <= widths)[known].mean()), int(known.sum())
