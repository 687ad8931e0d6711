"""A linear classifier by the program beside ten epochs of a loop in PyTorch with a frozen backbone, in one run.

Three roads to a classifier on the same frozen EfficientNet-Lite0, over the same photos, each in a fresh process:

- the window's: from "Train" to the finished, exported, checked model (the road of `linear_vs_loop.py`);
- the loop as it is usually written: a DataLoader of two workers with crop and flip, the whole network in training
  mode, Adam at 1e-3 on the classifier, batches of 32, the val part after each epoch;
- the best-tuned loop: photos decoded and resized once and kept in memory, no gradients through the backbone, channels
  last, the allocator of `tune`, batches of 64, bf16 where a trial batch shows that it is faster here.

The loops export nothing; of theirs the epoch counts that was best on the val part. Besides the time, each is scored on
all photos of FOLDER, of both parts, that are not among the thousand: nobody saw those.

    python benchmarks/frozen_loop.py FOLDER [--photos 1000] [--epochs 10]
"""

import argparse
import copy
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from linear_vs_loop import PATHS, link_photos, window_seconds, write_backbone

RATE = 1e-3


def main() -> None:
    """Measure the three and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="with train/CLASS and val/CLASS")
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--loop", choices=["usual", "tuned"], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.loop:
        print(*(usual if asked.loop == "usual" else tuned)(asked.folder, asked.epochs, asked.folder.parent / "rest"))
        return
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        count = link_photos(asked.folder, place / "photos", asked.photos)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(PATHS), "TRASLUZ_HOME": str(place / "home")}
        write_backbone(place / "backbone.onnx", environment)
        seconds, _ = window_seconds(place, environment)
        unseen = _link_rest(asked.folder, place)
        run = min((place / "runs").glob("*/model/card.json")).parent.parent
        rows = [("window: “Train” → checked model", seconds, _score(run, place / "rest", environment))]
        for which in ("tuned", "usual"):
            command = [sys.executable, __file__, str(place / "photos"), "--epochs", str(asked.epochs), "--loop", which]
            done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
            spent, score = map(float, done.stdout.split()[-2:])
            rows.append((f"{which} loop, {asked.epochs} epochs", spent, score))
    print(f"{count} photos, {os.cpu_count()} cores; accuracy on {unseen} photos that nobody saw\n")
    for what, spent, score in rows:
        print(f"{what:34} {spent:7.1f} s   {score:.3f}   {spent / seconds:5.1f} ×")


def _link_rest(source: Path, place: Path) -> int:
    """Link the photos that were not taken, all as val photos; returns how many there are."""
    taken = {photo.relative_to(place / "photos") for photo in (place / "photos").rglob("*.*")}
    rest = [photo for photo in sorted(source.glob("*/*/*")) if photo.relative_to(source) not in taken]
    for photo in rest:
        part, label = photo.relative_to(source).parts[:2]
        link = place / "rest" / "val" / label / f"{part}-{photo.name}"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(photo.resolve())
    return len(rest)


def _score(run: Path, rest: Path, environment: dict[str, str]) -> float:
    command = [sys.executable, "-m", "trasluz", "evaluate", str(run), str(rest), "--split", "val", "--json"]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout)["metrics"]["accuracy"])


def usual(folder: Path, epochs: int, rest: Path) -> tuple[float, float]:
    """The loop as tutorials write it; returns its seconds, with the imports, and the accuracy on `rest`."""
    start = time.perf_counter()
    import random

    import torch
    from plain_finetuning import as_tensor, cropped, listed, middle
    from torch import nn
    from torch.utils.data import DataLoader, Dataset

    from trasluz.torchkit.photos import lite0
    from trasluz.torchkit.photos.backbone import Classifier

    class Photos(Dataset[Any]):
        def __init__(self, part: Path, *, vary: bool) -> None:
            self.listed, self.vary = listed(part)[0], vary

        def __len__(self) -> int:
            return len(self.listed)

        def __getitem__(self, n: int) -> Any:
            path, target = self.listed[n]
            return (cropped(path, random.Random(), flip=True) if self.vary else middle(path)), target

    def together(items: Any) -> Any:
        photos, targets = zip(*items, strict=True)
        return as_tensor(list(photos), network.backbone), torch.tensor(targets)

    torch.manual_seed(0)
    network = Classifier(lite0.pretrained(), len(listed(folder / "train")[1]), dropout=0.2)
    network.backbone.requires_grad_(False)
    optimiser = torch.optim.Adam([each for each in network.parameters() if each.requires_grad], lr=RATE)
    train = DataLoader(Photos(folder / "train", vary=True), 32, shuffle=True, num_workers=2, collate_fn=together)
    val = DataLoader(Photos(folder / "val", vary=False), 32, num_workers=2, collate_fn=together)
    unseen = DataLoader(Photos(rest / "val", vary=False), 32, num_workers=2, collate_fn=together)

    def score(photos: Any) -> float:
        network.eval()
        with torch.no_grad():
            right = sum(int((network(images).argmax(1) == targets).sum()) for images, targets in photos)
        return right / len(photos.dataset)

    best, kept = 0.0, copy.deepcopy(network.state_dict())
    for _ in range(epochs):
        network.train()
        for images, targets in train:
            optimiser.zero_grad()
            nn.functional.cross_entropy(network(images), targets).backward()
            optimiser.step()
        if (found := score(val)) > best:
            best, kept = found, copy.deepcopy(network.state_dict())
    seconds = time.perf_counter() - start
    network.load_state_dict(kept)
    return seconds, score(unseen)


def tuned(folder: Path, epochs: int, rest: Path) -> tuple[float, float]:
    """The loop made as fast as it goes while it still is one; returns as `usual` does."""
    start = time.perf_counter()
    import torch
    from plain_finetuning import listed, middle
    from torch import Tensor, nn

    from trasluz.torchkit.device import tune
    from trasluz.torchkit.photos import lite0
    from trasluz.torchkit.photos.backbone import Classifier

    tune()
    torch.manual_seed(0)
    train, classes = listed(folder / "train")
    val, unseen = listed(folder / "val")[0], listed(rest / "val")[0]
    network = Classifier(lite0.pretrained(), len(classes), dropout=0.2).to(memory_format=torch.channels_last).eval()

    def read(some: list[tuple[Path, int]]) -> list[Tensor]:
        with ThreadPoolExecutor(2) as pool:
            return [torch.from_numpy(each) for each in pool.map(middle, [path for path, _ in some])]

    photos = read(train + val)
    targets = torch.tensor([target for _, target in train + val])

    def features(some: Tensor, *, half: bool, flip: bool = False) -> Tensor:
        images = torch.stack([photos[n] for n in some.tolist()]).permute(0, 3, 1, 2)
        images = images.flip(3) if flip else images
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16) if half else nullcontext():
            normalised = network.backbone.normalised(images).contiguous(memory_format=torch.channels_last)
            found = network.features(normalised).float()
        return found.clone()

    def trial(*, half: bool) -> float:
        began = time.perf_counter()
        features(torch.arange(16), half=half)
        return time.perf_counter() - began

    half = min(trial(half=True), trial(half=True)) < min(trial(half=False), trial(half=False))
    head = network.classifier
    optimiser = torch.optim.Adam(head.parameters(), lr=RATE)

    def score(some: Tensor) -> float:
        with torch.inference_mode():
            found = [head(features(part, half=half)).argmax(1) for part in some.split(64)]
        return float((torch.cat(found) == targets[some]).float().mean())

    best, kept = 0.0, copy.deepcopy(head.state_dict())
    for _ in range(epochs):
        for some in torch.randperm(len(train)).split(64):
            looked = features(some, half=half, flip=bool(torch.rand(()) < 0.5))
            optimiser.zero_grad()
            nn.functional.cross_entropy(head(looked), targets[some]).backward()
            optimiser.step()
        if (found := score(torch.arange(len(train), len(train) + len(val)))) > best:
            best, kept = found, copy.deepcopy(head.state_dict())
    seconds = time.perf_counter() - start
    head.load_state_dict(kept)
    photos += read(unseen)
    targets = torch.cat([targets, torch.tensor([target for _, target in unseen])])
    return seconds, score(torch.arange(len(train) + len(val), len(photos)))


if __name__ == "__main__":
    main()
