"""SIGKILL at any moment: to the training, the host, the window. Nothing half-written is ever read, nothing is lost.

A reader looks at every file of the project all the while, as a window and a backup would; whatever it cannot read is
a failure. The seed of each test's random moments is printed; `TRASLUZ_KILL_SEED` repeats them.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from trasluz.api import Finished, Metric, parse_event
from trasluz.core.data.index import Index
from trasluz.core.hostlink import HostError, HostLink
from trasluz.core.inference.judge import Judgement
from trasluz.core.inference.model import read_card, sha256
from trasluz.core.project import Project, recent_projects, remember
from trasluz.core.runs.folder import RunFolder, RunState
from trasluz.core.runs.follow import Follower
from trasluz.core.runs.history import recent, runs_in
from trasluz.core.runs.launch import child_environment, launch
from trasluz.core.runs.request import RunRequest
from trasluz.host.run import execute_run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL"),
]

SETTINGS = {"epochs": 25, "seconds": 0.02, "seed": 3}


def dice(name: str) -> random.Random:
    seed = int(os.environ.get("TRASLUZ_KILL_SEED") or time.time_ns() % 1_000_000)
    print(f"{name}: TRASLUZ_KILL_SEED={seed}")
    return random.Random(seed)


def wait_until(condition: Callable[[], object], seconds: float = 60.0, *, pause: float = 0.005) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(pause)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


class Reader:
    """Reads every file of a project again and again; a file may be absent, but never half there."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.looks = 0
        self.wrong: list[str] = []
        self._seen: dict[Path, list[object]] = {}
        self._followers: dict[Path, Follower] = {}

    @contextmanager
    def reading(self) -> Iterator["Reader"]:
        end = threading.Event()

        def read() -> None:
            while not end.is_set():
                self.look()
                time.sleep(0.002)

        thread = threading.Thread(target=read)
        thread.start()
        try:
            yield self
        finally:
            end.set()
            thread.join()
        self.look()
        assert not self.wrong, self.wrong[0]
        assert self.looks > 20

    def look(self) -> None:
        try:
            self._read()
        except Exception:
            self.wrong.append(traceback.format_exc())
        self.looks += 1

    def _read(self) -> None:
        project = Project.open(self.project)
        if project.index_path.exists():
            with closing(Index.open(project.index_path)) as index:
                assert index.page_count() == 12
        for line in runs_in(project.runs_folder):
            assert "run.json" not in line.sentence, line.sentence
        for folder in project.runs_folder.iterdir():
            if RunFolder.is_one(folder):
                self._read_run(RunFolder(folder))

    def _read_run(self, run: RunFolder) -> None:
        assert run.request.family
        run.state()
        follower = self._followers.setdefault(run.path, Follower(run))
        self._seen.setdefault(run.path, []).extend(follower.poll())
        for path in (run.checkpoint_folder / "state.json", run.path / "data.json"):
            with suppress(FileNotFoundError):
                json.loads(path.read_bytes())
        if run.index_path.exists():
            with closing(Index.open(run.index_path)) as index:
                assert index.count("train") > 0
        if run.judgement_path.exists():
            assert Judgement.load(run.judgement_path).items
        if run.has_model():
            # A model that has its name is whole, and stays.
            card = read_card(run.model_folder)
            assert card.parity
            assert all(sha256(run.model_folder / g.file) == g.sha256 for g in card.graphs)

    def check_events(self, run: RunFolder) -> None:
        """What was followed live, line by line, is what the file holds in the end; every line of it is an event."""
        lines = run.events_path.read_bytes().split(b"\n")
        assert lines.pop() == b""
        assert [parse_event(line) for line in lines] == self._seen[run.path] + self._followers[run.path].poll()


def weights(run: RunFolder) -> list[np.ndarray]:
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(run.model_folder / "model.onnx")).graph
    return [numpy_helper.to_array(t) for t in graph.initializer]


@pytest.fixture
def project(tmp_path, mean_colour, photos) -> Project:
    made = Project.create(tmp_path / "project", name="Kill me", data=photos)
    remember(made)
    from trasluz.host.service import Service

    Service().inspect(data=str(photos), index=str(made.index_path))
    return made


