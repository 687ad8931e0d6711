"""The networks of the tasks: a stem, the recurrent core, a head.

Shapes: B items, W columns, T steps, K characters with the blank of CTC before them.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from .recurrent import RecurrentCore

if TYPE_CHECKING:
    from .settings import CoreConfig


CERTAIN = 10.0
"""The importance of a step lies between this and its negative, so that what a stream adds up stays a number."""


class Transcriber(nn.Module):
    """A stem, recurrent layers, and the log-probability of each character at each step.

    In training a shortcut reads the characters off the stem's features directly. Its gradient does not have to pass
    through the recurrent layers, so the stem learns strokes from the first pass on, where a network without it gives
    blanks for many passes.

    Args:
        stem: Gives (B, T, D).
        core: The recurrent layers.
        characters: K.
        dropout: Before the head.
    """

    def __init__(self, stem: nn.Module, core: RecurrentCore, characters: int, dropout: float) -> None:
        super().__init__()
        self.stem, self.core = stem, core
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(core.outputs, characters)
        self.shortcut = nn.Conv1d(core.layers[0][0].input_size, characters, 3, padding=1)

    def forward(self, x: Tensor, steps: Tensor) -> tuple[Tensor, Tensor | None]:
        """Read a batch.

        Args:
            x: What the stem takes.
            steps: (B,) steps of each item.

        Returns:
            Log-probabilities (B, T, K), and in training those of the shortcut.
        """
        features = self.stem(x)
        remembered, _ = self.core(self.dropout(features), steps)
        scores = functional.log_softmax(self.head(self.dropout(remembered)).float(), dim=2)
        if not self.training:
            return scores, None
        short = self.shortcut(features.transpose(1, 2)).transpose(1, 2)
        return scores, functional.log_softmax(short.float(), dim=2)

    def layers_seen(self, features: Tensor, steps: Tensor) -> dict[str, Tensor]:
        """The log-probabilities and every layer's outputs from the stem's features, by the names of the graph."""
        seen: dict[str, Tensor] = {}
        remembered, _ = self.core(features, steps, seen=seen)
        seen["log_probabilities"] = functional.log_softmax(self.head(remembered), dim=2)
        return seen


class Classifier(nn.Module):
    """A stem, recurrent layers, and the class of the whole sequence.

    The steps are weighed by what each says of its own importance, and their weighted mean is classified (attention
    pooling: Raffel and Ellis, “Feed-forward networks with attention can solve some long-term memory problems”, 2015).

    Args:
        stem: Gives (B, T, D).
        core: The recurrent layers.
        classes: K.
        dropout: Before the core and before the head.
    """

    def __init__(self, stem: nn.Module, core: RecurrentCore, classes: int, dropout: float) -> None:
        super().__init__()
        self.stem, self.core = stem, core
        self.dropout = nn.Dropout(dropout)
        self.importance = nn.Linear(core.outputs, 1)
        self.head = nn.Linear(core.outputs, classes)

    def forward(self, x: Tensor, steps: Tensor) -> Tensor:
        """Give the scores (B, K) of a batch, before the softmax.

        Args:
            x: What the stem takes.
            steps: (B,) steps of each item.
        """
        features = self.stem(x)
        remembered, _ = self.core(self.dropout(features), steps)
        return self.scores(features, self.dropout(self._pooled(remembered, steps)[0]), steps).float()

    def scores(self, features: Tensor, pooled: Tensor, steps: Tensor) -> Tensor:
        """(B, K) from the stem's features (B, T, D) and the weighted mean (B, N·H) of what is remembered."""
        scores: Tensor = self.head(pooled)
        return scores

    def layers_seen(self, features: Tensor, steps: Tensor) -> dict[str, Tensor]:
        """Probabilities, attention (B, T) and every layer's outputs from the stem's features, by the graph's names."""
        seen: dict[str, Tensor] = {}
        remembered, _ = self.core(features, steps, seen=seen)
        pooled, seen["attention"] = self._pooled(remembered, steps)
        seen["probabilities"] = functional.softmax(self.scores(features, pooled, steps), dim=1)
        return seen

    def _pooled(self, remembered: Tensor, steps: Tensor) -> tuple[Tensor, Tensor]:
        scores = CERTAIN * torch.tanh(self.importance(remembered).squeeze(2).float() / CERTAIN)  # (B, T)
        place = torch.arange(scores.shape[1], device=scores.device)[None]
        weights = functional.softmax(scores.masked_fill(place >= steps[:, None], float("-inf")), dim=1)
        return (weights[:, :, None] * remembered).sum(dim=1), weights


