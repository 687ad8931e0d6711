"""Vision Transformers from checkpoints in the format of the model hub: ViT, DeiT, DINOv2 with or without registers.

The weights are read from safetensors under the names that transformers gives them, and put in their places here; no
code of a checkpoint, and none of transformers, is run. The tests hold each kind against transformers' own network.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api import FamilyError, TrainContext
from trasluz.torchkit import hub
from trasluz.torchkit.checkpoint_folder import CONFIG, INDEX, LISTED_AT_MOST, WEIGHTS, CheckpointFolder
from trasluz.torchkit.photos import kept
from trasluz.torchkit.photos.facts import Preparation
from trasluz.torchkit.photos.preparing import preparation

if TYPE_CHECKING:
    from torch import Tensor

    from .network import Shape, VisionTransformer

KINDS: Mapping[str, str] = {
    "vit": "ViT",
    "deit": "DeiT",
    "dinov2": "DINOv2",
    "dinov2_with_registers": "DINOv2 with registers",
}
LEFT_OUT = ("pooler.dense.weight", "pooler.dense.bias", "embeddings.mask_token")
"""Weights of what is not used here: a layer that transformers puts after it, and a token that hides patches."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A network of a checkpoint.

    Attributes:
        network: With the classifier of the checkpoint where it has one, or with a new one of two classes.
        title: Its name for people.
        licence: Of its weights.
    """

    network: "VisionTransformer"
    title: str
    licence: str


def opened(context: TrainContext, value: str, *, side: int | None = None) -> Opened:
    """The network that the setting `backbone` names, for photos of a side.

    Raises:
        FamilyError: If there is none, or it cannot or must not be loaded.
        TrainingStopped: If the person stopped a download.
    """
    value = value.strip()
    own = kept_at(context.library_folder, value)
    if own is not None:
        from . import keeping

        facts = kept.facts_of(own)
        network, title = keeping.read(own), f"{own.name} ({facts.get('title')})"
        return Opened(_for_side(network, side), title, str(facts.get("licence", "")))
    if value.startswith(hub.PREFIX):
        found = hub.fetch_for(context, value, check=check_kind)
        place, title, licence = found.place, found.title, found.licence
    else:
        place = Path(value).expanduser()
        if not place.is_dir():
            raise FamilyError(
                f"There is no checkpoint “{value}”: it is neither one that you kept nor a folder, and a model of the "
                f"hub is written {hub.PREFIX}owner/name."
            )
        licence, title = "", place.name
    return Opened(_for_side(of_folder(place), side), title, licence)


def kept_at(library: Path, value: str) -> Path | None:
    """The folder of the kept network that the setting `backbone` names, by its name or by where it lies."""
    if value and value in kept.names(library):
        return kept.folder_of(library, value)
    place = Path(value).expanduser()
    return place if (place / kept.FACTS_FILE).is_file() else None


def _for_side(network: "VisionTransformer", side: int | None) -> "VisionTransformer":
    return network if side is None or side == network.shape.size else resized(network, side)


def resized(network: "VisionTransformer", side: int) -> "VisionTransformer":
    """The network for photos of another side.

    Raises:
        FamilyError: If they cannot be cut into whole patches.
    """
    from .network import at_resolution

    patch = network.shape.patch
    if side % patch or side < 2 * patch:
        near = max(2, round(side / patch)) * patch
        raise FamilyError(
            f"A side of {side} pixels cannot be cut into whole patches of {patch} × {patch}, as this checkpoint has "
            f"them: take {near}."
        )
    return at_resolution(network, side)


def check_kind(config: Mapping[str, Any]) -> None:
    """Refuse networks of other kinds before their weights are downloaded."""
    kind = config.get("model_type")
    if kind not in KINDS:
        raise FamilyError(
            f"“{kind}” is not a kind of Vision Transformer that is known here; these are: {', '.join(KINDS)}."
        )


def of_folder(path: Path) -> "VisionTransformer":
    """The network of the checkpoint in a folder, with the side that its preprocessor asks for.

    Args:
        path: A folder with `config.json`, `preprocessor_config.json` and `model.safetensors`.

    Raises:
        FamilyError: If it cannot or must not be loaded.
    """
    from .network import VisionTransformer, at_resolution

    folder = CheckpointFolder.open(path)
    check_kind(folder.config)
    prepared = preparation(folder)
    weights = _by_place(folder, _read(folder))
    shape = _shape(folder, weights)
    classes = len(weights["classifier.weight"]) if "classifier.weight" in weights else 2
    network = VisionTransformer(shape, classes, Preparation(shape.size, prepared.mean, prepared.std, prepared.method))
    _load(network, weights, folder)
    network.eval()
    side = prepared.size - prepared.size % shape.patch
    return network if side == shape.size else at_resolution(network, max(2 * shape.patch, side))


def _shape(folder: CheckpointFolder, weights: "Mapping[str, Tensor]") -> "Shape":
    from .network import Shape

    said, where = folder.config, folder.path / CONFIG
    kind = folder.model_type
    try:
        width, depth, heads = (int(said[n]) for n in ("hidden_size", "num_hidden_layers", "num_attention_heads"))
        hidden = int(said.get("intermediate_size") or width * said["mlp_ratio"])
        size, patch = (_side(said[name]) for name in ("image_size", "patch_size"))
        if min(width, depth, heads, hidden, size, patch) < 1 or width % (4 * heads) or size % patch:
            raise ValueError
        if int(said.get("num_channels", 3)) != 3:
            raise FamilyError(f"“{where}” is of a network for pictures that have not three colours.")
        if said.get("hidden_act", "gelu") != "gelu" or said.get("use_swiglu_ffn") or not said.get("qkv_bias", True):
            raise FamilyError(
                f"“{where}” asks for a Vision Transformer of another make (hidden_act, use_swiglu_ffn or qkv_bias); "
                "choose a smaller one of its family."
            )
        return Shape(
            size=size,
            patch=patch,
            width=width,
            depth=depth,
            heads=heads,
            hidden=hidden,
            registers=int(said.get("num_register_tokens", 0)) if kind == "dinov2_with_registers" else 0,
            distillation_token=kind == "deit",
            layer_scale=1.0 if kind.startswith("dinov2") else None,
            epsilon=float(said.get("layer_norm_eps", 1e-6)),
            reads="class+mean"
            if kind.startswith("dinov2")
            else "class+distillation"
            if "distilled.weight" in weights or (kind == "deit" and "classifier.weight" not in weights)
            else "class",
        )
    except (KeyError, TypeError, ValueError) as error:
        raise FamilyError(
            f"“{where}” does not say what the network is made of: hidden_size, num_hidden_layers, num_attention_heads, "
            "image_size and patch_size must fit together."
        ) from error


def _side(value: Any) -> int:
    sides = value if isinstance(value, list | tuple) else [value]
    if len({int(side) for side in sides}) != 1:
        raise ValueError
    return int(sides[0])


def _read(folder: CheckpointFolder) -> "dict[str, Tensor]":
    """All weights of the folder's safetensors, 32 bits."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    files = [WEIGHTS]
    if not (folder.path / WEIGHTS).is_file():
        try:
            named = json.loads((folder.path / INDEX).read_bytes())["weight_map"].values()
            files = sorted({str(name) for name in named})
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise FamilyError(f"“{folder.path / INDEX}” is not a list of files with weights.") from error
    found: dict[str, Tensor] = {}
    for name in files:
        file = folder.path / name
        if file.parent != folder.path or not file.is_file():
            raise FamilyError(f"“{folder.path / INDEX}” names “{name}”, which is not in the folder.")
        try:
            found |= load_file(file)
        except (SafetensorError, OSError, ValueError) as error:
            raise FamilyError(
                f"“{file}” is not safetensors: it is damaged, or a file of another kind (a pickle, say) that was given "
                "this name. Load the checkpoint again."
            ) from error
    return {name: tensor.float() for name, tensor in found.items()}


