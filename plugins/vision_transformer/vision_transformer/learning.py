"""Learning the classes: from nothing, from a checkpoint, from a teacher, with the recipe that few photos need.

Touvron et al., “Training data-efficient image transformers & distillation through attention” (DeiT), ICML 2021, and
Steiner et al., “How to train your ViT?”, TMLR 2022: what helps with few photos is alteration, regularisation and many
passes. Shapes: B photos, K classes, F numbers of a teacher's features.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api import Note, Record, TrainContext
from trasluz.torchkit.photos.learning import Check, Step, photo_batches, weights_of

from .config import VisionTransformerConfig

if TYPE_CHECKING:
    from torch import nn

    from trasluz.torchkit.optim import Part
    from trasluz.torchkit.plan import Outcome
    from trasluz.torchkit.plan import Step as AnyStep

    from .network import VisionTransformer

CHECKPOINT_SLOWER = 0.1
"""Of the learning rate, where all of a checkpoint learns on."""
NOT_LEARNED = {"minutes", "backbone", "teacher"}
ENDED: Mapping[str, str] = {
    "passes": "all passes were made",
    "patience": "it had not improved for {patience} passes",
    "time": "the time limit was near",
    "asked": "you asked it to stop",
}


def learn(
    context: TrainContext,
    network: "VisionTransformer",
    parts: "Sequence[Part]",
    *,
    way: str,
    records: Sequence[Record],
    epochs: int | None = None,
    step: "Callable[[np.ndarray], AnyStep] | None" = None,
    beside: Callable[[Record], np.ndarray] | None = None,
    module: "nn.Module | None" = None,
) -> "Outcome":
    """Let parts of the network learn, and leave the best weights in it.

    Args:
        context: The run.
        network: Changed in place.
        parts: What learns, and how fast.
        way: How, in a word; a checkpoint of another way is not taken up.
        records: The photos to learn from.
        epochs: Passes; those of the settings where None.
        step: Makes the step from the weights of the classes; plain cross-entropy where None.
        beside: What else is known of each photo.
        module: The whole of what learns, where the network is a part of it.
    """
    from trasluz.torchkit import optim
    from trasluz.torchkit.device import resolve
    from trasluz.torchkit.loop import fit
    from trasluz.torchkit.plan import Plan

    config = context.config
    assert isinstance(config, VisionTransformerConfig)
    whole = network if module is None else module
    whole.to(device=resolve(context.device))
    network.skip_blocks(config.drop_path)
    _tell_parts(context, parts)
    labels = list(context.dataset.labels)
    weights = weights_of(context, records, labels, config.class_weights)
    made = step(weights) if step is not None else Step(network, weights, config.label_smoothing)
    outcome = fit(
        context,
        module=whole,
        step=made,
        batches=photo_batches(context, network.preparation, records, labels, config, beside=beside),
        validate=Check(context, network, labels),
        optimiser=optim.optimiser(optim.parameter_groups(parts, weight_decay=config.weight_decay)),
        plan=Plan(
            epochs=epochs or config.epochs,
            metric="accuracy",
            higher_is_better=True,
            patience=config.patience,
            schedule=optim.warmup_cosine(config.warmup),
            average=config.averaging or None,
            seed=config.seed,
            stage="Learning the classes",
            unit="photos",
            identity={
                "settings": config.model_dump(mode="json", exclude=NOT_LEARNED),
                "way": way,
                "data": context.dataset.fingerprint,
            },
        ),
    )
    network.skip_blocks(0.0)
    _tell_end(context, outcome, config)
    return outcome


def all_parts(network: "VisionTransformer", config: VisionTransformerConfig, *, known: bool) -> "list[Part]":
    """All parts: of a checkpoint the earlier ones more slowly, of a new network all alike."""
    from trasluz.torchkit import optim

    named = [(name, (module,)) for name, module in network.parts()]
    rate = config.learning_rate * (CHECKPOINT_SLOWER if known else 1.0)
    return optim.layerwise(named, rate, decay=config.layer_decay if known else 1.0)


def _tell_parts(context: TrainContext, parts: "Sequence[Part]") -> None:
    stages = [{"name": p.name, "size": p.size, "learning": p.learning, "learning_rate": p.rate} for p in parts]
    learning = sum(p.size for p in parts if p.learning)
    context.emit(Note(sentence=f"{learning:,} weights learn.", facts={"stages": stages}))


def _tell_end(context: TrainContext, outcome: "Outcome", config: VisionTransformerConfig) -> None:
    start, last = outcome.history[0]["accuracy"], outcome.history[-1]["accuracy"]
    ended = ENDED[outcome.ended].format(patience=config.patience)
    facts: dict[str, Any] = {
        "ended": outcome.ended,
        "best_pass": outcome.best_step,
        "first_accuracy": start,
        "last_accuracy": last,
    }
    context.emit(
        Note(
            sentence=f"Learning ended because {ended}. Best: {outcome.metrics['accuracy']:.1%} right after "
            f"{outcome.best_step:.3g} passes; it began with {start:.1%}, the last pass had {last:.1%}.",
            facts=facts,
        )
    )
