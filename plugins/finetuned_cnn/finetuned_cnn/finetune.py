"""Finetuning: the backbone's later parts learn on, from the linear classifier that was fitted on them.

A random classifier would send random gradients through good features and spoil them first; one that is fitted
already lets the features move only where that helps (Kumar et al., “Fine-tuning can distort pretrained features”,
ICLR 2022). Batch normalisation keeps ImageNet's statistics: those of a small batch are worse.

Shapes: B photos, S the side of a training photo, K classes.
"""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api import DataError, Note, Record, TrainContext

from . import mixing
from .augment import Variation, shrunk
from .config import FinetunedCnnConfig, Strategy

if TYPE_CHECKING:
    from torch import Tensor, nn

    from trasluz.torchkit.batches import Batches
    from trasluz.torchkit.optim import Part
    from trasluz.torchkit.plan import Validation

    from .network import Backbone, Classifier

KEPT_LARGER = 8 / 7
"""How much larger than what the network sees the photos are kept between passes, so that crops differ in detail.

Photos are learned from at the size of use: at 160 pixels (and twice the variation) the network fell from 0.865 to 0.783
on clothes in one pass; at 224 it rose to 0.894.
"""
KEPT_BYTES = 2 << 30
IMBALANCE = 10
"""From this ratio between the largest and the smallest class on, rare classes weigh more in the loss."""
SCRATCH_FASTER = 3
"""How many times the learning rate a network learns at that starts from random weights."""
PREVIEWS = 8
VALIDATION_BATCH = 32
NOT_LEARNED = {"minutes", "strategy", "looks"}


def learning_parts(network: "Classifier", strategy: Strategy, *, scratch: bool = False) -> tuple[str, ...]:
    """The names of the parts that learn: the backbone says from where on; from scratch all do."""
    facts = network.backbone.facts
    names = [name for name, _ in network.parts()]
    if scratch:
        return tuple(names)
    return tuple(names[names.index(facts.few if strategy == "few-layers" else facts.many) :])


def finetune(context: TrainContext, network: "Classifier", *, strategy: Strategy) -> "Classifier":
    """Let the later parts of `network` learn, and return it with the best weights that were found.

    Args:
        context: The run.
        network: It has ImageNet's weights and a fitted classifier; changed in place.
        strategy: `few-layers` or `many-layers`.

    Raises:
        FamilyError: If learning cannot go on.
        DataError: If the photos cannot be read any more.
    """
    import torch
    from torch import nn

    from trasluz.torchkit import optim
    from trasluz.torchkit.device import resolve
    from trasluz.torchkit.loop import fit
    from trasluz.torchkit.plan import Plan

    config = context.config
    assert isinstance(config, FinetunedCnnConfig)
    network.dropout.p = config.dropout
    network.to(device=resolve(context.device), memory_format=torch.channels_last)
    named = [(name, (module,)) for name, module in network.parts()]
    scratch = config.start == "scratch"
    learning = len(learning_parts(network, strategy, scratch=scratch))
    # What knows nothing yet has nothing to lose: all parts at the same rate, and faster.
    rate, decay = (
        (config.learning_rate * SCRATCH_FASTER, 1.0) if scratch else (config.learning_rate, config.layer_decay)
    )
    parts = optim.layerwise(named, rate, decay=decay, learning=learning)
    parts = optim.unfreezing(parts, 0.0 if scratch else config.unfreezing)
    optim.freeze(parts)
    if not network.backbone.skip_blocks(config.drop_path) and config.drop_path > 0:
        context.emit(Note(sentence=f"{network.backbone.facts.title} has no blocks that can be skipped; none are."))
    context.emit(_stages(parts))
    labels = list(context.dataset.labels)
    records = context.dataset.records("train")
    plan = Plan(
        epochs=config.epochs,
        metric="accuracy",
        higher_is_better=True,
        patience=config.patience,
        schedule=optim.warmup_cosine(config.warmup),
        average=config.averaging or None,
        seed=config.seed,
        stage="Finetuning",
        unit="photos",
        identity={
            "settings": config.model_dump(mode="json", exclude=NOT_LEARNED),
            "strategy": strategy,
            "data": context.dataset.fingerprint,
        },
        to_train=nn.Module.train if scratch else _to_train,
    )
    outcome = fit(
        context,
        module=network,
        step=_Step(network.backbone, _weights(context, records, labels), config.label_smoothing),
        batches=_batches(context, network.backbone, records, labels),
        validate=_Check(context, network.backbone, labels),
        optimiser=optim.optimiser(optim.parameter_groups(parts, weight_decay=config.weight_decay)),
        plan=plan,
    )
    ended = {
        "passes": "all passes were made",
        "patience": f"it had not improved for {config.patience} passes",
        "time": "the time limit was near",
        "asked": "you asked it to stop",
    }[outcome.ended]
    start, last = outcome.history[0]["accuracy"], outcome.history[-1]["accuracy"]
    context.emit(
        Note(
            sentence=f"Finetuning ended because {ended}. Best: {outcome.metrics['accuracy']:.1%} right after "
            f"{outcome.best_step:.3g} passes; {'the random network' if scratch else 'the linear classifier'} it began "
            f"with had {start:.1%}, the last pass "
            f"{last:.1%}.",
            # The best pass is chosen on the photos that it is measured on; the last one is not chosen at all.
            facts={
                "ended": outcome.ended,
                "best_pass": outcome.best_step,
                "linear_accuracy": start,
                "last_accuracy": last,
            },
        )
    )
    return network


