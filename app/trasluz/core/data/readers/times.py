"""Times as people write them in tables, and how far apart they are.

Times are days since 1970-01-01 as float64, in Coordinated Universal Time where the table names a zone. Rows that only
count (`t` = 0, 1, 2, …) have no calendar.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import nan
from typing import Final, Literal

import numpy as np

Unit = Literal["rows", "days", "business-days", "months", "years"]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR = re.compile(r"^\d{4}$")
_COMPACT = re.compile(r"^\d{8}$")
_NUMBER = re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$")
_QUARTER = re.compile(r"^(\d{4})[-\s]?Q([1-4])$", re.IGNORECASE)
_WEEK = re.compile(r"^(\d{4})-?W(\d{1,2})$", re.IGNORECASE)
_NUMERIC_DATE = re.compile(r"^(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{2,4})(?:[ T](.+))?$")
_FORMATS: Final = (
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y.%m.%d",
    "%b %d %Y",
    "%b %d, %Y",
    "%B %d %Y",
    "%B %d, %Y",
    "%d %b %Y",
    "%d %B %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%b-%y",
    "%b %Y",
    "%B %Y",
    "%b-%Y",
    "%Y-%b",
    "%Y/%m",
    "%m/%Y",
    "%Y-%m",
    "%Y%m%d",
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """How times were understood.

    Attributes:
        calendar: Whether they are dates; otherwise they only count.
        zoned: How many name a zone.
        ambiguous: Whether day and month could be the other way round.
    """

    calendar: bool = True
    zoned: int = 0
    ambiguous: bool = False


def parsed(cells: Sequence[str]) -> tuple[np.ndarray, Parsed]:
    """Times of a column, (N,) float64 days since 1970; NaN where a cell is none."""
    texts = [cell.strip() for cell in cells]
    quick = _iso(texts)
    if quick is not None:
        return quick, Parsed()
    counted = _counting(texts)
    if counted is not None:
        return counted
    day_first, ambiguous = _day_first(texts)
    zoned = 0
    found = np.full(len(texts), nan)
    hint: Callable[[str], datetime] | None = None
    for i, text in enumerate(texts):
        moment, hint = _moment(text, day_first, hint)
        if moment is not None:
            zoned += moment.tzinfo is not None
            found[i] = _days(moment)
    return found, Parsed(zoned=zoned, ambiguous=ambiguous)


def is_time(cell: str) -> bool:
    """Whether a cell is a date or a moment; a plain number is none, unless it is a year."""
    text = cell.strip()
    if not text or _YEAR.match(text):
        return bool(text)
    if _NUMBER.match(text) and not _COMPACT.match(text):
        return False  # no way of writing dates needs to be tried; a table may have thousands of columns
    return any(_moment(text, day_first, None)[0] is not None for day_first in (True, False))


def _iso(texts: Sequence[str]) -> np.ndarray | None:
    """The quick way: all as 2024-05-01, 2024-05 or 2024-05-01 12:30:00, without a zone."""
    if not texts or len(texts[0]) < 7 or texts[0][4:5] != "-" or not texts[0][-1].isdigit():
        return None
    try:
        if any(text[-6:-5] in ("+", "-") and ":" in text[-3:] for text in texts if len(text) > 16):
            return None
        moments = np.array(texts, "datetime64[ms]")
    except ValueError:
        return None
    return moments.astype(np.int64) / 86_400_000


def _counting(texts: Sequence[str]) -> tuple[np.ndarray, Parsed] | None:
    """Plain numbers: years, seconds since 1970, or a count of rows."""
    said = [text for text in texts if text]
    try:
        numbers = np.array([float(text) if text else nan for text in texts])
    except ValueError:
        return None
    known = numbers[np.isfinite(numbers)]
    if not said or not len(known):
        return None
    whole = bool((known == np.round(known)).all())
    if (
        whole
        and all(_YEAR.match(text.removesuffix(".0")) for text in said)
        and 1000 <= known.min() < known.max() < 3000
    ):
        days = np.full(len(numbers), nan)
        there = np.isfinite(numbers)
        days[there] = (numbers[there] - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
        return days, Parsed()
    if whole and all(re.match(r"^(19|20)\d{6}$", text) for text in said):
        return None  # 20240501
    if known.min() > 1e11:
        return numbers / 86_400_000, Parsed()
    if known.min() > 1e8:
        return numbers / 86_400, Parsed()
    return numbers, Parsed(calendar=False)


def _day_first(texts: Sequence[str]) -> tuple[bool, bool]:
    """Whether dates in numbers begin with the day, and whether the column does not tell."""
    parts = [match for text in texts if (match := _NUMERIC_DATE.match(text))]
    if not parts:
        return True, False
    first, second = max(int(m[1]) for m in parts), max(int(m[2]) for m in parts)
    if first > 12 or second > 12:
        return first > 12, False
    return "." in parts[0][0], "." not in parts[0][0]


def _moment(
    text: str, day_first: bool, hint: Callable[[str], datetime] | None
) -> tuple[datetime | None, Callable[[str], datetime] | None]:
    if hint is not None:
        try:
            return hint(text), hint
        except ValueError:
            pass
    if match := _NUMERIC_DATE.match(text):
        day, month = (int(match[1]), int(match[2])) if day_first else (int(match[2]), int(match[1]))
        year = int(match[3]) + (0 if len(match[3]) == 4 else 2000 if int(match[3]) < 70 else 1900)
        try:
            moment = datetime(year, month, day)
            return (datetime.fromisoformat(f"{moment.date()}T{_padded(match[4])}") if match[4] else moment), None
        except ValueError:
            return None, None
    if match := _QUARTER.match(text):
        return datetime(int(match[1]), 3 * int(match[2]) - 2, 1), None
    try:
        if match := _WEEK.match(text):
            return datetime.fromisocalendar(int(match[1]), int(match[2]), 1), None
        if not _YEAR.match(text) and not text.replace(".", "").isdigit():
            return datetime.fromisoformat(text), datetime.fromisoformat
    except ValueError:
        pass
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form), lambda each, form=form: datetime.strptime(each, form)
        except ValueError:
            continue
    return None, None


def _padded(clock: str) -> str:
    hour, colon, rest = clock.strip().partition(":")
    return f"{hour.zfill(2)}{colon}{rest}" if colon else f"{hour.zfill(2)}:00"


def _days(moment: datetime) -> float:
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH).total_seconds() / 86_400


# How far apart


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How far apart the times of a series are.

    Attributes:
        unit: Of the step; `rows` where the times follow no grid, or only count.
        size: How many of them one step is.
        season: Steps after which the calendar comes round: 12 of months, 7 of days, 24 of hours; 1 where it does not.
        horizon: Steps that are usually forecast (Makridakis et al., “The M4 competition”, 2020).
        name: In words: `monthly`.
    """

    unit: Unit
    size: float
    season: int
    horizon: int
    name: str


