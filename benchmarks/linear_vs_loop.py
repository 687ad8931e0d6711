"""A linear classifier on a frozen backbone, from train to finished, beside the least that it could cost.

The least: each photo decoded once and put through the backbone once by ONNX Runtime, two threads, nothing else. What
the program adds is the list of the data, its checks, the fit, the export, parity against PyTorch and the judgement.
Both in turn, three times, on the same photos, in fresh processes, with an empty cache:

    python benchmarks/linear_vs_loop.py FOLDER [--photos 1000]

The window's road is the one that a person goes: it has listed the data before they press "Train", and a child has
imported torch while they chose. The command's road begins with nothing. Python may keep its compiled modules, as it
does on a person's computer. FOLDER has photos in class folders, or in split folders of them.
"""

import argparse
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATHS = [str(ROOT / "app"), str(ROOT / "plugins" / "finetuned_cnn")]

FLOOR = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import numpy as np, onnxruntime
from PIL import Image
graph, folder = sys.argv[1:]
photos = sorted(path for path in Path(folder).rglob("*") if path.is_file())
start = time.perf_counter()
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
def look(path):
    return session.run(["head"], {"image": np.asarray(Image.open(path).convert("RGB"))[None]})[0]
with ThreadPoolExecutor(2) as pool:
    features = np.concatenate(list(pool.map(look, photos)))
print(len(features), time.perf_counter() - start)
"""


WINDOW = """
import sys, time
from pathlib import Path
from trasluz.core.data.index import Index
from trasluz.core.plugins.registry import Registry
from trasluz.core.runs import queue
from trasluz.core.runs.folder import RunState
from trasluz.core.runs.launch import get_ready
from trasluz.core.runs.request import RunRequest
place = Path(sys.argv[1])
index = place / "index.sqlite"
Index.build(place / "photos", index, Registry.load().sources, seed=0).close()
get_ready()
time.sleep(15)
for strategy in ("linear", "stages"):
    request = RunRequest.new(family="finetuned-cnn", data=str(place / "photos"), settings={"strategy": strategy},
                             index=str(index), cache=str(place / "cache"), device="cpu")
    start = time.perf_counter()
    run, _ = queue.start(place / "runs" / request.id, request)
    while run.state() in (RunState.WAITING, RunState.RUNNING, RunState.QUEUED):
        time.sleep(0.02)
    assert run.state() is RunState.FINISHED, run.log_path.read_text()
    print(time.perf_counter() - start, flush=True)
    get_ready()
    time.sleep(15)
"""


def main() -> None:
    """Measure both and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        count = link_photos(asked.folder, place / "photos", asked.photos)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(PATHS), "TRASLUZ_HOME": str(place / "home")}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        write_backbone(place / "backbone.onnx", environment)
        program, phases = _program(place, environment)
        again, _ = _program(place, environment, out="again")
        rounds = []
        for number in range(asked.rounds):
            floor = _floor(place, environment)
            window, other = window_seconds(place, environment)
            rounds.append((floor, window, other))
            ratios = f"{window / floor:.2f} × and {other / floor:.2f} ×"
            print(
                f"round {number + 1}: {floor:.1f} s; “Train” {window:.1f} s, other {other:.1f} s: {ratios}", flush=True
            )
    floor, window, other = (statistics.median(each) for each in zip(*rounds, strict=True))
    rows = [
        ("decode + one pass of ONNX Runtime", floor),
        ("window: “Train” → finished", window),
        ("window: other strategy, photos seen", other),
        ("command → finished, nothing known", program),
        ("command → finished, photos seen before", again),
    ]
    print(f"\n{count} photos, {os.cpu_count()} cores, the medians:\n")
    for what, seconds in rows:
        print(f"{what:40} {seconds:7.1f} s   {seconds / floor:5.2f} ×")
    print(f"\nthe median of the rounds' own ratios: {statistics.median(w / f for f, w, _ in rounds):.2f} ×")
    print("where the command's time goes: " + ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in phases))


def link_photos(source: Path, target: Path, count: int) -> int:
    """Link every n-th photo, so that each class and each split keeps its share."""
    photos = sorted(path for path in source.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
    chosen = photos[:: max(1, len(photos) // count)][:count]
    for photo in chosen:
        link = target / photo.relative_to(source)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(photo.resolve())
    return len(chosen)


def write_backbone(path: Path, environment: dict[str, str]) -> None:
    """Write the backbone's graph, in a process of its own."""
    code = (
        "import sys; from pathlib import Path\n"
        "from trasluz.torchkit.photos.lite0 import pretrained\n"
        "from trasluz.torchkit.photos.graph import export_backbone\n"
        "export_backbone(pretrained().eval(), Path(sys.argv[1]))\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], env=environment, check=True)


def _floor(place: Path, environment: dict[str, str]) -> float:
    command = [sys.executable, "-c", FLOOR, str(place / "backbone.onnx"), str(place / "photos")]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[1])


def window_seconds(place: Path, environment: dict[str, str]) -> list[float]:
    """The seconds of the window's road on the photos of `place`: linear first, then another strategy."""
    for left in ("runs", "cache"):
        shutil.rmtree(place / left, ignore_errors=True)
    command = [sys.executable, "-c", WINDOW, str(place)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return [float(line) for line in done.stdout.split()]


def _program(place: Path, environment: dict[str, str], out: str = "run") -> tuple[float, list[tuple[str, float]]]:
    command = [sys.executable, "-m", "trasluz", "train", "finetuned-cnn", str(place / "photos")]
    command += ["--out", str(place / out), "--set", "strategy=linear", "--device", "cpu", "--json"]
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    events = [json.loads(line) for line in done.stdout.splitlines()]
    phases: dict[str, float] = {}
    for event, following in itertools.pairwise(events):
        if event["type"] == "progress":
            stage = event["stage"]
        elif not phases:
            continue
        phases[stage] = phases.get(stage, 0.0) + following["time"] - event["time"]
    phases["start and end of the process"] = seconds - sum(phases.values())
    return seconds, list(phases.items())


if __name__ == "__main__":
    main()