def _by_place(folder: CheckpointFolder, found: "dict[str, Tensor]") -> "dict[str, Tensor]":
    """The weights under the names that they have here; one that nobody knows keeps its name, and is refused later."""
    import torch

    renamed: dict[str, Tensor] = {}
    prefix = f"{folder.model_type}."
    short = {name.removeprefix(prefix): tensor for name, tensor in found.items()}
    for name, tensor in short.items():
        if name in LEFT_OUT:
            continue
        place, changed = _placed(name)
        renamed[place] = changed(tensor)
    for number in {place.split(".")[1] for place in renamed if place.startswith("blocks.")}:
        at = f"blocks.{number}.attention."
        for kind in ("weight", "bias"):
            three = [f"{at}{each}.{kind}" for each in ("query", "key", "value")]
            if all(name in renamed for name in three):
                renamed[f"{at}queries_keys_values.{kind}"] = torch.cat([renamed.pop(name) for name in three])
    if "distilled.weight" in renamed and "classifier.weight" in renamed:  # DeiT answers with the mean of the two
        for kind, joined in (("weight", lambda a, b: torch.cat([a, b], dim=1) / 2), ("bias", lambda a, b: (a + b) / 2)):
            a, b = renamed[f"classifier.{kind}"], renamed[f"distilled.{kind}"]
            if a.shape == b.shape:
                renamed[f"classifier.{kind}"] = joined(a, b)
        renamed["distilled.weight"] = renamed["distilled.weight"][:0]  # a mark that there was one
        renamed.pop("distilled.bias", None)
    return renamed


