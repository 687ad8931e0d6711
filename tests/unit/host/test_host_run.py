"""One run from the request to the model, in this process: every way in which it can end."""

import errno
import json
import os
import re
import signal
import threading
import time
from pathlib import Path

import pytest

from trasluz.api import Failed, Finished, Metric, Note, Progress, Started, Stopped
from trasluz.core.runs.folder import RunFolder, RunState
from trasluz.core.runs.history import recent, summarise
from trasluz.host.run import execute_run


def last(run: RunFolder, kind):
    return next((e for e in reversed(list(run.events())) if isinstance(e, kind)), None)


def first(run: RunFolder, kind):
    return next((e for e in run.events() if isinstance(e, kind)), None)


def test_a_run_ends_with_a_checked_model(make_run) -> None:
    run, heard = make_run(epochs=20), []
    assert run.state() is RunState.WAITING
    assert execute_run(run.path, emit_also=heard.append) == 0
    assert run.state() is RunState.FINISHED
    assert heard == list(run.events())
    finished = last(run, Finished)
    assert finished.metrics["accuracy"] == 1.0
    assert first(run, Started).pid == os.getpid()
    card = json.loads((run.model_folder / "card.json").read_text())
    assert card["parity"]["max_abs_diff"] < 1e-5
    assert card["id"] == run.request.id
    assert run.judgement_path.is_file()
    assert not run.unfinished_model_folder.exists()
    assert not run.checkpoint_folder.exists()
    line = summarise(run)
    assert (line.headline, line.score, line.state) == ("accuracy", 1.0, "finished")
    assert [r.id for r in recent()] == [run.request.id], "it is in the history, whoever started it"


def test_a_finished_run_is_not_trained_again(make_run) -> None:
    run = make_run(epochs=2)
    execute_run(run.path)
    before = (run.events_path.read_bytes(), (run.model_folder / "card.json").stat().st_mtime_ns)
    assert execute_run(run.path) == 0
    assert before == (run.events_path.read_bytes(), (run.model_folder / "card.json").stat().st_mtime_ns)


@pytest.mark.parametrize(
    ("behave", "status", "words"),
    [
        ("raise", 1, "Mean colour.*RuntimeError: a mistake in the plugin"),
        ("family-error", 1, "This cannot be learned."),
        ("data-error", 3, "a.jpg"),
        ("disk-full", 1, "disk is full"),
        ("memory", 1, "not enough memory"),
        ("exit", 1, "SystemExit"),
        ("no-parity", 1, ""),
    ],
)
def test_what_goes_wrong_is_a_sentence_and_a_status(make_run, behave, status, words) -> None:
    run = make_run(epochs=3, behave=behave)
    assert execute_run(run.path) == status
    assert run.state() is RunState.FAILED
    failed = last(run, Failed)
    assert failed.data_at_fault is (status == 3)
    assert re.search(words, failed.sentence)
    assert not run.model_folder.exists()
    assert not run.unfinished_model_folder.exists()
    assert summarise(run).sentence == failed.sentence


def test_a_failed_run_goes_on_from_its_checkpoint(make_run) -> None:
    run = make_run(epochs=6, behave="raise-in-training")
    assert execute_run(run.path) == 1
    assert run.has_checkpoint()
    assert execute_run(run.path) == 0  # the second sitting begins after the pass in which it raises
    assert last(run, Note).facts["from"] == 2
    assert [e.resumed for e in run.events() if isinstance(e, Started)] == [False, True]


def test_settings_that_do_not_fit_are_named_with_their_bounds(make_run) -> None:
    for settings, words in [
        ({"epochs": 0}, ("Passes", "epochs", "greater than or equal to 1")),
        ({"epochs": "many"}, ("Passes", "many", "integer")),
        ({"aubergine": 1}, ("aubergine", "learning_rate")),
    ]:
        run = make_run(**settings)
        assert execute_run(run.path) == 1
        assert all(word in last(run, Failed).sentence for word in words), last(run, Failed).sentence


