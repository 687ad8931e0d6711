"""The link to the host: answers, progress, cancelling, and what happens when the child dies in every way."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import CancelledError
from pathlib import Path

import numpy as np
import pytest

from trasluz.core.hostlink import HostDied, HostError, HostLink
from trasluz.core.runs.launch import child_environment

_CHILD = """
import os, sys, time, threading
from multiprocessing.connection import Client
from trasluz.core.wire import pack, unpack
address, key = os.environ["TRASLUZ_HOST_ADDRESS"], bytes.fromhex(os.environ["TRASLUZ_HOST_KEY"])
connection = Client(address, authkey=key)
connection.send_bytes(pack({"hello": {"pid": os.getpid()}}))
cancelled = []
while True:
    try:
        message = unpack(connection.recv_bytes())
    except EOFError:
        break
    if "cancel" in message:
        cancelled.append(message["cancel"])
        continue
    number, method, params = message["id"], message["method"], message["params"]
    if method == "echo":
        connection.send_bytes(pack({"id": number, "result": params}))
    elif method == "steps":
        for step in range(3):
            connection.send_bytes(pack({"id": number, "progress": {"done": step}}))
        connection.send_bytes(pack({"id": number, "result": "done"}))
    elif method == "refuse":
        connection.send_bytes(pack({"id": number, "error": {"sentence": "No.", "details": "d", "kind": "data"}}))
    elif method == "die":
        print("what it said last", file=sys.stderr, flush=True)
        os._exit(3)
    elif method == "rubbish":
        connection.send_bytes(b"rubbish")
    elif method == "print":
        print("a plugin prints this", flush=True)
        os.write(1, b"and this")
        connection.send_bytes(pack({"id": number, "result": True}))
    elif method == "cancelled":
        connection.send_bytes(pack({"id": number, "result": cancelled}))
    elif method == "hang":
        pass
