import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trasluz.api import DataError, Dataset, Progress, Record
from trasluz.core.data.index import Index
from trasluz.core.data.readers import builtin_sources
from trasluz.core.data.readers.image_classes import ImageClasses

Make = Callable[..., Path]


class Counting(ImageClasses):
    """The reader, writing down which files it looked into."""

    def __init__(self) -> None:
        self.looked: list[str] = []

    def check(self, root: Path, record: Record) -> Record:
        self.looked.append(record.path)
        return super().check(root, record)


@pytest.fixture
def index(photos: Path, tmp_path: Path) -> Index:
    return Index.build(photos, tmp_path / "project" / "index.sqlite", builtin_sources())


def test_it_is_a_dataset(index: Index, photos: Path) -> None:
    dataset: Dataset = index
    assert dataset.kind == "image-classes"
    assert dataset.root == photos
    assert list(dataset.labels) == ["blue", "red"]
    assert dataset.count("train") + dataset.count("val") == 12
    assert dataset.count("val") == 2
    assert dataset.count("test") == 0
    record = dataset.records("val")[0]
    assert record.extra["width"] == 48
    assert dataset.read(record).array("image").shape == (40, 48, 3)
    assert len(dataset.content_hash(record)) == 32
    with pytest.raises(DataError, match="is not in the list"):
        dataset.content_hash(Record("nothing.jpg"))


def test_records_are_a_lazy_sequence(index: Index) -> None:
    records = index.records("train")
    everything = list(records)
    assert len(records) == len(everything) == 10
    assert [records[i] for i in range(10)] == everything
    assert records[-1] == everything[-1]
    assert list(records[2:7]) == everything[2:7]
    assert list(records[::-1]) == everything[::-1]
    assert list(records[8:2:-3]) == everything[8:2:-3]
    assert list(records[2:7][1:3]) == everything[3:5]
    assert list(reversed(records)) == everything[::-1]
    assert everything[3] in records
    assert len(records[20:]) == 0
    with pytest.raises(IndexError):
        records[10]


def test_records_across_many_pages(tmp_path: Path, make_photos: Make) -> None:
    rows = ["path,label"]
    source = make_photos(tmp_path, {"p": 3}) / "p"
    for i in range(1300):
        name = f"x{i:04}.jpg"
        (source / name).write_bytes((source / "photo-000.jpg").read_bytes() + i.to_bytes(2, "big"))
        rows.append(f"p/{name},{'ab'[i % 2]}")
    (tmp_path / "m.csv").write_text("\n".join(rows))
    index = Index.build(tmp_path / "m.csv", tmp_path / "i.sqlite", builtin_sources())
    records = index.records("train")
    assert len(records) == 1040
    assert [r.path for r in records] == [records[i].path for i in range(1040)]
    assert [r.path for r in records[::40]] == [records[i].path for i in range(0, 1040, 40)]
    paged = [item.path for offset in range(0, 1300, 100) for item in index.page(offset=offset, limit=100)]
    assert len(set(paged)) == 1300


def test_the_summary(index: Index, photos: Path) -> None:
    summary = index.summary()
    assert summary.total == 12
    assert summary.counts == {"train": {"blue": 5, "red": 5}, "val": {"blue": 1, "red": 1}}
    assert not summary.split_given
    assert summary.sentence == "12 photos in 2 classes: 10 to learn from, 2 drawn to judge by."
    assert summary.name == "photos"
    assert summary.labels == ("blue", "red")
    assert [p.rule for p in summary.problems] == ["few"]
    assert type(summary).model_validate_json(summary.model_dump_json()) == summary


def test_pages(index: Index, photos: Path) -> None:
    assert [i.path for i in index.page(limit=2)] == ["blue/photo-000.jpg", "blue/photo-001.jpg"]
    assert [i.path for i in index.page(offset=5, limit=2)] == ["blue/photo-005.jpg", "red/photo-000.jpg"]
    assert index.page_count() == 12
    assert index.page_count(label="red") == len(index.page(label="red")) == 6
    assert index.page_count(split="val") == 2
    assert index.page_count(search="PHOTO-003") == 2
    assert index.page_count(search="%") == 0
    assert index.page_count(search="red/") == 6
    assert index.page(rule="duplicate") == []
    item = index.page(label="red", limit=1)[0]
    assert (item.width, item.height) == (48, 40)
    assert item.bytes == (photos / item.path).stat().st_size
    assert index.absolute(item.path) == photos / "red" / "photo-000.jpg"
    for order in ("path", "label", "split", "size", "problem"):
        assert len(index.page(order=order)) == 12


def test_problems_can_be_paged(photos: Path, tmp_path: Path) -> None:
    (photos / "red" / "bad.jpg").write_bytes(b"")
    (photos / "red" / "twin.jpg").write_bytes((photos / "red" / "photo-000.jpg").read_bytes())
    index = Index.build(photos, tmp_path / "i.sqlite", builtin_sources())
    (bad,) = index.page(rule="empty")
    assert bad.path == "red/bad.jpg"
    assert bad.split is None
    assert "0 bytes" in bad.problem
    (twin,) = index.page(rule="duplicate")
    assert "the same photo" in twin.problem
    assert {i.path for i in index.page(rule="*")} == {"red/bad.jpg", "red/twin.jpg"}
    assert index.page(order="problem", limit=1)[0].path == "red/bad.jpg"
    assert index.count("train") + index.count("val") == 13