def test_a_family_that_is_not_there_is_a_sentence(make_run) -> None:
    run = make_run(family="nobodys")
    assert execute_run(run.path) == 1
    assert "nobodys" in last(run, Failed).sentence


def test_data_that_is_not_there_or_not_usable_ends_with_3(make_run, tmp_path) -> None:
    run = make_run(data=tmp_path / "nowhere")
    assert execute_run(run.path) == 3
    (tmp_path / "empty").mkdir()
    run = make_run(data=tmp_path / "empty")
    assert execute_run(run.path) == 3
    assert last(run, Failed).data_at_fault


def test_a_request_that_cannot_be_read_is_said(tmp_path) -> None:
    (tmp_path / "run.json").write_text('{"id": 3')
    heard = []
    assert execute_run(tmp_path, emit_also=heard.append) == 1
    assert "run.json" in heard[0].sentence
    assert execute_run(tmp_path / "nowhere", emit_also=heard.append) == 1


def test_two_processes_do_not_train_one_run(make_run) -> None:
    run, heard = make_run(epochs=2), []
    with run.lock():
        assert run.state() is RunState.RUNNING
        assert execute_run(run.path, emit_also=heard.append) == 1
    assert "another process" in heard[0].sentence
    assert not run.events_path.exists()


def in_background(run: RunFolder, **options):
    result = {}
    thread = threading.Thread(target=lambda: result.update(status=execute_run(run.path, **options)))
    thread.start()
    return thread, result