"""


@pytest.fixture
def link():
    made = HostLink(command=[sys.executable, "-c", _CHILD])
    yield made
    made.close()


def wait_for(what, seconds=15.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := what():
            return value
        time.sleep(0.02)
    raise AssertionError("it did not happen")


def test_making_a_link_and_asking_do_not_wait() -> None:
    start = time.perf_counter()
    link = HostLink(command=[sys.executable, "-c", "import time; time.sleep(60)"])
    future = link.call("echo", {"n": 1})
    took = time.perf_counter() - start
    link.close()
    assert took < 0.2
    with pytest.raises(HostDied):
        future.result(5)


def test_calls_made_before_the_child_is_up_are_answered(link) -> None:
    image = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    futures = [link.call("echo", {"n": n, "image": image}) for n in range(20)]
    for n, future in enumerate(futures):
        answer = future.result(20)
        assert answer["n"] == n
        assert np.array_equal(answer["image"], image)
    assert link.ready
    assert link.hello["pid"] == link.pid


def test_progress_comes_before_the_result(link) -> None:
    seen = []
    assert link.call("steps", on_progress=lambda p: seen.append(p["done"])).result(20) == "done"
    assert seen == [0, 1, 2]


def test_a_listener_that_raises_does_not_end_the_link(link) -> None:
    def bad(_):
        raise RuntimeError("mine")

    assert link.call("steps", on_progress=bad).result(20) == "done"
    assert link.call("echo", {"n": 1}).result(5) == {"n": 1}


def test_an_error_is_a_sentence_with_its_kind(link) -> None:
    with pytest.raises(HostError) as caught:
        link.call("refuse").result(20)
    assert (caught.value.sentence, caught.value.details, caught.value.kind) == ("No.", "d", "data")


def test_what_cannot_travel_fails_that_call_alone(link) -> None:
    with pytest.raises(HostError, match="cannot be asked"):
        link.call("echo", {"what": object()}).result(20)
    assert link.call("echo", {"n": 1}).result(20) == {"n": 1}


def test_printing_in_the_child_does_not_break_the_wire(link) -> None:
    assert link.call("print").result(20) is True
    assert link.call("echo", {"n": 1}).result(5) == {"n": 1}


def test_a_cancelled_call_is_given_up_at_once_and_the_child_is_told(link) -> None:
    future = link.call("hang")
    link.call("echo").result(20)
    link.cancel(future)
    with pytest.raises(CancelledError):
        future.result(0)
    assert link.call("cancelled").result(5) == [1]


def test_a_child_that_dies_costs_its_calls_and_a_restart() -> None:
    said = []
    with HostLink(said.append, command=[sys.executable, "-c", _CHILD]) as link:
        link.call("echo").result(20)
        first, waiting = link.pid, link.call("hang")
        with pytest.raises(HostDied, match="what it said last"):
            link.call("die").result(10)
        with pytest.raises(HostDied):
            waiting.result(5)
        assert link.call("echo", {"n": 2}).result(20) == {"n": 2}
        assert link.pid != first
        assert len(said) == 1
        assert "repeat" in said[0]


def test_a_child_that_is_killed_comes_back(link) -> None:
    for _ in range(3):
        link.call("echo").result(20)
        pid = link.pid
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda pid=pid: link.pid not in (None, pid))
    assert link.call("echo", {"n": 1}).result(20) == {"n": 1}


def test_a_child_that_talks_nonsense_is_started_anew(link) -> None:
    with pytest.raises(HostDied):
        link.call("rubbish").result(20)
    assert link.call("echo", {"n": 1}).result(20) == {"n": 1}


def test_a_hanging_child_can_be_restarted(link) -> None:
    said = []
    link._on_death = said.append
    future = link.call("hang")
    link.call("echo").result(20)
    pid = link.pid
    link.restart()
    with pytest.raises(HostDied, match="anew"):
        future.result(10)
    assert link.call("echo", {"n": 1}).result(20) == {"n": 1}
    assert link.pid != pid
    assert said == []


def test_a_child_that_dies_at_once_is_tried_less_and_less_and_calls_say_why() -> None:
    said, times = [], []

    def on_death(sentence):
        said.append(sentence)
        times.append(time.monotonic())

    child = "import sys; sys.exit('ImportError: no module named aubergine')"
    with HostLink(on_death, command=[sys.executable, "-c", child]) as link:
        future = link.call("echo")
        wait_for(lambda: len(said) >= 3)
        with pytest.raises(HostDied, match=r"aubergine.*3 times in a row"):
            future.result(10)
        start = time.monotonic()
        with pytest.raises(HostDied, match="aubergine"):
            link.call("echo").result(10)
        assert time.monotonic() - start < 0.5
        time.sleep(0.8)
        assert len(said) <= 4
    gaps = np.diff(times)
    assert gaps[-1] > gaps[0] * 0.5


def test_a_program_that_is_not_there_is_a_sentence() -> None:
    with HostLink(command=["/nowhere/at/all"]) as link, pytest.raises(HostDied):
        link.call("echo").result(20)


def test_a_closed_link_refuses_and_leaves_no_process() -> None:
    link = HostLink(command=[sys.executable, "-c", _CHILD])
    link.call("echo").result(20)
    pid = link.pid
    link.close()
    link.close()
    with pytest.raises(HostDied):
        link.call("echo").result(1)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not [t for t in threading.enumerate() if t.name.startswith("host-")]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_address_and_key_are_not_in_the_process_list(link) -> None:
    link.call("echo").result(20)
    words = Path(f"/proc/{link.pid}/cmdline").read_bytes()
    entries = Path(f"/proc/{link.pid}/environ").read_bytes().split(b"\0")
    environment = dict(e.split(b"=", 1) for e in entries if b"=" in e)
    assert environment[b"TRASLUZ_HOST_KEY"] not in words
    assert environment[b"TRASLUZ_HOST_ADDRESS"] not in words


def test_another_process_without_the_key_is_refused(tmp_path) -> None:
    """A stranger that finds the address first gets nothing, and the link comes up all the same."""
    thief = textwrap.dedent(
        """
        import os, subprocess, sys
        from multiprocessing import AuthenticationError
        from multiprocessing.connection import Client
        try:
            Client(os.environ["TRASLUZ_HOST_ADDRESS"], authkey=b"guess")
        except (AuthenticationError, EOFError, OSError) as error:
            open(sys.argv[1], "a").write("refused\\n")
        """
    )
    marker = tmp_path / "marker"
    script = f"import runpy, sys\nsys.argv = ['x', {str(marker)!r}]\nexec({thief!r})\n{_CHILD}"
    with HostLink(command=[sys.executable, "-c", script]) as link:
        wait_for(marker.exists)
        with pytest.raises(HostDied):
            link.call("echo").result(20)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_the_child_ends_when_the_window_is_killed() -> None:
    window = textwrap.dedent(
        f"""
        import sys, time
        from trasluz.core.hostlink import HostLink
        link = HostLink(command=[sys.executable, "-c", {_CHILD!r}])
        link.call("echo").result(20)
        print(link.pid, flush=True)
        time.sleep(60)
        """
    )
    process = subprocess.Popen([sys.executable, "-c", window], stdout=subprocess.PIPE, env=child_environment())
    child = int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.close()

    def gone():
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return True
        return Path(f"/proc/{child}/stat").read_text().split()[2] == "Z" if sys.platform == "linux" else False

    wait_for(gone, 10)
