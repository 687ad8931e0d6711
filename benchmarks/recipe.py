"""Which part of the finetuning recipe gives what: each part left out or put in by itself, one training after another.

Every row is a whole run of the program with one setting changed, for the same number of passes or the same time; the
score is that of the exported model on the val part. One seed and a small val part tell little: look at the loss too,
and repeat with --seeds.

    python benchmarks/recipe.py FOLDER [--strategy few-layers] [--epochs 8 | --minutes 11] [--seeds 0 1]
        [--only whole no-variation mixup] [--set mirror=false] [--out results.jsonl]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

ROWS = {
    "whole": [],
    # left out
    "no-variation": ["augmentation=0"],
    "no-mirror": ["mirror=false"],
    "one-rate": ["layer_decay=1"],
    "no-warmup": ["warmup=0"],
    "no-smoothing": ["label_smoothing=0"],
    "no-averaging": ["averaging=0"],
    "no-dropout": ["dropout=0"],
    # put in
    "unfreezing": ["unfreezing=0.3"],
    "randaugment": ["policy=randaugment"],
    "more-variation": ["augmentation=0.8"],
    "mixup": ["mixing=mixup"],
    "cutmix": ["mixing=cutmix"],
    "erasing": ["erasing=0.25"],
    "root-weights": ["class_weights=root"],
    "balanced-weights": ["class_weights=balanced"],
    "drop-path": ["drop_path=0.1"],
    "former-rates": ["learning_rate=0.0002", "layer_decay=0.75"],
}
"""What each row changes."""


def told(folder: Path) -> dict[str, float]:
    """What a run said: the best and the last accuracy, the lowest loss, passes, photos a second of learning."""
    accuracy: list[tuple[float, float]] = []
    losses: list[float] = []
    rates: list[float] = []
    for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event.get("split") == "val" and event.get("name") == "accuracy":
            accuracy.append((event["step"], event["value"]))
        if event.get("split") == "val" and event.get("name") == "loss":
            losses.append(event["value"])
        if event.get("stage") == "Finetuning" and event.get("rate"):
            rates.append(event["rate"])
    return {
        "passes": accuracy[-1][0],
        "best": max(value for _, value in accuracy),
        "last": accuracy[-1][1],
        "loss": min(losses),
        "photos_a_second": sorted(rates)[len(rates) // 2],
    }


def run(asked: argparse.Namespace, settings: list[str], seed: int) -> dict[str, float]:
    """Train once and evaluate the ONNX model."""
    trasluz = [sys.executable, "-m", "trasluz"]
    limit = ["--minutes", str(asked.minutes)] if asked.minutes else []
    whole = [f"strategy={asked.strategy}", f"epochs={asked.epochs}", "patience=1000", *asked.set, *settings]
    chosen = [word for each in whole for word in ("--set", each)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "run"
        start = time.perf_counter()
        command = [*trasluz, "train", "finetuned-cnn", str(asked.folder), "--out", str(folder), "--seed", str(seed)]
        subprocess.run([*command, *limit, *chosen], check=True, capture_output=True)
        seconds = time.perf_counter() - start
        command = [*trasluz, "evaluate", str(folder), str(asked.folder), "--json"]
        said = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        return told(folder) | {"onnx": said["metrics"]["accuracy"], "seconds": seconds}


def main() -> None:
    """Run the rows and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--strategy", default="few-layers", choices=["few-layers", "many-layers"])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--only", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="in every row")
    parser.add_argument("--out", type=Path, help="a line of JSON for each row is added here")
    asked = parser.parse_args()
    print(
        "| row | setting | seed | ONNX accuracy | best pass | last pass | lowest loss | passes | photos/s | seconds |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for seed in asked.seeds:
        for name in asked.only:
            found = run(asked, ROWS[name], seed)
            changed = ", ".join(ROWS[name]) or "as it comes"
            print(
                f"| {name} | {changed} | {seed} | {found['onnx']:.3f} | {found['best']:.3f} | {found['last']:.3f} "
                f"| {found['loss']:.3f} | {found['passes']:.3g} | {found['photos_a_second']:.0f} "
                f"| {found['seconds']:.0f} |",
                flush=True,
            )
            if asked.out:
                with asked.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"row": name, "seed": seed, "set": asked.set, **found}) + "\n")


if __name__ == "__main__":
    main()
