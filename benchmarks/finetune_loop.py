"""The training loop beside the least that it could be: a hand-written PyTorch loop, in one run.

Both train the same network with the same batches, variations, parts that learn and optimiser. What torchkit adds is
checkpoints, curves, progress, gradient clipping, the moving average, and an answer to what goes wrong. They take
turns, in blocks, so that both meet the same noise of the machine. A block is a pass and ends with a checkpoint, so it
must not be too short:

    python benchmarks/finetune_loop.py FOLDER [--strategy few-layers] [--blocks 4] [--photos 1024]
        [--policy randaugment] [--mixing cutmix]
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "app"), str(ROOT / "plugins" / "finetuned_cnn")]

import torch  # noqa: E402
from torch.nn import functional  # noqa: E402

from finetuned_cnn import finetune as finetuning  # noqa: E402
from finetuned_cnn.config import FinetunedCnnConfig  # noqa: E402
from trasluz.core.data.index import Index  # noqa: E402
from trasluz.core.data.readers import builtin_sources  # noqa: E402
from trasluz.torchkit import optim  # noqa: E402
from trasluz.torchkit.device import tune  # noqa: E402
from trasluz.torchkit.loop import fit  # noqa: E402
from trasluz.torchkit.photos.backbone import Classifier  # noqa: E402
from trasluz.torchkit.photos.learning import Step, photo_batches  # noqa: E402
from trasluz.torchkit.photos.lite0 import pretrained  # noqa: E402
from trasluz.torchkit.plan import Plan, Validation  # noqa: E402


class Context:
    device = "cpu"

    def __init__(self, folder: Path, dataset: Index, config: FinetunedCnnConfig) -> None:
        self.config, self.dataset = config, dataset
        self.checkpoint_folder = folder / "checkpoint"
        self.checkpoint_folder.mkdir(parents=True, exist_ok=True)
        self._events = (folder / "events.jsonl").open("a", encoding="utf-8")

    def emit(self, event: Any) -> None:
        self._events.write(event.model_dump_json() + "\n")
        self._events.flush()

    def stopping(self) -> bool:
        return False

    def seconds_left(self) -> None:
        return None


def prepared(strategy: Any, classes: int, rate: float) -> tuple[Classifier, torch.optim.Optimizer]:
    torch.manual_seed(0)
    network = Classifier(pretrained(), classes)
    network.to(memory_format=torch.channels_last)
    named = [(name, (module,)) for name, module in network.parts()]
    learning = len(finetuning.learning_parts(network, strategy))
    parts = optim.layerwise(named, rate, decay=0.75, learning=learning)
    optim.freeze(parts)
    return network, optim.optimiser(optim.parameter_groups(parts, weight_decay=0.01))


def bare(network: Any, optimiser: Any, batches: Any, epoch: int) -> float:
    """The loop as a textbook writes it."""
    finetuning._to_train(network)
    start = time.perf_counter()
    for batch in batches.epoch(epoch):
        photos, targets = batch.pieces[0]
        logits = network(network.backbone.normalised(photos.permute(0, 3, 1, 2)))
        loss = functional.cross_entropy(logits, targets, label_smoothing=0.1)  # numbers, or shares of mixed photos
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return time.perf_counter() - start


def ours(context: Context, network: Any, optimiser: Any, batches: Any, step: Any) -> float:
    """The program's own, with a checkpoint, curves and the moving average."""
    plan = Plan(
        epochs=1,
        average=context.config.averaging,
        validate_first=False,
        to_train=finetuning._to_train,
        identity={"block": time.time()},  # never resume from the last block
    )
    start = time.perf_counter()
    fit(
        context,  # type: ignore[arg-type]
        module=network,
        step=step,
        batches=batches,
        validate=lambda _: Validation({"loss": 0.0}),
        optimiser=optimiser,
        plan=plan,
    )
    return time.perf_counter() - start


def main() -> None:
    """Measure both and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--strategy", default="few-layers", choices=["few-layers", "many-layers"])
    parser.add_argument("--blocks", type=int, default=4)
    parser.add_argument("--photos", type=int, default=1024)
    parser.add_argument("--policy", default="everyday", choices=["everyday", "randaugment"])
    parser.add_argument("--mixing", default="none", choices=["none", "mixup", "cutmix"])
    asked = parser.parse_args()
    threads = tune()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        dataset = Index.build(asked.folder, place / "index.sqlite", builtin_sources())
        config = FinetunedCnnConfig(policy=asked.policy, mixing=asked.mixing)
        context = Context(place, dataset, config)
        labels = list(dataset.labels)
        # Spread over the list, so that several classes are among them.
        every = dataset.records("train")
        records = [every[n] for n in range(0, len(every), max(1, len(every) // asked.photos))][: asked.photos]
        mine = prepared(asked.strategy, len(labels), config.learning_rate)
        backbone = mine[0].backbone
        batches = photo_batches(context, backbone.preparation, records, labels, context.config)  # type: ignore[arg-type]
        step = Step(backbone, torch.ones(len(labels)).numpy(), 0.1)
        theirs = prepared(asked.strategy, len(labels), config.learning_rate)
        bare(*theirs, batches, 0)  # decodes the photos and warms both up
        rounds = []
        for block in range(asked.blocks):
            rounds.append((bare(*theirs, batches, 0), ours(context, *mine, batches, step)))
            plain, full = rounds[-1]
            print(f"block {block + 1}: bare {len(records) / plain:6.1f}, torchkit {len(records) / full:6.1f} photos/s")
    plain, full = (median(len(records) / each for each in column) for column in zip(*rounds, strict=True))
    size = backbone.facts.preparation.size
    print(f"{asked.strategy}, {size}×{size}, batch {batches.batch_size}, {threads} threads, median of {asked.blocks}")
    ratio = median(a / b for a, b in rounds)
    print(f"bare {plain:.1f} photos/s, torchkit {full:.1f} photos/s, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
