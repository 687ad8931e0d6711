"""`predict.py` reads tables as the program does: the same times and values, whatever is missing or out of order."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from sequence_rnn.plain_table import days_in, first_of_each, is_number, number, on_grid, rows_of
from trasluz.core.data.readers.forecast_table import series_in
from trasluz.core.data.readers.numbers import is_number as is_number_in_program
from trasluz.core.data.readers.times import parsed

DAYS = np.arange("2024-01-01", "2024-03-01", dtype="datetime64[D]")


def written_as(form: str, day: np.datetime64) -> str:
    moment = day.astype(object)
    return moment.strftime(form)


TIMES = {
    "iso": [str(day) for day in DAYS],
    "german": [written_as("%d.%m.%Y", day) for day in DAYS],
    "american": [written_as("%m/%d/%Y", day) for day in DAYS],
    "words": [written_as("%b %d %Y", day) for day in DAYS],
    "compact": [written_as("%Y%m%d", day) for day in DAYS],
    "zoned": [f"{day}T00:00:00+02:00" for day in DAYS],
    "hours": [str(t).replace("T", " ") for t in np.arange("2024-01-01T00", "2024-01-03T12", dtype="datetime64[h]")],
    "months": [str(month) for month in np.arange("2019-01", "2024-01", dtype="datetime64[M]")],
    "quarters": [f"{2000 + q // 4}Q{q % 4 + 1}" for q in range(60)],
    "weeks": [str(day) for day in np.arange("2023-01-02", "2024-02-01", 7, dtype="datetime64[D]")],
    "working days": [str(day) for day in DAYS if np.is_busday(day)],
    "years": [str(year) for year in range(1950, 2010)],
    "seconds": [str(1_700_000_000 + 600 * i) for i in range(60)],
    "counts": [str(i) for i in range(60)],
}


def program_and_script(path: Path) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    (each,) = series_in(path)
    table, comma = rows_of(path)
    rows = [row for row in table[1:] if row and row[0].strip()]
    cells = [[row[i] for i in (1, 2)] for row in rows]
    values = [[number(c, comma) if is_number(c, comma) else np.nan for c in row] for row in cells]
    times = days_in([row[0] for row in rows])
    order = first_of_each(times)
    found = on_grid(times[order], np.array(values, np.float32)[order], asdict(each.rhythm))
    return (each.times, each.values), found


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize(("mark", "comma"), [(",", False), (";", True)])
def test_the_same_times_and_values(tmp_path: Path, name: str, mark: str, comma: bool) -> None:
    draw = np.random.default_rng(len(name))
    rows = []
    for i, time in enumerate(TIMES[name]):
        cells = [f"{draw.normal(100, 20):.2f}", f"{draw.integers(1, 9)}.5"]
        if i in (7, 20):
            cells[i % 2] = ("", "NA", "?", "n/a")[i % 4]
        rows.append(mark.join([time, *(cell.replace(".", ",") if comma else cell for cell in cells)]))
    rows[3], rows[9] = rows[9], rows[3]  # out of order
    rows.insert(30, rows[29].rsplit(mark, 1)[0] + mark + "7")  # a time twice
    for gap in (40, 15, 14):  # times that are not there
        del rows[gap % len(rows)]
    at = tmp_path / "data.csv"
    at.write_bytes(("\ufeff" + "\r\n".join([mark.join(["date", "süß", "b"]), *rows, ""])).encode())
    (times, values), (own_times, own_values) = program_and_script(at)
    assert np.array_equal(values, own_values, equal_nan=True)
    assert np.allclose(times, own_times, atol=1e-9)


@pytest.mark.parametrize(
    "cell", ["1", " 1.5 ", "-3e4", "NA", "", "?", "inf", "1_000", "text", "1,5", "1.234,5", "nan", "0x1"]
)
@pytest.mark.parametrize("comma", [True, False])
def test_the_same_cells_are_numbers(cell: str, comma: bool) -> None:
    assert is_number(cell, comma) == is_number_in_program(cell, comma=comma)


@pytest.mark.parametrize(
    "cells", [["31/12/23", "1/2/24"], ["2024-05-01 7:30", "2024-05-01 08:30"], ["nothing", "2024-01-05"]]
)
def test_the_same_cells_are_times(cells: list[str]) -> None:
    assert np.allclose(days_in(cells), parsed(cells)[0], equal_nan=True)
