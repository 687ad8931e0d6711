"""From the past to a forecast, whoever runs the network: at once, or step by step with each step fed back.

Shapes: T rows, W steps of the window, H ahead, C columns.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .fitting import Plan, on_scale
from .time import times_around

Run = Callable[[np.ndarray, np.ndarray], Mapping[str, np.ndarray]]
"""From (1, W, C) float32 and (1, W + h) float64 to the outputs of the graph."""
Forecast = Mapping[str, np.ndarray]
"""`forecast` and `moves` (H, C), `spread` (C,), and what else the graph gave."""


def forecast(
    run: Run, values: np.ndarray, times: np.ndarray, *, plan: Plan, way: str, rhythm: Mapping[str, Any]
) -> Forecast:
    """Forecast the steps after the last row.

    Args:
        run: The network.
        values: (T, C) raw, NaN where there is none.
        times: (T,).
        plan: What was fitted.
        way: `direct` or `recursive`.
        rhythm: Of the times.
    """
    if way == "direct":
        window = windowed(values, plan.window)
        found = run(window[None], times_around(times, plan.window, plan.horizon, rhythm)[None])
        return {name: each[0] for name, each in found.items()}
    days = times_around(times, plan.window, plan.horizon, rhythm)
    past = windowed(values, plan.window)
    first: dict[str, np.ndarray] = {}
    steps, moves = [], []
    for ahead in range(plan.horizon):
        found = run(past[None], days[None, ahead : ahead + plan.window + 1])
        if not first:
            first = {name: each[0] for name, each in found.items() if name not in ("forecast", "moves")}
        steps.append(found["forecast"][0, 0])
        moves.append(found["moves"][0, 0])
        past = np.concatenate([past[1:], steps[-1][None]]).astype(np.float32)
    return {**first, "forecast": np.stack(steps), "moves": np.stack(moves)}


def windowed(values: np.ndarray, window: int) -> np.ndarray:
    """(W, C) float32: the last rows; what a short past lacks is missing."""
    kept = values[-window:].astype(np.float32)
    if len(kept) == window:
        return np.ascontiguousarray(kept)
    return np.concatenate([np.full((window - len(kept), kept.shape[1]), np.nan, np.float32), kept])


def interval(found: Forecast, widths: np.ndarray, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """The ends (H, C) of the intervals whose half widths are so many spreads of the window, on the scale learned on."""
    middle = on_scale(np.asarray(found["forecast"], np.float64), plan.logarithm)
    reach = np.asarray(widths)[: len(middle)] * np.asarray(found["spread"], np.float64)
    ends = []
    for each in (middle - reach, middle + reach):
        with np.errstate(over="ignore"):
            ends.append(np.where(np.array(plan.logarithm), np.exp(each), each))
    return ends[0], ends[1]


def away(found: Forecast, came: np.ndarray, plan: Plan) -> np.ndarray:
    """(h, C) how many spreads of the window the forecast is away from what came; NaN where that is missing."""
    said = on_scale(np.asarray(found["forecast"], np.float64)[: len(came)], plan.logarithm)
    gap: np.ndarray = np.abs(said - on_scale(came, plan.logarithm)) / np.asarray(found["spread"], np.float64)
    return gap
