"""What is fitted on the train part before anything is learned: season, scale, difference, horizon, window.

Shapes: T rows, C columns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from trasluz.api import DataError

LEARNED = 8
"""Windows to learn from that are left at the least."""
FITTED_ON = 20_000
"""The last rows of a train part by which naive forecasts are compared."""
NEWEST = (1.0, 0.8, 0.6, 0.4, 0.3, 0.2, 0.1)
"""Shares of the newest value that are tried for the level; 1 is the last value itself."""
CLEARLY = 1.03
"""A level must be so much better than the last value, or chance would choose it."""
SIGNIFICANT = 1.645
"""Standard errors that the autocorrelation at a season must exceed, as in the M4 competition (90 %)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How series are forecast.

    Attributes:
        horizon: H, steps ahead.
        window: W, steps of the past that are seen.
        season: Steps after which the pattern comes round; 1 is none.
        difference: `season`, `last`, `level` or `none`: from what the network learns the way to the future.
        logarithm: Of each column, whether it is seen by its logarithm.
        floor: Of each column, the least spread that a window is divided by, on its scale.
        targets: The columns that are forecast.
        newest: Of the level, the share of the newest value; that of each one before it is the smaller by the rest.
    """

    horizon: int
    window: int
    season: int
    difference: str
    logarithm: tuple[bool, ...]
    floor: tuple[float, ...]
    targets: tuple[int, ...]
    newest: float = 1.0

    def level_weights(self) -> np.ndarray:
        """(W,) what each value of the window counts for its level (simple exponential smoothing, Brown 1956)."""
        weights: np.ndarray = self.newest * (1 - self.newest) ** np.arange(self.window - 1, -1, -1.0)
        return weights

    def to_json(self) -> dict[str, Any]:
        """For the card."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "Plan":
        """From the card."""
        return cls(**{name: tuple(v) if isinstance(v, list) else v for name, v in facts.items()})


