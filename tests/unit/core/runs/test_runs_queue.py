"""The queue on disk: its order, and what a kill between two writes leaves."""

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from trasluz.api import DataError, Failed, Started, Stopped
from trasluz.core.runs import queue
from trasluz.core.runs.folder import RunFolder, RunState
from trasluz.core.runs.history import remove, runs_in, summarise
from trasluz.core.runs.request import RunRequest


def make(runs: Path, name: str, *, queued: bool = True) -> RunFolder:
    run = RunFolder.create(runs / name, RunRequest(id=name, name=name, family="f", data="/somewhere"))
    if queued:
        queue.put(run)
    return run


def order(runs: Path) -> list[str]:
    return [run.path.name for run in queue.waiting(runs)]


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would have been started; the start itself is tested with real processes."""
    names: list[str] = []

    def launch(run: RunFolder) -> None:
        names.append(run.path.name)
        run.mark_launched("a test")

    monkeypatch.setattr(queue, "launch", launch)
    return names


def test_runs_wait_in_the_order_they_came_and_can_be_moved(tmp_path) -> None:
    for name in "abcd":
        make(tmp_path, name)
    assert order(tmp_path) == ["a", "b", "c", "d"]
    queue.move(tmp_path / "d", -1)
    queue.move(tmp_path / "a", 1)
    assert order(tmp_path) == ["b", "a", "d", "c"]
    queue.move(tmp_path / "b", -1)
    queue.move(tmp_path / "c", 1)
    assert order(tmp_path) == ["b", "a", "d", "c"]
    queue.leave(tmp_path / "a")
    assert order(tmp_path) == ["b", "d", "c"]
    assert queue.place(tmp_path / "d") == 2
    assert queue.place(tmp_path / "a") is None


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from([-2, -1, 1, 2])), max_size=12))
def test_any_moves_give_what_moving_in_a_list_gives(tmp_path_factory, moves) -> None:
    runs = tmp_path_factory.mktemp("runs")
    expected = []
    for name in "abcde":
        make(runs, name)
        expected.append(name)
    for which, by in moves:
        name = expected.pop(which)
        expected.insert(min(max(0, which + by), 4), name)
        queue.move(runs / name, by)
        assert order(runs) == expected


def test_moving_for_ever_never_runs_out_of_numbers(tmp_path) -> None:
    for name in "abc":
        make(tmp_path, name)
    expected = ["a", "b", "c"]
    for _ in range(150):  # the middle of two numbers has been taken more often than a float has digits
        queue.move(tmp_path / expected[2], -1)
        expected[1], expected[2] = expected[2], expected[1]
        assert order(tmp_path) == expected


def test_a_kill_while_numbers_are_spread_keeps_the_order(tmp_path, monkeypatch) -> None:
    for name in "abcd":
        make(tmp_path, name)
    write = queue._write
    for allowed in range(4):
        left = iter(range(allowed))

        def dies(run, number, left=left) -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt
            write(run, number)

        monkeypatch.setattr(queue, "_write", dies)
        with pytest.raises(KeyboardInterrupt):
            queue._spread(queue._placed(tmp_path))
        assert order(tmp_path) == ["a", "b", "c", "d"]


def test_one_starts_at_once_and_the_next_ones_wait(tmp_path, launched) -> None:
    def request(name: str) -> RunRequest:
        return RunRequest(id=name, name=name, family="f", data="/somewhere")

    first, started = queue.start(tmp_path / "1", request("1"))
    assert started
    assert first.state() is RunState.WAITING  # for its process
    second, started = queue.start(tmp_path / "2", request("2"))
    assert not started
    assert second.state() is RunState.QUEUED
    queue.start(tmp_path / "3", request("3"))
    assert launched == ["1"]
    assert {s.name: s.place for s in runs_in(tmp_path)} == {"1": None, "2": 1, "3": 2}
    assert "before it" in summarise(second).sentence
    # it ended: its process took the lock, and let go of it
    first.forget_launch()
    queue.leave(first)
    with first.lock(), first:
        assert queue.advance(tmp_path) is None
        first.append(Failed(sentence="It did not work."))
    assert queue.advance(tmp_path) == second.path
    assert launched == ["1", "2"]


def test_a_place_without_a_request_is_no_run(tmp_path, launched) -> None:
    (tmp_path / "half").mkdir()
    queue.put(tmp_path / "half")  # killed right after this
    assert queue.waiting(tmp_path) == []
    assert queue.advance(tmp_path) is None
    assert runs_in(tmp_path) == []


def test_a_launch_that_came_to_nothing_is_tried_again(tmp_path, launched) -> None:
    run = make(tmp_path, "a")
    queue.advance(tmp_path)
    assert run.state() is RunState.WAITING
    old = time.time() - 3600
    import os

    os.utime(run.path / "launched", (old, old))  # nobody ever took the lock
    assert run.state() is RunState.QUEUED
    queue.advance(tmp_path)
    assert launched == ["a", "a"]


def test_a_pause_holds_those_that_wait_until_something_is_started(tmp_path, launched) -> None:
    first, other = make(tmp_path, "a", queued=False), make(tmp_path, "b")
    with first.lock(), first:
        first.append(Started(pid=1, device="cpu"))
        queue.pause(first)
        assert first.pause_asked()
        first.append(Stopped(paused=True))
        first.clear_stop()
    assert first.state() is RunState.PAUSED
    assert queue.advance(tmp_path) is None
    assert other.state() is RunState.QUEUED
    assert queue.take_up(first)
    assert launched == ["a"]
    assert not queue.held(tmp_path)


def test_a_run_asked_for_during_a_pause_starts_at_once(tmp_path, launched) -> None:
    first = make(tmp_path, "a", queued=False)
    make(tmp_path, "b")
    with first.lock():
        queue.pause(first)
    _, started = queue.start(tmp_path / "c", RunRequest(id="c", family="f", data="/somewhere"))
    assert started
    assert launched == ["c"]


def test_a_run_killed_on_its_way_to_a_pause_is_paused(tmp_path) -> None:
    run = make(tmp_path, "a", queued=False)
    with run.lock(), run:
        run.append(Started(pid=1, device="cpu"))
        run.ask_pause()
    assert run.state() is RunState.PAUSED


def test_a_damaged_request_and_a_process_that_cannot_start_do_not_hold_the_others(tmp_path, monkeypatch) -> None:
    make(tmp_path, "a").request_path.write_text("{")
    unlucky, lucky = make(tmp_path, "b"), make(tmp_path, "c")

    def launch(run: RunFolder) -> None:
        if run.path.name == "b":
            raise OSError(12, "Cannot allocate memory")
        run.mark_launched()

    monkeypatch.setattr(queue, "launch", launch)
    assert queue.advance(tmp_path) == lucky.path
    assert unlucky.state() is RunState.FAILED
    assert "memory" in summarise(unlucky).sentence


def test_a_run_that_waits_can_be_deleted(tmp_path, launched) -> None:
    first, second = make(tmp_path, "a"), make(tmp_path, "b")
    remove(second)
    assert order(tmp_path) == ["a"]
    queue.advance(tmp_path)
    with pytest.raises(DataError, match="stop it first"):
        remove(first)