def _stages(parts: "Sequence[Part]") -> Note:
    stages = [{"name": p.name, "size": p.size, "learning": p.learning, "learning_rate": p.rate} for p in parts]
    learn = sum(p.size for p in parts if p.learning)
    share = learn / max(1, sum(p.size for p in parts))
    names = [p.name for p in parts if p.learning]
    return Note(
        sentence=f"From {names[0]} on the network learns: {learn:,} weights, {share:.0%} of all.",
        facts={"stages": stages},
    )


def _to_train(network: "nn.Module") -> None:
    """Train mode where something learns; the statistics of the normalisation stay ImageNet's."""
    from torch import nn

    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def _weights(context: TrainContext, records: Sequence[Record], labels: Sequence[str]) -> np.ndarray:
    """A weight for each class, (K,), said in a sentence where they differ."""
    config = context.config
    assert isinstance(config, FinetunedCnnConfig)
    found = Counter(record.target for record in records)
    weights = class_weights([found[label] for label in labels], config.class_weights)
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


class _Step:
    """From a batch to its loss."""

    def __init__(self, backbone: "Backbone", weights: np.ndarray, smoothing: float) -> None:
        import torch

        self._backbone = backbone
        self._weights = torch.from_numpy(weights)
        self._smoothing = smoothing

    def __call__(self, network: "nn.Module", batch: "tuple[Tensor, Tensor]") -> "tuple[Tensor, dict[str, float]]":
        from torch.nn import functional

        photos, targets = batch  # (B, S, S, 3) uint8; (B,) numbers or, of mixed photos, (B, K) shares
        logits = network(self._backbone.normalised(photos.permute(0, 3, 1, 2)))  # (B, K)
        weights = self._weights.to(logits.device)
        loss = functional.cross_entropy(logits.float(), targets, weights, label_smoothing=self._smoothing)
        main = targets if targets.ndim == 1 else targets.argmax(1)
        return loss, {"accuracy": float((logits.detach().argmax(1) == main).float().mean())}