def test_unchanged_files_are_not_read_again(photos: Path, tmp_path: Path) -> None:
    at, source = tmp_path / "i.sqlite", Counting()
    first = Index.build(photos, at, [source])
    before = {r.path: first.content_hash(r) for r in first.records("train")}
    assert len(source.looked) == 12
    source.looked.clear()
    second = Index.build(photos, at, [source])
    assert source.looked == []
    assert {r.path: second.content_hash(r) for r in second.records("train")} == before
    assert second.records("val")[0].extra["width"] == 48
    assert second.fingerprint == first.fingerprint

    (photos / "red" / "photo-001.jpg").unlink()
    (photos / "red" / "new.jpg").write_bytes((photos / "blue" / "photo-000.jpg").read_bytes() + b"new")
    Image.new("RGB", (10, 20)).save(photos / "red" / "photo-002.jpg")
    os.utime(photos / "red" / "photo-003.jpg", ns=(1, 1))
    third = Index.build(photos, at, [source])
    assert sorted(source.looked) == ["red/new.jpg", "red/photo-002.jpg", "red/photo-003.jpg"]
    assert third.fingerprint != first.fingerprint
    assert third.page(search="photo-002", label="red")[0].height == 20
    assert third.page_count(search="photo-001") == 1


def test_notes_survive_looking_again(photos: Path, tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(photos / "red" / "wrong.jpg", format="PNG")
    for _ in range(2):
        index = Index.build(photos, tmp_path / "i.sqlite", builtin_sources())
        assert [i.path for i in index.page(rule="mislabelled")] == ["red/wrong.jpg"]


def test_files_set_aside_are_tried_again(photos: Path, tmp_path: Path) -> None:
    (photos / "red" / "photo-000.jpg").write_bytes(b"no photo")
    source = Counting()
    Index.build(photos, tmp_path / "i.sqlite", [source])
    source.looked.clear()
    Index.build(photos, tmp_path / "i.sqlite", [source])
    assert source.looked == ["red/photo-000.jpg"]


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0" + b"\xff" * 3000, b"something else entirely"])
def test_a_damaged_index_is_built_anew(photos: Path, tmp_path: Path, content: bytes) -> None:
    at = tmp_path / "i.sqlite"
    at.write_bytes(content)
    with pytest.raises(DataError, match="look at the data again"):
        Index.open(at)
    assert Index.build(photos, at, builtin_sources()).count("train") == 10


def test_an_index_damaged_in_the_middle_is_a_sentence(photos: Path, tmp_path: Path) -> None:
    at = tmp_path / "i.sqlite"
    Index.build(photos, at, builtin_sources()).close()
    raw = bytearray(at.read_bytes())
    raw[4096:] = b"\xaa" * (len(raw) - 4096)
    at.write_bytes(raw)
    with pytest.raises(DataError, match="look at the data again"):
        Index.open(at).summary()
    assert Index.build(photos, at, builtin_sources()).summary().total == 12


def test_opening_without_sources_shows_but_does_not_decode(index: Index) -> None:
    found = Index.open(index.at)
    assert found.summary() == index.summary()
    with pytest.raises(DataError, match="not installed"):
        found.read(found.records("val")[0])
    with pytest.raises(DataError, match="There is no list"):
        Index.open(index.at.with_name("other.sqlite"))


def test_the_data_may_have_moved(index: Index, photos: Path, tmp_path: Path) -> None:
    photos.rename(tmp_path / "moved")
    found = Index.open(index.at, builtin_sources(), root=tmp_path / "moved")
    assert found.read(found.records("val")[0]).array("image").shape == (40, 48, 3)
    assert found.absolute("red/photo-000.jpg").is_file()


def test_the_page_needs_no_decoder(index: Index) -> None:
    code = (
        "import sys; from pathlib import Path; from trasluz.core.data.index import Index;"
        "i = Index.open(Path(sys.argv[1])); i.summary(); i.page();"
        "print([m for m in ('PIL', 'torch', 'sklearn', 'onnxruntime', 'skimage') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(index.at)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_many_threads_read_at_once(index: Index) -> None:
    def read(number: int) -> int:
        record = index.records("train")[number % 10]
        return int(index.read(record).array("image").sum()) + len(index.page()) + len(index.content_hash(record))

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(read, range(80)))
    assert found[:10] == found[10:20]


def test_it_can_be_sent_to_another_process(index: Index) -> None:
    copied = pickle.loads(pickle.dumps(index))
    assert copied.summary() == index.summary()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_it_survives_a_fork(index: Index) -> None:
    index.count("train")
    context = multiprocessing.get_context("fork")
    there, here = context.Pipe()
    child = context.Process(target=lambda: there.send([r.path for r in index.records("train")]))
    child.start()
    assert here.recv() == [r.path for r in index.records("train")]
    child.join()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not replace a file that is open")
def test_a_reader_keeps_what_it_opened_while_the_index_is_replaced(index: Index, photos: Path) -> None:
    before = [r.path for r in index.records("train")]
    for photo in (photos / "red").iterdir():
        photo.rename(photo.with_name("other " + photo.name))
    Index.build(photos, index.at, builtin_sources())
    assert [r.path for r in index.records("train")] == before


def test_progress_comes_and_ends(photos: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    Index.build(photos, tmp_path / "i.sqlite", builtin_sources(), progress=told.append)
    assert [p.stage for p in (told[0], told[-1])] == ["Looking for photos", "Checking the photos"]
    assert told[-1].done == told[-1].total == 12


def test_it_can_be_cancelled(photos: Path, tmp_path: Path) -> None:
    at = tmp_path / "i.sqlite"
    Index.build(photos, at, builtin_sources()).close()
    before = at.read_bytes()
    with pytest.raises(CancelledError):
        Index.build(photos, at, [Counting()], cancelled=lambda: True)
    assert at.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".part"] == []


def test_a_killed_build_leaves_the_old_index(photos: Path, tmp_path: Path, make_photos: Make) -> None:
    at = tmp_path / "i.sqlite"
    Index.build(photos, at, builtin_sources()).close()
    before = at.read_bytes()
    make_photos(photos, {"x1": 0, "more": 400})
    code = (
        "import sys; from pathlib import Path; from trasluz.core.data.index import Index;"
        "from trasluz.core.data.readers import builtin_sources;"
        "tell = lambda p: print(p.done, flush=True);"
        "Index.build(Path(sys.argv[1]), Path(sys.argv[2]), builtin_sources(), progress=tell)"
    )
    for delay in (0.0, 0.05, 0.15):
        child = subprocess.Popen([sys.executable, "-c", code, str(photos), str(at)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(delay)
        child.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        child.wait()
        child.stdout.close()
        if at.read_bytes() != before:  # it was faster than the kill: then it is whole
            assert Index.open(at).summary().total == 412
    assert Index.build(photos, at, builtin_sources()).summary().total == 412


def test_what_an_old_crash_left_is_swept(photos: Path, tmp_path: Path) -> None:
    old, new = tmp_path / ".i.sqlite.0123.part", tmp_path / ".i.sqlite.4567.part"
    for left in (old, new):
        left.touch()
    os.utime(old, (time.time() - 9 * 3600,) * 2)
    Index.build(photos, tmp_path / "i.sqlite", builtin_sources())
    assert not old.exists()
    assert new.exists()  # it may be another window's, at work


def test_two_at_once_both_end_well(photos: Path, tmp_path: Path) -> None:
    at = tmp_path / "i.sqlite"
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(Index.build(photos, at, builtin_sources()).summary().total))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [12, 12, 12]


def test_photos_are_never_altered(photos: Path, tmp_path: Path) -> None:
    def state() -> dict[str, tuple[int, int]]:
        return {str(p): (p.stat().st_mtime_ns, p.stat().st_size) for p in photos.rglob("*")}

    before = state()
    index = Index.build(photos, tmp_path / "i.sqlite", builtin_sources())
    index.read(index.records("train")[0])
    assert state() == before


def test_the_fingerprint_is_of_what_is_in_the_data(tmp_path: Path, make_photos: Make) -> None:
    def fingerprint(root: Path) -> str:
        return Index.build(root, tmp_path / "i.sqlite", builtin_sources()).fingerprint

    root = make_photos(tmp_path / "photos", {"train/a": 3, "train/b": 3, "val/a": 1, "val/b": 1})
    found = {fingerprint(root)}
    assert fingerprint(root) in found
    (root / "train/a/photo-000.jpg").rename(root / "train/a/renamed.jpg")
    found.add(fingerprint(root))
    (root / "train/a/renamed.jpg").rename(root / "train/b/renamed.jpg")
    found.add(fingerprint(root))
    (root / "train/b/renamed.jpg").rename(root / "val/b/renamed.jpg")
    found.add(fingerprint(root))
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(root / "val/b/renamed.jpg")
    found.add(fingerprint(root))
    assert len(found) == 5


@pytest.mark.slow
def test_many_photos_open_in_bounded_memory(tmp_path: Path) -> None:
    """A hundred thousand: the benchmark's own steps, held to limits with room for a busy machine."""
    script = Path(__file__).resolve().parents[4] / "benchmarks" / "index_100k.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True, timeout=1200)
    peaks = {line.split()[0]: float(line.split()[-2]) for line in done.stdout.splitlines() if "peak" in line}
    assert peaks["build"] < peaks["floor"] + 120, done.stdout
    assert peaks["open"] < peaks["floor"] + 40, done.stdout
    assert peaks["records"] < peaks["floor"] + 40, done.stdout
