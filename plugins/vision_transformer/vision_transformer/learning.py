"""Learning the classes: from nothing, from a checkpoint, from a teacher, with the recipe that few photos need.

Touvron et al., “Training data-efficient image transformers & distillation through attention” (DeiT), ICML 2021, and
Steiner et al., “How to train your ViT?”, TMLR 2022: what helps with few photos is alteration, regularisation and many
passes.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from trasluz.api import Note, Record, TrainContext
from trasluz.torchkit.photos.fitting import fit_classes, parts_facts

from .config import VisionTransformerConfig

if TYPE_CHECKING:
    from torch import nn

    from trasluz.torchkit.optim import Part
    from trasluz.torchkit.photos.learning import Shown
    from trasluz.torchkit.plan import Step

    from .network import VisionTransformer

CHECKPOINT_SLOWER = 0.1
"""Of the learning rate, where all of a checkpoint learns on."""
NOT_LEARNED = ("minutes", "backbone", "teacher", "keep_as")


def learn(
    context: TrainContext,
    network: "VisionTransformer",
    parts: "Sequence[Part]",
    *,
    way: str,
    records: Sequence[Record],
    epochs: int | None = None,
    make_step: "Callable[[np.ndarray], Step] | None" = None,
    shown: "Shown | None" = None,
    module: "nn.Module | None" = None,
) -> None:
    """Let parts of the network learn, and leave the best weights in it.

    Args:
        context: The run.
        network: Changed in place.
        parts: What learns, and how fast.
        way: How, in a word; a checkpoint of another way is not taken up.
        records: The photos to learn from.
        epochs: Passes; those of the settings where None.
        make_step: Makes the step from the weights of the classes; plain cross-entropy where None.
        shown: What is learned from in place of the altered photos, and what a teacher says of it.
        module: The whole of what learns, where the network is a part of it.
    """
    from trasluz.torchkit.device import resolve

    config = context.config
    assert isinstance(config, VisionTransformerConfig)
    whole = network if module is None else module
    whole.to(device=resolve(context.device))
    network.skip_blocks(config.drop_path)
    learning = sum(part.size for part in parts if part.learning)
    context.emit(Note(sentence=f"{learning:,} weights learn.", facts=parts_facts(parts)))
    fit_classes(
        context,
        whole,
        network,
        parts,
        records=records,
        stage="Learning the classes",
        began="the network",
        way=way,
        not_learned=NOT_LEARNED,
        epochs=epochs,
        make_step=make_step,
        shown=shown,
    )
    network.skip_blocks(0.0)


def all_parts(network: "VisionTransformer", config: VisionTransformerConfig, *, known: bool) -> "list[Part]":
    """All parts: of a checkpoint the earlier ones more slowly, of a new network all alike."""
    from trasluz.torchkit import optim

    named = [(name, (module,)) for name, module in network.parts()]
    rate = config.learning_rate * (CHECKPOINT_SLOWER if known else 1.0)
    return optim.layerwise(named, rate, decay=config.layer_decay if known else 1.0)
