"""Backbones from checkpoints in the format of the model hub: convolutional networks that transformers knows.

Each kind is cut into the parts that a photo goes through one after the other: a stem, stages, and a head where the
network has one before it pools.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from trasluz.api import FamilyError
from trasluz.torchkit.checkpoint_folder import CONFIG, PREPROCESSOR, CheckpointFolder, check_config, load
from trasluz.torchkit.photos.backbone import Backbone, Classifier
from trasluz.torchkit.photos.facts import Facts
from trasluz.torchkit.photos.preparing import preparation

if TYPE_CHECKING:
    from trasluz.torchkit.photos.graph import Writer

LEVELS = "levels"


class CheckpointBackbone(Backbone):
    """The convolutional part of a network from a checkpoint.

    Args:
        named: The parts from the photo on, with their names.
        facts: What is known of it.
        norm: What normalises the pooled features.
        config: What the checkpoint's `config.json` says.
        preprocessor: What its `preprocessor_config.json` says.
    """

    def __init__(
        self,
        named: list[tuple[str, nn.Module]],
        facts: Facts,
        *,
        norm: nn.LayerNorm | None,
        config: Mapping[str, Any],
        preprocessor: Mapping[str, Any],
    ) -> None:
        super().__init__()
        self.facts = facts
        self.norm = norm
        self.config, self.preprocessor = dict(config), dict(preprocessor)
        self._names = [name for name, _ in named]
        self.body = nn.ModuleList(part for _, part in named)
        side = facts.preparation.size
        with torch.inference_mode():
            self.channels = tuple(maps.shape[1] for maps in self.eval().maps(torch.zeros(1, 3, side, side)))

    def parts(self) -> list[tuple[str, nn.Module]]:
        """The named parts: stem, stages, and the head where there is one."""
        return list(zip(self._names, self.body, strict=True))

    def draw(self, writer: "Writer", x: str, depth: int) -> list[str]:
        """Write the first `depth` parts, as torch exports them."""
        import onnx

        from trasluz.torchkit.export import export

        names = [f"maps_{number}" for number in range(depth)]
        side = self.facts.preparation.size
        with TemporaryDirectory() as folder:
            path = Path(folder) / "backbone.onnx"
            # Two photos: torch takes an axis of length one for fixed.
            example = torch.zeros(2, 3, side, side, device=next(self.parameters()).device)
            export(
                _Maps(self, depth), (example,), path, inputs=[LEVELS], outputs=names, dynamic={LEVELS: {0: "images"}}
            )
            drawn = onnx.load(str(path))
        return writer.insert(drawn, {LEVELS: x}, names)


class _Maps(nn.Module):
    """All maps of the first parts, for the export."""

    def __init__(self, backbone: CheckpointBackbone, depth: int) -> None:
        super().__init__()
        self.used = nn.ModuleList(list(backbone.body)[:depth])

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        found = []
        for part in self.used:
            x = part(x)
            found.append(x)
        return tuple(found)


def pretrained(path: Path, *, id: str, title: str, licence: str = "", weights: bool = True) -> CheckpointBackbone:  # noqa: A002
    """The backbone of the checkpoint in a folder.

    Args:
        path: A folder with `config.json`, `preprocessor_config.json` and `model.safetensors`.
        id: What the setting says.
        title: Its name for people.
        licence: Of its weights, as far as it is known.
        weights: Whether to load them; without, the network starts from random ones.

    Raises:
        FamilyError: If the checkpoint cannot or must not be loaded, or is not of a convolutional network.
    """
    backbone, _ = _opened(CheckpointFolder.open(path), id, title, licence, weights=weights)
    return backbone


def untrained(
    config: Mapping[str, Any],
    preprocessor: Mapping[str, Any],
    *,
    where: Path,
    id: str,  # noqa: A002 - the setting's word
    title: str,
    licence: str,
) -> CheckpointBackbone:
    """The backbone that `config` describes, with random weights; raises as `pretrained`, and names `where`."""
    with TemporaryDirectory() as name:
        place = Path(name)
        for file, said in ((CONFIG, config), (PREPROCESSOR, preprocessor)):
            (place / file).write_text(json.dumps(dict(said)), encoding="utf-8")
        folder = CheckpointFolder(where, check_config(place), dict(preprocessor), made_from=place)
        return _opened(folder, id, title, licence, weights=False)[0]


def whole(path: Path) -> Classifier:
    """The whole network of a checkpoint, with the classifier that it was trained with; raises as `pretrained`."""
    folder = CheckpointFolder.open(path)
    backbone, head = _opened(folder, str(path), path.name, "", weights=True)
    if head is None:
        raise FamilyError(f"“{path}” has no classifier of its own.")
    network = Classifier(backbone, head.out_features)
    network.classifier.load_state_dict(head.state_dict())
    return network.eval()


def check_kind(config: Mapping[str, Any]) -> None:
    """Refuse networks that are not convolutional, before their weights are downloaded."""
    kind = config.get("model_type")
    if kind not in CUTS:
        raise FamilyError(
            f"“{kind}” is not a kind of convolutional network that can be finetuned here; these are: "
            f"{', '.join(sorted(CUTS))}."
        )


def _opened(
    folder: CheckpointFolder, id_: str, title: str, licence: str, *, weights: bool
) -> tuple[CheckpointBackbone, nn.Linear | None]:
    from transformers import AutoModel, AutoModelForImageClassification

    check_kind(folder.config)
    prepared = preparation(folder)
    architectures = folder.config.get("architectures") or [""]
    classifies = str(architectures[0]).endswith("ForImageClassification")
    network = load(folder, AutoModelForImageClassification if classifies else AutoModel, weights=weights)
    body, head = (network.base_model, _head(network)) if classifies else (network, None)
    try:
        named, norm = CUTS[folder.model_type](body)
        few, many = _learning([name for name, _ in named])
        facts = Facts(
            id=id_,
            title=title,
            architecture=json.dumps(dict(folder.config), sort_keys=True) + _versions(),
            licence=licence,
            preparation=prepared,
            few=few,
            many=many,
        )
        backbone = CheckpointBackbone(named, facts, norm=norm, config=folder.config, preprocessor=folder.preprocessor)
    except (AttributeError, RuntimeError, ValueError, IndexError) as error:
        said = str(error).strip().splitlines()
        raise FamilyError(
            f"The network in “{folder.path}” cannot be cut into stages ({said[0] if said else type(error).__name__})."
        ) from error
    return backbone.eval(), head


def _head(network: nn.Module) -> nn.Linear | None:
    found = [module for module in network.classifier.modules() if isinstance(module, nn.Linear)]
    return found[0] if len(found) == 1 else None


def _versions() -> str:
    """What else decides how the network computes and is written as a graph."""
    import transformers

    return f" transformers {transformers.__version__} torch {torch.__version__}"


def _learning(names: list[str]) -> tuple[str, str]:
    """From which parts on few and many layers learn: a fifth and three fifths of the stages, and what follows."""
    stages = [name for name in names if name.startswith("stage")]
    count = len(stages)
    return stages[max(1, math.ceil(0.8 * count)) - 1], stages[min(count - 1, math.floor(0.4 * count))]


# how each kind is cut

Cut = tuple[list[tuple[str, nn.Module]], nn.LayerNorm | None]


def _numbered(
    stem: nn.Module, stages: Iterable[nn.Module], head: nn.Module | None = None
) -> list[tuple[str, nn.Module]]:
    named = [("stem", stem)] + [(f"stage {number}", stage) for number, stage in enumerate(stages, start=1)]
    return [*named, ("head", head)] if head is not None else named


def _resnet(body: nn.Module) -> Cut:
    """ResNet (He et al. 2016) and RegNet (Radosavovic et al. 2020)."""
    return _numbered(body.embedder, body.encoder.stages), None


def _convnext(body: nn.Module) -> Cut:
    """ConvNeXt (Liu et al. 2022) and ConvNeXt V2 (Woo et al. 2023): a layer norm comes after the pooling."""
    return _numbered(body.embeddings, body.encoder.stages), body.layernorm


def _mobilenet_v1(body: nn.Module) -> Cut:
    """MobileNet (Howard et al. 2017): a filter for each channel and a 1×1 convolution by turns."""
    layers = list(body.layer)
    pairs = [nn.Sequential(*layers[at : at + 2]) for at in range(0, len(layers), 2)]
    return _numbered(body.conv_stem, _stages(pairs, lambda pair: pair[1].convolution.out_channels)), None


def _mobilenet_v2(body: nn.Module) -> Cut:
    """MobileNetV2 (Sandler et al. 2018)."""
    stages = _stages(list(body.layer), lambda block: block.reduce_1x1.convolution.out_channels)
    return _numbered(body.conv_stem, stages, body.conv_1x1), None


def _efficientnet(body: nn.Module) -> Cut:
    """EfficientNet (Tan & Le 2019)."""
    if body.config.pooling_type != "mean":
        raise ValueError(f"it pools by {body.config.pooling_type}, not by the mean")
    encoder = body.encoder
    stages = _stages(list(encoder.blocks), lambda block: block.projection.project_conv.out_channels)
    head = nn.Sequential(encoder.top_conv, encoder.top_bn, encoder.top_activation)
    return _numbered(body.embeddings, stages, head), None


def _stages(blocks: list[nn.Module], channels: Callable[[Any], int]) -> list[nn.Module]:
    """Neighbouring blocks with the same channels are one stage."""
    return [nn.Sequential(*stage) for _, stage in groupby(blocks, channels)]


CUTS: Mapping[str, Callable[[Any], Cut]] = {
    "resnet": _resnet,
    "regnet": _resnet,
    "convnext": _convnext,
    "convnextv2": _convnext,
    "mobilenet_v1": _mobilenet_v1,
    "mobilenet_v2": _mobilenet_v2,
    "efficientnet": _efficientnet,
}
