"""Items in shuffled batches, decoded and altered in threads: the same for a seed, whatever the threads do.

The order of a pass depends on (seed, pass), the alteration of an item on (seed, pass, item). So a pass can be
taken up at any batch, and a batch cut in smaller pieces still holds the same items, altered in the same way.
"""

import math
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Generic, TypeVar

import numpy as np

from trasluz.api import DataError

from .device import cores
from .seed import generator

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")

_DEAD_BATCHES = 3


@dataclass(slots=True)
class Batch(Generic[Loaded]):
    """The loaded items of one step of the optimiser.

    Attributes:
        index: Its number in the pass.
        items: What was loaded.
        pieces: The items collated, in one piece or in several where memory is short.
        sizes: Items in each piece.
    """

    index: int
    items: list[Loaded]
    pieces: list[Any] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def cut(self, pieces: int, collate: Callable[[Sequence[Loaded]], Any]) -> None:
        """Collate the items anew in `pieces` pieces of nearly one size."""
        bounds = np.linspace(0, len(self.items), min(pieces, len(self.items)) + 1).round().astype(int)
        parts = [self.items[low:high] for low, high in pairwise(bounds)]
        self.pieces = [collate(part) for part in parts]
        self.sizes = [len(part) for part in parts]


class Batches(Generic[Item, Loaded]):
    """The passes over the items.

    Args:
        items: What to learn from; any sequence, e.g. the records of a split.
        load: Decodes one item and alters it by the generator given; runs in threads. `DataError` sets it aside.
        collate: Makes one batch of several loaded items, e.g. stacks them to tensors; runs in threads.
        batch_size: Items of one step of the optimiser.
        seed: The seed of order and alteration.
        shuffle: Whether each pass has an order of its own.
        lengths: How long each item is; batches are then made of items of like length, so that little is padded.
        short_first: In so many first passes the short items come first, for long ones teach little to a network that
            knows nothing (SortaGrad: Amodei et al., “Deep Speech 2”, ICML 2016, section 3.2). Needs `lengths`.
        workers: Threads; as many as there are cores where None.
        ahead: Batches made ahead of the one in use.
        on_problem: Told of each item that could not be loaded, once an item, from a thread.
        share: (rank, world): this process takes every `world`-th item of each batch, from `rank` on.
    """

    def __init__(
        self,
        items: Sequence[Item],
        *,
        load: Callable[[Item, np.random.Generator], Loaded],
        collate: Callable[[Sequence[Loaded]], Any],
        batch_size: int,
        seed: int = 0,
        shuffle: bool = True,
        lengths: Sequence[float] | None = None,
        short_first: int = 0,
        workers: int | None = None,
        ahead: int = 3,
        on_problem: Callable[[Item, DataError], None] | None = None,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        if batch_size < 1:
            raise ValueError("a batch holds one item at least")
        if lengths is not None and len(lengths) != len(items):
            raise ValueError(f"{len(lengths)} lengths for {len(items)} items")
        self.items = items
        self.batch_size = batch_size
        self.collate = collate
        self.share = share
        self._load = load
        self._seed = seed
        self._shuffle = shuffle
        self._lengths = None if lengths is None else np.asarray(lengths, dtype=np.float64)
        self._short_first = short_first
        self._workers = workers or cores()
        self._ahead = ahead
        self._on_problem = on_problem
        self._told: set[int] = set()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Batches in one pass; the last one may be smaller."""
        return math.ceil(len(self.items) / self.batch_size)

    def order(self, epoch: int) -> np.ndarray:
        """Return the numbers of the items in the order of pass `epoch`."""
        count = len(self.items)
        if not self._shuffle or (self._lengths is not None and epoch < self._short_first):
            return np.arange(count) if self._lengths is None else np.argsort(self._lengths, kind="stable")
        draw = generator(self._seed, epoch)
        if self._lengths is None:
            return draw.permutation(count)
        return _by_length(self._lengths, self.batch_size, draw)

    def drawn(self, epoch: int, index: int, *, at_most: int) -> list[tuple[int, tuple[int, ...]]]:
        """The first items of a batch: the number of each, and the words of the generator that alters it."""
        numbers = self.order(epoch)[index * self.batch_size :][: min(at_most, self.batch_size)]
        return [(int(n), self._words(epoch, int(n))) for n in numbers]

    def _words(self, epoch: int, number: int) -> tuple[int, ...]:
        return self._seed, epoch, number, 1

    def epoch(
        self, epoch: int, *, start: int = 0, pieces: Callable[[], int] = lambda: 1
    ) -> Generator[Batch[Loaded], None, None]:
        """Yield the batches of pass `epoch` in their order, from number `start` on.

        Args:
            epoch: The number of the pass.
            start: The first batch wanted; those before it cost nothing.
            pieces: In how many pieces a batch is collated at present.

        Raises:
            DataError: If nothing can be read any more, e.g. because a drive was unplugged.
        """
        order = self.order(epoch)
        total = len(self)
        rank, world = self.share
        waiting: deque[tuple[list[Future[Loaded | None]], Future[Batch[Loaded]]]] = deque()
        dead = 0
        # Two pools: whoever assembles waits for those who load, and must not take a place from them.
        loaders = ThreadPoolExecutor(self._workers, thread_name_prefix="load")
        assembler = ThreadPoolExecutor(1, thread_name_prefix="assemble")
        try:
            following = start
            while following < total or waiting:
                while following < total and len(waiting) <= self._ahead:
                    numbers = order[following * self.batch_size : (following + 1) * self.batch_size][rank::world]
                    # The item is fetched here, in one thread: records may come out of a data base.
                    parts = [loaders.submit(self._one, int(n), self.items[int(n)], epoch) for n in numbers]
                    waiting.append((parts, assembler.submit(self._assemble, following, parts, pieces)))
                    following += 1
                _, assembled = waiting.popleft()
                batch = assembled.result()
                if batch.items:
                    dead = 0
                    if len(batch.pieces) != min(pieces(), len(batch.items)):
                        batch.cut(pieces(), self.collate)
                else:
                    dead += 1
                    if dead >= min(_DEAD_BATCHES, total):
                        raise DataError(
                            "None of the last items could be read any more; look whether the folder of the data "
                            "is still there, then resume the run."
                        )
                yield batch
        finally:
            for parts, assembled in waiting:
                assembled.cancel()
                for part in parts:
                    part.cancel()
            loaders.shutdown(wait=True, cancel_futures=True)
            assembler.shutdown(wait=True, cancel_futures=True)

    def _assemble(self, index: int, parts: Sequence[Future[Loaded | None]], pieces: Callable[[], int]) -> Batch[Loaded]:
        found = [part.result() for part in parts]
        batch = Batch(index, [each for each in found if each is not None])
        if batch.items:
            batch.cut(pieces(), self.collate)
        return batch

    def _one(self, number: int, item: Item, epoch: int) -> Loaded | None:
        try:
            return self._load(item, generator(*self._words(epoch, number)))
        except DataError as error:
            with self._lock:
                first = number not in self._told
                self._told.add(number)
            if first and self._on_problem is not None:
                self._on_problem(item, error)
            return None


def _by_length(lengths: np.ndarray, batch_size: int, draw: np.random.Generator) -> np.ndarray:
    """Order the items so that each batch holds like lengths, and the batches come in any order."""
    count = len(lengths)
    spread = float(np.std(lengths)) * 0.05
    # A little noise on the lengths, so that a batch is not of the same company in every pass.
    ranked = np.argsort(lengths + draw.normal(0.0, spread, count) if spread else draw.permutation(count))
    full, rest = divmod(count, batch_size)
    # The smaller batch is cut from anywhere, or it would always hold the longest items.
    place = int(draw.integers(0, full + 1)) * batch_size
    small = ranked[place : place + rest]
    others = np.delete(ranked, np.arange(place, place + rest))
    blocks = [others[n * batch_size : (n + 1) * batch_size] for n in range(full)]
    # It stays the last one: positions in a pass are counted in whole batches.
    return np.concatenate([*(blocks[n] for n in draw.permutation(full)), small])


class Kept(Generic[Item, Loaded]):
    """Remembers loaded items up to a number of bytes, so that later passes need not decode again.

    Args:
        load: Loads an item; its result must not be changed by anyone.
        key: What an item is known by.
        size: Bytes of a loaded item.
        at_most: Bytes kept in all.
    """

    def __init__(
        self,
        load: Callable[[Item], Loaded],
        *,
        key: Callable[[Item], Any],
        size: Callable[[Loaded], int],
        at_most: int,
    ) -> None:
        self._load = load
        self._key = key
        self._size = size
        self._left = at_most
        self._items: dict[Any, Loaded] = {}
        self._lock = threading.Lock()

    def __call__(self, item: Item) -> Loaded:
        """Return the item, from memory where it is there."""
        key = self._key(item)
        found = self._items.get(key)
        if found is not None:
            return found
        loaded = self._load(item)
        size = self._size(loaded)
        with self._lock:
            # What is in stays in: in shuffled passes the oldest is as likely to be wanted as any other.
            if key not in self._items and size <= self._left:
                self._items[key] = loaded
                self._left -= size
        return loaded
