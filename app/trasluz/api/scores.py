"""The scores that families share, in numpy, under the names that are fixed for the command line."""

from collections.abc import Sequence

import numpy as np

from trasluz.api.family import Prediction


def classification(predictions: Sequence[Prediction], targets: Sequence[str]) -> dict[str, float]:
    """Score classes: `accuracy`, `macro_f1` and, where there are more than five classes, `top5_accuracy`.

    `macro_f1` is the unweighted mean of F1 over the classes that occur in the targets or the answers.
    All are fractions.

    Raises:
        ValueError: If there is nothing to score or the lengths differ.
    """
    if not targets or len(predictions) != len(targets):
        raise ValueError(f"{len(predictions)} answers cannot be scored against {len(targets)} targets")
    answers = [p.label for p in predictions]
    right = np.array([a == t for a, t in zip(answers, targets, strict=True)])
    f1: list[float] = []
    for label in sorted(set(targets) | {a for a in answers if a is not None}):
        hits = sum(a == t == label for a, t in zip(answers, targets, strict=True))
        named = answers.count(label) + list(targets).count(label)
        f1.append(2 * hits / named if named else 0.0)
    scores = {"accuracy": float(right.mean()), "macro_f1": float(np.mean(f1))}
    if all(len(p.top) >= 5 for p in predictions):
        in_five = [t in [name for name, _ in p.top[:5]] for p, t in zip(predictions, targets, strict=True)]
        scores["top5_accuracy"] = float(np.mean(in_five))
    return scores


def wilson(successes: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """The Wilson score interval of a proportion (Wilson 1927, JASA 22); 95 % for the default `z`."""
    if trials <= 0:
        return 0.0, 1.0
    p = successes / trials
    centre = p + z * z / (2 * trials)
    spread = z * float(np.sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials)))
    scale = 1 + z * z / trials
    # The proportion lies between its bounds; where it is 0 or 1, rounding alone would leave it outside.
    return max(0.0, min(p, (centre - spread) / scale)), min(1.0, max(p, (centre + spread) / scale))