class SeriesClassifier(Classifier):
    """A `Classifier` that also judges by the shapes that the stem found, wherever they are.

    A few dozen series are learned by heart by a recurrent layer long before it finds what their class is. So the mean
    of the stem's features over all steps has a head of its own beside it, as in LSTM-FCN (Karim et al., “LSTM fully
    convolutional networks for time series classification”, IEEE Access 2018), and while learning the recurrent half is
    left out for half of the series, so that neither leans on the other.

    Args:
        stem: Gives (B, T, D).
        core: The recurrent layers.
        classes: K.
        dropout: Before the core and before its head.
    """

    LEFT_OUT = 0.5
    """The share of the series of a step that are judged by their shapes alone."""

    def __init__(self, stem: nn.Module, core: RecurrentCore, classes: int, dropout: float) -> None:
        super().__init__(stem, core, classes, dropout)
        self.shapes = nn.Linear(int(stem.outputs), classes)  # type: ignore[arg-type]

    def scores(self, features: Tensor, pooled: Tensor, steps: Tensor) -> Tensor:
        """Both halves added; (B, K)."""
        remembered = super().scores(features, pooled, steps)
        if self.training:
            kept = torch.rand(len(remembered), 1, device=remembered.device) >= self.LEFT_OUT
            remembered = remembered * kept / (1 - self.LEFT_OUT)
        there = torch.arange(features.shape[1], device=features.device)[None] < steps[:, None]  # (B, T)
        mean = (features * there[:, :, None]).sum(dim=1) / steps[:, None]
        scores: Tensor = remembered + self.shapes(mean)
        return scores


class Labeller(nn.Module):
    """A stem that keeps every step, recurrent layers, and the label of each step.

    Args:
        stem: Gives (B, T, D), T as many steps as the series has.
        core: The recurrent layers.
        labels: K.
        dropout: Before the core and before the head.
    """

    def __init__(self, stem: nn.Module, core: RecurrentCore, labels: int, dropout: float) -> None:
        super().__init__()
        self.stem, self.core = stem, core
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(core.outputs, labels)

    def forward(self, x: Tensor, steps: Tensor) -> Tensor:
        """Give the scores (B, T, K) of a batch, before the softmax; those of the padding mean nothing."""
        remembered, _ = self.core(self.dropout(self.stem(x)), steps)
        return self.head(self.dropout(remembered)).float()

    def layers_seen(self, features: Tensor, steps: Tensor) -> dict[str, Tensor]:
        """Probabilities (B, T, K) and every layer's outputs from the stem's features, by the graph's names."""
        seen: dict[str, Tensor] = {}
        remembered, _ = self.core(features, steps, seen=seen)
        seen["probabilities"] = functional.softmax(self.head(remembered), dim=2)
        return seen


def core_of(config: "CoreConfig", inputs: int) -> RecurrentCore:
    """The recurrent core that the settings ask for."""
    return RecurrentCore(
        inputs,
        config.units,
        layers=config.layers,
        cell=config.cell,
        both_ways=config.directions == "both",
        dropout=config.dropout,
    )


def ctc_loss(scores: Tensor, steps: Tensor, targets: Tensor, sizes: Tensor) -> Tensor:
    """The mean loss for one character (Graves et al., “Connectionist temporal classification”, ICML 2006).

    Args:
        scores: (B, T, K) log-probabilities; 0 is the blank.
        steps: (B,) steps of each item.
        targets: The characters of all items, one after another.
        sizes: (B,) characters of each item.
    """
    losses = functional.ctc_loss(
        scores.transpose(0, 1), targets, steps, sizes, blank=0, reduction="none", zero_infinity=True
    )
    return losses.sum() / sizes.sum().clamp(min=1)
