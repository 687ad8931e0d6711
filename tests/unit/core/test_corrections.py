"""What a person corrects counts; their files, the split and the hashes stay as they are."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trasluz.api import DataError
from trasluz.core.corrections import Correction, Corrections, Relabelled
from trasluz.core.data.corrected import as_told, recorrect
from trasluz.core.data.index import Index
from trasluz.core.data.readers import builtin_sources

MakePhotos = Callable[..., Path]


def built(root: Path, at: Path, *made: Correction) -> Index:
    return Index.build(root, at, builtin_sources(), corrections=Corrections(made=made))


def rows(index: Index) -> dict[str, tuple[str, str | None]]:
    return {item.path: (item.label, item.split) for item in index.page(limit=1000)}


@pytest.fixture
def data(make_photos: MakePhotos, tmp_path: Path) -> Path:
    return make_photos(tmp_path / "data", {"cat": 12, "dog": 12})


@pytest.fixture
def plain(data: Path, tmp_path: Path) -> Index:
    return built(data, tmp_path / "plain.sqlite")


def of(index: Index, split: str, now: str | None) -> Correction:
    record = index.records(split)[0]  # type: ignore[arg-type]
    return Correction(path=record.path, content=index.content_hash(record), was=record.target, now=now)


def test_a_corrected_photo_counts_as_another_class_where_it_was(plain: Index, data: Path, tmp_path: Path) -> None:
    before, correction = rows(plain), of(plain, "val", "dog")
    index = built(data, tmp_path / "i.sqlite", correction)
    after = rows(index)
    assert {p for p in before if before[p] != after[p]} == {correction.path}
    assert after[correction.path] == ("dog", "val")
    assert index.fingerprint != plain.fingerprint and index.uncorrected == plain.fingerprint
    assert [r.target for r in index.records("val") if r.path == correction.path] == ["dog"]
    (problem,) = [p for p in index.summary().problems if p.rule == "corrected"]
    assert correction.path in problem.sentence and problem.severity == "note"
    assert (data / correction.path).exists()


def test_a_photo_that_is_left_out_is_in_no_part_and_said(plain: Index, data: Path, tmp_path: Path) -> None:
    correction = of(plain, "train", None)
    index = built(data, tmp_path / "i.sqlite", correction)
    assert index.count("train") == plain.count("train") - 1 and index.count("val") == plain.count("val")
    assert correction.path not in [r.path for r in index.records("train")]
    assert [r.path for r in index.records("train")] == [
        index.records("train")[i].path for i in range(index.count("train"))
    ]
    assert rows(index)[correction.path][1] is None
    assert [p.rule for p in index.summary().problems if correction.path in p.paths] == ["left-out"]


def test_an_index_follows_the_corrections_and_goes_back(plain: Index, data: Path, tmp_path: Path) -> None:
    """Correcting an index that is there gives what building it anew would, and so does taking back."""
    at = tmp_path / "plain.sqlite"
    first, second = of(plain, "val", "dog"), of(plain, "train", None)
    kept = tmp_path / "a-run-s-own.sqlite"
    kept.hardlink_to(at)
    for made in ((first,), (second, first), (second,), ()):
        assert recorrect(at, Corrections(made=made))
        there, anew = Index.open(at), built(data, tmp_path / "anew.sqlite", *made)
        assert rows(there) == rows(anew) and there.fingerprint == anew.fingerprint
        assert there.uncorrected == anew.uncorrected == plain.fingerprint
        assert [(p.rule, p.count) for p in there.summary().problems] == [
            (p.rule, p.count) for p in anew.summary().problems
        ]
        assert not recorrect(at, Corrections(made=made)), "the same again is no work"
        assert as_told(at, first.path) == (first.was, first.content), "what the data says is never forgotten"
    assert Index.open(kept).fingerprint == plain.fingerprint, "whoever has another name for the file keeps it"


def test_a_moved_photo_is_still_the_one_and_a_replaced_one_is_not(plain: Index, data: Path, tmp_path: Path) -> None:
    moved, replaced = of(plain, "val", None), of(plain, "train", "dog")
    (data / moved.path).rename(data / "cat" / "renamed.jpg")
    shutil.copy(data / plain.records("train")[3].path, data / replaced.path)
    found = rows(built(data, tmp_path / "i.sqlite", moved, replaced))
    assert found["cat/renamed.jpg"][1] is None
    assert found[replaced.path][0] == "cat"


def test_a_contradiction_is_gone_when_it_is_corrected(data: Path, tmp_path: Path) -> None:
    shutil.copy(data / "cat" / "photo-000.jpg", data / "dog" / "twin.jpg")
    at = tmp_path / "i.sqlite"
    index = built(data, at)
    assert "conflict" in {p.rule for p in index.summary().problems}
    (twin,) = [i.path for i in index.page(rule="conflict")]
    was, content = as_told(at, twin)
    recorrect(
        at, Corrections(made=(Correction(path=twin, content=content, was=was, now="cat" if was == "dog" else "dog"),))
    )
    assert "conflict" not in {p.rule for p in Index.open(at).summary().problems}


names = st.sampled_from("abcde")
corrections = st.lists(st.builds(Correction, path=names, was=st.just("x"), now=st.sampled_from(["x", "y", "z", None])))


@given(corrections, names)
@settings(deadline=None)
def test_the_last_word_about_an_item_counts_and_can_be_taken_back(made: list[Correction], path: str) -> None:
    found = Corrections()
    for correction in made:
        found = found.adding(correction)
    last = next((c for c in reversed(made) if c.path == path), None)
    expected = last if last is not None and last.now != last.was else None
    assert found.of(path) == expected
    assert found.without(path).of(path) is None and len({c.path for c in found}) == len(found)


@given(corrections, corrections, names)
@settings(deadline=None)
def test_an_old_judgement_is_read_by_what_counts_now(now: list[Correction], then: list[Correction], path: str) -> None:
    sets = []
    for made in (now, then):
        found = Corrections()
        for correction in made:
            found = found.adding(correction)
        sets.append(found)
    mine = sets[1].of(path)
    judged = (mine.now if mine else "x") or "x"
    current = sets[0].of(path)
    assert Relabelled(*sets).target(path, "", judged) == (current.now if current else "x")


def test_they_are_kept_whole_and_a_damaged_file_is_a_sentence(tmp_path: Path) -> None:
    at = tmp_path / "corrections.json"
    assert not Corrections.read(at) and Corrections.read(at).digest == ""
    made = Corrections().adding(Correction(path="a/ü.jpg", was="a", now=None))
    made.write(at)
    assert Corrections.read(at) == made and Corrections.read(at).digest == made.digest
    at.write_text("{")
    with pytest.raises(DataError, match="put back a copy"):
        Corrections.read(at)
    at.write_text('{"format": 9}')
    with pytest.raises(DataError, match="newer Trasluz"):
        Corrections.read(at)