def new_run(project: Project, **settings) -> RunFolder:
    request = RunRequest.new(
        family="mean-colour",
        data=str(project.data),
        index=str(project.index_path),
        cache=str(project.cache_folder),
        settings=SETTINGS | settings,
        device="cpu",
    )
    return RunFolder.create(project.runs_folder / request.id, request)


@pytest.fixture
def undisturbed(project) -> RunFolder:
    run = new_run(project)
    assert execute_run(run.path) == 0
    return run


def check_the_same(run: RunFolder, undisturbed: RunFolder, reader: Reader) -> None:
    """The disturbed run ends where the undisturbed one ends, to the last bit, and leaves nothing lying about."""
    for ours, theirs in zip(weights(run), weights(undisturbed), strict=True):
        assert np.array_equal(ours, theirs)
    assert read_card(run.model_folder).metrics == read_card(undisturbed.model_folder).metrics
    events = list(run.events())
    assert [e.type for e in events].count("finished") == 1
    steps = [e.step for e in events if isinstance(e, Metric)]
    assert set(steps) == set(range(1, SETTINGS["epochs"] + 1))
    assert events[-1] == next(e for e in events if isinstance(e, Finished))
    expected = {
        "run.json",
        "events.jsonl",
        "run.lock",
        "run.log",
        "model",
        "judgement.json",
        "index.sqlite",
        "data.json",
    }
    assert {p.name for p in run.path.iterdir()} <= expected
    reader.check_events(run)


def _moment(dice: random.Random, run: RunFolder) -> tuple[str, Callable[[], bool]]:
    """Something to wait for before the kill: any time, or the middle of something delicate."""
    until = time.monotonic() + dice.uniform(0, 2.0)
    moments: dict[str, Callable[[], bool]] = {
        "any time": lambda: time.monotonic() > until,
        "writing a checkpoint": (run.checkpoint_folder / "state.json.part").exists,
        "taking the lock": lambda: (run.path / "run.lock").exists() and not (run.path / "launched").exists(),
        "exporting": run.unfinished_model_folder.exists,
        "writing the card": lambda: any(run.unfinished_model_folder.glob(".*.tmp")),
        "judged": run.judgement_path.exists,
        "just named": run.model_folder.exists,
    }
    name = dice.choice([*moments, "any time", "writing a checkpoint", "exporting"])
    return name, moments[name]


def kill_and_resume(run: RunFolder, dice: random.Random, *, most: int) -> list[str]:
    """Launch the run, kill it, take it up again, until it has been killed `most` times or has finished."""
    killed: list[str] = []
    while len(killed) < most:
        pid = launch(run)
        name, moment = _moment(dice, run)
        while alive(pid) and not moment():
            time.sleep(0)
        if name == "exporting":
            time.sleep(dice.uniform(0, 0.25))
        if not alive(pid):
            break
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            killed.append(name)
        wait_until(lambda pid=pid: not alive(pid))
    launch(run)
    wait_until(lambda: run.state() not in (RunState.RUNNING, RunState.WAITING))
    assert run.state() is RunState.FINISHED, (killed, run.last_words(30), list(run.events())[-1])
    return killed


def test_the_training_is_killed_forty_times(project, undisturbed) -> None:
    roll, killed = dice("training"), []
    with Reader(project.folder).reading() as reader:
        while len(killed) < 40:
            run = new_run(project)
            killed += kill_and_resume(run, roll, most=5)
            check_the_same(run, undisturbed, reader)
            assert len(runs_in(project.runs_folder)) == len([p for p in project.runs_folder.iterdir() if p.is_dir()])
    print({name: killed.count(name) for name in sorted(set(killed))})
    assert len(set(killed)) >= 5


def test_a_run_that_makes_its_own_list_of_data_is_killed(project) -> None:
    """As from the command line: no index given, so one is built in the run folder, and killed while it is."""
    roll, killed = dice("command line"), []

    def asked() -> RunFolder:
        request = RunRequest.new(family="mean-colour", data=str(project.data), settings=SETTINGS, device="cpu")
        return RunFolder.create(project.runs_folder / request.id, request)

    calm = asked()
    assert execute_run(calm.path) == 0
    with Reader(project.folder).reading() as reader:
        while len(killed) < 8:
            run = asked()
            killed += kill_and_resume(run, roll, most=4)
            reader.check_events(run)
            assert all(map(np.array_equal, weights(run), weights(calm)))


