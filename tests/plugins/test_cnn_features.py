"""Each photo goes through the backbone once in its life, whatever is killed, damaged or stopped on the way."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from finetuned_cnn.config import FinetunedCnnConfig
from trasluz.api import Event, FamilyError, Graph, Note, Progress, TrainingStopped
from trasluz.core.data.index import Index
from trasluz.core.data.readers import builtin_sources
from trasluz.core.inference.session import OnnxGraph
from trasluz.torchkit.photos.features import FeatureStore, extract
from trasluz.torchkit.photos.lite0 import PART_CHANNELS, EfficientNetLite0, pretrained


@pytest.fixture(scope="module")
def backbone() -> EfficientNetLite0:
    return pretrained().eval()


class Context:
    """A run's context over real photos and real graphs, which counts the photos that went through a graph."""

    def __init__(self, dataset: Index, folder: Path) -> None:
        self.config = FinetunedCnnConfig()
        self.dataset = dataset
        self.device = "cpu"
        self.cache_folder = folder / "cache"
        self.events: list[Event] = []
        self.ran = 0
        self.stop_after: int | None = None
        self.left: float | None = None

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def stopping(self) -> bool:
        return self.stop_after is not None and self.ran >= self.stop_after

    def pausing(self) -> bool:
        return False

    def seconds_left(self) -> float | None:
        return self.left

    def open_graph(self, path: Path, *, at_once: int = 1) -> Graph:
        graph, count, lock = OnnxGraph(path, device="cpu"), self, threading.Lock()

        class Counting:
            def run(self, *args, **kwargs):  # type: ignore[no-untyped-def]
                with lock:
                    count.ran += 1
                return graph.run(*args, **kwargs)

        return Counting()  # type: ignore[return-value]


@pytest.fixture
def context(make_photos: Callable[..., Path], tmp_path: Path) -> Iterator[Context]:
    root = make_photos(tmp_path / "photos", {"train/red": 12, "train/blue": 12, "val/red": 2, "val/blue": 2})
    dataset = Index.build(root, tmp_path / "index.sqlite", builtin_sources())
    yield Context(dataset, tmp_path)
    dataset.close()


def test_the_second_time_nothing_is_computed(context: Context, backbone: EfficientNetLite0) -> None:
    records = context.dataset.records("train")
    first = extract(context, backbone, records)
    assert context.ran == len(records) == 24
    again = extract(context, backbone, records)
    assert context.ran == 24
    assert [r.path for r in again.records] == [r.path for r in first.records]
    assert np.array_equal(again.vectors, first.vectors)
    assert again.vectors.shape == (24, sum(PART_CHANNELS))
    assert [p.done for p in context.events if isinstance(p, Progress)][-1] == 24


def test_the_vectors_are_the_networks_own(context: Context, backbone: EfficientNetLite0) -> None:
    import torch

    from trasluz.torchkit.photos.backbone import pooled
    from trasluz.torchkit.photos.squares import as_batch

    records = list(context.dataset.records("train"))[:3]
    found = extract(context, backbone, records)
    with torch.inference_mode():
        maps = backbone.maps(as_batch([context.dataset.read(r).array("image") for r in records], backbone))
    for part, expected in enumerate(maps):
        assert np.abs(found.after(part) - pooled(expected).numpy()).max() < 2e-4


def test_other_weights_have_other_features(context: Context, backbone: EfficientNetLite0) -> None:
    import torch

    records = list(context.dataset.records("train"))[:2]
    extract(context, backbone, records)
    changed = pretrained()
    with torch.no_grad():
        changed.stem.conv.weight[0, 0, 0, 0] += 0.1
    extract(context, changed.eval(), records)
    assert context.ran == 4


