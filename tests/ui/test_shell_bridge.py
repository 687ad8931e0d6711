"""The one idiom for background work: on the window's thread, in order, and only while anyone listens."""

import threading
import time
from concurrent.futures import Future
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QObject, QThread
from pytestqt.qtbot import QtBot

from trasluz.ui.bridge.call import Trouble
from trasluz.ui.bridge.host import HostBridge
from trasluz.ui.bridge.work import Work


@pytest.fixture
def work(qapp: object):
    made = Work(threads=2)
    yield made
    made.close()


def test_work_is_done_elsewhere_and_comes_back_here(work: Work, qtbot: QtBot) -> None:
    parent, seen = QObject(), []
    here = threading.get_ident()
    work.run(parent, threading.get_ident, success=lambda there: seen.append((there, threading.get_ident())))
    qtbot.waitUntil(lambda: bool(seen))
    there, back = seen[0]
    assert there != here
    assert back == here


def test_progress_comes_before_the_result(work: Work, qtbot: QtBot) -> None:
    parent, seen = QObject(), []

    def count(report: Any) -> str:
        for number in range(5):
            report(number)
        return "done"

    work.run(parent, count, success=seen.append, progress=seen.append)
    qtbot.waitUntil(lambda: "done" in seen)
    assert seen == [0, 1, 2, 3, 4, "done"]


def test_a_failure_is_a_sentence_with_details(work: Work, qtbot: QtBot) -> None:
    parent, seen = QObject(), []

    def fail() -> None:
        raise ValueError("The disk is full; make room.")

    work.run(parent, fail, success=seen.append, failure=seen.append)
    qtbot.waitUntil(lambda: bool(seen))
    assert seen[0].sentence == "The disk is full; make room."
    assert "in fail" in seen[0].details


def test_a_failure_that_nobody_looks_after_is_shown(work: Work, qtbot: QtBot) -> None:
    parent = QObject()
    with qtbot.waitSignal(work.trouble) as caught:
        work.run(parent, lambda: 1 / 0)
    assert isinstance(caught.args[0], Trouble)


def test_nothing_is_called_once_the_parent_is_gone(work: Work, qtbot: QtBot) -> None:
    parent, gate, seen = QObject(), threading.Event(), []
    call = work.run(parent, gate.wait, success=seen.append, failure=seen.append)
    shiboken6.delete(parent)
    gate.set()
    qtbot.wait(100)
    assert seen == []
    assert not call.wanted


def test_nothing_is_called_once_it_is_cancelled(work: Work, qtbot: QtBot) -> None:
    parent, gate, seen = QObject(), threading.Event(), []
    call = work.run(parent, gate.wait, success=seen.append, failure=seen.append)
    call.cancel()
    gate.set()
    qtbot.wait(100)
    assert seen == []
    assert work.idle


class FakeLink:
    """A host that answers when it is told to; it stands in where a real one would have to be broken."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any], Future[Any]]] = []
        self.cancelled: list[Future[Any]] = []
        self.closed = False
        self.thread = 0

    def call(self, method: str, params: dict[str, Any], *, on_progress: Any = None) -> "Future[Any]":
        self.thread = threading.get_ident()
        future: Future[Any] = Future()
        self.asked.append((method, params, future))
        if on_progress is not None:
            on_progress({"done": 1})
        return future

    def cancel(self, future: "Future[Any]") -> None:
        self.cancelled.append(future)
        future.cancel()

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def hosted(qapp: object):
    links: list[FakeLink] = []

    def make(_on_death: Any) -> FakeLink:
        time.sleep(0.05)  # a child takes its time
        links.append(FakeLink())
        return links[-1]

    bridge = HostBridge(link=make)
    yield bridge, links
    bridge.close()


def test_asking_the_host_never_waits_for_its_start(hosted: Any, qtbot: QtBot) -> None:
    bridge, links = hosted
    parent, seen = QObject(), []
    start = time.perf_counter()
    bridge.call(parent, "devices", success=seen.append, progress=seen.append)
    assert time.perf_counter() - start < 0.03
    qtbot.waitUntil(lambda: bool(links and links[0].asked))
    assert links[0].thread != threading.get_ident()
    links[0].asked[0][2].set_result({"device": "cpu"})
    qtbot.waitUntil(lambda: len(seen) == 2)
    assert seen == [{"done": 1}, {"device": "cpu"}]


def test_cancelling_reaches_the_host(hosted: Any, qtbot: QtBot) -> None:
    bridge, links = hosted
    parent, seen = QObject(), []
    call = bridge.call(parent, "thumbnail", {"path": "x"}, success=seen.append, failure=seen.append)
    qtbot.waitUntil(lambda: bool(links and links[0].asked))
    call.cancel()
    qtbot.waitUntil(lambda: len(links[0].cancelled) == 1)
    assert seen == []


def test_a_call_that_was_cancelled_before_it_was_sent_is_never_sent(hosted: Any, qtbot: QtBot) -> None:
    bridge, links = hosted
    bridge.call(QObject(), "thumbnail", {"path": "x"}).cancel()
    qtbot.wait(150)
    assert not (links and links[0].asked)


def test_a_restart_gives_a_fresh_child_and_later_calls_go_there(hosted: Any, qtbot: QtBot) -> None:
    bridge, links = hosted
    parent, seen = QObject(), []
    bridge.start()
    bridge.restart(then=lambda: seen.append(QThread.currentThread() == bridge.thread()))
    bridge.call(parent, "catalogue", success=seen.append)
    qtbot.waitUntil(lambda: len(links) == 2 and bool(links[1].asked))
    assert links[0].closed
    assert seen == [True]


def test_a_host_that_cannot_start_is_a_sentence(qapp: object, qtbot: QtBot) -> None:
    def no_host(_on_death: Any) -> FakeLink:
        raise OSError("No process can be started.")

    bridge = HostBridge(link=no_host)
    seen: list[Trouble] = []
    bridge.call(bridge, "devices", failure=seen.append)
    qtbot.waitUntil(lambda: bool(seen))
    assert seen[0].sentence == "No process can be started."
    bridge.close()


def test_after_closing_nothing_is_asked_and_nothing_raises(hosted: Any) -> None:
    bridge, _links = hosted
    bridge.close()
    bridge.call(QObject(), "devices")
    bridge.restart()
    bridge.close()