def test_the_host_is_killed_fifteen_times(project, undisturbed) -> None:
    roll, kills = dice("host"), 0
    photo = str(next(project.data.glob("*/*.jpg")))
    out = project.folder / "answers.csv"
    questions = [
        ("thumbnail", {"path": photo, "size": 32}),
        ("inspect", {"data": str(project.data), "index": str(project.index_path), "rebuild": True}),
        ("predict", {"model": str(undisturbed.path), "inputs": [photo]}),
        ("predict_folder", {"model": str(undisturbed.path), "inputs": [str(project.data)], "out": str(out)}),
        ("catalogue", {}),
    ]
    with Reader(project.folder).reading():
        while kills < 15:
            said: list[str] = []
            with HostLink(said.append) as link:
                for _ in range(2):
                    assert link.wait(30)
                    answers = [link.call(*roll.choice(questions)) for _ in range(30)]
                    time.sleep(roll.uniform(0, 0.4))
                    with suppress(ProcessLookupError, TypeError):
                        os.kill(link.pid, signal.SIGKILL)
                        kills += 1
                    for answer in answers:
                        with suppress(HostError):
                            answer.result(30)
                    if out.exists():
                        assert len(out.read_text().splitlines()) == 13
                wait_until(lambda said=said: len(said) >= 1)
                rows = link.call("predict", {"model": str(undisturbed.path), "inputs": [photo]}).result(60)
                assert rows["predictions"][0]["label"] in ("red", "blue")


_PLAIN_WINDOW = """
import sys, time
from pathlib import Path
from trasluz.core.hostlink import HostLink
from trasluz.core.project import Project, remember
from trasluz.core.runs.folder import RunFolder
from trasluz.core.runs.follow import Follower
from trasluz.core.runs.history import remember as remember_run
from trasluz.core.runs.launch import launch
from trasluz.core.runs.request import RunRequest
import json
project = Project.open(Path(sys.argv[1]))
settings = json.loads(sys.argv[2])
link = HostLink()
print("open", link, flush=True)
remember(project)
number = 0
inspect = {"data": str(project.data), "index": str(project.index_path), "rebuild": True}
run = None
while True:
    project.rename(f"Kill me {number}")
    remember(project)
    answer = link.call("inspect", inspect)
    if run is None:
        request = RunRequest.new(family="mean-colour", data=str(project.data), index=str(project.index_path),
                                 cache=str(project.cache_folder), settings=settings, device="cpu")
        run = RunFolder.create(project.runs_folder / request.id, request)
        launch(run)
        remember_run(run)
        follower = Follower(run)
    follower.poll(), run.state()
    answer.result(60)
    number += 1
"""

_REAL_WINDOW = """
import json, sys
from PySide6.QtCore import QTimer
from trasluz.ui import app
application = app.application()
from trasluz.ui.window import Window
window = Window(app.settings())
started = []

def step():
    session = getattr(window, "session", None)
    if session is None or session.index is None:
        return
    if not started:
        started.append(True)
        session.start_run("mean-colour", json.loads(sys.argv[2]), device="cpu")
    elif session.run is not None:
        session.inspect(rebuild=True)

timer = QTimer()
timer.timeout.connect(step)
timer.start(20)
window.first_frame.connect(lambda: QTimer.singleShot(0, lambda: app.begin(window, [Path(sys.argv[1])])))
window.show()
print("open", flush=True)
sys.exit(application.exec())
"""


