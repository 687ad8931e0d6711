"""A tiny training that tests run in this process or, to be killed, in another one.

`python torchkit_child.py FOLDER` trains in FOLDER, one event a line in `events.jsonl`, and writes `result.json`.
"""

import hashlib
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trasluz.api import Event
from trasluz.torchkit.batches import Batches
from trasluz.torchkit.loop import fit
from trasluz.torchkit.optim import layerwise, optimiser, parameter_groups, unfreezing
from trasluz.torchkit.plan import Outcome, Plan, Validation

ITEMS, WIDTH, CLASSES = 96, 6, 3


class Context:
    """A run's context as the loop needs it."""

    def __init__(self, folder: Path, *, seconds: float | None = None) -> None:
        self.folder = folder
        self.checkpoint_folder = folder / "checkpoint"
        self.checkpoint_folder.mkdir(parents=True, exist_ok=True)
        self.device = "cpu"
        self.events: list[Event] = []
        self.stop_after: int | None = None
        self.pauses = False
        self._until = None if seconds is None else time.monotonic() + seconds
        self._looks = 0

    def emit(self, event: Event) -> None:
        self.events.append(event)
        with (self.folder / "events.jsonl").open("a", encoding="utf-8") as file:
            file.write(event.model_dump_json() + "\n")

    def stopping(self) -> bool:
        self._looks += 1
        return self.stop_after is not None and self._looks > self.stop_after

    def pausing(self) -> bool:
        return self.pauses

    def seconds_left(self) -> float | None:
        return None if self._until is None else self._until - time.monotonic()


def points() -> tuple[np.ndarray, np.ndarray]:
    """Three overlapping clouds, never quite separable."""
    draw = np.random.default_rng(7)
    targets = draw.integers(0, CLASSES, ITEMS)
    return (draw.normal(0, 1, (ITEMS, WIDTH)) + targets[:, None] * 0.6).astype(np.float32), targets


def network(seed: int = 0) -> nn.Module:
    """A network that draws random numbers in training and keeps running statistics."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(WIDTH, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, CLASSES))


def make_batches(seed: int = 0, *, pause: float = 0.0, batch_size: int = 8) -> Batches[int, Any]:
    x, y = points()

    def load(item: int, draw: np.random.Generator) -> tuple[np.ndarray, int]:
        if pause:
            time.sleep(pause * random.random())  # never the same twice
        return x[item] + draw.normal(0, 0.05, WIDTH).astype(np.float32), int(y[item])

    def collate(items: Sequence[tuple[np.ndarray, int]]) -> tuple[Tensor, Tensor]:
        return torch.from_numpy(np.stack([each for each, _ in items])), torch.tensor([label for _, label in items])

    return Batches(range(ITEMS), load=load, collate=collate, batch_size=batch_size, seed=seed)


def loss_step(module: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, dict[str, float]]:
    logits = module(batch[0])
    return nn.functional.cross_entropy(logits, batch[1]), {
        "accuracy": float((logits.argmax(1) == batch[1]).float().mean())
    }


def validate(module: nn.Module) -> Validation:
    x, y = points()
    logits = module(torch.from_numpy(x))
    torch.rand(3)  # a validation that draws must not change the training after it
    loss = nn.functional.cross_entropy(logits, torch.from_numpy(y))
    right = float((logits.detach().argmax(1).numpy() == y).mean())
    return Validation({"loss": float(loss.detach()), "accuracy": right})


def train(
    context: Context,
    *,
    module: nn.Module | None = None,
    step: Callable[..., Any] = loss_step,
    check: Callable[[nn.Module], Validation] = validate,
    batches: Batches[int, Any] | None = None,
    rate: float = 0.02,
    unfreeze: float = 0.0,
    **changes: Any,
) -> tuple[nn.Module, Outcome]:
    """Train the tiny network; `changes` go into the plan."""
    module = module or network()
    parts = layerwise([("first", [module[0], module[1]]), ("last", [module[4]])], rate, decay=0.7)
    parts = unfreezing(parts, unfreeze)
    plan = {"epochs": 4, "metric": "loss", "average": 0.9, "identity": {"data": "clouds"}, "checkpoint_seconds": 30.0}
    outcome = fit(
        context,  # type: ignore[arg-type]
        module=module,
        step=step,
        batches=make_batches() if batches is None else batches,
        validate=check,
        optimiser=optimiser(parameter_groups(parts, weight_decay=0.01)),
        plan=Plan(**{**plan, **changes}),
    )
    return module, outcome


def fingerprint(module: nn.Module) -> str:
    """A hash of every bit of the weights."""
    found = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        found.update(name.encode() + tensor.numpy().tobytes())
    return found.hexdigest()


def main(folder: Path) -> None:
    context = Context(folder)
    # Slow enough to be killed in the middle; checkpoints at every step.
    module, outcome = train(context, batches=make_batches(pause=0.004), checkpoint_seconds=0.0, epochs=6)
    result = {"weights": fingerprint(module), "history": outcome.history, "best": outcome.best_step}
    (folder / "result.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
