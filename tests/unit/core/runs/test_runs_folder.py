"""Run folders: their states, their locks, what a killed process leaves."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from trasluz.api import DataError, DataFacts, Failed, Finished, GraphFile, ModelCard, Note, Progress, Started, Stopped
from trasluz.core.atomic import remove_folder, sweep, take_whole, write_whole
from trasluz.core.runs.folder import RunBusy, RunFolder, RunState
from trasluz.core.runs.launch import child_environment
from trasluz.core.runs.request import RunRequest, new_id


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "runs" / "one", RunRequest.new(family="f", data="/somewhere"))


def put_model(run: RunFolder, *, name: str = "model", accuracy: float = 0.9) -> None:
    folder = run.path / name
    folder.mkdir()
    card = ModelCard(
        id="one",
        title="A model",
        family="f",
        kind="image-classes",
        graphs=(GraphFile(name="main", file="model.onnx"),),
        headline="accuracy",
        metrics={"accuracy": accuracy},
        data=DataFacts(name="d", fingerprint="abc", kind="image-classes", train=1, val=1),
    )
    (folder / "card.json").write_text(card.model_dump_json())


def test_a_request_comes_back_as_it_was(tmp_path) -> None:
    request = RunRequest.new(family="f", data="/dä ta/😀", settings={"epochs": 3, "seed": 7}, device="cpu", name="n")
    made = RunFolder.create(tmp_path / "r", request)
    assert RunFolder(made.path).request == request
    assert request.seed == 7
    with pytest.raises(DataError, match="already"):
        RunFolder.create(tmp_path / "r", request)


def test_paths_inside_the_project_are_written_relative(tmp_path) -> None:
    request = RunRequest.new(family="f", data="d", index=str(tmp_path / "index.sqlite"), cache="/elsewhere/cache")
    made = RunFolder.create(tmp_path / "runs" / "r", request)
    assert made.request_path.read_text().count(str(tmp_path)) == 0
    assert made.inside(RunFolder(made.path).request.index) == tmp_path / "index.sqlite"
    assert made.inside(RunFolder(made.path).request.cache) == Path("/elsewhere/cache")


def test_ids_sort_by_time_and_differ() -> None:
    assert len({new_id() for _ in range(50)}) == 50


@pytest.mark.parametrize("content", ["", "{", '{"id": 1}', "[]", '{"id":"a","family":"f","data":"d","format":99}'])
def test_a_damaged_request_is_a_sentence(tmp_path, content) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(DataError, match=r"run\.json"):
        _ = RunFolder(tmp_path).request


def test_a_read_only_place_is_a_sentence(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        RunFolder.create(tmp_path / "file" / "run", RunRequest.new(family="f", data="d"))


def test_states_follow_from_what_was_said(run) -> None:
    assert run.state() is RunState.WAITING
    with run:
        run.append(Progress(stage="Getting ready", done=0))
        assert run.state() is RunState.INTERRUPTED
        run.append(Started(pid=1, device="cpu"))
        assert run.state() is RunState.INTERRUPTED
        run.append(Failed(sentence="no"))
        assert run.state() is RunState.FAILED
        run.append(Started(pid=1, device="cpu", resumed=True))
        run.append(Stopped())
        assert run.state() is RunState.STOPPED
        run.append(Started(pid=1, device="cpu", resumed=True))
        for step in range(3_000):
            run.append(Progress(stage="Learning", done=step))
        assert run.state() is RunState.INTERRUPTED
        put_model(run)
        assert run.state() is RunState.FINISHED
        run.append(Finished(metrics={}, seconds=1))
        assert run.state() is RunState.FINISHED
        assert not run.stopped_early()


def test_a_run_that_goes_on_after_a_model_is_interrupted_when_killed(run) -> None:
    put_model(run)
    time.sleep(0.01)
    with run:
        run.append(Note(sentence="s", facts={"stopped_early": True}))
        run.append(Finished(metrics={}, seconds=1))
        assert run.stopped_early()
        assert run.state() is RunState.FINISHED
        run.append(Started(pid=1, device="cpu", resumed=True))
        assert run.state() is RunState.INTERRUPTED


def test_the_lock_says_running_in_every_process_and_goes_with_its_holder(run) -> None:
    code = (
        "import sys, time\nfrom trasluz.core.runs.folder import RunFolder\n"
        "with RunFolder(sys.argv[1]).lock():\n    print('held', flush=True)\n    time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(run.path)], stdout=subprocess.PIPE, env=child_environment()
    )
    assert process.stdout.readline() == b"held\n"
    assert run.state() is RunState.RUNNING
    with pytest.raises(RunBusy), run.lock(wait=0.1):
        pass
    process.kill()
    process.wait()
    process.stdout.close()
    assert run.state() is RunState.WAITING
    with run.lock(wait=0.1):
        assert RunFolder(run.path).state() is RunState.RUNNING


def test_many_may_look_at_the_state_without_harm(run) -> None:
    """They neither keep a run from starting nor take each other for a run."""
    stop, seen = threading.Event(), set()
    with run.lock(), run:
        run.append(Failed(sentence="no"))

    def look() -> None:
        while not stop.is_set():
            seen.add(RunFolder(run.path).state())

    lookers = [threading.Thread(target=look) for _ in range(3)]
    for thread in lookers:
        thread.start()
    try:
        time.sleep(0.3)
        assert seen == {RunState.FAILED}
        for _ in range(20):
            with run.lock():
                assert run.locked()
    finally:
        stop.set()
        for thread in lookers:
            thread.join()


def test_a_launch_counts_as_waiting_for_a_while(run) -> None:
    run.append(Started(pid=1, device="cpu"))
    assert run.state() is RunState.INTERRUPTED
    run.mark_launched()
    assert run.state() is RunState.WAITING
    old = time.time() - 120
    os.utime(run.path / "launched", (old, old))
    assert run.state() is RunState.INTERRUPTED
    run.forget_launch()
    run.close()


def test_stopping_is_a_file(run) -> None:
    assert not run.stop_asked()
    run.ask_stop()
    assert run.stop_asked()
    run.clear_stop()
    run.clear_stop()
    assert not run.stop_asked()


def test_the_model_gets_its_name_when_it_is_whole(run) -> None:
    put_model(run, name="model.part", accuracy=0.5)
    assert not run.has_model()
    run.keep_model()
    assert run.has_model()
    put_model(run, name="model.part", accuracy=0.6)
    run.keep_model()
    assert '"accuracy":0.6' in (run.model_folder / "card.json").read_text()
    assert not run.previous_model_folder.exists()


def test_a_kill_between_the_halves_of_keeping_loses_no_model(run) -> None:
    put_model(run, name="model.previous")
    run.restore_model()
    assert run.has_model()


def test_last_words_are_the_end_of_the_log(run) -> None:
    assert run.last_words() == ""
    run.log_path.write_bytes(b"\xff first\n" + b"line\n" * 5_000 + b"the reason\n")
    assert run.last_words(2) == "line\nthe reason"


def test_writing_whole_replaces_and_leaves_nothing(tmp_path) -> None:
    write_whole(tmp_path / "f", "old")
    write_whole(tmp_path / "f", "new")
    assert (tmp_path / "f").read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["f"]
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        write_whole(tmp_path / "folder", "x")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["f", "folder"]


def test_sweeping_takes_what_killed_processes_left_and_nothing_else(tmp_path) -> None:
    (tmp_path / ".run.json.ab12.tmp").write_text("half")
    (tmp_path / ".model.part.ab12.gone").mkdir()
    (tmp_path / ".model.part.ab12.gone" / "x").write_text("half")
    (tmp_path / ".hidden").write_text("mine")
    sweep(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [".hidden"]
    remove_folder(tmp_path / "nothing")


def test_a_second_place_for_a_file_outlives_its_replacement(tmp_path) -> None:
    write_whole(tmp_path / "a", "first")
    take_whole(tmp_path / "a", tmp_path / "b")
    write_whole(tmp_path / "a", "second")
    assert (tmp_path / "b").read_text() == "first"
    take_whole(tmp_path / "nothing", tmp_path / "c")
    assert not (tmp_path / "c").exists()
