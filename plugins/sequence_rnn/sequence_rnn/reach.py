"""How far back a recurrent network can learn: the gradient that reaches it from a loss some steps later.

In backpropagation through time a loss reaches an input k steps before it through a product of k Jacobians; where
their norms are below one it fades by a factor for each step, and what it would have taught is lost (Bengio, Simard and
Frasconi, “Learning long-term dependencies with gradient descent is difficult”, IEEE Transactions on Neural Networks
1994; Pascanu, Mikolov and Bengio, ICML 2013).

Shapes: B sequences, T steps, D features.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api import Curve, Explainer, ModelCard, Predictor, Sample, Series

if TYPE_CHECKING:
    from torch import Tensor

FAINT = 1e-4
"""A gradient of which less than this is left counts as faded."""
NAMES = {"rnn": "plain RNN", "gru": "GRU", "lstm": "LSTM"}
_FLOOR = 1e-8


def gradient_by_distance(features: "Tensor", loss: "Callable[[Tensor], Tensor]") -> np.ndarray:
    """The norm of the gradient of a loss at the last step with respect to what was read k steps before it.

    Args:
        features: (B, T, D) what the recurrent layers read.
        loss: From the features to the mean loss of the last step.

    Returns:
        (T,) float64, the mean over the sequences of the Euclidean norm; k = 0 first.
    """
    import torch

    with torch.enable_grad():
        read = features.detach().clone().requires_grad_(True)
        loss(read).backward()
    assert read.grad is not None
    norms = read.grad.double().norm(dim=2).mean(dim=0)  # (T,)
    return np.asarray(norms.flip(0).cpu().numpy())


def smoothed(norms: np.ndarray) -> np.ndarray:
    """Each value as the geometric mean of its neighbours, over more of them the further back it lies."""
    logs = np.log(np.maximum(norms, 1e-30))
    sums = np.concatenate([[0.0], logs.cumsum()])
    place = np.arange(len(logs))
    width = place // 8
    low, high = np.maximum(0, place - width), np.minimum(len(logs), place + width + 1)
    return np.asarray(np.exp((sums[high] - sums[low]) / (high - low)))


def faded_after(norms: Sequence[float]) -> int | None:
    """The distance from which on less than `FAINT` of the strongest gradient is left; None where there is none."""
    values = np.asarray(norms, np.float64)
    strong = np.flatnonzero(values >= FAINT * values.max(initial=0.0))
    last = int(strong[-1]) if len(strong) else 0
    return last + 1 if last + 1 < len(values) else None


def sentence(reach: Mapping[str, Any]) -> str:
    """Read the plot: which cell's gradient reaches how far, and how well each did where that was measured."""
    words = f"{_at_the_letters(reach) if reach.get('where') else _fading(reach)}"
    cells = reach["cells"]
    scores = {NAMES[cell]: found.get("score") for cell, found in cells.items()}
    if all(score is not None for score in scores.values()):
        share = reach.get("measure") == "right"
        said = [f"{name} {score:.1%}" if share else f"{name} {score:.3f}" for name, score in scores.items()]
        asked = str(reach.get("asked", ""))
        words += f" {asked[:1].upper()}{asked[1:]}: {', '.join(said)} {reach.get('measure', '')}."
    return words


def _fading(reach: Mapping[str, Any]) -> str:
    """After how many steps each gradient has faded, the shortest reach first."""
    cells = reach["cells"]
    far = len(next(iter(cells.values()))["gradient"]) - 1
    steps = {cell: faded_after(found["gradient"]) for cell, found in cells.items()}
    order = sorted(cells, key=lambda cell: steps[cell] or far + 1)
    if not any(steps.values()):
        return f"No cell’s gradient fades to a ten-thousandth within {far} steps."
    told = [
        f"the {NAMES[cell]}’s " + (f"after {steps[cell]} steps" if steps[cell] else f"not within {far} steps")
        for cell in order
    ]
    return f"Less than a ten-thousandth of the gradient is left: {', '.join(told)}."


def _at_the_letters(reach: Mapping[str, Any]) -> str:
    """How strong each gradient is where the letters stand that are to be remembered, beside its own strongest."""
    first, last = reach["where"]
    shares = {}
    for cell, found in reach["cells"].items():
        norms = np.asarray(found["gradient"], np.float64)
        shares[cell] = float(norms[first : last + 1].mean() / max(norms.max(initial=0.0), 1e-30))
    told = [f"the {NAMES[cell]}’s {shares[cell]:.0%}" for cell in sorted(shares, key=lambda cell: shares[cell])]
    return (
        f"Where the letters stand, {first} to {last} steps back, the gradient is so much of its strongest: "
        f"{', '.join(told)}."
    )


class FarBack(Explainer):
    """The gradient over the distance back in time, for the three cells that learned the same."""

    id = "far-back"
    title = "How far back can it learn?"
    sentence = "How much of the gradient of a loss is left so many steps before it, for each kind of cell."

    def applies(self, card: ModelCard) -> bool:
        """Whether it was measured in training."""
        return card.family == "sequence-rnn" and bool(card.extra.get("reach"))

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Curve:
        """Make the view; it is the same for each input."""
        return curve(predictor.card.extra["reach"])


def curve(reach: Mapping[str, Any]) -> Curve:
    """The plot: powers of ten of the share of the gradient that is left, over the distance."""
    series = []
    for cell, found in reach["cells"].items():
        norms = np.asarray(found["gradient"], np.float64)
        share = np.log10(np.maximum(norms / max(norms.max(initial=0.0), 1e-30), _FLOOR))
        series.append(Series(NAMES[cell], np.arange(len(norms)), share))
    return Curve(
        title="How far back can it learn?",
        series=series,
        x_title="steps back",
        y_title="gradient that is left, in powers of ten",
        baselines={"a ten-thousandth": float(np.log10(FAINT))},
        caption=f"How much of the gradient is left, in powers of ten. {sentence(reach)}",
    )
