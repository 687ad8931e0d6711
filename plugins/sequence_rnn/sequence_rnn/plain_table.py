"""Tables as the program reads them, with the standard library and numpy alone; it becomes part of `predict.py`.

The program's own readers say more of what is wrong with a table and hold larger ones; what they give is the same.
"""

import csv
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

MISSING = {"", "nan", "na", "n/a", "#n/a", "#na", "null", "none", "nil", "?", "-", ".", "missing", "nat"}
FORMS = (
    *("%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y.%m.%d", "%b %d %Y", "%b %d, %Y", "%B %d %Y"),
    *("%B %d, %Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%b-%y", "%b %Y", "%B %Y", "%b-%Y", "%Y-%b"),
    *("%Y/%m", "%m/%Y", "%Y-%m", "%Y%m%d"),
)
TIMES = (
    *("date", "time", "datetime", "timestamp", "ds", "day", "month", "year", "week", "quarter", "period", "t", "step"),
    *("index", "hour", "date_time", "time_stamp"),
)
NUMBERED = re.compile(r"^(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{2,4})(?:[ T](.+))?$")


def rows_of(path):
    """The rows of a table, lists of cells, empty for an empty line, and whether its numbers have a decimal comma."""
    raw = Path(path).read_bytes()
    wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    lines = [line if line.strip() else "" for line in re.split("\r\n|\r|\n", text)]
    widths = {mark: [line.count(mark) for line in lines[:50] if line] for mark in ",;\t|"}
    even = {mark: max((w.count(n) * (1 + n / 1e5) for n in set(w) if n), default=0) for mark, w in widths.items()}
    mark = max(even, key=lambda each: even[each])
    mark = ";" if mark == "," and even[";"] >= 0.9 * even[","] else mark
    rows = [next(csv.reader([line], delimiter=mark), []) for line in lines]
    cells = [cell.strip() for row in rows[1:50] for cell in row]
    comma = mark != "," and any("," in c and is_number(c, True) for c in cells)
    return rows, comma and not any("." in c and "," not in c and is_number(c, False) for c in cells)


def number(cell, comma=False):
    """The number in a cell; NaN where the cell says that there is none. Raises ValueError for text."""
    text = cell.strip()
    if text.lower() in MISSING:
        return float("nan")
    if comma and text.count(",") == 1:
        text = text.replace(".", "").replace(",", ".")
    if "_" in text:
        raise ValueError(cell)
    value = float(text)
    return float("nan") if np.isinf(value) else value


def is_number(cell, comma=False):
    """Whether a cell is a number or says that there is none."""
    try:
        number(cell, comma)
    except ValueError:
        return False
    return True


def days_in(cells):
    """Times as days since 1970 in UTC, or as counts where they only count; NaN where a cell is none: (N,)."""
    texts = [cell.strip() for cell in cells]
    if all(is_number(text) for text in texts) and any(texts):
        counts = np.array([number(text) for text in texts])
        known = counts[np.isfinite(counts)]
        dated = all(re.match(r"^(19|20)\d{6}$", text) for text in texts if text)
        if len(known) and not dated:
            if all(re.match(r"^\d{4}(\.0)?$", text) for text in texts if text) and 1000 <= known.min() < known.max():
                return np.array([np.nan if np.isnan(y) else day(f"{int(y)}-01-01", False) for y in counts])
            return counts / (86_400_000 if known.min() > 1e11 else 86_400 if known.min() > 1e8 else 1)
    parts = [match for text in texts if (match := NUMBERED.match(text))]
    first, second = (max((int(match[n]) for match in parts), default=0) for n in (1, 2))
    day_first = first > 12 if max(first, second) > 12 else not parts or "." in parts[0][0]
    return np.array([day(text, day_first) for text in texts])


def day(text, day_first):
    """Days since 1970 of one time, NaN where it is none."""
    try:
        moment = moment_in(text, day_first)
    except ValueError:
        return float("nan")
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() / 86_400


def moment_in(text, day_first):
    """A time as a person writes it."""
    if match := NUMBERED.match(text):
        one, two, year = (int(match[n]) for n in (1, 2, 3))
        year += 0 if len(match[3]) == 4 else 2000 if year < 70 else 1900
        date = datetime(year, *((two, one) if day_first else (one, two)))
        hour, colon, rest = (match[4] or "00:00").strip().partition(":")
        return datetime.fromisoformat(f"{date.date()}T{hour.zfill(2)}{colon or ':00'}{rest}")
    if match := re.match(r"^(\d{4})[-\s]?Q([1-4])$", text, re.IGNORECASE):
        return datetime(int(match[1]), 3 * int(match[2]) - 2, 1)
    if match := re.match(r"^(\d{4})-?W(\d{1,2})$", text, re.IGNORECASE):
        return datetime.fromisocalendar(int(match[1]), int(match[2]), 1)
    if not text.replace(".", "").isdigit():
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    for form in FORMS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    raise ValueError(text)


def first_of_each(times):
    """Which rows in which order: those with a time, in the order of their times, the first of each."""
    known = np.flatnonzero(np.isfinite(times))
    _, first = np.unique(times[known], return_index=True)
    return known[first]


def on_grid(times, values, rhythm):
    """The rows of a series at the steps of its rhythm; steps that are not there get missing values.

    Args:
        times: (T,) ascending, each once.
        values: (T, C) float32.
        rhythm: The card's: `unit` and `size`.
    """
    unit, size = rhythm["unit"], float(rhythm["size"])
    if unit in ("months", "years"):
        month = np.floor(times).astype(np.int64).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        count = month // (12 if unit == "years" else round(size))
    elif unit == "days":
        count = np.round((times - times[0]) / size).astype(np.int64)
    else:
        return times, values
    places = count - count[0]
    kept, first = np.unique(places, return_index=True)
    wanted = np.arange(int(places[-1]) + 1)
    if len(wanted) > 1.5 * len(times) or len(wanted) == len(times) == len(kept):
        return times, values
    full = np.full((len(wanted), values.shape[1]), np.nan, np.float32)
    full[kept] = values[first]
    return np.interp(wanted, kept, times[first]), full
