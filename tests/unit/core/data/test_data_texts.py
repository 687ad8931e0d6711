"""Text pairs and plain text: what is read, what is set aside and said, and that no byte of a text is lost."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trasluz.api import DataError, Problem, Record
from trasluz.core.data.index import Index
from trasluz.core.data.readers.lines import LONGEST, cleaned, encoding_of, lines_of
from trasluz.core.data.readers.plain_text import PlainText
from trasluz.core.data.readers.text_pairs import TextPairs

PAIRS = TextPairs()
TEXT = PlainText()


def read(root: Path, source=PAIRS) -> tuple[list[Record], list[Problem]]:
    found = list(source.records(root))
    return [f for f in found if isinstance(f, Record)], [f for f in found if isinstance(f, Problem)]


def pairs(records: list[Record]) -> list[tuple[str, str]]:
    return [(PAIRS.read(Path(), record).inputs["text"], record.target) for record in records]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.tsv", "one\teins\ntwo\tzwei\n"),
        ("a.csv", "one,eins\r\ntwo,zwei\r\n"),
        ("a.csv", '"one";"eins"\n"two";"zwei"\n'),
        ("a.csv", "en,de\none,eins\ntwo,zwei\n"),
        ("a.jsonl", '{"en": "one", "de": "eins"}\n{"en": "two", "de": "zwei"}\n'),
        ("a.jsonl", '{"translation": {"en": "one", "de": "eins"}}\n{"translation": {"en": "two", "de": "zwei"}}'),
        ("a.txt", "one\teins\tCC-BY 2.0\ntwo\tzwei\tCC-BY 2.0\n"),
        ("a.csv", "en,de,score\none,eins,0.5\ntwo,zwei,0.25\n"),
        ("a.tsv", "1\t0.5\tone\teins\n2\t0.25\ttwo\tzwei\n"),
    ],
)
def test_two_columns_are_found_in_any_table(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_bytes(text.encode())
    assert PAIRS.detect(tmp_path / name) is not None
    records, problems = read(tmp_path / name)
    assert pairs(records) == [("one", "eins"), ("two", "zwei")]
    assert problems == []


def test_files_named_after_a_split_are_that_split(tmp_path: Path) -> None:
    for name in ("train.tsv", "dev.tsv", "test_2016.tsv", "notes.tsv"):
        (tmp_path / name).write_text(f"{name}\tgut\nsecond {name}\tbesser\n")
    records, problems = read(tmp_path)
    assert {(r.path, r.split) for r in records} == {
        ("train.tsv", "train"),
        ("dev.tsv", "val"),
        ("test_2016.tsv", "test"),
    }
    assert [p.rule for p in problems] == ["not-in-split"]
    assert "notes.tsv" in problems[0].sentence


def test_aligned_files_go_together_line_by_line(tmp_path: Path) -> None:
    for language in ("de", "en", "fr"):
        for split in ("train", "val"):
            (tmp_path / f"{split}.{language}").write_text(f"{language} {split} 1\n{language} {split} 2\n")
    records, problems = read(tmp_path)
    assert problems == []
    assert [dict(r.extra["texts"]) for r in records if r.split == "val"][1] == {
        "de": "de val 2",
        "en": "en val 2",
        "fr": "fr val 2",
    }


def test_files_of_unequal_length_are_not_guessed_at(tmp_path: Path) -> None:
    (tmp_path / "a.en").write_text("one\ntwo\nthree\n")
    (tmp_path / "a.de").write_text("eins\nzwei\n")
    records, problems = read(tmp_path)
    assert records == []
    assert "3 lines" in problems[0].sentence
    assert "2 lines" in problems[0].sentence
    with pytest.raises(DataError, match="3 lines"):
        Index.build(tmp_path, tmp_path / "i.sqlite", [PAIRS, TEXT])


def test_a_table_with_one_column_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "words.tsv").write_text("one\ntwo\nthree\n")
    for root in (tmp_path, tmp_path / "words.tsv"):
        with pytest.raises(DataError, match=r"words\.tsv.*two in each row"):
            Index.build(root, tmp_path / "i.sqlite", [PAIRS])


def test_bad_rows_are_named_and_cost_nothing_else(tmp_path: Path) -> None:
    rows = ["good\tgut", "empty\t", "\tleer", "alone", "same\tsame", "zero\x00byte\tnull", "w" * 5_000_000 + "\tlang"]
    (tmp_path / "a.tsv").write_text("\n".join([*rows, "last\tletzte"]) + "\n", encoding="utf-8")
    records, problems = read(tmp_path / "a.tsv")
    assert pairs(records) == [("good", "gut"), ("same", "same"), ("zerobyte", "null"), ("last", "letzte")]
    said = "\n".join(p.sentence for p in problems)
    for number in range(2, 8):
        assert f"Row {number} of “a.tsv”" in said, number
    assert len(problems) == 6


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_any_encoding_is_read_and_an_odd_one_is_said(tmp_path: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-le" else ""
    text = "".join(f"the small house {i}\tdas schöne Häuschen für Bären {i}\n" for i in range(40))
    (tmp_path / "a.tsv").write_bytes((mark + text).encode(encoding))
    records, problems = read(tmp_path / "a.tsv")
    assert pairs(records)[0] == ("the small house 0", "das schöne Häuschen für Bären 0")
    assert len(records) == 40
    assert [p.rule for p in problems] == (["encoding"] if encoding == "cp1252" else [])


def test_letters_of_any_script_and_emoji_stay_as_they_are(tmp_path: Path) -> None:
    written = [("שלום עולם", "مرحبا"), ("👩‍👩‍👧 family", "\u200fעברית"), ("ｆｕｌｌ", "日本語")]
    (tmp_path / "a.tsv").write_text("\n".join("\t".join(p) for p in written), encoding="utf-8")
    assert pairs(read(tmp_path / "a.tsv")[0]) == written


def test_a_split_column_counts_and_an_unknown_split_is_not_guessed(tmp_path: Path) -> None:
    rows = [
        {"source": f"s{i}", "target": f"t{i}", "split": s} for i, s in enumerate(["train", "dev", "test", "holdout"])
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    records, problems = read(tmp_path / "a.jsonl")
    assert [r.split for r in records] == ["train", "val", "test"]
    assert "holdout" in problems[0].sentence


def test_one_source_never_straddles_a_drawn_split(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("".join(f"word {i // 3}\tanswer {i}\n" for i in range(300)))
    index = Index.build(tmp_path / "a.tsv", tmp_path / "i.sqlite", [PAIRS])
    parts = [{r.group for r in index.records(split)} for split in ("train", "val")]
    assert parts[0]
    assert parts[1]
    assert not parts[0] & parts[1]


def test_copies_and_leaks_are_found_row_by_row(tmp_path: Path) -> None:
    (tmp_path / "train.tsv").write_text("one\teins\none\teins\ntwo\tzwei\n")
    (tmp_path / "val.tsv").write_text("two\tzwei\nfour\tvier\n")
    index = Index.build(tmp_path, tmp_path / "i.sqlite", [PAIRS])
    said = {p.rule: p.sentence for p in index.summary().problems}
    assert "row 2 of “train.tsv”" in said["duplicate"]
    assert "row 1 of “val.tsv”" in said["leak"]


def test_dates_are_texts_to_be_learned(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("1.5.2024\t2024-05-01\n2.5.2024\t2024-05-02\n")
    assert pairs(read(tmp_path / "a.tsv")[0])[0] == ("1.5.2024", "2024-05-01")


def test_neither_photos_by_list_nor_numbers_are_taken_for_pairs(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("path,label\na.jpg,cat\nb.jpg,dog\n")
    (tmp_path / "b.csv").write_text("1949-01,112\n1949-02,118\n")
    (tmp_path / "c.csv").write_text("1,2.5,3.5\n2,2.5,3.5\n")
    (tmp_path / "d.csv").write_text(
        "date,rain,high,low,kind\n2012-01-01,0.0,12.8,5.0,rain\n2012-01-02,1.0,1.8,5.0,sun\n"
    )
    assert [PAIRS.detect(tmp_path / name) for name in ("a.csv", "b.csv", "c.csv", "d.csv")] == [None] * 4


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=300)


@settings(max_examples=60, deadline=None)
@given(st.lists(texts, min_size=1, max_size=40))
def test_the_passages_of_a_text_are_the_text(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    path = tmp_path_factory.mktemp("text") / "a.txt"
    whole = "x" + "\n".join(lines) * 5
    path.write_bytes(whole.encode())
    records, problems = read(path, TEXT)
    assert problems == []
    back = "".join(str(TEXT.read(path, record).inputs["text"]) for record in records)
    assert back == whole.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_a_line_of_five_megabytes_is_cut_between_characters(tmp_path: Path, encoding: str) -> None:
    whole = "äöü€😀" * 500_000
    (tmp_path / "a.txt").write_bytes(whole.encode(encoding))
    records, _ = read(tmp_path / "a.txt", TEXT)
    assert len(records) > 1
    assert max(r.extra["bytes"] for r in records) < 200_000
    assert "".join(str(TEXT.read(tmp_path / "a.txt", r).inputs["text"]) for r in records) == whole


def test_a_folder_of_sources_is_text_and_a_binary_file_in_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("print('hello')\n" * 20)
    (tmp_path / "b.md").write_text("# Hello\n" * 20)
    (tmp_path / "c.txt").write_bytes(bytes(range(256)) * 10)
    index = Index.build(tmp_path, tmp_path / "i.sqlite", [PAIRS, TEXT])
    assert index.kind == "text"
    assert "not-a-text" in {p.rule for p in index.summary().problems}


def test_a_text_that_became_shorter_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("line\n" * 1000)
    records, _ = read(path, TEXT)
    path.write_text("line\n")
    with pytest.raises(DataError, match="shorter"):
        TEXT.read(path, records[-1])


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_no_bytes_break_the_readers(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    for name in ("a.tsv", "b.csv", "c.jsonl", "d.txt"):
        (folder / name).write_bytes(content)
        for source in (PAIRS, TEXT):
            try:
                found = source.detect(folder / name)
                records, _ = read(folder / name, source) if found else ([], [])
            except DataError as error:
                assert name in str(error)
                continue
            for record in records:
                source.read(folder / name, record)
                source.content(folder / name, record)


@given(st.text(max_size=200))
def test_cleaned_text_is_one_line_and_stays(text: str) -> None:
    once = cleaned(text)
    assert cleaned(once) == once
    assert not set("\n\r\t\0") & set(once)


def test_a_line_at_the_limit_is_kept_and_one_beyond_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a" * LONGEST + "\n" + "b" * (LONGEST + 1) + "\nc")
    found = list(lines_of(tmp_path / "a.txt", encoding_of(tmp_path / "a.txt")))
    assert [None if line.text is None else len(line.text) for line in found] == [LONGEST, None, 1]


def test_a_handful_of_letters_is_no_ground_for_a_guess_and_many_are(tmp_path: Path) -> None:
    table = "fecha,ventas_a\u00f1o\n" + "".join(f"2024-01-{day:02},{day}\n" for day in range(1, 29))
    (tmp_path / "a.csv").write_bytes(table.encode("latin-1"))
    assert encoding_of(tmp_path / "a.csv") == "cp1252"
    russian = "\u0412\u0441\u0435 \u0441\u0447\u0430\u0441\u0442\u043b\u0438\u0432\u044b\u0435 "
    russian = 20 * f"{russian}\u0441\u0435\u043c\u044c\u0438 \u043f\u043e\u0445\u043e\u0436\u0438. "
    (tmp_path / "b.txt").write_bytes(russian.encode("cp1251"))
    assert (tmp_path / "b.txt").read_bytes().decode(encoding_of(tmp_path / "b.txt")) == russian


@pytest.mark.parametrize("given_text", ["", "  \n", "\x00", "a" * 30_000])
def test_what_cannot_be_answered_is_said(given_text: str) -> None:
    with pytest.raises(DataError):
        PAIRS.open(given_text)
