"""What can be read off the attention of a network, in numpy. Shapes: H heads, T tokens, N patches, L leading tokens."""

from collections.abc import Sequence

import numpy as np


def rollout(layers: Sequence[np.ndarray]) -> np.ndarray:
    """Attention rolled out over layers: (H, T, T) each → (T, T), rows sum to 1.

    Abnar & Zuidema, “Quantifying Attention Flow in Transformers”, ACL 2020, section 3: the mean over the heads, half of
    each token taken from itself for the residual connection, multiplied from the first layer to the last.
    """
    rolled = np.eye(layers[0].shape[-1])
    for weights in layers:
        mixed = 0.5 * weights.astype(np.float64).mean(axis=0) + 0.5 * np.eye(weights.shape[-1])
        rolled = mixed @ rolled
    return rolled / rolled.sum(axis=1, keepdims=True)


def distances(layers: Sequence[np.ndarray], leading: int, patch: int) -> np.ndarray:
    """How far each head looks on average, in pixels: (H, T, T) each → (layers, H).

    The distance between a patch and those that it takes from, weighted by how much (Dosovitskiy et al. 2021, figure 7).
    """
    grid = round((layers[0].shape[-1] - leading) ** 0.5)
    places = np.stack(np.divmod(np.arange(grid * grid), grid), axis=1) * patch
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)  # (N, N)
    found = []
    for weights in layers:
        among = weights[:, leading:, leading:].astype(np.float64)
        among = among / np.maximum(among.sum(axis=2, keepdims=True), 1e-12)
        found.append((among * apart).sum(axis=2).mean(axis=1))
    return np.array(found)


EVEN_TIMES = 3.0
CLASS, RELEVANCE = "class", "relevance"
"""What the graph of relevance takes beside the photo, and what it and its output are called."""


def to_patches(row: np.ndarray, leading: int) -> np.ndarray:
    """What one token takes from the patches, as heat from 0 to 1: (T,) → (rows, columns).

    Full heat is the patch from which it takes most, or three times the even share where that is more: attention that is
    spread evenly stays pale.
    """
    among = row[leading:]
    grid = round(len(among) ** 0.5)
    full = max(float(among.max()), EVEN_TIMES * float(among.mean()), 1e-12)
    return np.asarray(among / full).reshape(grid, grid)
