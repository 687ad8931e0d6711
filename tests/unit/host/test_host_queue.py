"""Runs one after the other, by real processes, with and without somebody who looks."""

import os
import signal
import subprocess
import sys
import time

import pytest

from trasluz.api import Finished, Metric, Started, Stopped
from trasluz.core.runs import queue
from trasluz.core.runs.folder import RunFolder, RunState
from trasluz.core.runs.launch import child_environment
from trasluz.core.runs.request import RunRequest


def wait_until(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def add(tmp_path, mean_colour, photos):
    """`add(epochs=3, …)`: asks for a run in the project, as the window does."""

    def ask(**settings) -> RunFolder:
        request = RunRequest.new(family="mean-colour", data=str(photos), settings=settings, device="cpu")
        return queue.start(tmp_path / "runs" / request.id, request)[0]

    return ask


def steps(run: RunFolder) -> list[float]:
    return [e.step for e in run.events() if isinstance(e, Metric)]


def pid_of(run: RunFolder) -> int:
    return [e for e in run.events() if isinstance(e, Started)][-1].pid


def test_runs_follow_each_other_with_nobody_there_and_a_failure_ends_nothing(add) -> None:
    first = add(epochs=40, seconds=0.02)
    second, third = add(epochs=3, behave="raise"), add(epochs=3)
    assert second.state() is RunState.QUEUED
    # From here on this process only looks at files.
    wait_until(lambda: third.state() is RunState.FINISHED)
    assert (first.state(), second.state()) == (RunState.FINISHED, RunState.FAILED)
    begun = [next(e.time for e in run.events() if isinstance(e, Started)) for run in (first, third)]
    assert begun[1] > max(e.time for e in first.events() if isinstance(e, Finished))
    assert not queue.waiting(first.path.parent)


def test_the_queue_outlives_the_one_who_filled_it(tmp_path, mean_colour, photos) -> None:
    code = """
import sys
from trasluz.core.runs import queue
from trasluz.core.runs.request import RunRequest
for epochs in (60, 3):
    request = RunRequest.new(family="mean-colour", data=sys.argv[2], settings={"epochs": epochs, "seconds": 0.02})
    queue.start(sys.argv[1] + "/" + str(epochs), request)
print("filled", flush=True)
import time; time.sleep(60)
"""
    runs = tmp_path / "runs"
    window = subprocess.Popen(
        [sys.executable, "-c", code, str(runs), str(photos)], env=child_environment(), stdout=subprocess.PIPE
    )
    assert window.stdout is not None
    window.stdout.readline()
    window.kill()
    window.wait()
    wait_until(lambda: RunFolder(runs / "3").state() is RunState.FINISHED)
    assert RunFolder(runs / "60").state() is RunState.FINISHED


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_after_a_kill_the_next_look_starts_the_next_one(add) -> None:
    first = add(epochs=10_000, seconds=0.02)
    second = add(epochs=3)
    wait_until(lambda: steps(first))
    os.kill(pid_of(first), signal.SIGKILL)
    wait_until(lambda: first.state() is RunState.INTERRUPTED)
    assert second.state() is RunState.QUEUED
    assert queue.advance(first.path.parent) == second.path
    wait_until(lambda: second.state() is RunState.FINISHED)


def test_many_who_look_at_once_start_one_run(add, tmp_path) -> None:
    runs = tmp_path / "runs"
    first = add(epochs=10_000, seconds=0.02)
    add(epochs=10_000, seconds=0.02), add(epochs=10_000, seconds=0.02)
    wait_until(lambda: steps(first))
    code = "import sys\nfrom trasluz.core.runs import queue\nfor _ in range(200): queue.advance(sys.argv[1])"
    looking = [subprocess.Popen([sys.executable, "-c", code, str(runs)], env=child_environment()) for _ in range(2)]
    first.ask_stop()
    while any(p.poll() is None for p in looking):
        assert sum(RunFolder(p).locked() for p in runs.iterdir() if p.is_dir()) <= 1
    wait_until(lambda: len(queue.training(runs)) == 1 and queue.training(runs)[0].path != first.path)
    assert len(queue.waiting(runs)) == 1
    queue.leave(queue.waiting(runs)[0])
    (last,) = queue.training(runs)
    wait_until(last.locked)
    last.ask_stop()
    wait_until(lambda: not last.locked())


def test_a_pause_ends_the_process_and_going_on_loses_nothing(add) -> None:
    run = add(epochs=60, seconds=0.02)
    other = add(epochs=3)
    wait_until(lambda: len(steps(run)) > 5)
    pid = pid_of(run)
    queue.pause(run)
    wait_until(lambda: run.state() is RunState.PAUSED)
    wait_until(lambda: not alive(pid))
    assert isinstance(list(run.events())[-1], Stopped)
    assert not run.has_model()
    assert not (run.path / "model.part").exists()
    time.sleep(0.3)
    assert other.state() is RunState.QUEUED  # the pause holds it
    assert queue.take_up(run)
    wait_until(lambda: other.state() is RunState.FINISHED)
    assert run.state() is RunState.FINISHED
    assert not run.stopped_early()
    assert sorted(set(steps(run))) == list(range(1, 61))
    assert len(steps(run)) == 60  # no pass was made twice


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
