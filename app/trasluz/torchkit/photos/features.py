"""The backbone's features of all photos, in one pass by ONNX Runtime, kept on disk by the photos' content.

A photo is looked at once in its life: another run, another strategy, a resumed run or the same photo under another
name finds its features in the store. One vector holds the pooled features after every part of the backbone.
"""

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from trasluz.api import DataError, FamilyError, Graph, Kind, Note, Progress, Record, TrainContext, TrainingStopped
from trasluz.api.spectrogram import PICTURED

from .graph import IMAGE

SAVE_EVERY_SECONDS = 2.0
TELL_EVERY_SECONDS = 0.3
LISTED_AT_MOST = 5
STAGE = "Looking at the photos"


class Frozen(Protocol):
    """A network that does not learn, as far as its features are asked for: one vector after each of its parts."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its parts, which are the outputs of the graph that `write` makes."""
        ...

    @property
    def channels(self) -> tuple[int, ...]:
        """How many numbers each part gives."""
        ...

    def fingerprint(self) -> str:
        """Of all that decides what it makes of a photo."""
        ...

    def write(self, path: Path) -> None:
        """Write the graph from `image` to one output a part, (images, C)."""
        ...


class View(Protocol):
    """Another look at each photo than the photo as it is, always the same one for the same photo."""

    @property
    def name(self) -> str:
        """What it is known by in the store: all that decides what it makes of a photo."""
        ...

    def __call__(self, photo: np.ndarray) -> np.ndarray:
        """From a photo to what is looked at in its place, both (H, W, 3) uint8."""
        ...


class FeatureStore:
    """Vectors by the hash of a photo's content, in one SQLite file: whole after a kill, shared by runs at once.

    Args:
        folder: Where the file lies.
        version: Of the backbone and what comes before it; vectors of another version are not seen.
        length: Numbers in a vector.
    """

    def __init__(self, folder: Path, *, version: str, length: int) -> None:
        self.version, self.length = version, length
        self._waiting: dict[str, np.ndarray] = {}
        self._saved_at = time.monotonic()
        self._path = folder / "features.sqlite"
        self._database: sqlite3.Connection | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._database = self._opened()
        except sqlite3.OperationalError:
            pass  # full or read-only: the run goes on without a store
        except sqlite3.DatabaseError:
            self._path.unlink(missing_ok=True)  # not a database any more; it only ever held what can be made again
            with contextlib.suppress(sqlite3.Error):
                self._database = self._opened()
        except OSError:
            pass

    def _opened(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=60)
        database.execute(
            "CREATE TABLE IF NOT EXISTS features (hash TEXT, version TEXT, vector BLOB, PRIMARY KEY (hash, version))"
        )
        database.commit()
        return database

    def find(self, hashes: Sequence[str]) -> dict[str, np.ndarray]:
        """Give the vectors that are there."""
        found: dict[str, np.ndarray] = {}
        if self._database is None:
            return found
        with contextlib.suppress(sqlite3.Error):
            for at in range(0, len(hashes), 500):
                some = hashes[at : at + 500]
                marks = ",".join("?" * len(some))
                rows = self._database.execute(
                    f"SELECT hash, vector FROM features WHERE version = ? AND hash IN ({marks})", (self.version, *some)
                )
                for name, blob in rows:
                    if len(blob) == 4 * self.length:
                        found[name] = np.frombuffer(blob, "<f4")
        return found

    def keep(self, name: str, vector: np.ndarray) -> None:
        """Keep a vector; it is on disk within seconds, or at `close`."""
        self._waiting[name] = vector
        if time.monotonic() - self._saved_at > SAVE_EVERY_SECONDS:
            self._save()

    def close(self) -> None:
        """Save what waits and close the file."""
        self._save()
        if self._database is not None:
            self._database.close()
            self._database = None

    def _save(self) -> None:
        rows = [(name, self.version, vector.astype("<f4").tobytes()) for name, vector in self._waiting.items()]
        self._waiting.clear()
        self._saved_at = time.monotonic()
        if self._database is None or not rows:
            return
        try:
            with self._database:
                self._database.executemany("INSERT OR REPLACE INTO features VALUES (?, ?, ?)", rows)
        except sqlite3.Error:  # a full disk, a drive that went away: features can always be computed again
            self._database.close()
            self._database = None


@dataclass(frozen=True, slots=True)
class Features:
    """The features of the photos that could be read.

    Attributes:
        records: Their records.
        vectors: One row a photo, the pooled features after every part side by side: (n, sum of channels).
        channels: How many numbers each part gives.
        cut_short: Whether the time limit ended the pass before the last photo.
    """

    records: list[Record]
    vectors: np.ndarray
    channels: tuple[int, ...]
    cut_short: bool = False

    def after(self, part: int) -> np.ndarray:
        """The features after one part of the backbone: (n, C)."""
        start = sum(self.channels[:part])
        return self.vectors[:, start : start + self.channels[part]]


