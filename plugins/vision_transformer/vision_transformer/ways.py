"""The ways to a model, each from the run to a network that knows the classes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api import TrainContext
from trasluz.torchkit.photos.facts import Preparation

from .config import OWN_SIDE, VisionTransformerConfig
from .starting import Plan

if TYPE_CHECKING:
    from .network import VisionTransformer

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
"""Of the levels of ImageNet's photos, which serve any other photos as well."""
NAMES = {"mini": "ViT-Mini", "tiny": "ViT-Ti", "small": "ViT-S", "base": "ViT-B", "large": "ViT-L"}


@dataclass(frozen=True, slots=True)
class Learned:
    """What a way ends with.

    Attributes:
        network: It knows the classes.
        title: Its name for people.
        learning: The names of the parts that learned.
        extra: For the card.
        graphs: Further graphs in the model folder.
        licence: Of the weights that it began with.
    """

    network: "VisionTransformer"
    title: str
    learning: Sequence[str]
    extra: Mapping[str, Any] = field(default_factory=dict)
    graphs: Mapping[str, str] = field(default_factory=dict)
    licence: str = ""


def own_network(
    config: VisionTransformerConfig, classes: int, *, distilled: bool = False
) -> "tuple[VisionTransformer, str]":
    """A new network as the settings ask for it, and its name."""
    from .network import VisionTransformer, sized

    side = config.resolution or OWN_SIDE
    shape = sized(
        config.size,
        size=side,
        patch=config.patch,
        positions=config.positions,
        registers=config.registers,
        distillation_token=distilled,
        layer_scale=1e-4 if config.layer_scale else None,
        reads="class+distillation" if distilled else "class",
    )
    return VisionTransformer(shape, classes, Preparation(side, MEAN, STD)), f"{NAMES[config.size]}/{config.patch}"


def scratch(context: TrainContext, plan: Plan, labels: Sequence[str]) -> Learned:
    """From random weights."""
    from .learning import all_parts, learn

    config = context.config
    assert isinstance(config, VisionTransformerConfig)
    network, name = own_network(config, len(labels))
    records = context.dataset.records("train")
    learn(context, network, all_parts(network, config, known=False), way=plan.start, records=records)
    return Learned(network, name, [part for part, _ in network.parts()])


def distil(context: TrainContext, plan: Plan, labels: Sequence[str]) -> Learned:
    """From random weights, taught by a model of the person's own."""
    from .distilling import distil as taught

    config = context.config
    assert isinstance(config, VisionTransformerConfig)
    assert plan.teacher is not None
    network, name = own_network(config, len(labels), distilled=True)
    extra = taught(context, network, plan.teacher, labels)
    # What the teacher was made from is in the pupil as well.
    return Learned(network, name, [part for part, _ in network.parts()], extra, licence=plan.teacher.card.licence)


def pretrained(context: TrainContext, plan: Plan, labels: Sequence[str]) -> Learned:
    """From a checkpoint: a linear classifier on it is fitted first, and the rest goes on from there."""
    from trasluz.torchkit import optim
    from trasluz.torchkit.photos.linear import fit_classifier

    from . import lora
    from .checkpoint import opened
    from .drawing import FrozenEncoder
    from .learning import CHECKPOINT_SLOWER, all_parts, learn

    config = context.config
    assert isinstance(config, VisionTransformerConfig)
    found = opened(context, config.backbone, side=config.resolution)
    fitted = fit_classifier(context, FrozenEncoder(found.network))
    network = with_classifier(found.network, fitted.linear.weight, fitted.linear.bias)
    learning = ["classifier"]
    if plan.learn == "lora":
        additions = lora.add(network, config.rank)
        parts = [
            optim.Part("additions to the attention", tuple(additions), config.learning_rate),
            optim.Part("classifier", (network.norm, network.classifier), config.learning_rate * CHECKPOINT_SLOWER),
        ]
        learn(context, network, parts, way="pretrained lora", records=fitted.records)
        lora.merge(network)
        learning += [name for name, _ in network.parts() if name.startswith("layer")]
    elif plan.learn == "all":
        parts = all_parts(network, config, known=True)
        learn(context, network, parts, way="pretrained all", records=fitted.records)
        learning = [name for name, _ in network.parts()]
    linear: dict[str, Any] = {"c": fitted.choice.c, "photos": len(fitted.records)}
    if fitted.choice.accuracy == fitted.choice.accuracy:  # nan where none were held out
        linear["held_out_accuracy"] = fitted.choice.accuracy
    return Learned(network, found.title, learning, {"linear": linear}, licence=found.licence)


def with_classifier(network: "VisionTransformer", weight: np.ndarray, bias: np.ndarray) -> "VisionTransformer":
    """The network with another classifier, (K, C) and (K,)."""
    import torch
    from torch import nn

    network.classifier = nn.Linear(weight.shape[1], len(bias))
    with torch.no_grad():
        network.classifier.weight.copy_(torch.from_numpy(weight))
        network.classifier.bias.copy_(torch.from_numpy(bias))
    return network


def masked(context: TrainContext, plan: Plan, labels: Sequence[str]) -> Learned:
    """From random weights, first without the labels, then with them."""
    import shutil

    from safetensors.torch import load_file, save_file

    from trasluz.torchkit import optim

    from .learning import learn
    from .masking import FILE, GRAPH, export_reconstruction, pretrain
    from .within import Within

    config = context.config
    assert isinstance(config, VisionTransformerConfig)
    network, name = own_network(config, len(labels))
    part = Within(context, "masked", config.masked_share)
    encoder, drawn = part.checkpoint_folder / "encoder.safetensors", part.checkpoint_folder / FILE
    if encoder.is_file() and drawn.is_file():  # a run that was taken up again
        network.load_state_dict(load_file(encoder))
    else:
        whole = pretrain(part, network, labels)
        whole.cpu().eval()
        export_reconstruction(whole, drawn)
        unfinished = encoder.with_suffix(".writing")
        save_file({key: tensor.contiguous() for key, tensor in network.state_dict().items()}, unfinished)
        unfinished.replace(encoder)
        network.train()
    named = [(key, (module,)) for key, module in network.parts()]
    parts = optim.layerwise(named, config.learning_rate, decay=config.layer_decay)
    epochs = max(1, config.epochs - round(config.epochs * config.masked_share))
    records = context.dataset.records("train")
    learn(context, network, parts, way="masked classes", records=records, epochs=epochs)
    shutil.copyfile(drawn, context.model_folder / FILE)
    return Learned(
        network,
        name,
        [key for key, _ in network.parts()],
        {"hidden": config.hidden},
        graphs={GRAPH: FILE},
    )


WAYS: Mapping[str, Callable[[TrainContext, Plan, Sequence[str]], Learned]] = {
    "scratch": scratch,
    "distil": distil,
    "pretrained": pretrained,
    "masked": masked,
}
