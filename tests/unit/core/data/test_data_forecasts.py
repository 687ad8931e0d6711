"""Tables of times and numbers: layouts, times as people write them, and everything that is wrong with them."""

import tracemalloc
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trasluz.api import DataError, Problem, Record
from trasluz.core.data.readers import forecast_table
from trasluz.core.data.readers.forecasts import Forecasts
from trasluz.core.data.readers.times import is_time, parsed, rhythm_of

SOURCE = Forecasts()
MONTHS = [f"{1990 + m // 12}-{m % 12 + 1:02}" for m in range(60)]


def read(at: Path):
    found = list(SOURCE.records(at))
    records = [each for each in found if isinstance(each, Record)]
    return [(r, SOURCE.read(at, r)) for r in records], {p.rule: p.sentence for p in found if isinstance(p, Problem)}


def table(at: Path, times, values, head: str = "date,y") -> Path:
    at.write_text("\n".join([head, *(f"{t},{v}" for t, v in zip(times, values, strict=True))]), encoding="utf-8")
    return at


@given(st.lists(st.dates(date(1950, 1, 1), date(2049, 12, 31)), min_size=1, max_size=20))
@settings(max_examples=50, deadline=None)
def test_dates_are_understood_as_they_are_written(days) -> None:
    expected = [(day - date(1970, 1, 1)).days for day in days]
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%b %d %Y", "%d %B %Y", "%d.%m.%Y", "%Y%m%d"):
        assert parsed([day.strftime(form) for day in days])[0].tolist() == expected
    if any(day.day > 12 for day in days):
        assert parsed([day.strftime("%d/%m/%Y") for day in days])[0].tolist() == expected
        if min(days).year >= 1970:
            assert parsed([day.strftime("%m/%d/%y") for day in days])[0].tolist() == expected


@given(st.text(max_size=12))
@settings(deadline=None)
def test_no_text_breaks_the_reading_of_times(text) -> None:
    is_time(text)
    assert len(parsed([text, "2020-01-01"])[0]) == 2


@pytest.mark.parametrize(
    ("times", "name", "season"),
    [
        (MONTHS, "monthly", 12),
        ([str(y) for y in range(1900, 1930)], "yearly", 1),
        ([f"{y}-Q{q}" for y in range(1990, 1999) for q in (1, 2, 3, 4)], "quarterly", 4),
        ([str(date(2020, 1, 1) + timedelta(n)) for n in range(40)], "daily", 7),
        ([str(date(2020, 1, 1) + timedelta(7 * n)) for n in range(40)], "weekly", 52),
        ([f"2020-01-{1 + n // 24:02}T{n % 24:02}:00" for n in range(100)], "every 1 hours", 24),
        ([f"2020-01-01T{n // 60:02}:{n % 60:02}:00Z" for n in range(300)], "every 1 minutes", 60),
        ([str(n) for n in range(30)], "counted", 1),
        (
            [
                d
                for d in (str(date(2021, 3, 1) + timedelta(n)) for n in range(60))
                if date.fromisoformat(d).weekday() < 5
            ],
            "each working day",
            5,
        ),
    ],
)
def test_the_rhythm_is_known(times, name, season) -> None:
    found, how = parsed(times)
    rhythm = rhythm_of(found, how.calendar)
    assert (rhythm.name, rhythm.season) == (name, season)


def test_wide_and_long_tables_are_cut_in_time(tmp_path: Path) -> None:
    wide = table(tmp_path / "wide.csv", MONTHS, [f"{i},{2 * i}" for i in range(60)], "Month,a,b")
    found, problems = read(wide)
    assert problems == {}
    assert [(r.split, s.array("series").shape) for r, s in found] == [("train", (48, 2)), ("val", (12, 2))]
    assert found[0][1].array("times")[-1] < found[1][1].array("times")[0]
    rows = [f"{name},{t},{i * scale}" for i, t in enumerate(MONTHS) for name, scale in (("x", 1), ("y", 2))]
    long = tmp_path / "long.csv"
    long.write_text("\n".join(["series_id,time,value", *rows]))
    found, _ = read(long)
    assert [(r.extra["series"], r.split) for r, _ in found] == [
        ("x", "train"),
        ("x", "val"),
        ("y", "train"),
        ("y", "val"),
    ]
    assert found[2][1].array("series")[3, 0] == 6
    assert SOURCE.parts(str(long)) == [f"{long}#x", f"{long}#y"]
    assert SOURCE.open(f"{long}#y, rows 3–5").array("series")[:, 0].tolist() == [4, 6, 8]
    with pytest.raises(DataError, match="say which"):
        SOURCE.open(str(long))


def test_what_is_wrong_gets_a_sentence_and_the_rest_goes_on(tmp_path: Path) -> None:
    times = [*MONTHS[:30], *MONTHS[33:], MONTHS[40], "never"]
    values = [*range(57), 99, 1]
    values[5], values[6] = "broken", "NaN"
    times[10], times[11] = times[11], times[10]
    found, problems = read(table(tmp_path / "a.csv", times, values))
    series = np.concatenate([s.array("series")[:, 0] for _, s in found])
    assert len(series) == 60
    assert np.isnan(series[[5, 6, 30, 31, 32]]).all()
    assert series[40] == 37
    assert set(problems) == {"missing", "text-in-numbers", "bad-time", "unsorted", "same-time", "gaps"}
    assert "“broken” in row 7" in problems["text-in-numbers"]
    assert "3 of its times" in problems["gaps"]


