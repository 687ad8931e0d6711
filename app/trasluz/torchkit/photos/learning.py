"""Learning from photos: batches of altered squares, the loss, and what is measured on the val photos.

Shapes: B photos, S the side of a training photo, K classes.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from trasluz.api import DataError, Note, Record, TrainContext

from . import mixing
from .augment import Alteration, Variation, shrunk
from .facts import Preparation

if TYPE_CHECKING:
    from torch import Tensor, nn

    from trasluz.torchkit.batches import Batches
    from trasluz.torchkit.plan import Validation

KEPT_LARGER = 8 / 7
"""How much larger than what the network sees the photos are kept between passes, so that crops differ in detail.

Photos are learned from at the size of use: at 160 pixels (and twice the variation) the network fell from 0.865 to 0.783
on clothes in one pass; at 224 it rose to 0.894.
"""
KEPT_BYTES = 2 << 30
IMBALANCE = 10
"""From this ratio between the largest and the smallest class on, rare classes weigh more in the loss."""
VALIDATION_BATCH = 32


Shown = Callable[[Record, np.random.Generator], tuple[np.ndarray, np.ndarray]]
"""From a photo's record and what is drawn for it to the picture that is learned from, (S, S, 3) uint8, and what else is
known of it, (D,) float32."""


class Seeing(Protocol):
    """What is known of how a network sees photos."""

    @property
    def preparation(self) -> Preparation:
        """What happens to a square before the network sees it."""
        ...

    def normalised(self, levels: "Tensor") -> "Tensor":
        """Levels from 0 to 255, (B, 3, S, S) → what the network was trained on."""
        ...


class Recipe(Alteration, Protocol):
    """The settings that say how photos are learned from."""

    @property
    def mixing(self) -> mixing.Kind:
        """Whether two photos are made one."""
        ...

    @property
    def batch_size(self) -> int:
        """Photos of a step."""
        ...

    @property
    def seed(self) -> int:
        """Of order and alterations."""
        ...


def photo_batches(
    context: TrainContext,
    prepared: Preparation,
    records: Sequence[Record],
    labels: Sequence[str],
    config: Recipe,
    *,
    shown: Shown | None = None,
) -> "Batches[Record, Any]":
    """The photos to learn from, altered and mixed as the settings say.

    Args:
        context: The run.
        prepared: The side of the squares.
        records: Of the photos.
        labels: The classes.
        config: The settings.
        shown: Makes the picture of a photo in place of the settings' alteration, and says what else is known of it: a
            teacher's answer. That is mixed as the photos are; as it is not known of parts of a photo, they are laid
            over each other where CutMix is asked for.

    Returns:
        Batches of photos (B, S, S, 3) uint8, targets (B,) or, of mixed photos, shares (B, K), and what else is known
        of them (B, D) where `shown` is given.
    """
    import torch

    from trasluz.torchkit.batches import Batches, Kept
    from trasluz.torchkit.device import free_memory

    numbers = {label: i for i, label in enumerate(labels)}
    vary = Variation.from_config(config, prepared.size)
    kind = config.mixing
    if kind == "cutmix" and shown is not None:
        kind = "mixup"
        context.emit(Note(sentence="Photos are laid over each other in place of CutMix: what is known of them is."))
    photo: Kept[Record, np.ndarray] = Kept(
        lambda record: shrunk(context.dataset.read(record).array("image"), round(prepared.size * KEPT_LARGER)),
        key=lambda record: (record.path, record.part),
        size=lambda image: image.nbytes,
        at_most=min(KEPT_BYTES, free_memory() // 4),
    )
    nothing = np.zeros(0, np.float32)

    def load(record: Record, draw: np.random.Generator) -> tuple[np.ndarray, int, np.ndarray, np.ndarray]:
        picture, known = (vary(photo(record), draw), nothing) if shown is None else shown(record, draw)
        return picture, numbers[record.target], mixing.drawn(kind, draw), known

    def collate(loaded: Sequence[tuple[np.ndarray, int, np.ndarray, np.ndarray]]) -> "tuple[Tensor, ...]":
        photos, targets, draws, known = (np.stack(each) for each in zip(*loaded, strict=True))
        if kind != "none":
            photos, shares = mixing.mixed(kind, photos, draws)
            targets, known = mixing.soft_targets(targets, shares, len(labels)), mixing.blended(known, shares)
        arrays = (photos, targets) if shown is None else (photos, targets, known)
        return tuple(torch.from_numpy(each) for each in arrays)

    def aside(record: Record, error: DataError) -> None:
        context.emit(Note(sentence=f"{error} It was left out.", level="warning", facts={"path": record.path}))

    return Batches(
        records,
        load=load,
        collate=collate,
        batch_size=min(config.batch_size, len(records)),
        seed=config.seed,
        on_problem=aside,
    )


def weights_of(context: TrainContext, records: Sequence[Record], labels: Sequence[str], kind: str) -> np.ndarray:
    """A weight for each class, (K,), said in a sentence where they differ."""
    found = Counter(record.target for record in records)
    weights = class_weights([found[label] for label in labels], kind)
    if np.ptp(weights) > 0:
        few, many = min(labels, key=found.__getitem__), max(labels, key=found.__getitem__)
        times = weights[labels.index(few)] / weights[labels.index(many)]
        context.emit(
            Note(
                sentence=f"“{few}” has {found[few]} photos and “{many}” {found[many]}, so one of the rare class counts "
                f"{times:.1f} times as much."
            )
        )
    return weights


def class_weights(counts: Sequence[int], kind: str) -> np.ndarray:
    """A weight for each class, so that the mean over all photos is 1.

    Args:
        counts: Photos of each class.
        kind: `none`; `root`, by the square root of the rarity; `balanced`, by the rarity itself, so that all classes
            count the same; or `auto`, `root` where one class has ten times the photos of another. The root is the
            middle way: whole balance makes the network guess rare classes too often.

    Returns:
        (K,) float32.
    """
    photos = np.maximum(np.asarray(counts, np.float64), 1)
    if kind == "auto":
        kind = "root" if photos.max() >= IMBALANCE * photos.min() else "none"
    weights = photos ** {"none": 0.0, "root": -0.5, "balanced": -1.0}[kind]
    return np.asarray(weights * photos.sum() / (weights * photos).sum(), np.float32)


class Step:
    """From a batch to its loss.

    Args:
        seen: What normalises levels from 0 to 255, (B, 3, S, S), for the network.
        weights: Of the classes, (K,).
        smoothing: Doubt about each label, from 0 to 1.
    """

    def __init__(self, seen: Seeing, weights: np.ndarray, smoothing: float) -> None:
        import torch

        self._seen = seen
        self._weights = torch.from_numpy(weights)
        self._smoothing = smoothing

    def __call__(self, network: "nn.Module", batch: "tuple[Tensor, Tensor]") -> "tuple[Tensor, dict[str, float]]":
        """The mean loss of a batch of `photo_batches`, and how many of it are right."""
        from torch.nn import functional

        photos, targets = batch  # (B, S, S, 3) uint8; (B,) numbers or, of mixed photos, (B, K) shares
        logits = network(self._seen.normalised(photos.permute(0, 3, 1, 2)))  # (B, K)
        weights = self._weights.to(logits.device)
        loss = functional.cross_entropy(logits.float(), targets, weights, label_smoothing=self._smoothing)
        main = targets if targets.ndim == 1 else targets.argmax(1)
        return loss, {"accuracy": float((logits.detach().argmax(1) == main).float().mean())}


class Check:
    """Measures the network on the val photos, prepared as they will be in use."""

    def __init__(self, context: TrainContext, seen: Seeing, labels: list[str]) -> None:
        from trasluz.torchkit.batches import Kept
        from trasluz.torchkit.device import free_memory

        self._context = context
        self._seen = seen
        self._labels = labels
        self._numbers = {label: i for i, label in enumerate(labels)}
        records = context.dataset.records("val")
        if not len(records):
            records = context.dataset.records("train")[:500]
            context.emit(Note(sentence="There are no val photos, so it is measured on photos that it learns from."))
        self._records = records
        self._levels: Kept[Record, np.ndarray] = Kept(
            self._prepared,
            key=lambda record: (record.path, record.part),
            size=lambda levels: levels.nbytes,
            at_most=min(KEPT_BYTES, free_memory() // 8),
        )

    def _prepared(self, record: Record) -> np.ndarray:
        from .squares import as_levels

        # To whole levels: an eighth of the memory of real ones, and a thousandth of the range of difference.
        prepared = self._seen.preparation
        levels = as_levels(self._context.dataset.read(record).array("image"), prepared)  # (3, S, S)
        return np.ascontiguousarray(levels.round().clamp(0, 255).byte().numpy().transpose(1, 2, 0))

    def __call__(self, network: "nn.Module") -> "Validation":
        """Measure: `accuracy` and `loss`, with a few photos and what the network makes of them.

        Raises:
            DataError: If not one photo could be read.
        """
        import torch
        from torch.nn import functional

        from trasluz.torchkit.checking import looked_at, shown
        from trasluz.torchkit.plan import Validation

        device = next(network.parameters()).device
        rows: list[tuple[Record, np.ndarray, float]] = []
        for batch in looked_at(self._records, self._levels, at_once=VALIDATION_BATCH, plural="photos"):
            records = [record for record, _ in batch]
            photos = torch.from_numpy(np.stack([levels for _, levels in batch])).to(device)
            logits = network(self._seen.normalised(photos.permute(0, 3, 1, 2))).float()  # (B, K)
            # A val photo may be of a class that train does not have: it counts as wrong, and has no loss.
            targets = torch.tensor([self._numbers.get(r.target, -100) for r in records], device=device)
            losses = functional.cross_entropy(logits, targets, reduction="none")
            shares = logits.softmax(1).cpu().numpy()
            rows += zip(records, shares, losses.cpu().tolist(), strict=True)
        right = [self._labels[int(share.argmax())] == record.target for record, share, _ in rows]
        known = [loss for record, _, loss in rows if record.target in self._numbers]
        return Validation(
            {"accuracy": float(np.mean(right)), "loss": float(np.mean(known)) if known else 0.0},
            [self._preview(record, share) for record, share, _ in shown(rows)],
        )

    def _preview(self, record: Record, share: np.ndarray) -> Any:
        from trasluz.api import Previewed

        best = int(share.argmax())
        return Previewed(path=record.path, target=record.target, text=self._labels[best], score=float(share[best]))