def plan_of(
    trains: Sequence[np.ndarray],
    judged: Sequence[tuple[int, int]],
    columns: Sequence[str],
    rhythm: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> Plan:
    """Fit on the train parts (T, C) of the series; of what is judged by only the length counts.

    Raises:
        DataError: If a column is not there, or there is too little to learn from.
    """
    targets = _targets(trains, columns, str(settings.get("columns") or ""))
    longest = max(trains, key=len)
    rows, held = len(longest), max(high - low for low, high in judged)
    asked = int(settings.get("horizon") or 0)
    horizon = asked or max(1, min(int(rhythm["horizon"]), -(-held // 2) if held else rows // 8))
    logarithm = tuple(
        _by_factors(trains, c, str(settings.get("scale") or "auto"), columns[c]) for c in range(len(columns))
    )
    scaled = [on_scale(train, logarithm) for train in trains]
    season = int(settings.get("season") or 0)
    if not season:
        season = int(rhythm["season"])
        seasonal = [_is_seasonal(each[:, c], season) for each in scaled for c in targets]
        season = season if season > 1 and sum(seasonal) * 2 >= len(seasonal) else 1
    room = rows - horizon - LEARNED
    window = int(settings.get("window") or 0)
    if (window or asked) and room < max(1, window):
        raise DataError(
            f"A window of {window or 1} and a horizon of {horizon} need {(window or 1) + horizon + LEARNED:,} rows to "
            f"learn from, and the longest series has {rows:,}; choose smaller ones, or add more rows."
        )
    window = window or max(4, min(max(2 * season, 3 * horizon, 16), rows - horizon - max(LEARNED, rows // 3)))
    difference = str(settings.get("difference") or "auto")
    if difference == "season" and (season == 1 or window < season):
        raise DataError(
            f"There is no season to take the difference from within a window of {window} steps; set a season and a "
            "window that holds it."
        )
    newest = 1.0
    if difference in ("auto", "level"):
        found = _naive_misses(scaled, targets, season if season <= window else 1, horizon, window)
        if difference == "level":
            found = {key: miss for key, miss in found.items() if key[0] == "level"}
        difference, newest = min(found, key=lambda key: found[key])
    floor = [max(_spread(np.concatenate([each[:, c] for each in scaled])), 1e-6) for c in range(len(columns))]
    return Plan(horizon, window, season, difference, logarithm, tuple(floor), targets, newest)


def on_scale(values: np.ndarray, logarithm: Sequence[bool]) -> np.ndarray:
    """(…, C) by the logarithm where a column is seen so; what is not above 0 then counts as missing."""
    found = np.array(values, np.float64)
    for c, by in enumerate(logarithm):
        if by:
            with np.errstate(invalid="ignore", divide="ignore"):
                found[..., c] = np.where(found[..., c] > 0, np.log(found[..., c]), np.nan)
    return found


def naive_errors(train: np.ndarray, season: int) -> np.ndarray:
    """(C,) the mean error of the (seasonal) naive forecast of one step in the train part: the scale of MASE."""
    season = season if len(train) > season else 1
    away = np.abs(train[season:].astype(np.float64) - train[:-season])
    return np.array([float(np.nanmean(column)) if np.isfinite(column).any() else np.nan for column in away.T])


def _targets(trains: Sequence[np.ndarray], columns: Sequence[str], asked: str) -> tuple[int, ...]:
    if asked.strip():
        names = [name.strip() for name in asked.split(",") if name.strip()]
        lower = [name.lower() for name in columns]
        for name in names:
            if name.lower() not in lower:
                raise DataError(f"There is no column “{name}” of numbers; there are {', '.join(columns)}.")
        return tuple(dict.fromkeys(lower.index(name.lower()) for name in names))
    alive = [c for c in range(len(columns)) if any(_spread(train[:, c]) > 0 for train in trains)]
    if not alive:
        raise DataError("Nothing in the train part ever changes, so there is nothing to learn.")
    return tuple(alive)


def _spread(column: np.ndarray) -> float:
    """A tenth of how far it goes from its mean."""
    known = column[np.isfinite(column)].astype(np.float64)
    return 0.1 * float(known.std()) if len(known) > 1 else 0.0


def _by_factors(trains: Sequence[np.ndarray], column: int, asked: str, name: str) -> bool:
    """Whether growth is multiplied: above 0, of several sizes, and swinging more where it is larger."""
    known = [train[:, column][np.isfinite(train[:, column])].astype(np.float64) for train in trains]
    positive = all(len(each) and each.min() > 0 for each in known)
    if asked == "logarithm":
        if not positive:
            raise DataError(f"“{name}” has values that are not above 0, which have no logarithm; take a linear scale.")
        return True
    if asked == "linear" or not positive:
        return False
    votes = []
    for each in known:
        size = max(4, min(12, len(each) // 6))
        blocks = each[: len(each) // size * size].reshape(-1, size)
        if len(blocks) < 3 or each.max() < 2 * each.min():
            votes.append(False)
            continue
        middle, swing = blocks.mean(1), blocks.std(1)
        related = np.corrcoef(middle, swing)[0, 1] if middle.std() > 0 and swing.std() > 0 else 0.0
        votes.append(bool(related > 0.5))
    return sum(votes) * 2 > len(votes)


def _is_seasonal(column: np.ndarray, season: int) -> bool:
    """The test of the M4 competition: the autocorrelation at the season, here of the differences."""
    steps = np.diff(column)
    steps = steps[np.isfinite(steps)]
    if season < 2 or len(steps) < 3 * season:
        return False
    centred = steps - steps.mean()
    whole = float((centred**2).sum())
    if whole <= 0:
        return False
    related = np.array([float((centred[lag:] * centred[:-lag]).sum()) / whole for lag in range(1, season + 1)])
    limit = SIGNIFICANT * np.sqrt((1 + 2 * (related[:-1] ** 2).sum()) / len(steps))
    return bool(related[-1] > limit)


def _naive_misses(
    scaled: Sequence[np.ndarray], targets: Sequence[int], season: int, horizon: int, window: int
) -> dict[tuple[str, float], float]:
    """What each naive forecast misses in the train part, over the horizon: by its name and the share of the newest."""
    misses: dict[tuple[str, float], float] = {}
    for each in scaled:
        x = each[-FITTED_ON:, targets]
        spread = np.nanstd(x, axis=0) + 1e-9
        if season > 1:
            for ahead in range(1, min(horizon, len(x) - season - 1) + 1):
                back = season * -(-ahead // season)
                away = np.abs(x[season + ahead :] - x[season + ahead - back : len(x) - back])
                misses["season", 1.0] = misses.get(("season", 1.0), 0.0) + float(np.nanmean(away / spread))
        for newest in NEWEST:
            key = ("last", 1.0) if newest == 1 else ("level", newest)
            level = _levels(x, newest, window)
            for ahead in range(1, min(horizon, len(x) - season - 1) + 1):
                away = np.abs(x[season + ahead :] - level[season : len(x) - ahead])
                less_sure = 1.0 if newest == 1 else CLEARLY
                misses[key] = misses.get(key, 0.0) + less_sure * float(np.nanmean(away / spread))
    return misses or {("last", 1.0): 0.0}


def _levels(x: np.ndarray, newest: float, window: int) -> np.ndarray:
    """(T, C) the level after each row, as the network sees it within a window."""
    weights = newest * (1 - newest) ** np.arange(window)
    there = np.isfinite(x)
    found = np.empty_like(x)
    for c in range(x.shape[1]):
        sums = np.convolve(np.where(there[:, c], x[:, c], 0.0), weights)[: len(x)]
        found[:, c] = sums / np.maximum(np.convolve(there[:, c].astype(float), weights)[: len(x)], 1e-12)
    return found
