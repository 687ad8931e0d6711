"""Learning from a teacher: a finetuned CNN of one's own, which is asked once by ONNX Runtime (see `teaching`).

Touvron et al. (DeiT), ICML 2021, section 4: a second learnable token, the distillation token, learns what the teacher
says, while the classification token learns the labels; the model answers with the mean of both. Hard distillation takes
the teacher's answer as a label (equation 3), soft distillation its probabilities (equation 2; Hinton et al. 2015).

With few photos that is little to learn from: the teacher has learned them by heart, and answers as they are labelled.
So the patches learn, in the middle of the network, to see what the teacher sees in their place (Li et al., “Locality
Guidance for Improving Vision Transformers on Tiny Datasets”, ECCV 2022): hundreds of numbers a photo where a label is
one, and what a convolution has built in and a Vision Transformer would have to find out.

Shapes: B photos, K classes, N patches of g × g, D components of a teacher's map, W the width.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from trasluz.api import TrainContext

from .config import VisionTransformerConfig
from .network import VisionTransformer
from .starting import Teacher
from .teaching import asked

WHOLLY = 0.999
"""From this share on a mixed photo counts as one that the teacher was asked about."""
TEMPERATURE = 3.0
"""That of DeiT."""
SOFT_SHARE = 0.1
"""Of the teacher's softened probabilities in the loss of the answers; that of DeiT. A hard answer counts as a label."""