def wait_until(condition, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def test_stopping_keeps_the_best_and_the_run_can_go_on(make_run) -> None:
    run = make_run(epochs=400, seconds=0.01)
    thread, result = in_background(run)
    wait_until(lambda: first(run, Metric))
    run.ask_stop()
    thread.join(20)
    assert result["status"] == 130
    assert run.state() is RunState.FINISHED
    assert run.stopped_early()
    assert not run.stop_asked()
    reached = last(run, Metric).step
    assert reached < 400
    settings = json.loads(run.request_path.read_text())
    settings["settings"]["epochs"] = int(reached) + 3
    run.request_path.write_text(json.dumps(settings))
    assert execute_run(run.path) == 0
    assert last(run, Metric).step == reached + 3
    assert not run.stopped_early()
    assert not run.previous_model_folder.exists()


def test_a_wish_to_stop_while_the_model_is_checked_finds_the_learning_ended(make_run) -> None:
    run = make_run(epochs=2)

    def stop(event) -> None:
        if isinstance(event, Progress) and event.stage.startswith("Checking"):
            run.ask_stop()

    assert execute_run(run.path, emit_also=stop) == 0
    assert run.state() is RunState.FINISHED
    assert not run.stopped_early()
    assert not run.stop_asked()


def test_stopping_before_there_is_anything_can_be_resumed(make_run) -> None:
    run = make_run(epochs=400, seconds=0.01, behave="keep-nothing")
    thread, result = in_background(run)
    wait_until(lambda: first(run, Metric))
    run.ask_stop()
    thread.join(20)
    assert result["status"] == 130
    assert isinstance(last(run, Stopped), Stopped)
    assert run.state() is RunState.STOPPED
    assert not run.model_folder.exists()


def test_a_wish_to_stop_made_right_after_the_launch_is_heard(make_run) -> None:
    run = make_run(epochs=10_000, seconds=0.05)
    run.ask_stop()
    assert execute_run(run.path, forget_stop=False) == 130
    run = make_run(epochs=3)
    run.ask_stop()
    assert execute_run(run.path) == 0


def test_ctrl_c_is_a_wish_to_stop(make_run) -> None:
    run = make_run(epochs=2_000, seconds=0.01)
    before = signal.getsignal(signal.SIGINT)

    def press() -> None:
        wait_until(lambda: first(run, Metric))
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()
    assert execute_run(run.path) == 130
    assert run.state() is RunState.FINISHED
    assert signal.getsignal(signal.SIGINT) is before


def test_the_time_limit_counts_all_sittings(make_run) -> None:
    run = make_run(epochs=100_000, seconds=0.01, minutes=1.2 / 60)
    start = time.monotonic()
    thread, _ = in_background(run)
    wait_until(lambda: first(run, Metric))
    time.sleep(0.5)
    run.ask_stop()
    thread.join(20)
    assert execute_run(run.path) == 0
    assert time.monotonic() - start < 6
    assert last(run, Finished).seconds >= 1.2
    assert any(isinstance(e, Note) and "time is up" in e.sentence for e in run.events())


def test_a_full_disk_ends_in_a_sentence_and_the_run_goes_on_when_there_is_room(make_run, monkeypatch) -> None:
    """The disk fills up in the middle of an event: half of it is written, then the system refuses."""
    run, real, state = make_run(epochs=5), os.write, {"left": 1500}

    def write(handle, data):
        if state["left"] is None or handle < 3:
            return real(handle, data)
        if state["left"] >= len(data):
            state["left"] -= len(data)
            return real(handle, data)
        if state["left"] > 0:
            count, state["left"] = state["left"], 0
            return real(handle, data[:count])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("trasluz.core.runs.folder.os.write", write)
    heard = []
    assert execute_run(run.path, emit_also=heard.append) == 1
    assert "disk is full" in heard[-1].sentence and str(run.path.parent) in heard[-1].sentence  # though not on disk
    assert run.events_path.read_bytes().endswith(b"\n")
    assert run.state() is RunState.INTERRUPTED
    state["left"] = None
    assert execute_run(run.path) == 0
    for line in run.events_path.read_bytes().splitlines():
        json.loads(line)


def test_data_that_was_mended_after_a_failure_is_seen_when_resuming(make_run, make_photos, tmp_path: Path) -> None:
    make_photos(tmp_path / "data", {"red": 1, "blue": 1})
    run = make_run(data=tmp_path / "data", epochs=5)
    assert execute_run(run.path) == 3
    make_photos(tmp_path / "data", {"red": 8, "blue": 8})
    assert execute_run(run.path) == 0


def test_data_that_goes_away_is_said_of_the_whole(make_run, photos: Path) -> None:
    def lose(event) -> None:
        if isinstance(event, Metric) and photos.exists():
            photos.rename(photos.with_name("elsewhere"))

    run = make_run(data=photos, epochs=5)
    assert execute_run(run.path, emit_also=lose) == 3
    assert "went away" in last(run, Failed).sentence and str(photos) in last(run, Failed).sentence
    photos.with_name("elsewhere").rename(photos)
    assert execute_run(run.path) == 0


def test_data_that_changed_starts_the_run_again(make_run, photos: Path) -> None:
    run = make_run(epochs=6, behave="raise-in-training")
    assert execute_run(run.path) == 1
    for path in (run.index_path,):
        path.unlink()
    (photos / "blue" / "photo-000.jpg").unlink()
    assert execute_run(run.path) == 1
    assert any(isinstance(e, Note) and "data has changed" in e.sentence for e in run.events())


def test_a_run_keeps_the_list_of_data_that_it_began_with(make_run, photos: Path, tmp_path: Path) -> None:
    from trasluz.core.data.index import Index
    from trasluz.core.plugins.registry import Registry

    at = tmp_path / "index.sqlite"
    Index.build(photos, at, Registry.load().sources)
    run = make_run(epochs=2)
    request = run.request.model_copy(update={"index": "../../index.sqlite"})
    run.request_path.write_text(request.model_dump_json())
    assert execute_run(run.path) == 0
    before = run.index_path.read_bytes()
    (photos / "blue" / "photo-000.jpg").unlink()
    Index.build(photos, at, Registry.load().sources)
    assert run.index_path.read_bytes() == before != at.read_bytes()


def test_progress_is_said_before_anything_heavy(make_run) -> None:
    run = make_run(epochs=1)
    execute_run(run.path)
    events = list(run.events())
    assert isinstance(events[0], Progress)
    assert isinstance(events[1], Started)
