"""Batches: everything once a pass, the same whatever the threads do, from any place on."""

import random
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trasluz.api import DataError
from trasluz.torchkit.batches import Batches, Kept


def make(count: int = 23, *, wait: float = 0.0, **others: object) -> Batches[int, tuple[int, float]]:
    def load(item: int, draw: np.random.Generator) -> tuple[int, float]:
        if wait:
            time.sleep(random.random() * wait)
        return item, float(draw.random())

    settings: dict[str, object] = {"batch_size": 5, "seed": 1, "collate": list, "load": load} | others
    return Batches(range(count), **settings)  # type: ignore[arg-type]


def content(batches: Batches[int, tuple[int, float]], epoch: int = 0, start: int = 0) -> list[list[tuple[int, float]]]:
    return [batch.items for batch in batches.epoch(epoch, start=start)]


@given(
    count=st.integers(1, 40),
    size=st.integers(1, 12),
    epoch=st.integers(0, 5),
    by_length=st.booleans(),
    shuffle=st.booleans(),
)
def test_each_item_comes_once_a_pass(count: int, size: int, epoch: int, by_length: bool, shuffle: bool) -> None:
    lengths = [((n * 7) % 11) + 1 for n in range(count)] if by_length else None
    batches = make(count, batch_size=size, lengths=lengths, shuffle=shuffle)
    order = batches.order(epoch)
    assert sorted(order.tolist()) == list(range(count))
    assert len(batches) == len([order[n : n + size] for n in range(0, count, size)])


def test_passes_differ_and_a_seed_repeats_them() -> None:
    assert content(make(wait=0.003, workers=4)) == content(make(workers=1))
    assert content(make(), 0) != content(make(), 1)
    assert content(make(seed=2)) != content(make(seed=1))


def test_a_pass_is_taken_up_anywhere() -> None:
    whole = content(make(), 3)
    for start in range(len(whole) + 1):
        assert content(make(), 3, start) == whole[start:]


def test_pieces_hold_the_same_items() -> None:
    whole = content(make())
    now = [1]
    found = []
    for batch in make().epoch(0, pieces=lambda: now[0]):
        found.append([item for piece in batch.pieces for item in piece])
        assert batch.sizes == [len(piece) for piece in batch.pieces]
        assert max(batch.sizes) - min(batch.sizes) <= 1
        assert len(batch.pieces) == min(now[0], len(batch.items))
        now[0] = 3
    assert found == whole


def test_batches_by_length_hold_like_lengths_and_the_longest_are_not_always_last() -> None:
    lengths = np.random.default_rng(0).integers(10, 1000, 203)
    batches = Batches(
        range(203), load=lambda i, _: int(lengths[i]), collate=list, batch_size=20, lengths=lengths.tolist()
    )
    spreads = [max(b.items) - min(b.items) for b in batches.epoch(0)]
    assert np.mean(spreads) < 0.3 * (lengths.max() - lengths.min())
    smallest = [list(batches.epoch(e))[-1].items for e in range(6)]
    assert {len(each) for each in smallest} == {3}
    assert len({round(np.mean(each), -2) for each in smallest}) > 1


def test_an_unreadable_item_is_set_aside_and_told_once() -> None:
    told: list[int] = []

    def load(item: int, _: np.random.Generator) -> int:
        if item % 4 == 0:
            raise DataError(f"“{item}.jpg” cannot be read.")
        return item

    batches = make(12, load=load, on_problem=lambda item, error: told.append(item))
    for epoch in (0, 1):
        found = sorted(item for batch in batches.epoch(epoch) for item in batch.items)
        assert found == [n for n in range(12) if n % 4]
    assert sorted(told) == [0, 4, 8]


def test_when_nothing_can_be_read_any_more_it_says_so() -> None:
    def gone(item: int, _: np.random.Generator) -> int:
        raise DataError("gone")

    with pytest.raises(DataError, match="None of the last items could be read"):
        list(make(100, load=gone).epoch(0))
    with pytest.raises(DataError, match="None of the last items could be read"):
        list(make(2, load=gone).epoch(0))


def test_another_error_ends_the_pass_and_its_threads() -> None:
    def wrong(item: int, _: np.random.Generator) -> int:
        raise ZeroDivisionError

    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        list(make(100, load=wrong).epoch(0))
    assert threading.active_count() == before


def test_a_pass_that_is_left_early_ends_its_threads() -> None:
    before = threading.active_count()
    stream = make(100, wait=0.002).epoch(0)
    next(stream)
    assert threading.active_count() > before
    stream.close()
    assert threading.active_count() == before


def test_batches_are_made_ahead_but_not_without_bound() -> None:
    loaded: list[int] = []

    def load(item: int, _: np.random.Generator) -> int:
        loaded.append(item)
        return item

    stream = make(1000, load=load, ahead=2).epoch(0)
    next(stream)
    time.sleep(0.2)
    assert 10 <= len(loaded) <= 20
    stream.close()


def test_processes_share_each_batch() -> None:
    whole = content(make())
    parts = [content(make(share=(rank, 2))) for rank in (0, 1)]
    for n, batch in enumerate(whole):
        assert sorted(parts[0][n] + parts[1][n]) == sorted(batch)


def test_kept_items_are_loaded_once_within_bounds() -> None:
    loads: list[int] = []

    def load(item: int) -> bytes:
        loads.append(item)
        return bytes(10)

    kept = Kept(load, key=lambda item: item, size=len, at_most=25)
    for _ in range(3):
        for item in range(4):
            kept(item)
    assert loads.count(0) == loads.count(1) == 1
    assert loads.count(2) == loads.count(3) == 3


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="one item at least"):
        make(batch_size=0)
    with pytest.raises(ValueError, match="2 lengths for 23 items"):
        make(lengths=[1.0, 2.0])
