from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trasluz.api import DataError
from trasluz.core.data.index import Index
from trasluz.core.data.readers import builtin_sources
from trasluz.core.data.samples import build_sample


def test_surfaces_are_tiles_of_separate_parts(tmp_path: Path) -> None:
    at = build_sample("surfaces", tmp_path / "surfaces")
    files = sorted(at.glob("*/*/*.png"))
    assert Counter(f"{f.parts[-3]}/{f.parts[-2]}" for f in files) == {
        f"{split}/{label}": count
        for split, count in (("train", 40), ("val", 16))
        for label in ("brick", "grass", "gravel")
    }
    contents = {f.read_bytes() for f in files}
    assert len(contents) == len(files)
    assert np.asarray(Image.open(files[0])).shape == (64, 64)
    assert "CC0" in (at / "SOURCE.txt").read_text()
    summary = Index.build(at, tmp_path / "i.sqlite", builtin_sources()).summary()
    assert summary.split_given
    assert summary.problems == ()


def test_digits_are_all_there(tmp_path: Path) -> None:
    at = build_sample("digits", tmp_path / "digits")
    assert len(list(at.glob("*/*.png"))) == 1797
    assert sorted(p.name for p in at.iterdir() if p.is_dir()) == list("0123456789")
    with Image.open(at / "0" / "digit-0000.png") as image:
        assert image.size == (32, 32)
        assert image.getextrema() == (0, 239)


def test_sunspots_are_a_series_to_forecast(tmp_path: Path) -> None:
    at = build_sample("sunspots", tmp_path / "sunspots")
    lines = (at / "sunspots.csv").read_text().splitlines()
    assert (lines[0], lines[1], lines[-1], len(lines)) == ("year,sunspots", "1700,5", "2008,2.9", 310)
    summary = Index.build(at, tmp_path / "i.sqlite", builtin_sources()).summary()
    assert (summary.kind, summary.problems) == ("forecast", ())


def test_dates_are_pairs_of_texts_and_no_day_is_in_two_parts(tmp_path: Path) -> None:
    at = build_sample("dates", tmp_path / "dates")
    parts = [at / f"{part}.tsv" for part in ("train", "val", "test")]
    days = [{line.split("\t")[1] for line in part.read_text(encoding="utf-8").splitlines()[1:]} for part in parts]
    assert [len(each) for each in days] == [6000, 500, 500]
    assert len(set.union(*days)) == 7000
    summary = Index.build(at, tmp_path / "i.sqlite", builtin_sources()).summary()
    assert (summary.kind, summary.total, summary.problems) == ("text-pairs", 7000, ())
    assert summary.columns == ("source", "target")


def test_the_problem_of_long_memory_is_a_file(tmp_path: Path) -> None:
    assert '"copy"' in (build_sample("memory", tmp_path / "memory") / "copy.memory.json").read_text()


def test_a_second_time_nothing_is_written(tmp_path: Path) -> None:
    at = build_sample("surfaces", tmp_path / "s")
    before = {p: p.stat().st_mtime_ns for p in at.rglob("*")}
    assert build_sample("surfaces", at) == at
    assert {p: p.stat().st_mtime_ns for p in at.rglob("*")} == before


def test_what_is_missing_is_made_again_and_what_was_added_stays(tmp_path: Path) -> None:
    at = build_sample("surfaces", tmp_path / "s")
    (at / "val" / "brick" / "brick-60.png").unlink()
    (at / ".trasluz-sample.json").unlink()
    with pytest.raises(DataError, match="holds something else"):
        build_sample("surfaces", at)
    (at / ".trasluz-sample.json").write_text("{")
    (at / "train" / "brick" / "mine.txt").write_text("mine")
    build_sample("surfaces", at)
    assert (at / "val" / "brick" / "brick-60.png").is_file()
    assert (at / "train" / "brick" / "mine.txt").read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["s"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    assert len(list(build_sample("surfaces", tmp_path / "s").rglob("*.png"))) == 168


def test_sentences(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="dates, digits, memory, sunspots and surfaces"):
        build_sample("cats", tmp_path / "s")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    with pytest.raises(DataError, match="holds something else"):
        build_sample("surfaces", tmp_path / "full")
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written"):
        build_sample("surfaces", tmp_path / "file" / "s")
