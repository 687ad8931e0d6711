"""Learning from a teacher: a model of one's own, whose answers and features are computed once by ONNX Runtime.

Touvron et al. (DeiT), ICML 2021, section 4: a second learnable token, the distillation token, learns what the teacher
says, while the classification token learns the labels; the model answers with the mean of both. Hard distillation takes
the teacher's answer as a label (equation 3), soft distillation its probabilities (equation 2; Hinton et al. 2015). With
few photos the teacher has learned them by heart and its answers say little more than the labels, so that the
distillation token also learns to see what the teacher saw: of its features, what tells the classes apart (hints: Romero
et al., “FitNets”, ICLR 2015).

Shapes: B photos, K classes, F numbers of the teacher's features as they are matched, W the width.
"""

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from trasluz.api import FamilyError, Note, Record, TrainContext
from trasluz.torchkit.photos.features import Features, extract
from trasluz.torchkit.photos.graph import FEATURES, PROBABILITIES

from .config import VisionTransformerConfig
from .network import VisionTransformer
from .starting import Teacher

TEMPERATURE = 3.0
"""That of DeiT."""
SOFT_SHARE = 0.1
"""Of the teacher's softened probabilities in the loss of the answers; that of DeiT. A hard answer counts as a label."""
SHRINKAGE = 0.5
"""Of how photos of one class differ, towards all directions alike: there are fewer photos than numbers."""


class FrozenTeacher:
    """A teacher, as `trasluz.torchkit.photos.features` asks for what it makes of photos."""

    def __init__(self, teacher: Teacher, channels: tuple[int, int]) -> None:
        self.path = teacher.graph
        self.names = (FEATURES, PROBABILITIES)
        self.channels = channels

    def fingerprint(self) -> str:
        """Of its file."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()[:16]

    def write(self, path: Path) -> None:
        """Its graph, as it is."""
        shutil.copyfile(self.path, path)


def asked(context: TrainContext, teacher: Teacher, labels: Sequence[str]) -> "Answers":
    """What the teacher says of the train photos, from the store where it was asked before.

    Raises:
        FamilyError: If it is no model that tells photos apart as this program's do.
        TrainingStopped: If the person asked to stop.
    """
    graph = context.open_graph(teacher.graph)
    lengths = {each.name: each.shape[-1] for each in graph.outputs}
    channels = tuple(lengths.get(name) for name in (FEATURES, PROBABILITIES))
    if not all(isinstance(length, int) for length in channels) or channels[1] != len(labels):
        raise FamilyError(
            f"The teacher “{teacher.card.title}” does not give the outputs “{FEATURES}” and “{PROBABILITIES}” that are "
            "learned from; choose a finetuned CNN."
        )
    found = extract(context, FrozenTeacher(teacher, channels), context.dataset.records("train"))  # type: ignore[arg-type]
    order = [list(teacher.card.labels).index(label) for label in labels]
    answers = Answers(found, order, labels)
    right = np.mean([labels[int(p.argmax())] == r.target for p, r in zip(answers.shares, found.records, strict=True)])
    context.emit(
        Note(
            sentence=f"The teacher answers {right:.1%} of the train photos as they are labelled; what of "
            "its features tells the classes apart is matched.",
            facts={"teacher_accuracy": float(right), "teacher": teacher.card.id},
        )
    )
    return answers


class Answers:
    """What a teacher says of photos.

    Args:
        found: Its features and probabilities.
        order: Where each class lies among its own.
        labels: The classes here.

    Attributes:
        records: The photos.
        shares: Its probabilities in the order of the classes here, (n, K).
        matched: What of its features tells the classes apart, (n, F), each photo's of length one.
    """

    def __init__(self, found: Features, order: Sequence[int], labels: Sequence[str]) -> None:
        self.records = found.records
        self.shares = found.after(1)[:, order].astype(np.float32)
        known = {label: number for number, label in enumerate(labels)}
        self.matched = discriminants(found.after(0), np.array([known[record.target] for record in found.records]))
        self._rows = {(record.path, record.part): i for i, record in enumerate(self.records)}

    def __call__(self, record: Record) -> np.ndarray:
        """Probabilities and matched features of a photo, side by side: (K + F,)."""
        row = self._rows[record.path, record.part]
        return np.concatenate([self.shares[row], self.matched[row]])


def discriminants(features: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """What of features (n, C) tells the classes (n,) apart, each photo's of length one: (n, K).

    Linear discriminant analysis (Fisher 1936; shrunk as by Friedman, “Regularized Discriminant Analysis”, JASA
    1989): for each class the direction from the middle of all photos to its own, in units of how photos of one class
    differ. The largest differences between photos (light, background, size) are nothing that a class is known by.
    """
    x = features.astype(np.float64)
    numbers = np.unique(classes)
    means = np.stack([x[classes == number].mean(axis=0) for number in numbers])
    apart = x - means[np.searchsorted(numbers, classes)]
    within = apart.T @ apart / len(x)
    level = max(float(np.trace(within)) / len(within), 1e-12)
    shrunk = (1 - SHRINKAGE) * within + SHRINKAGE * level * np.eye(len(within))
    middle = x.mean(axis=0)
    found = (x - middle) @ np.linalg.solve(shrunk, (means - middle).T)
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12), np.float32)


class Pupil(nn.Module):
    """The network while it is taught: with a classifier for each of the two tokens, and a map to what is matched.

    Args:
        network: With a distillation token; `finish` puts the two classifiers into its own.
        classes: K.
        matched: F.
    """

    def __init__(self, network: VisionTransformer, classes: int, matched: int) -> None:
        super().__init__()
        self.network = network
        width = network.shape.width
        self.classifiers = nn.ModuleList(nn.Linear(width, classes) for _ in range(2))
        self.matching = nn.Linear(width, matched)
        for layer in (*self.classifiers, self.matching):
            nn.init.trunc_normal_(layer.weight, std=0.02)  # type: ignore[arg-type]
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def parts(self) -> list[tuple[str, nn.Module]]:
        """The parts of the network with these classifiers in place of its own."""
        head = nn.ModuleList([self.network.norm, self.classifiers, self.matching])
        return [*self.network.parts()[:-1], ("classifier", head)]

    def every(self, photos: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of the classification and of the distillation token, (B, K) each, and what is matched, (B, F)."""
        tokens = self.network.encode(self.network.embedding(photos))
        mine, taught = tokens[:, 0], tokens[:, 1]
        return self.classifiers[0](mine), self.classifiers[1](taught), self.matching(taught)

    def forward(self, photos: Tensor) -> Tensor | tuple[Tensor, Tensor, Tensor]:
        """In training everything; otherwise the mean of both tokens' logits, (B, K)."""
        mine, taught, matched = self.every(photos)
        return (mine, taught, matched) if self.training else (mine + taught) / 2

    def finish(self) -> None:
        """Make one classifier of the two: it reads both tokens and answers with the mean of their logits."""
        first, second = self.classifiers
        with torch.no_grad():
            joined = torch.cat([first.weight, second.weight], dim=1) / 2  # type: ignore[list-item]
            self.network.classifier.weight.copy_(joined)
            self.network.classifier.bias.copy_((first.bias + second.bias) / 2)  # type: ignore[operator]


