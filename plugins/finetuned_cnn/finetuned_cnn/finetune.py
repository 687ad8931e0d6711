"""Finetuning: the backbone's later parts learn on, from the linear classifier that was fitted on them.

A random classifier would send random gradients through good features and spoil them first; one that is fitted
already lets the features move only where that helps (Kumar et al., “Fine-tuning can distort pretrained features”,
ICLR 2022). Batch normalisation keeps ImageNet's statistics: those of a small batch are worse.

Shapes: B photos, S the side of a training photo, K classes.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trasluz.api import Note, TrainContext
from trasluz.torchkit.photos.fitting import fit_classes, parts_facts

from .config import FinetunedCnnConfig, Strategy

if TYPE_CHECKING:
    from torch import nn

    from trasluz.torchkit.optim import Part
    from trasluz.torchkit.photos.backbone import Classifier

SCRATCH_FASTER = 3
"""How many times the learning rate a network learns at that starts from random weights."""
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

    from trasluz.torchkit import optim
    from trasluz.torchkit.device import resolve

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
    fit_classes(
        context,
        network,
        network.backbone,
        parts,
        records=context.dataset.records("train"),
        stage="Finetuning",
        began="the random network" if scratch else "the linear classifier",
        way=strategy,
        not_learned=NOT_LEARNED,
        to_train=None if scratch else _to_train,
    )
    return network


def _stages(parts: "Sequence[Part]") -> Note:
    learn = sum(p.size for p in parts if p.learning)
    share = learn / max(1, sum(p.size for p in parts))
    said = "over 99%" if 0.995 <= share < 1 else f"{share:.0%}"  # the first stages have few weights, but some
    names = [p.name for p in parts if p.learning]
    return Note(
        sentence=f"From {names[0]} on the network learns: {learn:,} weights, {said} of all.",
        facts=parts_facts(parts),
    )


def _to_train(network: "nn.Module") -> None:
    """Train mode where something learns; the statistics of the normalisation stay ImageNet's."""
    from torch import nn

    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
