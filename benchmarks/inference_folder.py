"""Answering a folder of photos in the program, beside the least that it could cost.

The least: a bare loop of ONNX Runtime over photos that are decoded already, plus the time of decoding them alone.
The bare loop is the faster one of two: a session with a thread for each core, photo after photo; and a thread for each
core with single-threaded sessions. Each part runs in a fresh process, in turns, three times; the fastest counts.

    python benchmarks/inference_folder.py [FOLDER] [--model MODEL] [--photos 400] [--rounds 3]

FOLDER has photos at any depth; without it the photographs that come with scikit-image are cut up. Without MODEL a
linear classifier is trained on the sample that comes with the program. The aim is a ratio of at least 0.9.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("decode", "session", "sessions", "program")


def main() -> None:
    """Measure the parts in turns and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--photos", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.part:
        print(json.dumps(measure(asked.part, asked.folder, asked.model)))
        return
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        os.environ["TRASLUZ_HOME"] = str(place / "home")
        os.environ["PYTHONPATH"] = str(ROOT / "app")
        photos = place / "photos"
        count = take(asked.folder, photos, asked.photos)
        model = asked.model or train(place)
        found: dict[str, list[float]] = {part: [] for part in PARTS}
        for _ in range(asked.rounds):
            for part in PARTS:
                command = [sys.executable, __file__, str(photos), "--model", str(model), "--part", part]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
                found[part].append(json.loads(done.stdout.splitlines()[-1]))
    best = {part: min(seconds) for part, seconds in found.items()}
    bare = min(best["session"], best["sessions"])
    least = best["decode"] + bare
    print(f"{count} photos; {os.cpu_count()} cores, {platform.machine()}; fastest of {asked.rounds}\n")
    for words, seconds in (
        ("decoding alone", best["decode"]),
        ("bare loop, one session on all cores", best["session"]),
        ("bare loop, a single-threaded session per core", best["sessions"]),
        ("decoding + the faster bare loop", least),
        ("the program, folder to table", best["program"]),
    ):
        print(f"{words:46} {seconds:7.2f} s  {count / seconds:7.1f} photos/s")
    print(f"\nthroughput of the program / of the least: {least / best['program']:.2f}  (aim: at least 0.9)")


def measure(part: str, folder: Path, model: Path) -> float:
    """The seconds of one part, without what is opened or decoded before it."""
    from trasluz.core.data.readers.image_classes import ImageClasses

    source = ImageClasses()
    photos = sorted(str(path) for path in folder.rglob("*") if path.suffix.lower() in source.suffixes)
    match part:
        case "program":
            return timed_program(folder, model)
        case "decode":
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                return timed(lambda: sum(1 for _ in pool.map(lambda path: source.open(path).record.path, photos)))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        decoded = list(pool.map(lambda path: source.open(path).array("image")[None], photos))
    return timed_sessions(model, decoded, threads=1 if part == "sessions" else 0)


def timed_sessions(model: Path, decoded: list, *, threads: int) -> float:
    """A bare loop: every photo through the graph."""
    import onnxruntime as ort

    from trasluz.core.inference.model import find_model, read_card

    card = read_card(find_model(model))
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    path = find_model(model) / card.graphs[0].file
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(image: object) -> None:
        session.run(["probabilities"], {"image": image})

    run(decoded[0])
    if not threads:
        return timed(lambda: [run(image) for image in decoded])
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return timed(lambda: list(pool.map(run, decoded)))


def timed_program(folder: Path, model: Path) -> float:
    """What the window and the command line call, from the folder to the table on disk."""
    from trasluz.host.service import Service

    service = Service()
    service.open_model(str(model), "cpu")
    out = folder.parent / "answers.csv"
    return timed(lambda: service.predict_folder(model=str(model), inputs=[str(folder)], out=str(out), device="cpu"))


def timed(work: Callable[[], object]) -> float:
    """The seconds that it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def take(source: Path | None, target: Path, count: int) -> int:
    """Link every n-th photo of the folder, or cut up the photographs of scikit-image."""
    target.mkdir(parents=True)
    if source is None:
        return cut_up(target, count)
    photos = sorted(path for path in source.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
    chosen = photos[:: max(1, len(photos) // count)][:count]
    for number, photo in enumerate(chosen):
        (target / f"{number:06}{photo.suffix.lower()}").symlink_to(photo.resolve())
    return len(chosen)


def cut_up(target: Path, count: int) -> int:
    """JPEGs of 480×360 cut from three photographs, as cameras of telephones scale them for sending."""
    import numpy as np
    from PIL import Image
    from skimage import data

    pictures = [data.astronaut(), data.coffee(), data.chelsea()]
    rng = np.random.default_rng(0)
    for number in range(count):
        picture = pictures[number % len(pictures)]
        height, width = picture.shape[:2]
        top, left = int(rng.integers(0, height // 4)), int(rng.integers(0, width // 4))
        part = picture[top : top + 3 * height // 4, left : left + 3 * width // 4]
        Image.fromarray(part).resize((480, 360)).save(target / f"{number:06}.jpg", quality=88)
    return count


def train(place: Path) -> Path:
    """A linear classifier on the sample that comes with the program."""
    from trasluz.core.data.samples import build_sample

    data = build_sample("surfaces", place / "surfaces")
    words = ["train", "finetuned-cnn", str(data), "--out", str(place / "run"), "--set", "strategy=linear"]
    subprocess.run([sys.executable, "-m", "trasluz", *words], check=True, stdout=subprocess.DEVNULL)
    return place / "run"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "app"))
    main()
