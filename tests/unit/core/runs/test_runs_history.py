"""The history: every run is listed, whatever its state; two can be held against each other."""

import subprocess
import sys

import pytest

from trasluz.api import DataError, DataFacts, Failed, Finished, GraphFile, Interval, ModelCard, Started
from trasluz.core.runs.folder import RunFolder
from trasluz.core.runs.history import compare, recent, remember, remove, runs_in, summarise
from trasluz.core.runs.launch import child_environment
from trasluz.core.runs.request import RunRequest


def make(folder, *, score=None, low=None, high=None, settings=None, fingerprint="same", family="f") -> RunFolder:
    run = RunFolder.create(folder, RunRequest.new(family=family, data="d", settings=settings or {}, name=folder.name))
    if score is not None:
        run.model_folder.mkdir()
        card = ModelCard(
            id=run.request.id,
            title="A model",
            family=family,
            kind="image-classes",
            graphs=(GraphFile(name="main", file="model.onnx"),),
            headline="accuracy",
            metrics={"accuracy": score, "macro_f1": score},
            interval=Interval(low=low, high=high, method="Wilson") if low is not None else None,
            settings=settings or {},
            data=DataFacts(name="d", fingerprint=fingerprint, kind="image-classes", train=1, val=1),
        )
        (run.model_folder / "card.json").write_text(card.model_dump_json())
        with run:
            run.append(Started(pid=1, device="cpu"))
            run.append(Finished(metrics=dict(card.metrics), seconds=12.5))
    return run


def test_runs_are_listed_newest_first_and_broken_ones_too(tmp_path) -> None:
    make(tmp_path / "a", score=0.8)
    failed = make(tmp_path / "b")
    with failed:
        failed.append(Started(pid=1, device="cpu"))
        failed.append(Failed(sentence="It failed."))
    make(tmp_path / "c").request_path.write_text("{")
    (tmp_path / "not a run").mkdir()
    (tmp_path / ".gone").mkdir()
    (tmp_path / "c" / "events.jsonl").write_text("")
    found = {r.folder.name: r for r in runs_in(tmp_path)}
    assert set(found) == {"a", "b", "c"}
    assert (found["a"].state, found["a"].score, found["a"].seconds) == ("finished", 0.8, 12.5)
    assert (found["b"].state, found["b"].sentence) == ("failed", "It failed.")
    assert "run.json" in found["c"].sentence
    when = [r.created for r in runs_in(tmp_path)]
    assert when == sorted(when, reverse=True)
    assert [r.folder.name for r in runs_in(tmp_path) if r.folder.name != "c"] == ["b", "a"]
    assert runs_in(tmp_path / "nowhere") == []


def test_two_runs_are_held_against_each_other(tmp_path) -> None:
    a = summarise(make(tmp_path / "a", score=0.8, low=0.7, high=0.88, settings={"epochs": 3, "seed": 1}))
    b = summarise(make(tmp_path / "b", score=0.84, low=0.75, high=0.9, settings={"epochs": 5, "seed": 1}))
    c = summarise(make(tmp_path / "c", score=0.99, low=0.97, high=1.0))
    other = summarise(make(tmp_path / "other", score=0.99, fingerprint="different"))
    waiting = summarise(make(tmp_path / "waiting"))
    found = compare(a, b)
    assert found["metrics"]["accuracy"] == [0.8, 0.84]
    assert found["settings"] == {"epochs": [3, 5]}
    assert found["same_data"] is True
    assert "chance" in found["sentence"]
    assert "chance" not in compare(a, c)["sentence"]
    assert "different data" in compare(a, other)["sentence"]
    assert "finished" in compare(a, waiting)["sentence"]
    assert "equal" in compare(a, a)["sentence"]


def test_removing_takes_the_folder_and_the_memory(tmp_path) -> None:
    run = make(tmp_path / "a", score=0.8)
    remember(run)
    with run.lock(), pytest.raises(DataError, match="stop it first"):
        remove(run)
    remove(run)
    assert list(tmp_path.iterdir()) == []
    assert recent() == []
    with pytest.raises(DataError, match="no run"):
        remove(tmp_path)


def test_remembered_runs_come_back_as_long_as_they_are_there(tmp_path, trasluz_home) -> None:
    for name in ("a", "b"):
        remember(make(tmp_path / name))
    remember(tmp_path / "a")
    assert {r.name for r in recent()} == {"a", "b"}
    (tmp_path / "a").rename(tmp_path / "moved")
    assert [r.name for r in recent()] == ["b"]
    (trasluz_home / "runs.json").write_text("{ damaged")
    assert recent() == []
    remember(tmp_path / "b")
    assert [r.name for r in recent()] == ["b"]


def test_many_processes_remember_at_once(tmp_path) -> None:
    for n in range(6):
        make(tmp_path / str(n))
    code = "import sys\nfrom trasluz.core.runs.history import remember\nremember(sys.argv[1])"
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / str(n))], env=child_environment())
        for n in range(6)
    ]
    assert [p.wait() for p in processes] == [0] * 6
    assert len(recent()) == 6