class Pupil(nn.Module):
    """The network while it is taught: a classifier for each of the two tokens, and a map to what the teacher sees.

    Args:
        network: With a distillation token; `finish` puts the two classifiers into its own.
        classes: K.
        components: D of each of the teacher's maps.
    """

    def __init__(self, network: VisionTransformer, classes: int, components: Sequence[int]) -> None:
        super().__init__()
        self.network = network
        width, depth = network.shape.width, network.shape.depth
        self.classifiers = nn.ModuleList(nn.Linear(width, classes) for _ in range(2))
        self.seeing = nn.ModuleList(nn.Linear(width, count) for count in components)
        # The earlier map after a third of the blocks, the later one after two thirds.
        self.after = [max(1, round(depth * (1 + each) / (1 + len(components)))) for each in range(len(components))]
        for layer in (*self.classifiers, *self.seeing):
            nn.init.trunc_normal_(layer.weight, std=0.02)  # type: ignore[arg-type]
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def parts(self) -> list[tuple[str, nn.Module]]:
        """The parts of the network with these classifiers in place of its own."""
        head = nn.ModuleList([self.network.norm, self.classifiers, self.seeing])
        return [*self.network.parts()[:-1], ("classifier", head)]

    def every(self, photos: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Logits of the classification and of the distillation token, (B, K) each, and what patches see, (B, N, D)."""
        layers = list(self.network.through(self.network.embedding(photos)))
        tokens, leading, seen = self.network.norm(layers[-1]), self.network.shape.leading, []
        for number, layer in zip(self.after, self.seeing, strict=True):
            patches = layers[number - 1][:, leading:]
            seen.append(layer(functional.layer_norm(patches, patches.shape[-1:])))
        return self.classifiers[0](tokens[:, 0]), self.classifiers[1](tokens[:, 1]), seen

    def forward(self, photos: Tensor) -> Tensor | tuple[Tensor, Tensor, list[Tensor]]:
        """In training everything; otherwise the mean of both tokens' logits, (B, K)."""
        mine, taught, seen = self.every(photos)
        return (mine, taught, seen) if self.training else (mine + taught) / 2

    def finish(self) -> None:
        """Make one classifier of the two: it reads both tokens and answers with the mean of their logits."""
        first, second = self.classifiers
        with torch.no_grad():
            joined = torch.cat([first.weight, second.weight], dim=1) / 2  # type: ignore[list-item]
            self.network.classifier.weight.copy_(joined)
            self.network.classifier.bias.copy_((first.bias + second.bias) / 2)  # type: ignore[operator]


class DistilStep:
    """From a batch to its loss: labels for one token, the teacher for the other and for the patches."""

    def __init__(self, network: VisionTransformer, weights: np.ndarray, config: VisionTransformerConfig) -> None:
        self._network, self._config = network, config
        self._weights = torch.from_numpy(weights)

    def __call__(self, pupil: nn.Module, batch: Sequence[Tensor]) -> tuple[Tensor, Mapping[str, float]]:
        """The mean loss of a batch: photos (B, S, S, 3), targets, and what the teacher says (B, 1 + K + ΣDg²).

        Where the first of these numbers is not 1, it says nothing of the photo.
        """
        photos, targets, known = batch
        mine, taught, seen = pupil(self._network.normalised(photos.permute(0, 3, 1, 2)))
        classes = mine.shape[1]
        said_of = known[:, 0] >= WHOLLY
        shares, maps = known[said_of, 1 : 1 + classes], known[said_of, 1 + classes :]
        weights = self._weights.to(mine.device)
        own = functional.cross_entropy(mine.float(), targets, weights, label_smoothing=self._config.label_smoothing)
        loss = own
        if bool(said_of.any()):
            if self._config.distillation == "hard":
                loss = (own + hard(taught[said_of].float(), shares)) / 2
            else:
                loss = (1 - SOFT_SHARE) * own + SOFT_SHARE * soft(taught[said_of].float(), shares)
        main = targets if targets.ndim == 1 else targets.argmax(1)
        said = {"accuracy": float(((mine + taught).detach().argmax(1) == main).float().mean())}
        if seen and self._config.matching and bool(said_of.any()):
            different = unlike([each[said_of] for each in seen], maps)
            loss = loss + self._config.matching * different
            said["unlike the teacher"] = float(different.detach())
        return loss, said


def unlike(seen: Sequence[Tensor], maps: Tensor) -> Tensor:
    """The mean squared difference between what patches see, (B, N, D) each, and the teacher's maps, (B, ΣDg²)."""
    counts = [found[0].numel() for found in seen]
    targets = [
        part.unflatten(1, (found.shape[2], found.shape[1])).transpose(1, 2)
        for part, found in zip(maps.split(counts, dim=1), seen, strict=True)
    ]
    each = [functional.mse_loss(found.float(), target) for found, target in zip(seen, targets, strict=True)]
    return torch.stack(each).mean()


def hard(logits: Tensor, shares: Tensor) -> Tensor:
    """Cross-entropy with the teacher's likeliest class."""
    return functional.cross_entropy(logits, shares.argmax(1))


def soft(logits: Tensor, shares: Tensor) -> Tensor:
    """The Kullback–Leibler divergence of the teacher's probabilities, both softened by the temperature, times τ²."""
    softened = functional.softmax(shares.clamp_min(1e-7).log() / TEMPERATURE, dim=1)
    own = functional.log_softmax(logits / TEMPERATURE, dim=1)
    return functional.kl_div(own, softened, reduction="batchmean") * TEMPERATURE**2


def distil(
    context: TrainContext, network: VisionTransformer, teacher: Teacher, labels: Sequence[str]
) -> dict[str, Any]:
    """Teach the network, and say for the card by whom."""
    from trasluz.torchkit import optim

    from .learning import learn

    config = context.config
    assert isinstance(config, VisionTransformerConfig)
    answers, components = asked(context, teacher, labels, network.shape)
    pupil = Pupil(network, len(labels), components)
    named = [(name, (module,)) for name, module in pupil.parts()]
    learn(
        context,
        network,
        optim.layerwise(named, config.learning_rate, decay=1.0),
        way=f"distil {teacher.card.id}",
        records=answers.records,
        make_step=lambda weights: DistilStep(network, weights, config),
        shown=answers,
        module=pupil,
    )
    pupil.finish()
    headline = teacher.card.metrics.get(teacher.card.headline)
    found = {"id": teacher.card.id, "title": teacher.card.title, "accuracy": headline, "views": len(answers.shares)}
    return {"teacher": found}
