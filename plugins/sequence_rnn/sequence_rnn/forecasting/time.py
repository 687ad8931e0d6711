"""Times to come, from the rhythm of those that were. Days since 1970, or a count of rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np

YEAR = 365.2425


def times_after(times: np.ndarray, count: int, rhythm: Mapping[str, Any]) -> np.ndarray:
    """The next `count` times, (H,) float64."""
    last, ahead = float(times[-1]), np.arange(1, count + 1)
    unit, size = rhythm["unit"], float(rhythm["size"])
    if unit in ("months", "years"):
        months = size * (12 if unit == "years" else 1)
        day = np.floor(last).astype(np.int64).astype("datetime64[D]")
        month = day.astype("datetime64[M]")
        first = (month + (ahead * round(months)).astype("timedelta64[M]")).astype("datetime64[D]").astype(np.int64)
        return first + float((day - month.astype("datetime64[D]")).astype(int)) + (last - np.floor(last))
    if unit == "business-days":
        day = np.floor(last).astype(np.int64).astype("datetime64[D]")
        found = np.busday_offset(day, ahead, roll="backward").astype(np.int64)
        return found + (last - np.floor(last))
    step = size if unit == "days" else float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    return last + step * ahead


def time_words(day: float, unit: str) -> str:
    """A time as a person writes it, as far as a rhythm of this unit tells: `1958`, `1958-09`, `1958-09-01 13:00`."""
    whole = np.datetime64(int(np.floor(day)), "D")
    if unit in ("years", "months"):
        return str(whole.astype(f"datetime64[{'Y' if unit == 'years' else 'M'}]"))
    minutes = round((day - np.floor(day)) * 24 * 60)
    moment = whole.astype("datetime64[m]") + np.timedelta64(minutes, "m")
    return str(moment).replace("T", " ") if minutes else str(whole)


def times_around(times: np.ndarray, window: int, horizon: int, rhythm: Mapping[str, Any]) -> np.ndarray:
    """(W + H,): the last `window` times, those before the first one made up, and the next `horizon`."""
    kept = times[-window:]
    if len(kept) < window:
        step = float(np.median(np.diff(kept))) if len(kept) > 1 else 1.0
        kept = np.concatenate([kept[0] - step * np.arange(window - len(kept), 0, -1), kept])
    return np.concatenate([kept, times_after(times, horizon, rhythm)])


def periods_of(times: np.ndarray, rhythm: Mapping[str, Any], calendar: bool) -> list[float]:
    """The rounds of the calendar that steps of this rhythm can be placed in, in days: a year, a week, a day."""
    if not calendar or rhythm["unit"] in ("rows", "years") or len(times) < 2:
        return []
    step, span = float(np.median(np.diff(times))), float(times[-1] - times[0])
    found = [YEAR] if span >= 1.5 * YEAR and step < 100 else []
    if step < 3.5 and span > 14:
        found.append(7.0)
    if step < 0.5 and span > 2:
        found.append(1.0)
    return found
