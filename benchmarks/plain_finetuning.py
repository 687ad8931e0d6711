"""What finetuning reaches as tutorials write it: the same backbone, all of it at one learning rate, crop and flip.

A fresh classifier on EfficientNet-Lite0 with its ImageNet weights; Adam, a constant rate, a random crop resized to
224 and a flip; batch normalisation learns its statistics; the best pass on the val part counts, as in the program.
None of the recipe: no fitted classifier to start from, no rates by stage, no warm-up, schedule, averaging or
smoothing. By default it gets what makes the program's loop fast on a CPU (channels last, the allocator), so that two
recipes are compared and not two allocators; --untuned takes that away.

    python benchmarks/plain_finetuning.py FOLDER [--minutes 11] [--rate 1e-4] [--no-flip] [--frozen] [--untuned]
"""

import argparse
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "app"), str(ROOT / "plugins" / "finetuned_cnn")]

import numpy as np  # noqa: E402
import torch  # noqa: E402
from PIL import Image, ImageOps  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from trasluz.torchkit.device import tune  # noqa: E402
from trasluz.torchkit.photos import lite0  # noqa: E402
from trasluz.torchkit.photos.backbone import Classifier  # noqa: E402

SIDE, BATCH = 224, 32


def listed(folder: Path) -> tuple[list[tuple[Path, int]], list[str]]:
    """The photos of FOLDER/CLASS/NAME with the number of their class."""
    classes = sorted(each.name for each in folder.iterdir() if each.is_dir())
    return [(f, n) for n, name in enumerate(classes) for f in sorted((folder / name).iterdir())], classes


def opened(path: Path) -> Image.Image:
    """The photo as RGB, upright."""
    return ImageOps.exif_transpose(Image.open(path)).convert("RGB")


def cropped(path: Path, draw: random.Random, *, flip: bool) -> np.ndarray:
    """A random crop of 8 to 100 % of the photo, resized, flipped half of the time: the tutorial's two lines."""
    image = opened(path)
    area = image.width * image.height
    for _ in range(10):
        size, shape = area * draw.uniform(0.08, 1), np.exp(draw.uniform(np.log(3 / 4), np.log(4 / 3)))
        wide, tall = round(np.sqrt(size * shape)), round(np.sqrt(size / shape))
        if wide <= image.width and tall <= image.height:
            break
    else:
        wide = tall = min(image.size)
    left, top = draw.randint(0, image.width - wide), draw.randint(0, image.height - tall)
    out = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=(left, top, left + wide, top + tall))
    return np.asarray(ImageOps.mirror(out) if flip and draw.random() < 0.5 else out)


def middle(path: Path) -> np.ndarray:
    """The middle square, resized."""
    return np.asarray(ImageOps.fit(opened(path), (SIDE, SIDE), Image.Resampling.BILINEAR))


def as_tensor(photos: list[np.ndarray], backbone: nn.Module) -> Tensor:
    levels = torch.from_numpy(np.stack(photos)).permute(0, 3, 1, 2)
    normalised: Tensor = backbone.normalised(levels)  # type: ignore[operator]
    return normalised


def score(network: Classifier, photos: list[tuple[Path, int]], pool: ThreadPoolExecutor) -> float:
    network.eval()
    right = 0
    with torch.inference_mode():
        for at in range(0, len(photos), BATCH):
            some = photos[at : at + BATCH]
            images = list(pool.map(middle, [path for path, _ in some]))
            found = network(as_tensor(images, network.backbone)).argmax(1).tolist()
            right += sum(a == b for a, (_, b) in zip(found, some, strict=True))
    return right / len(photos)


def learn(
    network: Classifier,
    optimiser: torch.optim.Optimizer,
    photos: list[tuple[Path, int]],
    draw: random.Random,
    pool: ThreadPoolExecutor,
    *,
    flip: bool,
    until: float,
) -> int:
    """One pass, or what there is time for; returns how many photos were learned from."""
    photos = draw.sample(photos, len(photos))
    seeds = [draw.getrandbits(63) for _ in photos]

    def load(at: int) -> list[np.ndarray]:
        some = range(at, min(at + BATCH, len(photos)))
        return [cropped(photos[n][0], random.Random(seeds[n]), flip=flip) for n in some]

    done = 0
    ahead = [pool.submit(load, at * BATCH) for at in range(4)]
    for at in range(0, len(photos), BATCH):
        images = ahead.pop(0).result()
        ahead.append(pool.submit(load, at + 4 * BATCH))
        if time.perf_counter() > until:
            break
        targets = torch.tensor([target for _, target in photos[at : at + BATCH]])
        loss = nn.functional.cross_entropy(network(as_tensor(images, network.backbone)), targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        done += len(images)
    return done


def main() -> None:
    """Train until the time is over and print the score of each pass."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="with train/CLASS and val/CLASS")
    parser.add_argument("--minutes", type=float, default=11.0)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--no-flip", action="store_true")
    parser.add_argument("--frozen", action="store_true", help="only the classifier learns")
    parser.add_argument("--untuned", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    start = time.perf_counter()
    until = start + asked.minutes * 60
    torch.manual_seed(asked.seed)
    draw = random.Random(asked.seed)
    train, classes = listed(asked.folder / "train")
    val, known = listed(asked.folder / "val")
    if classes != known:
        sys.exit("train and val must have the same classes")
    network = Classifier(lite0.pretrained(), len(classes), dropout=0.2)
    if not asked.untuned:
        tune()
        network.to(memory_format=torch.channels_last)
    network.backbone.requires_grad_(not asked.frozen)
    optimiser = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], lr=asked.rate)
    scores, learned, spent = [0.0], 0, 0.0
    with ThreadPoolExecutor(2) as pool:
        while time.perf_counter() < until:
            network.train()
            if asked.frozen:
                network.backbone.eval()
            began = time.perf_counter()
            learned += learn(network, optimiser, train, draw, pool, flip=not asked.no_flip, until=until)
            spent += time.perf_counter() - began
            scores.append(score(network, val, pool))
            minutes = (time.perf_counter() - start) / 60
            print(f"pass {len(scores) - 1}: val {scores[-1]:.4f}, {minutes:.1f} min", flush=True)
    what = "classifier only" if asked.frozen else "all layers"
    print(
        f"plain finetuning, {what}, Adam {asked.rate:g}: best {max(scores):.4f}, last {scores[-1]:.4f}; "
        f"{learned / len(train):.2f} passes, {learned / spent:.1f} photos/s"
    )


if __name__ == "__main__":
    main()
