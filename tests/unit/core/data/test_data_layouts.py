"""Every layout of the contract, and the shapes that folders of real people have."""

import json
import os
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from trasluz.api import DataError, Problem, Record
from trasluz.core.data.readers import builtin_sources
from trasluz.core.data.readers.image_classes import ImageClasses

Make = Callable[..., Path]


def _read(root: Path) -> tuple[list[Record], list[Problem]]:
    found = list(ImageClasses().records(root))
    return [r for r in found if isinstance(r, Record)], [p for p in found if isinstance(p, Problem)]


def _layout(root: Path) -> str | None:
    found = ImageClasses().detect(root)
    return found.layout if found else None


def _facts(records: list[Record]) -> list[tuple[str, str, str | None]]:
    return [(r.path, r.target, r.split) for r in records]


def test_the_program_brings_its_readers() -> None:
    assert [s.id for s in builtin_sources()][:3] == ["image-classes", "text-pairs", "plain-text"]


def test_class_folders(photos: Path) -> None:
    assert _layout(photos) == "classes"
    records, problems = _read(photos)
    assert problems == []
    assert [r.target for r in records] == ["blue"] * 6 + ["red"] * 6
    assert {r.split for r in records} == {None}
    assert records[0].path == "blue/photo-000.jpg"


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (("train", "val", "test"), ["test", "train", "val"]),
        (("Training", "Validation", "TESTING"), ["test", "train", "val"]),
        (("train", "valid"), ["train", "val"]),
        (("train", "dev"), ["train", "val"]),
        (("train",), ["train"]),
    ],
)
def test_split_folders_with_class_folders(
    tmp_path: Path, make_photos: Make, names: tuple[str, ...], splits: list[str]
) -> None:
    make_photos(tmp_path, {f"{s}/{c}": 2 for s in names for c in ("cat", "dog")})
    assert _layout(tmp_path) == "splits/classes"
    records, problems = _read(tmp_path)
    assert problems == []
    assert sorted({r.split or "" for r in records}) == splits
    assert {r.target for r in records} == {"cat", "dog"}
    assert len(records) == 4 * len(names)


def test_class_folders_with_split_folders(tmp_path: Path, make_photos: Make) -> None:
    make_photos(tmp_path, {f"{c}/{s}": 2 for s in ("train", "val") for c in ("cat", "dog")})
    make_photos(tmp_path, {"dog": 1})
    assert _layout(tmp_path) == "classes/splits"
    records, _ = _read(tmp_path)
    assert ("cat/train/photo-000.jpg", "cat", "train") in _facts(records)
    assert ("cat/val/photo-001.jpg", "cat", "val") in _facts(records)
    assert ("dog/photo-000.jpg", "dog", None) in _facts(records)
    assert len(records) == 9


def test_one_class_with_its_splits_is_not_taken_for_a_wrapper(tmp_path: Path, make_photos: Make) -> None:
    make_photos(tmp_path, {"cat/train": 2, "cat/val": 2})
    assert _layout(tmp_path) == "classes/splits"
    assert {r.target for r in _read(tmp_path)[0]} == {"cat"}


@pytest.mark.parametrize("inner", [{"train/a": 2, "train/b": 2, "val/a": 1}, {"a": 2, "b": 2}])
def test_the_folder_around_an_unpacked_archive_is_passed_through(
    tmp_path: Path, make_photos: Make, inner: dict[str, int]
) -> None:
    make_photos(tmp_path, {f"download/set/{k}": n for k, n in inner.items()})
    (tmp_path / "__MACOSX" / "set").mkdir(parents=True)
    (tmp_path / "README.txt").write_text("hello")
    records, problems = _read(tmp_path)
    assert {r.target for r in records} == {"a", "b"}
    assert len(records) == sum(inner.values())
    assert problems == []
    assert all((tmp_path / r.path).is_file() for r in records)


def test_folders_in_a_class_folder_belong_to_the_class(tmp_path: Path, make_photos: Make) -> None:
    make_photos(tmp_path, {"cat/2023/march": 2, "cat": 1, "dog": 2})
    assert [r.target for r in _read(tmp_path)[0]] == ["cat"] * 3 + ["dog"] * 2


def test_a_class_may_be_called_train(tmp_path: Path, make_photos: Make) -> None:
    make_photos(tmp_path, {"bus": 2, "car": 2, "train": 2})
    assert _layout(tmp_path) == "classes"
    assert {r.target for r in _read(tmp_path)[0]} == {"bus", "car", "train"}


def test_what_lies_outside_is_said(tmp_path: Path, make_photos: Make) -> None:
    make_photos(tmp_path, {"train/a": 2, "train/b": 2, "val/a": 2, "extra/a": 2, "train": 1})
    (tmp_path / "train" / "empty").mkdir()
    records, problems = _read(tmp_path)
    assert len(records) == 6
    assert sorted((p.rule, p.paths) for p in problems) == [
        ("empty-class", ("train/empty",)),
        ("outside", ("extra",)),
        ("outside", ("train/photo-000.jpg",)),
    ]
    assert all(p.sentence.endswith(".") for p in problems)