Change = Callable[["Tensor"], "Tensor"]


def _placed(name: str) -> tuple[str, Change]:
    """Where a weight of transformers has its place here."""

    def same(tensor: "Tensor") -> "Tensor":
        return tensor

    def row(tensor: "Tensor") -> "Tensor":
        return tensor.flatten() if tensor.ndim == 3 and tensor.shape[:2] == (1, 1) else tensor

    def rows(tensor: "Tensor") -> "Tensor":
        return tensor[0] if tensor.ndim == 3 and len(tensor) == 1 else tensor

    whole: Mapping[str, tuple[str, Change]] = {
        "embeddings.cls_token": ("embedding.class_token", row),
        "embeddings.distillation_token": ("embedding.distillation_token", row),
        "embeddings.register_tokens": ("embedding.register_tokens", rows),
        "embeddings.position_embeddings": ("embedding.positions", rows),
    }
    if name in whole:
        return whole[name]
    for begin, become in BEGINNINGS:
        if name.startswith(begin):
            return become + name.removeprefix(begin), same
    if name.startswith("encoder.layer."):
        number, _, rest = name.removeprefix("encoder.layer.").partition(".")
        for begin, become in IN_A_LAYER:
            if rest.startswith(begin):
                return f"blocks.{number}.{become}{rest.removeprefix(begin)}", same
    return name, same


BEGINNINGS = (
    ("embeddings.patch_embeddings.projection.", "embedding.patches."),
    ("layernorm.", "norm."),
    ("classifier.", "classifier."),
    ("cls_classifier.", "classifier."),
    ("distillation_classifier.", "distilled."),
)
IN_A_LAYER = (
    ("attention.attention.", "attention."),
    ("attention.output.dense.", "attention.out."),
    ("layernorm_before.", "before_attention."),
    ("layernorm_after.", "before_perceptron."),
    ("intermediate.dense.", "widen."),
    ("output.dense.", "narrow."),
    ("norm1.", "before_attention."),
    ("norm2.", "before_perceptron."),
    ("mlp.fc1.", "widen."),
    ("mlp.fc2.", "narrow."),
    ("layer_scale1.lambda1", "attention_scale"),
    ("layer_scale2.lambda1", "perceptron_scale"),
)


def _load(network: "VisionTransformer", weights: "dict[str, Tensor]", folder: CheckpointFolder) -> None:
    """Put all weights in their places.

    Raises:
        FamilyError: If one is missing, too many, or of another shape.
    """
    weights = {name: tensor for name, tensor in weights.items() if name != "distilled.weight"}
    wanted = network.state_dict()
    if "classifier.weight" not in weights:  # a checkpoint without a classifier: a new one will learn
        weights |= {name: wanted[name] for name in ("classifier.weight", "classifier.bias") if name not in weights}
    for name in sorted(set(wanted) & set(weights)):
        if wanted[name].shape != weights[name].shape:
            raise FamilyError(
                f"“{name}” in the weights of “{folder.path}” has the shape {tuple(weights[name].shape)}, and its "
                f"{CONFIG} asks for {tuple(wanted[name].shape)}: the two do not belong together."
            )
    for names, what in (
        (set(wanted) - set(weights), "lack"),
        (set(weights) - set(wanted), "have, without a place for it,"),
    ):
        if names:
            listed = ", ".join(f"“{name}”" for name in sorted(names)[:LISTED_AT_MOST])
            more = f" and {len(names) - LISTED_AT_MOST:,} more" if len(names) > LISTED_AT_MOST else ""
            raise FamilyError(
                f"The weights of “{folder.path}” {what} {listed}{more}: they do not belong to its {CONFIG}, or a part "
                "of them is missing."
            )
    if not all(np.isfinite(float(tensor.sum())) for tensor in weights.values()):
        raise FamilyError(f"The weights of “{folder.path}” are not all numbers; load the checkpoint again.")
    network.load_state_dict(weights)