def test_a_stopped_pass_goes_on_where_it_was(context: Context, backbone: EfficientNetLite0) -> None:
    records = context.dataset.records("train")
    context.stop_after = 5
    with pytest.raises(TrainingStopped):
        extract(context, backbone, records)
    context.stop_after = None
    ran = context.ran
    assert ran < len(records)
    extract(context, backbone, records)
    assert context.ran - ran < len(records)


def test_a_time_limit_cuts_the_pass_short(context: Context, backbone: EfficientNetLite0) -> None:
    context.left = 0.0
    found = extract(context, backbone, context.dataset.records("train"))
    assert found.cut_short
    assert 1 <= len(found.records) < 24
    assert len(found.vectors) == len(found.records)


def test_an_unreadable_photo_is_set_aside_and_named(context: Context, backbone: EfficientNetLite0) -> None:
    records = context.dataset.records("train")
    broken = context.dataset.root / records[3].path
    broken.write_bytes(broken.read_bytes()[:100])
    found = extract(context, backbone, records)
    assert len(found.records) == 23
    assert records[3].path not in {r.path for r in found.records}
    said = [event.sentence for event in context.events if isinstance(event, Note)]
    assert any(broken.name in sentence for sentence in said)


def test_no_readable_photo_is_a_sentence(context: Context, backbone: EfficientNetLite0) -> None:
    records = list(context.dataset.records("train"))[:2]
    for record in records:
        (context.dataset.root / record.path).unlink()
    with pytest.raises(FamilyError, match="None of the 2 photos"):
        extract(context, backbone, records)


@pytest.mark.parametrize("damage", [b"not a database at all, but long enough to look like one" * 40, b""])
def test_a_damaged_store_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "features.sqlite").write_bytes(damage)
    store = FeatureStore(tmp_path, version="v", length=3)
    store.keep("a", np.arange(3, dtype=np.float32))
    store.close()
    again = FeatureStore(tmp_path, version="v", length=3)
    assert again.find(["a", "b"])["a"].tolist() == [0, 1, 2]
    assert FeatureStore(tmp_path, version="other", length=3).find(["a"]) == {}
    assert FeatureStore(tmp_path, version="v", length=4).find(["a"]) == {}
    again.close()


def test_without_a_place_for_it_the_store_is_empty(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = FeatureStore(tmp_path / "file" / "cache", version="v", length=3)
    store.keep("a", np.zeros(3, np.float32))
    assert store.find(["a"]) == {}
    store.close()


def test_a_store_that_breaks_in_use_is_left_alone(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, version="v", length=3)
    with sqlite3.connect(tmp_path / "features.sqlite") as other:
        other.execute("DROP TABLE features")
    store.keep("a", np.zeros(3, np.float32))
    assert store.find(["a"]) == {}
    store.close()


def test_several_processes_may_fill_it_and_one_may_be_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time, numpy as np\n"
        "from pathlib import Path\n"
        "from trasluz.torchkit.photos import features\n"
        "features.SAVE_EVERY_SECONDS = 0.0\n"
        "store = features.FeatureStore(Path(sys.argv[1]), version='v', length=500)\n"
        "for i in range(100_000 if sys.argv[2] == 'killed' else 60):\n"
        "    store.keep(f'{sys.argv[2]}{i}', np.full(500, i, np.float32))\n"
        "    print(i, flush=True)\n"
        "store.close()\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name], stdout=subprocess.PIPE, env=environment)
        for name in ("one", "two", "killed")
    ]
    assert children[2].stdout is not None
    for _ in range(20):
        children[2].stdout.readline()
    children[2].kill()
    for child in children:
        child.communicate(timeout=120)
    assert [child.returncode for child in children[:2]] == [0, 0]
    store = FeatureStore(tmp_path, version="v", length=500)
    for name in ("one", "two"):
        found = store.find([f"{name}{i}" for i in range(60)])
        assert len(found) == 60
        assert all((found[f"{name}{i}"] == i).all() for i in range(60))
    kept = store.find([f"killed{i}" for i in range(19)])
    assert len(kept) >= 18
    store.close()
