"""Letting a network learn the classes of photos: the one training of all families that learn from photos."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from trasluz.api import Note, Record, TrainContext

from .learning import Check, Seeing, Shown, Step, photo_batches, weights_of
from .settings import PhotoLearningConfig

if TYPE_CHECKING:
    from torch import nn

    from trasluz.torchkit.optim import Part
    from trasluz.torchkit.plan import Outcome
    from trasluz.torchkit.plan import Step as AnyStep


def fit_classes(
    context: TrainContext,
    module: "nn.Module",
    seen: Seeing,
    parts: "Sequence[Part]",
    *,
    records: Sequence[Record],
    stage: str,
    began: str,
    way: str,
    not_learned: Collection[str],
    epochs: int | None = None,
    make_step: "Callable[[np.ndarray], AnyStep] | None" = None,
    shown: Shown | None = None,
    to_train: "Callable[[nn.Module], object] | None" = None,
) -> "Outcome":
    """Let parts of a network learn the classes, leave the best weights in it, and say how it ended.

    Args:
        context: The run; its settings are a `PhotoLearningConfig`.
        module: What learns, on its device; in evaluation it gives logits (B, K). Changed in place.
        seen: How it sees photos.
        parts: What of it learns, and how fast.
        records: The photos to learn from.
        stage: What the person reads beside the progress bar.
        began: What it began as, for the sentence at the end: `the linear classifier`.
        way: How, in a word; a checkpoint of another way is not taken up.
        not_learned: Settings that may differ in a checkpoint that is taken up.
        epochs: Passes; those of the settings where None.
        make_step: Makes the step from the weights of the classes; plain cross-entropy where None.
        shown: What is learned from in place of the altered photos, see `photo_batches`.
        to_train: Puts the network into train mode; all of it where None.

    Raises:
        FamilyError: If learning cannot go on.
        DataError: If the photos cannot be read any more.
    """
    from torch import nn

    from trasluz.torchkit import optim
    from trasluz.torchkit.loop import fit
    from trasluz.torchkit.plan import Plan

    config = context.config
    assert isinstance(config, PhotoLearningConfig)
    labels = list(context.dataset.labels)
    weights = weights_of(context, records, labels, config.class_weights)
    outcome = fit(
        context,
        module=module,
        step=Step(seen, weights, config.label_smoothing) if make_step is None else make_step(weights),
        batches=photo_batches(context, seen.preparation, records, labels, config, shown=shown),
        validate=Check(context, seen, labels),
        optimiser=optim.optimiser(optim.parameter_groups(parts, weight_decay=config.weight_decay)),
        plan=Plan(
            epochs=epochs or config.epochs,
            metric="accuracy",
            higher_is_better=True,
            patience=config.patience,
            schedule=optim.warmup_cosine(config.warmup),
            average=config.averaging or None,
            seed=config.seed,
            stage=stage,
            unit="photos",
            identity={
                "settings": config.model_dump(mode="json", exclude=set(not_learned)),
                "way": way,
                "data": context.dataset.fingerprint,
            },
            to_train=to_train or nn.Module.train,
        ),
    )
    context.emit(_ended(outcome, config, stage, began))
    return outcome


def parts_facts(parts: "Sequence[Part]") -> Mapping[str, object]:
    """What is told of the parts of a network that begins to learn."""
    return {
        "stages": [{"name": p.name, "size": p.size, "learning": p.learning, "learning_rate": p.rate} for p in parts]
    }


def _ended(outcome: "Outcome", config: PhotoLearningConfig, stage: str, began: str) -> Note:
    first, last = outcome.history[0]["accuracy"], outcome.history[-1]["accuracy"]
    return Note(
        sentence=f"{stage} ended because {outcome.why_ended(config.patience)}. Best: "
        f"{outcome.metrics['accuracy']:.1%} right after {outcome.best}; {began} it began with had "
        f"{first:.1%}, the last pass {last:.1%}.",
        # The best pass is chosen on the photos that it is measured on; the last one is not chosen at all.
        facts={
            "ended": outcome.ended,
            "best_pass": outcome.best_step,
            "first_accuracy": first,
            "last_accuracy": last,
        },
    )