_KNOWN: Final = (
    (365.2425, "years", 1, 6, "yearly"),
    (91.310625, "months", 4, 8, "quarterly"),
    (30.436875, "months", 12, 12, "monthly"),
    (7.0, "days", 52, 13, "weekly"),
    (1.0, "days", 7, 14, "daily"),
)
_GRID: Final = 0.95
"""Of the times that must lie on a grid for it to be one."""


def rhythm_of(times: np.ndarray, calendar: bool) -> Rhythm:
    """The rhythm of times in ascending order, days since 1970 (or a count of rows)."""
    steps = np.diff(times)
    if not calendar or not len(steps):
        return Rhythm("rows", 1.0, 1, 12, "counted")
    middle = float(np.median(steps))
    for days, unit, season, horizon, name in _KNOWN:
        if days > 20 and abs(middle - days) < 0.06 * days:
            size = 3.0 if name == "quarterly" else 1.0
            rhythm = Rhythm(unit, size, season, horizon, name)  # type: ignore[arg-type]
        elif days <= 7 and abs(middle - days) < 1e-3:
            rhythm = Rhythm("days", days, season, horizon, name)
            if name == "daily" and not (weekday(times) >= 5).any() and len(times) > 10:
                return Rhythm("business-days", 1.0, 5, 10, "each working day")
        else:
            continue
        return rhythm if _on_grid(times, rhythm) else _irregular()
    rhythm = Rhythm("days", middle, 1, 12, _in_words(middle))
    if middle < 1:
        a_day = 1 / middle
        if abs(a_day - round(a_day)) < 1e-3 * a_day:
            rhythm = Rhythm("days", 1 / round(a_day), round(a_day) if a_day <= 288 else 60, 24, rhythm.name)
    return rhythm if _on_grid(times, rhythm) else _irregular()


def weekday(times: np.ndarray) -> np.ndarray:
    """Monday is 0; 1970-01-01 was a Thursday."""
    days: np.ndarray = (np.floor(times).astype(np.int64) + 3) % 7
    return days


def places_on_grid(times: np.ndarray, rhythm: Rhythm) -> np.ndarray:
    """The number of each time on the rhythm's grid, from 0, (N,) int64."""
    if rhythm.unit in ("months", "years"):
        moments: np.ndarray = np.floor(times).astype(np.int64).astype("datetime64[D]")
        count = moments.astype("datetime64[M]").astype(np.int64)
        count = count // 12 if rhythm.unit == "years" else count // round(rhythm.size)
    elif rhythm.unit == "days":
        count = np.round((times - times[0]) / rhythm.size).astype(np.int64)
    else:
        count = np.arange(len(times))
    places: np.ndarray = count - count[0]
    return places


def _on_grid(times: np.ndarray, rhythm: Rhythm) -> bool:
    if rhythm.unit != "days":
        return float((np.diff(places_on_grid(times, rhythm)) > 0).mean()) >= _GRID
    away = (times - times[0]) / rhythm.size
    return float((np.abs(away - np.round(away)) < 0.1).mean()) >= _GRID


def _irregular() -> Rhythm:
    return Rhythm("rows", 1.0, 1, 12, "irregular")


def _in_words(days: float) -> str:
    if days >= 1:
        return f"every {days:.3g} days"
    hours = 24 * days
    return f"every {hours:.3g} hours" if hours >= 1 else f"every {60 * hours:.3g} minutes"