def test_system_files_are_not_mentioned_and_others_are(photos: Path) -> None:
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._photo-000.jpg"):
        (photos / "red" / name).write_bytes(b"x")
    (photos / "red" / ".thumbnails").mkdir()
    (photos / "red" / "notes.txt").write_text("remember the milk")
    (photos / "red" / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0")
    Image.new("RGB", (8, 8)).save(photos / "red" / "no ending", format="PNG")
    records, problems = _read(photos)
    assert len(records) == 13
    assert sorted((p.rule, p.paths) for p in problems) == [
        ("heic", ("red/IMG_1.HEIC",)),
        ("not-a-photo", ("red/notes.txt",)),
    ]


def test_names_of_all_kinds(tmp_path: Path, make_photos: Make) -> None:
    make_photos(tmp_path, {"año nuevo 🎉": 2, "b": 2})
    odd = ["with space.jpg", "🐈.jpg", "línea.jpg"]
    if sys.platform == "linux":
        odd += ["new\nline.jpg", os.fsdecode(b"caf\xe9.jpg"), "quote\"'.jpg"]
    source = tmp_path / "b" / "photo-000.jpg"
    for name in odd:
        (tmp_path / "b" / name).write_bytes(source.read_bytes())
    records, problems = _read(tmp_path)
    assert problems == []
    assert len(records) == 4 + len(odd)
    for record in records:
        record.path.encode("utf-8")
        checked = ImageClasses().check(tmp_path, record)
        assert checked.extra["width"] == 48
        assert ImageClasses().read(tmp_path, record).array("image").shape == (40, 48, 3)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems settle the composition of names themselves")
def test_composed_and_decomposed_names_are_one_class(tmp_path: Path, make_photos: Make) -> None:
    make_photos(tmp_path, {"train/" + unicodedata.normalize("NFD", "año"): 2, "val/" + "año": 2, "train/b": 2})
    assert {r.target for r in _read(tmp_path)[0]} == {"año", "b"}


def test_photos_without_classes_get_advice(tmp_path: Path, make_photos: Make) -> None:
    make_photos(tmp_path / "loose", {".": 3})
    with pytest.raises(DataError, match="make a folder for each class"):
        ImageClasses().detect(tmp_path / "loose")
    make_photos(tmp_path / "unlabelled", {"train": 3, "val": 3})
    with pytest.raises(DataError, match="make a folder for each class"):
        ImageClasses().detect(tmp_path / "unlabelled")
    with pytest.raises(DataError, match="is one photo"):
        ImageClasses().detect(tmp_path / "loose" / "photo-000.jpg")


def test_other_data_is_left_to_others(tmp_path: Path, make_photos: Make) -> None:
    (tmp_path / "sounds" / "dog").mkdir(parents=True)
    (tmp_path / "sounds" / "dog" / "a.wav").write_bytes(b"RIFF")
    assert ImageClasses().detect(tmp_path / "sounds") is None
    make_photos(tmp_path / "lines", {"train": 3, "val": 2})
    for photo in (tmp_path / "lines").rglob("*.jpg"):
        photo.with_suffix(".gt.txt").write_text("a line")
    assert ImageClasses().detect(tmp_path / "lines") is None
    (tmp_path / "pairs.csv").write_text("en,es\nhello,hola\n")
    with pytest.raises(DataError, match="columns “path” and “label”"):
        ImageClasses().detect(tmp_path / "pairs.csv")
    (tmp_path / "text.txt").write_text("hello")
    assert ImageClasses().detect(tmp_path / "text.txt") is None


def test_a_manifest_as_the_data_or_in_its_folder(photos: Path) -> None:
    rows = [
        "path,label,split",
        "red/photo-000.jpg,warm,train",
        "blue/photo-000.jpg,cold,validation",
        "red/gone.jpg,warm,",
    ]
    (photos / "labels.csv").write_text("\n".join(rows) + "\n")
    for root in (photos / "labels.csv", photos):
        assert _layout(root) == "manifest"
        records, problems = _read(root)
        assert problems == []
        assert _facts(records) == [
            ("red/photo-000.jpg", "warm", "train"),
            ("blue/photo-000.jpg", "cold", "val"),
            ("red/gone.jpg", "warm", None),
        ]
        assert ImageClasses().read(root, records[0]).array("image").shape == (40, 48, 3)


def test_a_jsonl_manifest(photos: Path) -> None:
    rows = [{"path": "red/photo-000.jpg", "label": 1}, {"path": str(photos / "blue/photo-001.jpg"), "label": "b"}]
    (photos / "m.jsonl").write_text("\n".join(map(json.dumps, rows)))
    records, problems = _read(photos / "m.jsonl")
    assert problems == []
    assert [r.target for r in records] == ["1", "b"]
    for record in records:
        assert ImageClasses().read(photos / "m.jsonl", record).array("image").shape == (40, 48, 3)


def test_open_reads_a_photo_from_anywhere(photos: Path) -> None:
    sample = ImageClasses().open(str(photos / "red" / "photo-000.jpg"))
    assert sample.array("image").shape == (40, 48, 3)
    with pytest.raises(DataError, match="is not there"):
        ImageClasses().open(str(photos / "nothing.jpg"))


def test_large_photos_are_read_halved(tmp_path: Path) -> None:
    Image.new("RGB", (4032, 3024)).save(tmp_path / "a.jpg")
    assert ImageClasses().open(str(tmp_path / "a.jpg")).array("image").shape == (1512, 2016, 3)
