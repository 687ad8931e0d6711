"""Series have pictures: on the Data page by the list of the data, elsewhere by file and part."""

from pathlib import Path

import numpy as np
import pytest

from trasluz.api import DataError
from trasluz.core.data.index import Index
from trasluz.core.plugins.registry import Registry
from trasluz.host.items import pictured


@pytest.fixture(scope="module")
def registry():
    return Registry.load()


def picture(registry, at: Path, part: str = "", index: Path | str = "") -> np.ndarray:
    return pictured(registry, at, at_most=128, part=part, index=str(index), small=False)["image"]


def test_every_series_of_a_file_has_its_own_picture(registry, tmp_path: Path) -> None:
    at = tmp_path / "train.csv"
    at.write_text("label,t0,t1,t2,t3\n" + "\n".join(f"{n % 2},{n},{-n},{n * n},1" for n in range(1, 9)))
    Index.build(at, tmp_path / "index.sqlite", registry.sources).close()
    known = picture(registry, at, "row 3", tmp_path / "index.sqlite")
    assert known.shape == (79, 128, 3)
    assert np.array_equal(known, picture(registry, Path(f"{at}#row 3")))
    assert not np.array_equal(known, picture(registry, at, "row 4", tmp_path / "index.sqlite"))
    with pytest.raises(DataError, match="say which one"):
        picture(registry, at)


def test_the_past_of_a_forecast_has_a_picture_though_no_list_knows_it(registry, tmp_path: Path) -> None:
    at = tmp_path / "sales.csv"
    at.write_text("month,sales\n" + "\n".join(f"{2000 + m // 12}-{m % 12 + 1:02},{m * m % 17}" for m in range(60)))
    Index.build(at, tmp_path / "index.sqlite", registry.sources).close()
    past = picture(registry, at, "rows 1–50", tmp_path / "index.sqlite")
    assert not np.array_equal(past, picture(registry, at))


def test_a_small_one_is_told_in_lines_that_lose_no_peak(registry, tmp_path: Path) -> None:
    at = tmp_path / "long.csv"
    values = np.zeros(5_000)
    values[1234], values[4000:4400] = 7.0, np.nan
    rows = [f"{t},{'' if np.isnan(v) else v}" for t, v in enumerate(values)]
    at.write_text("t,load\n" + "\n".join(rows))
    (line,) = pictured(registry, at, at_most=128, part="", index="", small=True)["lines"]
    assert len(line) == 240
    assert max(v for v in line if v is not None) == 1.0
    assert None in line


def test_a_table_of_series_is_as_many_inputs_as_it_has_series(tmp_path: Path) -> None:
    from trasluz.host.service import Service

    at = tmp_path / "test.csv"
    at.write_text("label,t0,t1,t2,t3\n" + "\n".join(f"{n % 2},{n},{-n},{n * n},1" for n in range(1, 4)))
    told = Service().parts("series-classes", [str(at), f"{at}#row 3", str(tmp_path / "gone.csv")])
    assert told["inputs"] == [*(f"{at}#row {n}" for n in (2, 3, 4)), f"{at}#row 3", str(tmp_path / "gone.csv")]


def test_series_as_learning_alters_them_are_told_in_lines(registry, tmp_path: Path) -> None:
    from trasluz.host.variation import varied

    at = tmp_path / "train.csv"
    at.write_text("label,t0,t1,t2,t3\n" + "\n".join(f"{n % 2},{n},{-n},{n * n},1" for n in range(1, 13)))
    Index.build(at, tmp_path / "index.sqlite", registry.sources).close()
    index, asked = tmp_path / "index.sqlite", {"items": None, "seed": 1, "count": 3}
    items = varied(registry, "sequence-rnn", {"augmentation": 0.0}, index, **asked)
    assert len(items) == 3
    for item in items:
        assert [line["values"] for line in item["varied_lines"]] == [
            pytest.approx(line["values"], abs=1e-3) for line in item["plain_lines"]
        ]


def test_a_smooth_line_stays_smooth_when_it_is_thinned_out(registry, tmp_path: Path) -> None:
    at = tmp_path / "down.csv"
    at.write_text("t,load\n" + "\n".join(f"{t},{5_000 - t}" for t in range(5_000)))
    (line,) = pictured(registry, at, at_most=128, part="", index="", small=True)["lines"]
    assert line == sorted(line, reverse=True)