def extract(context: TrainContext, backbone: Frozen, records: Sequence[Record], view: View | None = None) -> Features:
    """Compute the features of `records`, or of a view of each, from the store where it has them.

    Raises:
        TrainingStopped: If the person asks to stop; what was computed is in the store.
        FamilyError: If no photo could be read.
    """
    version = backbone.fingerprint()
    known_as = version if view is None else f"{version} {view.name}"
    if context.dataset.kind == Kind.SOUND_CLASSES:
        known_as += f"-{PICTURED}"
    store = FeatureStore(context.cache_folder, version=known_as, length=sum(backbone.channels))
    try:
        return _Pass(context, records, store, backbone, view).run(_drawn(context, backbone, version))
    finally:
        store.close()


def _drawn(context: TrainContext, backbone: Frozen, version: str) -> Path:
    """The backbone's graph in the cache, written where it is not there yet."""
    path = context.cache_folder / f"backbone-{version}.onnx"
    if not path.is_file():
        context.cache_folder.mkdir(parents=True, exist_ok=True)
        unfinished = context.cache_folder / f"backbone.{os.getpid()}-{threading.get_ident()}.onnx"
        backbone.write(unfinished)
        unfinished.replace(path)
    return path


class _Pass:
    """One pass over the photos: worker threads decode and run the graph, each photo by itself.

    A batch would be no faster on a CPU (measured: 1 photo in each of two threads 207 a second, batches of 8 in one
    session 196), and photos of different sizes do not fit in one.
    """

    def __init__(
        self,
        context: TrainContext,
        records: Sequence[Record],
        store: FeatureStore,
        backbone: Frozen,
        view: View | None,
    ) -> None:
        self.context, self.store, self.names, self.channels = context, store, backbone.names, backbone.channels
        self.view = view
        # Shuffled, so that a pass that the time limit cuts short has seen something of every class.
        self.order = np.random.default_rng(context.config.seed).permutation(len(records))
        self.records = list(records)
        self.workers = min(8, os.cpu_count() or 1)
        self.vectors = np.empty((len(records), sum(self.channels)), np.float32)
        self.done = np.zeros(len(records), bool)
        self.unread: list[str] = []
        self.began = self.told = time.monotonic()
        self.computed = 0

    def run(self, graph_path: Path) -> Features:
        hashes = {int(i): self.context.dataset.content_hash(self.records[int(i)]) for i in self.order}
        known = self.store.find(list(hashes.values()))
        missing = []
        for i, name in hashes.items():
            if name in known:
                self.vectors[i], self.done[i] = known[name], True
            else:
                missing.append(i)
        self._tell()
        cut_short = False
        if missing:
            graph = self.context.open_graph(graph_path, at_once=self.workers)
            for i, vector in self._computed(graph, missing):
                if vector is not None:
                    self.vectors[i], self.done[i] = vector, True
                    self.store.keep(hashes[i], vector)
                    self.computed += 1
                self._tell()
                if self.context.stopping():
                    raise TrainingStopped("Stopped while looking at the photos; what was seen is kept.")
                left = self.context.seconds_left()
                if cut_short := left is not None and left <= 0:
                    break
        self._tell(last=True)
        self._tell_unread()
        if not self.done.any():
            raise FamilyError(f"None of the {len(self.records)} photos could be read. {' '.join(self.unread[:1])}")
        kept = np.flatnonzero(self.done)
        return Features([self.records[int(i)] for i in kept], self.vectors[kept], self.channels, cut_short)

    def _computed(self, graph: Graph, missing: Sequence[int]) -> Iterator[tuple[int, np.ndarray | None]]:
        """Yield each photo's vector as it is ready, in order, with a bounded number under way."""

        def look(i: int) -> np.ndarray | None:
            try:
                image = self.context.dataset.read(self.records[i]).array(IMAGE)
            except DataError as error:
                self.unread.append(str(error))
                return None
            image = image if self.view is None else self.view(image)
            found = graph.run({IMAGE: image[None]}, self.names)
            return np.concatenate([found[name][0].ravel() for name in self.names])

        workers = self.workers
        waiting: dict[Future[np.ndarray | None], int] = {}
        with ThreadPoolExecutor(workers, thread_name_prefix="features") as pool:
            try:
                for i in missing:
                    waiting[pool.submit(look, i)] = i
                    if len(waiting) > 3 * workers:
                        first = next(iter(waiting))
                        yield waiting.pop(first), first.result()
                for future, i in waiting.items():
                    yield i, future.result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _tell(self, *, last: bool = False) -> None:
        now = time.monotonic()
        if now - self.told < TELL_EVERY_SECONDS and not last:
            return
        self.told = now
        done = int(self.done.sum()) + len(self.unread)
        rate = self.computed / max(now - self.began, 1e-6)
        left = (len(self.records) - done) / rate if rate > 0 else None
        self.context.emit(
            Progress(stage=STAGE, done=done, total=len(self.records), unit="photos", rate=rate, seconds_left=left)
        )

    def _tell_unread(self) -> None:
        for sentence in self.unread[:LISTED_AT_MOST]:
            self.context.emit(Note(sentence=sentence, level="warning"))
        if (more := len(self.unread) - LISTED_AT_MOST) > 0:
            self.context.emit(Note(sentence=f"{more} more photos could not be read.", level="warning"))
