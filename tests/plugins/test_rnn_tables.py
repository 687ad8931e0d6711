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


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("named.csv", "label,t0,t1,t2,t3\na,1,2,3,4\n\nb,2,3,,\n"),
        ("ucr.tsv", "1\t0.5\t1\t2\t3\n2\t3\t4.5\t5\t6\n1\t0\t1\t1\t2\n2\t0\t0\t1\t9\n"),
        ("long.csv", "case,label,t,d1\n3,a,0,1\n3,a,1,2\n7,b,0,5\n7,b,1,6\n7,b,2,7\n"),
        ("uea.ts", "@problemName x\n@univariate true\n@classLabel true a b\n@data\n1,2,3:a\n4,5,?:b\n"),
    ],
)
def test_a_table_of_several_series_is_answered_series_by_series(tmp_path: Path, name: str, text: str) -> None:
    from sequence_rnn.series_script import class_script
    from trasluz.core.data.readers.series_classes import SeriesClasses

    at = tmp_path / name
    at.write_text(text)
    source = class_script()
    head, reads = source.split("here = ")[0], source[source.index("LABELS =") : source.index("\nchosen =")]
    script: dict = {"channels": 1}
    exec(head + reads, script)
    inputs = SeriesClasses().parts(str(at))
    assert script["parts"](str(at)) == inputs
    assert len(inputs) > 1
    for each in inputs:
        assert np.array_equal(script["read"](each)[0], SeriesClasses().open(each).array("series"), equal_nan=True)
    assert script["parts"](inputs[1]) == [inputs[1]]
