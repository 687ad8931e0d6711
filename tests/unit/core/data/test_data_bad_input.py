"""What bad data gets: a sentence each, nothing lost, and the rest goes on."""

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trasluz.api import DataError, Detection, Problem, Record, Sample
from trasluz.core.data import database
from trasluz.core.data.index import Index
from trasluz.core.data.readers import builtin_sources
from trasluz.core.data.readers.image_classes import ImageClasses
from trasluz.core.data.summary import ProblemRow

Make = Callable[..., Path]


def _build(root: Path, tmp_path: Path) -> Index:
    return Index.build(root, tmp_path / "index.sqlite", builtin_sources())


def _problem(index: Index, rule: str) -> ProblemRow:
    (found,) = (p for p in index.summary().problems if p.rule == rule)
    assert found.sentence.endswith((".", "?")), found.sentence
    assert found.sentence[0] in "“" or found.sentence[0].isupper() or found.sentence[0].isdigit(), found.sentence
    assert "\n" not in found.sentence
    return found


def _rules(index: Index) -> set[str]:
    return {p.rule for p in index.summary().problems}


def test_a_folder_with_everything_that_goes_wrong(tmp_path: Path, make_photos: Make) -> None:
    root = make_photos(tmp_path / "photos", {"cat": 12, "dog": 12})
    bad = root / "cat"
    good = (bad / "photo-000.jpg").read_bytes()
    (bad / "cut off.jpg").write_bytes(good[: len(good) // 2])
    (bad / "zero.jpg").write_bytes(b"")
    (bad / "text.jpg").write_text("this is a shopping list")
    (bad / "movie.jpg").write_bytes(b"\0\0\0\x18ftypisom" + bytes(40))
    Image.new("RGB", (20, 20), (1, 9, 1)).save(bad / "really a png.jpg", format="PNG")
    Image.fromarray(np.full((9, 9), 40_000, np.uint16)).save(bad / "deep.png")
    Image.new("CMYK", (9, 9), (9, 9, 9, 9)).save(bad / "print.jpg")
    Image.new("P", (9, 9), 3).save(bad / "palette.png")
    frames = [Image.new("L", (9, 9), grey) for grey in (10, 200)]
    frames[0].save(bad / "moving.gif", save_all=True, append_images=frames[1:])
    Image.new("RGB", (30_000, 4)).save(bad / "wide.png")
    (bad / "notes.md").write_text("# cats")
    (bad / "space and 🐈.jpg").write_bytes(good + b"1")
    if sys.platform == "linux":
        (bad / "new\nline.jpg").write_bytes(good + b"2")
        (bad / os.fsdecode(b"caf\xe9.jpg")).write_bytes(good + b"3")
        (bad / os.fsdecode(b"broken\xff.jpg")).write_bytes(b"")
        (bad / "dead link.jpg").symlink_to(bad / "nowhere.jpg")
        os.mkfifo(bad / "pipe.jpg")
    index = _build(root, tmp_path)
    set_aside = {i.path.removeprefix("cat/") for i in index.page(limit=1000) if i.split is None}
    wanted = {"cut off.jpg", "zero.jpg", "text.jpg", "movie.jpg"}
    assert set_aside == wanted | ({"broken\ufffdFF.jpg"} if sys.platform == "linux" else set())
    assert _rules(index) >= {"truncated", "empty", "not-a-photo", "mislabelled", "deep", "cmyk", "animated"}
    for row in index.summary().problems:
        _problem(index, row.rule)
    usable = [r for split in ("train", "val") for r in index.records(split)]
    assert len(usable) == 24 + 6 + (3 if sys.platform == "linux" else 1)
    for record in usable:
        assert index.read(record).array("image").dtype == np.uint8
    index.summary().model_dump_json()


def test_one_class(tmp_path: Path, make_photos: Make) -> None:
    index = _build(make_photos(tmp_path / "photos", {"cat": 12}), tmp_path)
    found = _problem(index, "one-class")
    assert found.severity == "error"
    assert "“cat”" in found.sentence


def test_one_photo(tmp_path: Path, make_photos: Make) -> None:
    index = _build(make_photos(tmp_path / "photos", {"cat": 1}), tmp_path)
    assert _problem(index, "one-item").severity == "error"
    assert index.count("train") == 1


def test_classes_with_one_photo_and_with_few(tmp_path: Path, make_photos: Make) -> None:
    index = _build(make_photos(tmp_path / "photos", {"cat": 20, "dog": 1, "cow": 4}), tmp_path)
    assert "“dog”" in _problem(index, "single").sentence
    assert "“cow”" in _problem(index, "few").sentence
    assert index.summary().counts["train"]["dog"] == 1
    assert "dog" not in index.summary().counts["val"]


def test_unequal_classes(tmp_path: Path, make_photos: Make) -> None:
    index = _build(make_photos(tmp_path / "a", {"cat": 40, "dog": 10}), tmp_path)
    assert _problem(index, "imbalance").severity == "note"
    index = _build(make_photos(tmp_path / "b", {"cat": 150, "dog": 10}), tmp_path)
    assert _problem(index, "imbalance").severity == "warning"
    index = _build(make_photos(tmp_path / "c", {"cat": 12, "dog": 10}), tmp_path)
    assert "imbalance" not in _rules(index)


def test_a_class_in_validation_only(tmp_path: Path, make_photos: Make) -> None:
    root = make_photos(tmp_path / "photos", {"train/cat": 12, "train/dog": 12, "val/cat": 3, "val/cow": 3})
    index = _build(root, tmp_path)
    assert "“cow”" in _problem(index, "not-learned").sentence
    assert "“dog”" in _problem(index, "not-judged").sentence
    assert list(index.labels) == ["cat", "dog"]
    assert index.summary().counts["val"] == {"cat": 3, "cow": 3}


def test_nothing_to_learn_from(tmp_path: Path, make_photos: Make) -> None:
    index = _build(make_photos(tmp_path / "photos", {"val/cat": 3, "val/dog": 3}), tmp_path)
    assert _problem(index, "no-train").severity == "error"
    assert index.count("val") == 6


def test_copies_leaks_and_contradictions(tmp_path: Path, make_photos: Make) -> None:
    root = make_photos(tmp_path / "photos", {"train/cat": 12, "train/dog": 12, "val/cat": 3, "val/dog": 3})
    photo = (root / "train/cat/photo-000.jpg").read_bytes()
    (root / "train/cat/copy.jpg").write_bytes(photo)
    (root / "val/cat/leak.jpg").write_bytes(photo)
    (root / "train/dog/contradiction.jpg").write_bytes((root / "train/cat/photo-003.jpg").read_bytes())
    index = _build(root, tmp_path)
    twins = {i.path for i in index.page(rule="duplicate")}
    assert len(twins) == 1
    assert twins <= {"train/cat/copy.jpg", "train/cat/photo-000.jpg"}
    assert {i.path for i in index.page(rule="leak")} == {"val/cat/leak.jpg"}
    assert {i.path for i in index.page(rule="conflict")} <= {"train/dog/contradiction.jpg", "train/cat/photo-003.jpg"}
    assert _problem(index, "leak").severity == "warning"
    assert _problem(index, "conflict").count == 1
    assert index.count("train") == 26


def test_a_manifest_with_missing_and_repeated_files(photos: Path, tmp_path: Path) -> None:
    rows = ["path,label"] + [f"{c}/photo-00{i}.jpg,{c}" for c in ("red", "blue") for i in range(6)]
    rows += ["red/photo-000.jpg,blue", "red/gone.jpg,red", "red,red", '"a\0b.jpg",red', f"{'x' * 5000}.jpg,red"]
    (photos / "m.csv").write_text("\n".join(rows))
    index = _build(photos / "m.csv", tmp_path)
    assert index.summary().total == 12
    assert _problem(index, "listed-twice").paths == ("red/photo-000.jpg",)
    assert _problem(index, "missing").count >= 2
    assert "not a file" in _problem(index, "unreadable").sentence


def test_empty_missing_and_unknown_folders(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "nothing.csv").touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.odt").write_text("Dear")
    for name, match in (
        ("empty", "is empty"),
        ("nothing.csv", "is empty"),
        ("gone", "is not there"),
        ("other", "put the photos of each class into a folder"),
    ):
        with pytest.raises(DataError, match=match):
            _build(tmp_path / name, tmp_path)
        assert not (tmp_path / "index.sqlite").exists()


def test_only_unusable_photos(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        (tmp_path / "photos" / name / "x.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"None of the 2 photos .* empty \(0 bytes\)"):
        _build(tmp_path / "photos", tmp_path)


def test_links_that_lead_round_are_followed_once(photos: Path, tmp_path: Path) -> None:
    try:
        (photos / "red" / "loop").symlink_to(photos / "red", target_is_directory=True)
        (photos / "red" / "self").symlink_to(photos / "red" / "self")
    except OSError:
        pytest.skip("links need a right that this person does not have")
    index = _build(photos, tmp_path)
    assert index.summary().total == 12
    assert _problem(index, "link-loop").paths == ("red/loop",)


def test_a_linked_folder_is_read(photos: Path, tmp_path: Path, make_photos: Make) -> None:
    elsewhere = make_photos(tmp_path / "elsewhere", {"x": 0, "y": 0, "green": 3}) / "green"
    try:
        (photos / "green").symlink_to(elsewhere, target_is_directory=True)
    except OSError:
        pytest.skip("links need a right that this person does not have")
    assert _build(photos, tmp_path).summary().labels == ("blue", "green", "red")


def test_a_folder_that_cannot_be_opened(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = photos / "red" / "locked"
    locked.mkdir()
    real = os.scandir

    def scandir(path: Path | str = ".") -> object:
        # Root may open every folder, so the refusal is made here.
        if Path(path) == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    index = _build(photos, tmp_path)
    assert index.summary().total == 12
    found = _problem(index, "unreadable-folder")
    assert found.paths == ("red/locked",)
    assert "permission" in found.sentence


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that fails when it is read")
def test_a_file_that_fails_while_it_is_read(photos: Path, tmp_path: Path) -> None:
    (photos / "red" / "failing.jpg").symlink_to("/proc/self/mem")
    index = _build(photos, tmp_path)
    assert index.summary().total == 12
    (item,) = index.page(rule="missing")
    assert item.path == "red/failing.jpg"
    assert "is its drive still there?" in item.problem


class Vanishing(ImageClasses):
    """The reader, with something that goes away when the first photo is looked into."""

    def __init__(self, gone: Path) -> None:
        self.gone = gone

    def check(self, root: Path, record: Record) -> Record:
        if self.gone.exists():
            self.gone.rename(self.gone.with_name("elsewhere"))
        return super().check(root, record)


def test_a_drive_that_goes_away_keeps_the_earlier_index(photos: Path, tmp_path: Path) -> None:
    at = tmp_path / "index.sqlite"
    _build(photos, tmp_path).close()
    before = at.read_bytes()
    for photo in photos.rglob("*.jpg"):
        os.utime(photo, (1, 1))
    with pytest.raises(DataError, match="went away while it was being read"):
        Index.build(photos, at, [Vanishing(photos)])
    assert at.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".part"] == []
    with pytest.raises(DataError, match="is not there"):
        Index.build(photos, at, builtin_sources())


def test_a_class_folder_that_goes_away_midway(photos: Path, tmp_path: Path) -> None:
    index = Index.build(photos, tmp_path / "index.sqlite", [Vanishing(photos / "red")])
    assert 0 < index.summary().total < 12
    assert _problem(index, "missing").count + index.summary().total >= 11


def test_a_photo_that_goes_away_after_indexing(photos: Path, tmp_path: Path) -> None:
    index = _build(photos, tmp_path)
    record = index.records("train")[0]
    index.absolute(record.path).unlink()
    with pytest.raises(DataError, match="is not there"):
        index.read(record)


def test_a_full_disk(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = tmp_path / "index.sqlite"
    _build(photos, tmp_path).close()
    before = at.read_bytes()
    # A limit of SQLite's own gives the same error as a disk without room.
    monkeypatch.setattr(database, "_SCHEMA", database._SCHEMA + "PRAGMA max_page_count = 7;")
    with pytest.raises(DataError, match="no room left on the disk"):
        _build(photos, tmp_path)
    assert at.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".part"] == []


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "tiny"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("a disk of its own cannot be mounted here; the same error is tested by SQLite's page limit")
    yield place
    subprocess.run(["umount", str(place)], check=False)


def test_a_really_full_disk(photos: Path, tiny_disk: Path) -> None:
    with pytest.raises(DataError, match="no room left on the disk"):
        Index.build(photos, tiny_disk / "index.sqlite", builtin_sources())
    assert list(tiny_disk.iterdir()) == []


def test_a_place_that_cannot_be_written_to(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    places = [tmp_path / "file" / "index.sqlite"]
    if Path("/proc").exists():  # not even root may write there
        places.append(Path("/proc/trasluz/index.sqlite"))
    if hasattr(os, "geteuid") and os.geteuid() != 0:
        locked = tmp_path / "locked"
        locked.mkdir(mode=0o500)
        places.append(locked / "index.sqlite")
    for place in places:
        with pytest.raises(DataError, match="cannot be written"):
            Index.build(photos, place, builtin_sources())


def test_an_index_in_a_read_only_place_can_be_read(photos: Path, tmp_path: Path) -> None:
    at = tmp_path / "project" / "index.sqlite"
    Index.build(photos, at, builtin_sources()).close()
    at.chmod(0o400)
    at.parent.chmod(0o500)
    try:
        assert Index.open(at).summary().total == 12
    finally:
        at.parent.chmod(0o700)


class Stranger(ImageClasses):
    """A reader by somebody else, as bad as can be."""

    id = "stranger"

    def detect(self, root: Path) -> Detection | None:
        return Detection("strange", 1.0, "All mine")

    def records(self, root: Path) -> Iterator[Record | Problem]:
        yield Problem("odd", "A name with \ud800 in it.", paths=("a\udcff",))
        yield Record("red/photo-000.jpg", target="\udce9")
        yield Record("red/photo-001.jpg", target="good", extra={"number": 3})
        yield Record("red/photo-002.jpg", target="good")

    def check(self, root: Path, record: Record) -> Record:
        if record.path.endswith("1.jpg"):
            raise RuntimeError("no idea \udcff")
        return record

    def read(self, root: Path, record: Record) -> Sample:
        return Sample(record, {"text": "x"})


def test_a_readers_own_faults_set_one_file_aside(photos: Path, tmp_path: Path) -> None:
    index = Index.build(photos, tmp_path / "index.sqlite", [Stranger()])
    assert index.summary().total == 2
    assert "RuntimeError" in _problem(index, "unreadable").sentence
    assert _problem(index, "odd").count == 1
    assert "good" in index.labels


class Raising(ImageClasses):
    id = "raising"

    def detect(self, root: Path) -> Detection | None:
        raise ZeroDivisionError


def test_a_reader_that_fails_to_detect_is_passed_over(photos: Path, tmp_path: Path) -> None:
    index = Index.build(photos, tmp_path / "index.sqlite", [Raising(), *builtin_sources()])
    assert index.summary().total == 12


def test_an_index_removed_while_open_is_a_sentence(photos: Path, tmp_path: Path) -> None:
    index = _build(photos, tmp_path)
    index.close()
    shutil.move(index.at, tmp_path / "away.sqlite")
    with pytest.raises(DataError, match="look at the data again"):
        index.page()


def test_the_sentences_name_the_file_in_one_line(tmp_path: Path, make_photos: Make) -> None:
    root = make_photos(tmp_path / "photos", {"a": 3, "b": 3})
    buffer = io.BytesIO()
    Image.new("RGB", (9, 9)).save(buffer, "PNG")
    name = "x" * 200 + ".png"
    (root / "a" / name).write_bytes(buffer.getvalue()[:40])
    (found,) = _build(root, tmp_path).page(rule=None, search="xxx")
    assert "\n" not in found.problem
    assert len(found.problem) < 260
