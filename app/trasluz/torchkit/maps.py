"""Points of many dimensions on a plane, and the groups that they form; the same for a seed."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

Method = Literal["PCA", "t-SNE"]
METHODS: Sequence[Method] = ("PCA", "t-SNE")


def flat(points: np.ndarray, method: Method = "PCA", *, seed: int = 0) -> np.ndarray:
    """Place points (N, D) on a plane, (N, 2) float32.

    Args:
        points: At least one.
        method: `PCA` keeps the two directions in which they differ most, and with them what is far apart; `t-SNE`
            (van der Maaten and Hinton 2008) keeps what is near, and says nothing of large distances. Fewer than
            five points are placed by PCA.
        seed: Of t-SNE; it begins at what PCA gives.
    """
    centred = points.astype(np.float64) - points.mean(axis=0)
    if method == "t-SNE" and len(points) >= 5:
        from sklearn.manifold import TSNE

        perplexity = min(30.0, (len(points) - 1) / 3)
        start = "pca" if min(centred.shape) >= 2 else "random"
        made: np.ndarray = TSNE(perplexity=perplexity, init=start, random_state=seed).fit_transform(
            centred.astype(np.float32)
        )
        return made.astype(np.float32)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    found = np.zeros((len(points), 2), np.float32)
    directions = directions[:2]
    # A direction and its opposite are the same; the largest number is made positive, so that a map stays as it was.
    signs = np.sign(directions[np.arange(len(directions)), np.abs(directions).argmax(axis=1)])
    found[:, : len(directions)] = centred @ (directions * signs[:, None]).T
    return found


def clusters(points: np.ndarray, most: int = 8, *, seed: int = 0) -> np.ndarray:
    """To which of at most `most` groups each point (N, D) belongs, (N,), by k-means."""
    count = min(most, len(points))
    if count < 2:
        return np.zeros(len(points), np.int64)
    from sklearn.cluster import KMeans

    found: np.ndarray = KMeans(count, n_init=4, random_state=seed).fit_predict(points.astype(np.float32))
    return found.astype(np.int64)


def named_clusters(points: np.ndarray, names: Sequence[str], most: int = 8, *, seed: int = 0) -> list[str]:
    """The group of each point (N, D), called after the two points that lie nearest to its middle."""
    numbers = clusters(points, most, seed=seed)
    called = {}
    for number in np.unique(numbers):
        inside = np.flatnonzero(numbers == number)
        away = np.linalg.norm(points[inside] - points[inside].mean(axis=0), axis=1)
        nearest = inside[np.argsort(away, kind="stable")[:2]]
        called[int(number)] = ", ".join(names[int(each)] for each in nearest)
    return [called[int(number)] for number in numbers]
