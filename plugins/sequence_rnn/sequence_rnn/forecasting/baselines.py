"""Forecasts that need no network, made at the same origins from the same past. Hyndman and Athanasopoulos, chapter 5.

Shapes: T rows, H steps ahead, C columns.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from .fitting import on_scale
from .texts import plainly
from .windows import Forecasting

LAST, SEASONAL, DRIFT, SMOOTHED = "last value", "seasonal naive", "drift", "exponential smoothing"
FITS_AT_MOST = 12
"""Series and columns that exponential smoothing is fitted to; with more it is left out."""
FITTED_ON = 1_000
"""The last rows of the train part that it is fitted on."""
SEASON_AT_MOST = 24


def baselines(
    data: Forecasting, items: Sequence[tuple[int, int]], stopping: Callable[[], bool]
) -> dict[str, list[np.ndarray]]:
    """Name → a forecast (H, C) for each item, a series and an origin; what cannot be made of the data is left out."""
    plan = data.plan
    found: dict[str, list[np.ndarray]] = {LAST: [], DRIFT: []}
    if plan.season > 1:
        found[SEASONAL] = []
    for number, at in items:
        past = _filled(data.series[number].values[:at])
        found[LAST].append(np.repeat(past[-1:], plan.horizon, axis=0))
        slope = (past[-1] - past[0]) / max(1, len(past) - 1)
        found[DRIFT].append(past[-1] + slope * np.arange(1, plan.horizon + 1)[:, None])
        if plan.season > 1:
            lags = [plan.season - step % plan.season for step in range(plan.horizon)]
            found[SEASONAL].append(np.stack([past[max(0, len(past) - lag)] for lag in lags]))
    smoothed = _smoothed(data, items, stopping)
    if smoothed is not None:
        found[SMOOTHED] = smoothed
    return found


def _filled(past: np.ndarray) -> np.ndarray:
    """(T, C) float64 with the last value in the place of missing ones."""
    values = past.astype(np.float64)
    for column in values.T:
        known = np.isfinite(column)
        if known.any():
            last = np.maximum.accumulate(np.where(known, np.arange(len(column)), -1))
            column[:] = column[np.where(last >= 0, last, int(np.flatnonzero(known)[0]))]
    return values


def _smoothed(
    data: Forecasting, items: Sequence[tuple[int, int]], stopping: Callable[[], bool]
) -> list[np.ndarray] | None:
    """Damped trend, and the season where there is one (Hyndman et al. 2008), fitted on the train part alone."""
    plan = data.plan
    numbers = sorted({number for number, _ in items})
    if len(numbers) * len(plan.targets) > FITS_AT_MOST:
        return None
    from statsmodels.tsa.statespace.exponential_smoothing import ExponentialSmoothing

    found = {item: np.full((plan.horizon, len(plan.logarithm)), np.nan) for item in items}
    for number in numbers:
        each = data.series[number]
        low, high = each.ends.get("train", (0, len(each.values)))
        low = max(low, high - FITTED_ON)
        for column in plan.targets:
            if stopping():
                return None
            values = on_scale(each.values, plan.logarithm)[low:, column]
            season = plan.season if 1 < plan.season <= SEASON_AT_MOST and high - low > 2 * plan.season else None
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    model = ExponentialSmoothing(
                        _filled(values[: high - low, None])[:, 0], trend=True, damped_trend=True, seasonal=season
                    )
                    fitted = model.fit(disp=False, maxiter=60)
                    whole = fitted.apply(values)
                    for own, at in items:
                        if own == number:
                            ahead = whole.predict(start=at - low, end=at - low + plan.horizon - 1, dynamic=True)
                            found[own, at][:, column] = np.exp(ahead) if plan.logarithm[column] else ahead
            except (ValueError, np.linalg.LinAlgError, FloatingPointError):
                return None
    return [found[item] for item in items]


def verdict(own: Mapping[str, float], others: Mapping[str, Mapping[str, float]]) -> tuple[str, bool]:
    """A sentence that says plainly whether the network is worth it, by `mase`; and whether it is."""
    ranked = sorted((each["mase"], name) for name, each in others.items() if np.isfinite(each["mase"]))
    listed = ", ".join(f"{name} {value:.3f}" for value, name in ranked)
    better = [name for value, name in ranked if value <= own["mase"]]
    said = f"{plainly(better)}: its error (MASE) is {own['mase']:.3f}, that of the simple forecasts {listed}."
    return (f"{said} Use the simple one, or give it more of the past." if better else said), not better