@pytest.mark.parametrize(("window", "times"), [("plain", 8), ("real", 8)])
def test_the_window_is_killed(project, undisturbed, window, times) -> None:
    """The run goes on alone; where the window died before the launch, the run is taken up by the next window."""
    roll = dice(f"{window} window")
    code = {"plain": _PLAIN_WINDOW, "real": _REAL_WINDOW}[window]
    with Reader(project.folder).reading() as reader:
        for _ in range(times):
            before = {r.folder for r in runs_in(project.runs_folder)}
            process = subprocess.Popen(
                [sys.executable, "-c", code, str(project.folder), json.dumps(SETTINGS)],
                stdout=subprocess.PIPE,
                env=child_environment(QT_QPA_PLATFORM="offscreen"),
            )
            assert process.stdout is not None
            assert process.stdout.readline().startswith(b"open")
            time.sleep(roll.uniform(0, 3.0))
            hosts = [pid for pid in children(process.pid) if b"host" in command_line(pid)]
            process.kill()
            process.wait()
            process.stdout.close()
            wait_until(lambda hosts=hosts: not any(alive(pid) for pid in hosts), 15)
            Project.open(project.folder)
            assert project.folder in [getattr(p, "folder", p) for p in recent_projects()]
            for line in runs_in(project.runs_folder):
                run = RunFolder(line.folder)
                wait_until(lambda run=run: run.state() is not RunState.RUNNING)
                if run.state() is not RunState.FINISHED:
                    # It was killed between writing the request and starting the process.
                    assert not run.events_path.exists() or run.state() is RunState.WAITING
                    wait_until(lambda run=run: not (run.path / "launched").exists() or old(run.path / "launched"), 30)
                    if run.state() is not RunState.FINISHED:
                        launch(run)
                    wait_until(lambda run=run: run.state() is RunState.FINISHED)
                if line.folder not in before:
                    check_the_same(run, undisturbed, reader)
            recent()


def old(marker: Path) -> bool:
    """Whether a launch was so long ago that nobody can be on the way."""
    with suppress(FileNotFoundError):
        return time.time() - marker.stat().st_mtime > 10
    return True


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task")
    with suppress(FileNotFoundError):
        return [int(c) for task in found.iterdir() for c in (task / "children").read_text().split()]
    return []


def command_line(pid: int) -> bytes:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


@pytest.mark.parametrize(
    ("settings", "kills"),
    [({"strategy": "linear"}, 4), ({"strategy": "few-layers", "epochs": 3, "batch_size": 16}, 4)],
    ids=["linear", "few-layers"],
)
def test_the_finetuned_cnn_is_killed(tmp_path, settings, kills) -> None:
    """The same with the real family, on photographs of surfaces."""
    from trasluz.core.data.samples import build_sample

    roll = dice("finetuned cnn")
    full = build_sample("surfaces", tmp_path / "surfaces")
    data = tmp_path / "some"
    for split, most in (("train", 16), ("val", 8)):
        for folder in sorted((full / split).iterdir()):
            (data / split / folder.name).mkdir(parents=True)
            for photo in sorted(folder.iterdir())[:most]:
                shutil.copy(photo, data / split / folder.name)

    def request(name: str) -> RunFolder:
        made = RunRequest.new(
            family="finetuned-cnn",
            data=str(data),
            settings=settings | {"seed": 1},
            device="cpu",
            cache=str(tmp_path / f"cache-{name}"),
        )
        return RunFolder.create(tmp_path / name, made)

    calm, disturbed = request("calm"), request("disturbed")
    start = time.monotonic()
    launch(calm)
    wait_until(lambda: calm.state() not in (RunState.RUNNING, RunState.WAITING), 600)
    assert calm.state() is RunState.FINISHED, calm.last_words(30)
    took = time.monotonic() - start
    done = 0
    while done < kills:
        pid = launch(disturbed)
        moment = roll.choice(["any time", "any time", "exporting"])
        end = time.monotonic() + roll.uniform(0, took * 0.5)
        while alive(pid) and not (
            disturbed.unfinished_model_folder.exists() if moment == "exporting" else time.monotonic() > end
        ):
            time.sleep(0.001)
        if moment == "exporting":
            time.sleep(roll.uniform(0, took * 0.1))
        if not alive(pid):
            break
        os.kill(pid, signal.SIGKILL)
        done += 1
        wait_until(lambda pid=pid: not alive(pid))
        assert disturbed.state() is not RunState.FAILED, disturbed.last_words()
    launch(disturbed)
    wait_until(lambda: disturbed.state() not in (RunState.RUNNING, RunState.WAITING), 600)
    assert disturbed.state() is RunState.FINISHED, disturbed.last_words(30)
    ours, theirs = read_card(disturbed.model_folder), read_card(calm.model_folder)
    print(done, ours.metrics, theirs.metrics, took)
    assert ours.metrics["accuracy"] == pytest.approx(theirs.metrics["accuracy"], abs=1 / theirs.data.val + 1e-9)
    for line in disturbed.events_path.read_bytes().splitlines():
        parse_event(line)
