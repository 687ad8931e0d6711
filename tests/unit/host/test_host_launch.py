"""Runs as processes of their own."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from trasluz.api import Failed, Finished, Metric
from trasluz.core.runs import launch as launching
from trasluz.core.runs.folder import RunState
from trasluz.core.runs.follow import Follower
from trasluz.core.runs.launch import SPARE, child_environment, get_ready, launch


def wait_until(condition, seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def test_a_launched_run_is_followed_live(make_run) -> None:
    run = make_run(epochs=30, seconds=0.02)
    pid = launch(run)
    assert run.state() in (RunState.WAITING, RunState.RUNNING)
    follower, seen = Follower(run), []
    wait_until(lambda: seen.extend(follower.poll()) or any(isinstance(e, Metric) for e in seen))
    assert run.state() is RunState.RUNNING
    wait_until(lambda: run.state() is RunState.FINISHED)
    seen += follower.poll()
    assert isinstance(seen[-1], Finished)
    assert seen == list(run.events())
    assert "a plugin that prints" in run.log_path.read_text()
    wait_until(lambda: not alive(pid))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_stop_and_resume_over_processes(make_run) -> None:
    run = make_run(epochs=10_000, seconds=0.02)
    launch(run)
    wait_until(lambda: any(isinstance(e, Metric) for e in run.events()))
    run.ask_stop()
    wait_until(lambda: run.state() is RunState.FINISHED)
    assert run.stopped_early()
    launch(run)
    assert run.state() in (RunState.WAITING, RunState.RUNNING)
    wait_until(lambda: run.state() is RunState.RUNNING)
    run.ask_stop()
    wait_until(lambda: run.state() is RunState.FINISHED)


def test_a_run_outlives_the_one_who_launched_it(make_run) -> None:
    run = make_run(epochs=60, seconds=0.02)
    code = "import sys\nfrom trasluz.core.runs.launch import launch\nlaunch(sys.argv[1])\nimport time; time.sleep(60)"
    window = subprocess.Popen([sys.executable, "-c", code, str(run.path)], env=child_environment())
    wait_until(lambda: any(isinstance(e, Metric) for e in run.events()))
    window.kill()
    window.wait()
    wait_until(lambda: run.state() is RunState.FINISHED)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_killed_run_reads_as_interrupted_and_goes_on(make_run) -> None:
    run = make_run(epochs=100, seconds=0.02)
    pid = launch(run)
    wait_until(lambda: any(isinstance(e, Metric) and e.step > 3 for e in run.events()))
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: run.state() is RunState.INTERRUPTED)
    launch(run)
    wait_until(lambda: run.state() is RunState.FINISHED)
    assert any(getattr(e, "facts", {}).get("from", 0) >= 3 for e in run.events())


def test_a_segfault_in_a_plugin_leaves_its_trace(make_run) -> None:
    run = make_run(epochs=5, behave="segfault")
    launch(run)
    wait_until(lambda: run.state() is RunState.INTERRUPTED)
    assert "Segmentation fault" in run.last_words(40)


def test_a_process_that_cannot_even_begin_is_said(make_run, monkeypatch) -> None:
    run = make_run(epochs=5)
    monkeypatch.setattr(
        "trasluz.core.runs.launch.child_command", lambda *_: [sys.executable, "-c", "import sys; sys.exit('broken')"]
    )
    launch(run)
    wait_until(lambda: run.state() is RunState.FAILED)
    (failed,) = [e for e in run.events() if isinstance(e, Failed)]
    assert "broken" in failed.details
    assert "run.log" in failed.sentence


@pytest.mark.skipif(sys.platform == "win32", reason="nice")
def test_a_launched_run_is_gentle(make_run) -> None:
    run = make_run(epochs=200, seconds=0.02)
    pid = launch(run)
    wait_until(lambda: any(isinstance(e, Metric) for e in run.events()))
    assert (
        os.getpriority(os.PRIO_PROCESS, pid) >= os.getpriority(os.PRIO_PROCESS, 0) + 5
        or os.getpriority(os.PRIO_PROCESS, pid) == 19
    )
    run.ask_stop()
    wait_until(lambda: run.state() is RunState.FINISHED)


def test_a_child_that_waited_takes_the_run(make_run) -> None:
    get_ready()
    waiting = SPARE.pid
    assert waiting is not None
    run = make_run(epochs=2, seconds=0.02)
    assert launch(run) == waiting
    wait_until(lambda: run.state() is RunState.FINISHED)
    assert "a plugin that prints" in run.log_path.read_text()
    again = make_run(epochs=1, seconds=0.0)
    assert launch(again) != waiting  # there was but one
    wait_until(lambda: again.state() is RunState.FINISHED)


def test_a_child_that_died_waiting_costs_the_run_nothing(make_run) -> None:
    get_ready()
    dead = SPARE.pid
    assert dead is not None
    os.kill(dead, signal.SIGTERM)
    wait_until(lambda: SPARE.pid is None)
    run = make_run(epochs=1, seconds=0.0)
    assert launch(run) != dead
    wait_until(lambda: run.state() is RunState.FINISHED)


def test_a_child_ends_with_the_one_who_made_it(make_run) -> None:
    code = (
        "from trasluz.core.runs.launch import SPARE, get_ready\nget_ready()\nprint(SPARE.pid, flush=True)\n"
        "import time; time.sleep(60)"
    )
    window = subprocess.Popen([sys.executable, "-c", code], env=child_environment(), stdout=subprocess.PIPE, text=True)
    with window, window.stdout:
        child = int(window.stdout.readline())
        assert alive(child)
        window.kill()
    wait_until(lambda: not alive(child))


def test_the_end_of_one_launch_does_not_forget_the_next(make_run) -> None:
    run = make_run(epochs=2)
    run.mark_launched("first")
    died = subprocess.Popen([sys.executable, "-c", "raise SystemExit(1)"])
    with run.lock():
        watching = threading.Thread(target=launching._wait, args=(died, run, "first"))
        watching.start()
        time.sleep(0.4)  # it has seen the first launch end, and waits for the lock
        run.mark_launched("second")
    watching.join()
    assert run.launched_by() == "second"
    assert run.state() is RunState.WAITING
