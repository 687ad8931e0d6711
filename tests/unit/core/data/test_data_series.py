"""Labelled series: every layout, what comes back of it, and what is wrong in somebody's tables."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trasluz.api import DataError, Problem, Record
from trasluz.api.step_labels import joined, parted
from trasluz.core.data.readers.series_classes import SeriesClasses, SeriesSteps

CLASSES, STEPS = SeriesClasses(), SeriesSteps()
# What survives both a decimal text and float32.
numbers = st.integers(-(10**6), 10**6).map(lambda n: n / 1000)
label = st.text("abcXYZ 0123456789äß-", min_size=1, max_size=8).map(lambda t: " ".join(t.split())).filter(bool)


def read(source, at: Path):
    found = list(source.records(at))
    records = [each for each in found if isinstance(each, Record)]
    problems = [each for each in found if isinstance(each, Problem)]
    return [(r, source.read(at, r).array("series")) for r in records], problems


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(label, st.lists(st.lists(numbers, min_size=2, max_size=2), min_size=2, max_size=6)), min_size=1),
    st.randoms(use_true_random=False),
)
def test_long_tables_come_back_whatever_the_order_of_rows(tmp_path_factory, cases, random) -> None:
    rows = [
        (f"{case},{name},{t}," + ",".join(map(str, step)))
        for case, (name, steps) in enumerate(cases)
        for t, step in enumerate(steps)
    ]
    random.shuffle(rows)
    at = tmp_path_factory.mktemp("long") / "all.csv"
    at.write_text("\n".join(["case,label,t,d1,d2", *rows]) + "\n", encoding="utf-8")
    found, problems = read(CLASSES, at)
    assert problems == []
    assert {r.part: r.target for r, _ in found} == {f"case {n}": name for n, (name, _) in enumerate(cases)}
    for record, values in found:
        expected = cases[int(record.part.split()[1])][1]
        assert np.allclose(values, np.array(expected, np.float32))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(label, st.lists(st.one_of(st.just(math.nan), numbers), min_size=3, max_size=9)), min_size=2))
def test_wide_tables_come_back_without_their_padding(tmp_path_factory, series) -> None:
    series = [(name, [1.0, *values]) for name, values in series]
    longest = max(len(values) for _, values in series)
    cells = [[name, *(("" if math.isnan(v) else str(v)) for v in values)] for name, values in series]
    at = tmp_path_factory.mktemp("wide") / "all.csv"
    head = ["label", *(f"t{i}" for i in range(longest))]
    at.write_text("\n".join(",".join(row) for row in [head, *cells]), encoding="utf-8")
    found, problems = read(CLASSES, at)
    assert problems == []
    for (record, values), (name, expected) in zip(found, series, strict=True):
        while math.isnan(expected[-1]):
            expected = expected[:-1]
        assert record.target == name
        assert np.allclose(values[:, 0], np.array(expected, np.float32), equal_nan=True)


@given(st.lists(label, min_size=1, max_size=30))
@settings(deadline=None)
def test_labels_of_steps_come_back(labels) -> None:
    assert parted(joined(labels)) == labels


def test_the_archive_formats(tmp_path: Path) -> None:
    (tmp_path / "A_TRAIN.ts").write_text(
        "#a comment\n@problemName A\n@missing true\n@classLabel true up down\n@data\n"
        "1,2,?:4,5,6:up\n(0,1.5),(1,2.5):(0,3),(1,4):down\n"
    )
    (tmp_path / "A_TEST.ts").write_text("@classLabel true up down\n@data\n1,2,3,4:1,2,3,4:up\n")
    (tmp_path / "A_TRAIN.tsv").write_text("1\t1\t2\t3\n2\t3\t2\t1\n")
    assert CLASSES.detect(tmp_path).layout == "ts"
    found, _ = read(CLASSES, tmp_path)
    assert [(r.split, r.target, v.shape) for r, v in found] == [
        ("test", "up", (4, 2)),
        ("train", "up", (3, 2)),
        ("train", "down", (2, 2)),
    ]
    assert np.isnan(found[1][1][2, 0])
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "B_TRAIN.tsv").write_text("1\t1\t2\t3\n2\t3\t2\tNaN\n")
    found, _ = read(CLASSES, tmp_path / "alone")
    assert [(r.target, len(v)) for r, v in found] == [("1", 3), ("2", 2)]


def test_a_table_for_each_series_in_class_folders(tmp_path: Path) -> None:
    for name, values in (("rise", range(5)), ("fall", range(5, 0, -1))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.csv").write_text("time;x;y\n" + "\n".join(f"{i};{v},5;1" for i, v in enumerate(values)))
        (tmp_path / name / "2.csv").write_text("\n".join(f"{v}" for v in values))
        (tmp_path / name / "note.csv").write_text("dear diary\n")
    assert CLASSES.detect(tmp_path) is not None
    found, problems = read(CLASSES, tmp_path)
    assert [(r.path, v.shape) for r, v in found] == [
        ("fall/1.csv", (5, 2)),
        ("fall/2.csv", (5, 1)),
        ("rise/1.csv", (5, 2)),
        ("rise/2.csv", (5, 1)),
    ]
    assert found[2][1][0].tolist() == [0.5, 1.0]
    assert len(problems) == 2
    assert "no table of numbers" in problems[0].sentence


def test_labels_that_change_within_a_series_are_labels_of_steps(tmp_path: Path) -> None:
    rows = [f"{case},{'walk' if t < 5 else 'run'},{t},{t * case}.5" for case in range(3) for t in range(9)]
    (tmp_path / "train.csv").write_text("case,label,t,d1\n" + "\n".join(rows))
    assert CLASSES.detect(tmp_path) is None
    assert STEPS.detect(tmp_path) is not None
    found, _ = read(STEPS, tmp_path)
    assert [r.target for r, _ in found] == ["walk × 5 → run × 4"] * 3
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "a.csv").write_text(
        "t,x,state\n" + "\n".join(f"{t},{t},{'on' if t > 9 else 'off'}" for t in range(20))
    )
    assert [r.target for r, _ in read(STEPS, tmp_path / "alone")[0]] == ["off × 10 → on × 10"]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("a,1,x,3", "which is no number"),
        ("a,,,", "holds no number"),
        (",1,2,3", "has no label"),
        ("a,1,2,inf", None),
        ("a,NaN,?,3", None),
    ],
)
def test_bad_rows_are_set_aside_with_a_sentence(tmp_path: Path, row: str, says: str | None) -> None:
    at = tmp_path / "train.csv"
    rows = "".join(f"{'ab'[n % 2]},1,{n},3\n" for n in range(8))
    at.write_text(f"label,t0,t1,t2\n{rows}{row}\n")
    told = []
    for found in CLASSES.records(at):
        if isinstance(found, Problem):
            told.append(found.sentence)
            continue
        try:
            CLASSES.check(at, found)
        except DataError as error:
            told.append(str(error))
    assert len(told) == (says is not None)
    if says:
        assert says in told[0]
        assert "ow 10" in told[0]


def test_wide_characters_are_refused_with_a_sentence(tmp_path: Path) -> None:
    at = tmp_path / "train.csv"
    at.write_text("label,t0,t1\na,1,2\nb,2,3\n", encoding="utf-16")
    with pytest.raises(DataError, match="save it as UTF-8"):
        SeriesClasses().open(str(at))
    (tmp_path / "old.csv").write_bytes("label,t0,t1,t2\ngrün gefärbt,1,2,3\nfür später übrig,2,3,4\n".encode("cp1252"))
    assert {r.target for r, _ in read(CLASSES, tmp_path / "old.csv")[0]} == {"grün gefärbt", "für später übrig"}


def test_one_series_of_a_file_is_asked_for_by_name(tmp_path: Path) -> None:
    at = tmp_path / "test.csv"
    at.write_text("label,t0,t1,t2\na,1,2,3\nb,3,2,1\n")
    assert CLASSES.parts(str(at)) == [f"{at}#row 2", f"{at}#row 3"]
    assert CLASSES.open(f"{at}#row 3").array("series")[:, 0].tolist() == [3, 2, 1]
    with pytest.raises(DataError, match="say which one"):
        CLASSES.open(str(at))
    with pytest.raises(DataError, match="no “row 9”"):
        CLASSES.open(f"{at}#row 9")