def _batches(
    context: TrainContext, backbone: "Backbone", records: Sequence[Record], labels: list[str]
) -> "Batches[Record, Any]":
    import torch

    from trasluz.torchkit.batches import Batches, Kept
    from trasluz.torchkit.device import free_memory

    config = context.config
    assert isinstance(config, FinetunedCnnConfig)
    numbers = {label: i for i, label in enumerate(labels)}
    size = backbone.facts.preparation.size
    vary = Variation.from_config(config, size)
    kind = config.mixing
    photo: Kept[Record, np.ndarray] = Kept(
        lambda record: shrunk(context.dataset.read(record).array("image"), round(size * KEPT_LARGER)),
        key=lambda record: (record.path, record.part),
        size=lambda image: image.nbytes,
        at_most=min(KEPT_BYTES, free_memory() // 4),
    )

    def load(record: Record, draw: np.random.Generator) -> tuple[np.ndarray, int, np.ndarray]:
        return vary(photo(record), draw), numbers[record.target], mixing.drawn(kind, draw)

    def collate(loaded: Sequence[tuple[np.ndarray, int, np.ndarray]]) -> "tuple[Tensor, Tensor]":
        photos, targets, draws = (np.stack(each) for each in zip(*loaded, strict=True))  # (B, S, S, 3), (B,), (B, 3)
        if kind == "none":
            return torch.from_numpy(photos), torch.from_numpy(targets)
        photos, shares = mixing.mixed(kind, photos, draws)
        return torch.from_numpy(photos), torch.from_numpy(mixing.soft_targets(targets, shares, len(labels)))

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


class _Check:
    """Measures the network on the val photos, prepared as they will be in use."""

    def __init__(self, context: TrainContext, backbone: "Backbone", labels: list[str]) -> None:
        from trasluz.torchkit.batches import Kept
        from trasluz.torchkit.device import free_memory

        self._context = context
        self._backbone = backbone
        self._labels = labels
        self._numbers = {label: i for i, label in enumerate(labels)}
        records = context.dataset.records("val")
        if not len(records):
            records = context.dataset.records("train")[:500]
            context.emit(Note(sentence="There are no val photos, so finetuning is measured on photos it learns from."))
        self._records = records
        self._levels: Kept[Record, np.ndarray] = Kept(
            self._prepared,
            key=lambda record: (record.path, record.part),
            size=lambda levels: levels.nbytes,
            at_most=min(KEPT_BYTES, free_memory() // 8),
        )

    def _prepared(self, record: Record) -> np.ndarray:
        from .data import as_levels

        # To whole levels: an eighth of the memory of real ones, and a thousandth of the range of difference.
        prepared = self._backbone.facts.preparation
        levels = as_levels(self._context.dataset.read(record).array("image"), prepared)  # (3, S, S)
        return np.ascontiguousarray(levels.round().clamp(0, 255).byte().numpy().transpose(1, 2, 0))

    def __call__(self, network: "nn.Module") -> "Validation":
        import torch
        from torch.nn import functional

        from trasluz.torchkit.batches import Batches
        from trasluz.torchkit.plan import Validation

        device = next(network.parameters()).device
        batches: Batches[Record, Any] = Batches(
            self._records,
            load=lambda record, _: (record, self._levels(record)),
            collate=list,
            batch_size=VALIDATION_BATCH,
            shuffle=False,
        )
        rows: list[tuple[Record, np.ndarray, float]] = []
        for batch in batches.epoch(0):
            if not batch.items:
                continue
            records = [record for record, _ in batch.items]
            photos = torch.from_numpy(np.stack([levels for _, levels in batch.items])).to(device)
            logits = network(self._backbone.normalised(photos.permute(0, 3, 1, 2))).float()  # (B, K)
            # A val photo may be of a class that train does not have: it counts as wrong, and has no loss.
            targets = torch.tensor([self._numbers.get(r.target, -100) for r in records], device=device)
            losses = functional.cross_entropy(logits, targets, reduction="none")
            shares = logits.softmax(1).cpu().numpy()
            rows += zip(records, shares, losses.cpu().tolist(), strict=True)
        if not rows:
            raise DataError("None of the val photos could be read; look at the list of problems on the Data page.")
        right = [self._labels[int(share.argmax())] == record.target for record, share, _ in rows]
        known = [loss for record, _, loss in rows if record.target in self._numbers]
        chosen = rows[:: max(1, len(rows) // PREVIEWS)][:PREVIEWS]
        return Validation(
            {"accuracy": float(np.mean(right)), "loss": float(np.mean(known)) if known else 0.0},
            [self._preview(record, share) for record, share, _ in chosen],
        )

    def _preview(self, record: Record, share: np.ndarray) -> Any:
        from trasluz.api import Previewed

        best = int(share.argmax())
        return Previewed(path=record.path, target=record.target, text=self._labels[best], score=float(share[best]))
