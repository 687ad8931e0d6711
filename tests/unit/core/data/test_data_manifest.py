import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trasluz.api import DataError, Problem, Record
from trasluz.core.data.readers.manifest import Row, class_records, columns_of, rows_of

_cell = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
_quiet = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=120, deadline=None)


def _cells(path: Path) -> list[dict[str, str]]:
    return [dict(row.cells) for row in rows_of(path) if isinstance(row, Row)]


def _write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@_quiet
@given(rows=st.lists(st.tuples(_cell, _cell), min_size=1, max_size=8), delimiter=st.sampled_from(",;\t|"))
def test_any_csv_that_python_writes_is_read_back(tmp_path: Path, rows: list[tuple[str, str]], delimiter: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(["path", "label"])
    writer.writerows(rows)
    path = tmp_path / "m.csv"
    path.write_bytes(text.getvalue().encode())
    assert [(r["path"], r["label"]) for r in _cells(path)] == [r for r in rows if any(r)]


@_quiet
@given(rows=st.lists(st.dictionaries(_cell, _cell, max_size=4), max_size=8))
def test_any_jsonl_that_python_writes_is_read_back(tmp_path: Path, rows: list[dict[str, str]]) -> None:
    path = _write(tmp_path / "m.jsonl", "\n".join(json.dumps(row) for row in rows))
    wanted = [{k.strip().lstrip("\ufeff").lower(): v for k, v in row.items()} for row in rows]
    assert _cells(path) == wanted


@_quiet
@given(raw=st.binary(max_size=400), suffix=st.sampled_from([".csv", ".tsv", ".jsonl"]))
def test_any_bytes_give_rows_or_problems_and_nothing_else(tmp_path: Path, raw: bytes, suffix: str) -> None:
    path = _write(tmp_path / f"m{suffix}", raw)
    columns_of(path)
    for found in rows_of(path):
        assert isinstance(found, Row | Problem)
    try:
        found_records = list(class_records(path))
    except DataError as error:
        assert f"m{suffix}" in str(error)
        return
    for record in found_records:
        assert isinstance(record, Record | Problem)


@_quiet
@given(raw=st.binary(max_size=200))
def test_any_bytes_after_a_good_header(tmp_path: Path, raw: bytes) -> None:
    path = _write(tmp_path / "m.csv", b"path,label,split\n" + raw)
    for found in class_records(path):
        assert isinstance(found, Record | Problem)
        if isinstance(found, Record):
            assert found.path
            assert found.target
            found.path.encode("utf-8")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = _write(tmp_path / "m.csv", "path,label\nseñal.jpg,año\n".encode(encoding))
    found = list(class_records(path))
    records = [r for r in found if isinstance(r, Record)]
    assert [(r.path, r.target) for r in records] == [("señal.jpg", "año")]
    assert [p.rule for p in found if isinstance(p, Problem)] == (["encoding"] if encoding == "cp1252" else [])


@pytest.mark.parametrize("head", ["path,label", "Path;Label", "FILE\tClass", "label|image", " filename , category "])
def test_headers(tmp_path: Path, head: str) -> None:
    delimiter = next(d for d in ",;\t|" if d in head)
    values = ["a.jpg", "cat"] if "label|" not in head else ["cat", "a.jpg"]
    path = _write(tmp_path / "m.csv", head + "\n" + delimiter.join(values) + "\n")
    (record,) = class_records(path)
    assert isinstance(record, Record)
    assert (record.path, record.target) == ("a.jpg", "cat")


def test_bad_rows_are_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    rows = [
        "path,label,split",
        "a.jpg,cat,train",
        ",cat,train",
        "b.jpg,,train",
        "c.jpg,cat,holdout",
        "",
        "d.jpg,dog",
        './e.jpg,dog,"DEV"',
    ]
    found = list(class_records(_write(tmp_path / "m.csv", "\n".join(rows))))
    assert [(r.path, r.split) for r in found if isinstance(r, Record)] == [
        ("a.jpg", "train"),
        ("d.jpg", None),
        ("e.jpg", "val"),
    ]
    sentences = [p.sentence for p in found if isinstance(p, Problem)]
    assert len(sentences) == 3
    assert "Row 3" in sentences[0]
    assert "names no file" in sentences[0]
    assert "no label" in sentences[1]
    assert "holdout" in sentences[2]


def test_bad_json_lines_are_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    rows = [
        '{"path": "a.jpg", "label": "x"}',
        "{",
        "[1]",
        '{"path": "b.jpg", "label": null}',
        '{"path":"c.jpg","label":2}',
    ]
    found = list(class_records(_write(tmp_path / "m.jsonl", "\n".join(rows))))
    assert [(r.path, r.target) for r in found if isinstance(r, Record)] == [("a.jpg", "x"), ("c.jpg", "2")]
    assert len([p for p in found if isinstance(p, Problem)]) == 3


def test_a_missing_quotation_mark_does_not_swallow_the_memory(tmp_path: Path) -> None:
    text = 'path,label\na.jpg,"cat\n' + "b.jpg,dog\n" * 40_000
    found = list(class_records(_write(tmp_path / "m.csv", text)))
    problems = [p for p in found if isinstance(p, Problem)]
    assert problems
    assert "quotation mark" in problems[0].sentence


def test_paths_from_windows(tmp_path: Path) -> None:
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "a.jpg").touch()
    (record,) = class_records(_write(tmp_path / "m.csv", "path,label\ncats\\a.jpg,cat\n"))
    assert isinstance(record, Record)
    assert record.path == "cats/a.jpg"


def test_groups_are_kept(tmp_path: Path) -> None:
    (record,) = class_records(_write(tmp_path / "m.csv", "path,label,group\na.jpg,cat,house 7\n"))
    assert isinstance(record, Record)
    assert record.group == "house 7"


def test_without_the_columns_there_is_advice(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="“path” and “label”"):
        list(class_records(_write(tmp_path / "m.csv", "a.jpg,cat\n")))
    with pytest.raises(DataError, match="cannot be read"):
        list(class_records(tmp_path / "gone.csv"))
