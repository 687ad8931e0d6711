"""Forecasts and what came as texts, and how far apart they are.

A text names each column and its values: `price: 505 [480, 530] 404 [370, 440]; volume: …`, with intervals where there
are any. What came also says what the naive forecast errs by in the train part, by which `mase` divides:
`price: 498 410 (naive 31.8)`.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

MISSING = "–"
_BETWEEN = "; "
_NAIVE = re.compile(r" \(naive ([^)]+)\)$")
_INTERVAL = re.compile(r"\[[^\]]*\]")


def written(
    columns: Sequence[str],
    values: np.ndarray,
    *,
    low: np.ndarray | None = None,
    high: np.ndarray | None = None,
    naive: np.ndarray | None = None,
) -> str:
    """Write values (H, C), with the ends of their intervals, or with what the naive forecast errs by (C,)."""
    parts = []
    for c, name in enumerate(columns):
        cells = []
        for h, value in enumerate(values[:, c]):
            cell = _cell(value, 6) if np.isfinite(value) else MISSING
            if low is not None and high is not None:
                cell += f" [{_cell(low[h, c], 4)}, {_cell(high[h, c], 4)}]"
            cells.append(cell)
        end = "" if naive is None else f" (naive {naive[c]:.6g})"
        parts.append(f"{plain(name)}: {' '.join(cells)}{end}")
    return _BETWEEN.join(parts)


def _cell(value: float, digits: int) -> str:
    """With so many digits, but every one before the point: a price of 12,345 is no 1.2e+04."""
    return f"{value:.{digits}g}" if abs(value) < 10**digits else f"{value:.0f}"


def plain(name: str) -> str:
    """A column's name without what parts the text."""
    return name.replace(";", ",").replace(": ", " ")


@lru_cache(maxsize=8192)
def read(text: str) -> Mapping[str, tuple[np.ndarray, float]]:
    """Column → its values (H,), NaN where there is none, and what the naive forecast errs by (NaN where unsaid)."""
    found = {}
    for part in text.split(_BETWEEN):
        name, colon, rest = part.rpartition(": ")
        if not colon:
            continue
        naive = _NAIVE.search(rest)
        cells = _INTERVAL.sub(" ", rest[: naive.start()] if naive else rest).split()
        found[name] = (np.array([_number(cell) for cell in cells]), _number(naive[1]) if naive else np.nan)
    return found


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def plainly(better: Sequence[str]) -> str:
    """Whether the network is worth it, in a line: with the simple forecasts that are at least as good."""
    if better:
        return f"The network does not beat {' or '.join(better)}"
    return "The network beats all simple forecasts"


def scores(answers: Sequence[str], truths: Sequence[str]) -> dict[str, float]:
    """`mae` and `rmse` in the units of the data, `smape` in percent (0 to 200), and `mase`.

    sMAPE and MASE are those of the M4 competition (Makridakis et al. 2020; Hyndman and Koehler 2006): MASE divides the
    error by that of the (seasonal) naive one-step forecast in the train part, so that 1 is as good as that. Steps that
    were not forecast, or did not come, are left aside.
    """
    errors, relative, scaled = list[np.ndarray](), list[np.ndarray](), list[np.ndarray]()
    for answer, truth in zip(answers, truths, strict=True):
        said = read(answer)
        for name, (values, naive) in read(truth).items():
            if name not in said:
                continue
            forecast = said[name][0]
            count = min(len(values), len(forecast))
            away = np.abs(values[:count] - forecast[:count])
            known = np.isfinite(away)
            size = (np.abs(values[:count]) + np.abs(forecast[:count]))[known]
            away = away[known]
            errors.append(away)
            relative.append(np.divide(200 * away, size, out=np.zeros_like(away), where=size > 0))
            if np.isfinite(naive) and naive > 0:
                scaled.append(away / naive)
    every = np.concatenate(errors) if errors else np.zeros(0)
    if not len(every):
        return {"mae": np.nan, "rmse": np.nan, "smape": np.nan, "mase": np.nan}
    return {
        "mae": float(every.mean()),
        "rmse": float(np.sqrt((every**2).mean())),
        "smape": float(np.concatenate(relative).mean()),
        "mase": float(np.concatenate(scaled).mean()) if scaled else float("nan"),
    }
