"""The host as a process, asked over the wire as the window asks."""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from trasluz.core.hostlink import HostDied, HostError, HostLink
from trasluz.host.run import execute_run


@pytest.fixture
def link(mean_colour):
    with HostLink() as made:
        yield made


@pytest.fixture
def model(make_run) -> str:
    run = make_run(epochs=20)
    assert execute_run(run.path) == 0
    return str(run.path)


def test_the_road_of_a_photo(link, photos, model, tmp_path) -> None:
    catalogue = link.call("catalogue").result(60)
    assert "mean-colour" in {f["id"] for f in catalogue["families"]}
    steps = []
    summary = link.call(
        "inspect", {"data": str(photos), "index": str(tmp_path / "i.sqlite")}, on_progress=steps.append
    ).result(60)
    assert summary["total"] == 12
    assert steps[-1]["type"] == "progress"
    photo = str(photos / "red" / "photo-000.jpg")
    image = link.call("thumbnail", {"path": photo, "size": 20}).result(20)["image"]
    assert (image.dtype, max(image.shape)) == (np.uint8, 20)
    assert link.call("open_model", {"model": model}).result(30)["provider"] == "CPUExecutionProvider"
    (answer,) = link.call("predict", {"model": model, "inputs": [photo]}).result(20)["predictions"]
    assert answer["label"] == "red"
    view = link.call("explain", {"model": model, "input": photo, "view": "scores"}).result(20)["view"]
    assert view["type"] == "bars"
    seen = []
    out = str(tmp_path / "out.csv")
    table = link.call(
        "predict_folder", {"model": model, "inputs": [str(photos)], "out": out}, on_progress=seen.append
    ).result(20)
    assert [r for s in seen for r in s["rows"]] == table["predictions"]


def test_the_host_is_warm_soon_and_the_plugins_prints_do_not_break_it(link) -> None:
    start = time.monotonic()
    assert link.wait(30)
    link.call("catalogue").result(30)
    assert time.monotonic() - start < 20


@pytest.mark.parametrize(
    ("method", "params", "kind"),
    [
        ("nothing", {}, "usage"),
        ("warm", {}, "usage"),
        ("__init__", {}, "usage"),
        ("thumbnail", {"path": "/nowhere.jpg"}, "data"),
        ("thumbnail", {"aubergine": 1}, "failed"),
        ("inspect", {"data": "/nowhere", "index": "/nowhere/i"}, "data"),
        ("predict", {"model": "/nowhere", "inputs": []}, "failed"),
        ("export", {"model": "/nowhere", "out": "/x", "precision": "fp7"}, "usage"),
    ],
)
def test_what_cannot_be_is_a_sentence_with_its_kind(link, method, params, kind) -> None:
    with pytest.raises(HostError) as caught:
        link.call(method, params).result(30)
    assert caught.value.kind == kind
    assert caught.value.sentence
    assert bool(caught.value.details) is ("aubergine" in params)


def test_a_thumbnail_does_not_wait_behind_predictions(mean_colour, make_run, photos) -> None:
    run = make_run(epochs=2, behave="hang-later")
    execute_run(run.path)
    with HostLink(environment={"HANG": "1"}) as link:
        photo = str(photos / "red" / "photo-000.jpg")
        hanging = [link.call("predict", {"model": str(run.path), "inputs": [photo]}) for _ in range(6)]
        for _ in range(5):
            assert link.call("thumbnail", {"path": photo, "size": 20}).result(10)["image"].size
        assert not any(f.done() for f in hanging)
        link.restart()
        for future in hanging:
            with pytest.raises(HostDied):
                future.result(20)
        assert link.call("thumbnail", {"path": photo, "size": 20}).result(20)["image"].size


def test_a_plugin_that_kills_the_process_costs_a_message(mean_colour, make_run, photos) -> None:
    run = make_run(epochs=2, behave="segfault-later")
    execute_run(run.path)
    said = []
    photo = str(photos / "red" / "photo-000.jpg")
    with HostLink(said.append, environment={"SEGFAULT": "1"}) as link:
        with pytest.raises(HostDied):
            link.call("predict", {"model": str(run.path), "inputs": [photo]}).result(30)
        assert link.call("thumbnail", {"path": photo, "size": 20}).result(30)["image"].size
    assert len(said) == 1


def test_a_long_look_can_be_cancelled(link, tmp_path, make_photos) -> None:
    many = make_photos(tmp_path / "many", {"a": 1, "b": 1})
    source = (many / "a" / "photo-000.jpg").read_bytes()
    for n in range(4_000):
        (many / "ab"[n % 2] / f"{n}.jpg").write_bytes(source + b"%d" % n)
    seen = []
    future = link.call("inspect", {"data": str(many), "index": str(tmp_path / "i.sqlite")}, on_progress=seen.append)
    while not seen:
        time.sleep(0.005)
    link.cancel(future)
    count = len(seen)
    assert link.call("catalogue").result(20)
    time.sleep(0.5)
    assert len(seen) <= count + 1
    assert not (tmp_path / "i.sqlite").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_window_side_of_the_link_loads_nothing_heavy_and_the_host_no_torch(link) -> None:
    link.call("catalogue").result(60)
    maps = Path(f"/proc/{link.pid}/maps").read_text()
    assert "libtorch" not in maps
    assert "QtWidgets" not in maps


def test_a_host_without_its_environment_says_so() -> None:
    import subprocess

    from trasluz.core.runs.launch import child_command, child_environment

    done = subprocess.run(child_command("host"), env=child_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "window" in done.stderr


def test_the_host_ends_when_it_is_left_alone(mean_colour) -> None:
    link = HostLink()
    assert link.wait(30)
    pid = link.pid
    os.kill(pid, signal.SIGTERM)
    link.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