def test_other_troubles_get_a_sentence(tmp_path: Path) -> None:
    def rule(name, times, values, head="date,y"):
        return read(table(tmp_path / name, times, values, head))

    assert "constant" in rule("flat.csv", MONTHS, [3] * 60)[1]["constant"]
    assert "8 are needed" in rule("short.csv", MONTHS[:5], range(5))[1]["too-short"]
    irregular = [str(date(2020, 1, 1) + timedelta(n * n)) for n in range(40)]
    assert "irregular" in rule("odd.csv", irregular, range(40))[1]["irregular"]
    zones = [f"2020-01-{1 + n // 12:02}T{2 * (n % 12):02}:00+02:00" for n in range(60)]
    found, problems = rule("zones.csv", zones, range(60))
    assert "UTC" in problems["time-zone"]
    assert found[0][1].array("times")[0] == pytest.approx(18262 - 2 / 24)
    assert "encoding" in _coded(tmp_path, "cp1252")[1]
    assert _coded(tmp_path, "utf-16")[1] == {}
    semicolons = tmp_path / "comma.csv"
    semicolons.write_text("Datum;Wert\n" + "\n".join(f"{n + 1}.5.2020;{n},25" for n in range(20)))
    assert read(semicolons)[0][0][1].array("series")[2, 0] == 2.25


def _coded(tmp_path: Path, encoding: str):
    at = tmp_path / f"{encoding}.csv"
    rows = "\n".join(f"{t},{i}" for i, t in enumerate(MONTHS))
    at.write_bytes(f"Monat,Größe\n{rows}\n".encode(encoding))
    found, problems = read(at)
    assert found[0][0].extra["columns"] == ["Größe"]
    return found, problems


def test_a_table_longer_than_memory_keeps_its_end(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(forecast_table, "ROWS_AT_MOST", 5_000)
    at = table(tmp_path / "long.csv", range(60_000), range(60_000), "t,y")
    tracemalloc.start()
    found, problems = read(at)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "the last 5,000 are used" in problems["too-long"]
    assert found[-1][1].array("series")[-1, 0] == 59_999
    assert sum(len(s.array("series")) for _, s in found) == 5_000
    assert peak < 8_000_000


def test_binary_files_and_tables_without_times_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(bytes(range(256)) * 50)
    (tmp_path / "b.csv").write_text("name,size\nx,1\ny,2\nz,3\n")
    assert SOURCE.detect(tmp_path / "a.csv") is None
    assert SOURCE.detect(tmp_path / "b.csv") is None
    with pytest.raises(DataError, match="no table of times"):
        SOURCE.open(str(tmp_path / "b.csv"))


def test_a_table_that_cannot_be_used_gets_a_sentence_and_not_another_kind(tmp_path: Path) -> None:
    unnamed = table(tmp_path / "unnamed.csv", MONTHS[1:], range(59), head=f"{MONTHS[0]},7")
    empty = table(tmp_path / "empty.csv", MONTHS, [""] * 60)
    for at in (unnamed, empty):
        found = SOURCE.detect(at)
        assert found is not None and found.confidence > 0.15  # more than of a text
        records, problems = read(at)
        assert not records
        assert "first line has to name the columns" in problems["unreadable"]
    texts = table(tmp_path / "pairs.csv", MONTHS, ["a word"] * 60)
    assert SOURCE.detect(texts) is None


def test_missing_values_are_counted_and_a_binary_file_among_tables_is_named(tmp_path: Path) -> None:
    table(tmp_path / "a.csv", MONTHS, [m % 7 if m % 20 else "" for m in range(60)])
    (tmp_path / "b.csv").write_bytes(bytes(range(256)) * 20)
    records, problems = read(tmp_path)
    assert len(records) == 2
    assert "no value in 3 of 60 cells" in problems["missing"]
    assert "“b.csv” is no table of times and numbers" in problems["unreadable"]


def test_dates_with_the_month_first_are_a_column_of_times(tmp_path: Path) -> None:
    days = [(date(2024, 1, 1) + timedelta(n)).strftime("%m/%d/%Y") for n in range(60)]
    records, _ = read(table(tmp_path / "a.csv", days, range(60), head="day,y"))
    assert len(records) == 2


def test_a_number_is_no_time_without_trying_every_way_to_write_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of series has hundreds of columns of numbers; telling each cell from a date took a millisecond."""
    monkeypatch.setattr("trasluz.core.data.readers.times._moment", lambda *_: pytest.fail("tried as a date"))
    assert not any(is_time(cell) for cell in ("-0.7426", "1", "12.5", "1e-5", "+3.", ".5", "20240"))
    assert is_time("1999")