class DistilStep:
    """From a batch to its loss: labels for one token, the teacher for the other."""

    def __init__(self, network: VisionTransformer, weights: np.ndarray, config: VisionTransformerConfig) -> None:
        self._network, self._config = network, config
        self._weights = torch.from_numpy(weights)

    def __call__(self, pupil: nn.Module, batch: Sequence[Tensor]) -> tuple[Tensor, Mapping[str, float]]:
        """The mean loss of a batch: photos (B, S, S, 3), targets, and what the teacher says (B, K + F)."""
        photos, targets, known = batch
        mine, taught, matched = pupil(self._network.normalised(photos.permute(0, 3, 1, 2)))
        classes = mine.shape[1]
        shares, seen = known[:, :classes], known[:, classes:]
        weights = self._weights.to(mine.device)
        own = functional.cross_entropy(mine.float(), targets, weights, label_smoothing=self._config.label_smoothing)
        if self._config.distillation == "hard":
            answers = (own + hard(taught.float(), shares)) / 2
        else:
            answers = (1 - SOFT_SHARE) * own + SOFT_SHARE * soft(taught.float(), shares)
        unlike = 1 - functional.cosine_similarity(matched.float(), seen, dim=1).mean()
        loss = answers + self._config.matching * unlike
        main = targets if targets.ndim == 1 else targets.argmax(1)
        right = float(((mine + taught).detach().argmax(1) == main).float().mean())
        return loss, {"accuracy": right, "unlike the teacher": float(unlike.detach())}


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
    answers = asked(context, teacher, labels)
    pupil = Pupil(network, len(labels), answers.matched.shape[1])
    named = [(name, (module,)) for name, module in pupil.parts()]
    make: Callable[[np.ndarray], DistilStep] = lambda weights: DistilStep(network, weights, config)  # noqa: E731
    learn(
        context,
        network,
        optim.layerwise(named, config.learning_rate, decay=1.0),
        way=f"distil {teacher.card.id}",
        records=answers.records,
        step=make,
        beside=answers,
        module=pupil,
    )
    pupil.finish()
    headline = teacher.card.metrics.get(teacher.card.headline)
    return {"teacher": {"id": teacher.card.id, "title": teacher.card.title, "accuracy": headline}}
