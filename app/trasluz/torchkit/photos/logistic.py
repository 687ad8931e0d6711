"""Multinomial logistic regression by L-BFGS, and the choice of its regularisation by cross-validation.

It minimises  mean_i −log softmax(W z_i + b)[y_i] + ‖W‖² / (2 C n)  over W and b, which is scikit-learn's objective
divided by C n, on standardised features z = (x − mean) / deviation. The problem is convex, so the solver ends at
the one best classifier, whatever the seed (Nocedal & Wright, Numerical Optimization, chapter 7).

Legend: n photos, D features, K classes; x (n, D), y (n,) class numbers, W (K, D), b (K,).
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

CHOICES_OF_C = (0.0003, 0.001, 0.003, 0.01, 0.03)
"""Candidates for C, from strong to weak regularisation."""
FOLDS = 3
CHOOSING_AT_MOST = 6000
"""Photos that take part in choosing C: enough to rank five candidates, and quick for any number of photos."""
ITERATIONS, MEMORY, HALVINGS = 500, 10, 20
TOLERANCE, GAIN = 1e-4, 1e-6
"""Where the solver ends: no slope steeper than the first, or a step that gains less than the second."""
GAIN_TO_RANK = 1e-4
"""The same as `GAIN` where candidates are only ranked: half the steps, and losses that differ in the fourth digit."""

Report = Callable[[int, float], bool]
"""Told the iteration and the value of the objective; returns whether to stop there."""


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear classifier on features as they come from the network: logits = W x + b."""

    weight: np.ndarray  # (K, D)
    bias: np.ndarray  # (K,)

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Map (n, D) to (n, K)."""
        result: np.ndarray = x @ self.weight.T + self.bias
        return result


@dataclass(frozen=True, slots=True)
class Choice:
    """What cross-validation found best.

    Attributes:
        c: The regularisation with the lowest loss on photos held out of the fitting.
        loss: That loss, nats a photo.
        accuracy: The accuracy on the same photos.
    """

    c: float
    loss: float
    accuracy: float


class Standard:
    """The features' means and deviations, and the way back: a classifier of z turned into one of x."""

    def __init__(self, x: np.ndarray) -> None:
        self.mean = x.mean(axis=0, dtype=np.float64).astype(np.float32)
        deviation = x.std(axis=0, dtype=np.float64)
        # A feature that is always zero on these photos stays out: dividing by its deviation would blow it up on
        # the first photo where it is not.
        self.scale = np.where(deviation > 1e-6, 1 / np.maximum(deviation, 1e-6), 0).astype(np.float32)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Standardise (n, D)."""
        return np.asarray((x - self.mean) * self.scale, np.float32)

    def undo(self, of_z: Linear) -> Linear:
        """Fold means and deviations into the weights."""
        weight = of_z.weight.astype(np.float64) * self.scale
        bias = of_z.bias - weight @ self.mean
        return Linear(weight.astype(np.float32), bias.astype(np.float32))


def fit(
    z: np.ndarray,
    y: np.ndarray,
    *,
    classes: int,
    c: float,
    start: Linear | None = None,
    report: Report | None = None,
    gain: float = GAIN,
) -> Linear:
    """Fit on standardised features.

    Args:
        z: (n, D) float32.
        y: (n,) class numbers below `classes`.
        classes: How many classes there are.
        c: The regularisation: the larger, the weaker.
        start: Where to start from; it changes the time and not the result.
        report: Called after each iteration.
        gain: It ends with a step that lowers the objective by less than this share.
    """
    n, d = z.shape
    rows = np.arange(n)

    def loss_and_gradient(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weight, bias = flat[: d * classes].reshape(d, classes), flat[d * classes :]
        logits = z @ weight.astype(np.float32) + bias.astype(np.float32)  # (n, K)
        logits -= logits.max(axis=1, keepdims=True)
        odds = np.exp(logits)
        total = odds.sum(axis=1, keepdims=True)
        surprise = float(np.mean(np.log(total[:, 0]) - logits[rows, y], dtype=np.float64))
        slope = odds / total  # (n, K)
        slope[rows, y] -= 1
        slope /= n
        by_weight = z.T @ slope + weight / (c * n)  # (D, K); in this order BLAS is fast on a slim matrix
        gradient = np.concatenate([by_weight.ravel(), slope.sum(axis=0, dtype=np.float64)])
        return surprise + float(weight.ravel() @ weight.ravel()) / (2 * c * n), gradient

    begin = np.zeros(d * classes + classes)
    if start is not None:
        begin = np.concatenate([start.weight.T.ravel(), start.bias]).astype(np.float64)
    found = _minimum(loss_and_gradient, begin, report, gain)
    return Linear(found[: d * classes].reshape(d, classes).T, found[d * classes :])


def _minimum(
    loss_and_gradient: Callable[[np.ndarray], tuple[float, np.ndarray]],
    x: np.ndarray,
    report: Report | None,
    gain: float,
) -> np.ndarray:
    """L-BFGS with a backtracking line search: enough for a smooth, strictly convex function."""
    steps: deque[tuple[np.ndarray, np.ndarray, float]] = deque(maxlen=MEMORY)  # (move, change of gradient, 1 / dot)
    value, gradient = loss_and_gradient(x)
    for iteration in range(1, ITERATIONS + 1):
        if np.abs(gradient).max() < TOLERANCE:
            break
        direction = -_newton_like(gradient, steps)
        slope = float(direction @ gradient)
        size = 1.0 if steps else min(1.0, 1 / float(np.abs(gradient).sum()))
        for _ in range(HALVINGS):
            moved = x + size * direction
            new_value, new_gradient = loss_and_gradient(moved)
            if new_value <= value + 1e-4 * size * slope:
                break
            size /= 2
        else:
            break  # float32 cannot tell the values apart any more: this is the bottom
        move, change = moved - x, new_gradient - gradient
        if (dot := float(move @ change)) > 1e-12:
            steps.append((move, change, 1 / dot))
        gained = value - new_value
        x, value, gradient = moved, new_value, new_gradient
        if (report is not None and report(iteration, value)) or gained < gain * max(1.0, abs(value)):
            break
    return x


def _newton_like(gradient: np.ndarray, steps: deque[tuple[np.ndarray, np.ndarray, float]]) -> np.ndarray:
    """The inverse Hessian, as the last steps show it, times the gradient: the two-loop recursion."""
    result = gradient.copy()
    shares = []
    for move, change, inverse in reversed(steps):
        share = inverse * float(move @ result)
        shares.append(share)
        result -= share * change
    if steps:
        move, change, inverse = steps[-1]
        result /= inverse * float(change @ change)
    for (move, change, inverse), share in zip(steps, reversed(shares), strict=True):
        result += (share - inverse * float(change @ result)) * move
    return result


def choose(
    x: np.ndarray, y: np.ndarray, *, classes: int, seed: int, stopping: Callable[[], bool] = lambda: False
) -> Choice:
    """Choose C by cross-validation.

    A class with a single photo is never held out, so that no fold has to answer with a class it has not seen.
    """
    generator = np.random.default_rng(seed)
    fold = folds(y, generator)
    if len(y) > CHOOSING_AT_MOST:
        some = generator.permutation(len(y))[:CHOOSING_AT_MOST]
        x, y, fold = x[some], y[some], fold[some]
    losses, hits, held_out = np.zeros(len(CHOICES_OF_C)), np.zeros(len(CHOICES_OF_C)), 0
    for number in range(FOLDS):
        out = fold == number
        if not out.any() or out.all():
            continue
        standard = Standard(x[~out])
        z, z_out, y_out = standard(x[~out]), standard(x[out]), y[out]
        held_out += len(y_out)
        model: Linear | None = None
        for i, c in enumerate(CHOICES_OF_C):
            # Each solution starts the next: neighbours on this path are close, so most of the work is done.
            model = fit(z, y[~out], classes=classes, c=c, start=model, report=lambda *_: stopping(), gain=GAIN_TO_RANK)
            logits = model.logits(z_out)
            losses[i] += float(np.sum(_log_sum(logits) - logits[np.arange(len(y_out)), y_out]))
            hits[i] += float(np.sum(logits.argmax(axis=1) == y_out))
        if stopping():
            break
    if held_out == 0:
        return Choice(CHOICES_OF_C[len(CHOICES_OF_C) // 2], float("nan"), float("nan"))
    best = int(losses.argmin())
    return Choice(CHOICES_OF_C[best], float(losses[best]) / held_out, float(hits[best]) / held_out)


def folds(y: Sequence[int] | np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Deal the photos of each class to the folds in turn, shuffled; −1 for a class with a single photo."""
    y = np.asarray(y)
    fold = np.full(len(y), -1)
    for label in np.unique(y):
        members = generator.permutation(np.flatnonzero(y == label))
        if len(members) > 1:
            fold[members] = (np.arange(len(members)) + generator.integers(FOLDS)) % FOLDS
    return fold


def _log_sum(logits: np.ndarray) -> np.ndarray:
    top = logits.max(axis=1)
    result: np.ndarray = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return result
