"""What a trained network knows whatever the photo: how alike its positions are, and what its patches look for."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .network import VisionTransformer

SEEN, FILE = "seen", "seen.npz"
SIMILARITY, FILTERS, SHARES = "similarity", "filters", "shares"
FILTERS_SHOWN = 28
"""As in figure 7 of the ViT paper."""


def write_seen(network: "VisionTransformer", folder: Path) -> dict[str, str]:
    """Write it beside the model; returns it as `Trained.files`."""
    kept = filters(network)
    positions = network.embedding.positions
    if positions is not None:
        kept[SIMILARITY] = similarity(positions.detach().cpu().numpy()[network.shape.placed :]).astype(np.float16)
    np.savez(folder / FILE, **kept)
    return {SEEN: FILE}


def similarity(positions: np.ndarray) -> np.ndarray:
    """The cosine between the positions of all patches: (N, W) → (N, N)."""
    unit = positions / np.maximum(np.linalg.norm(positions, axis=1, keepdims=True), 1e-12)
    result: np.ndarray = unit @ unit.T
    return result


def filters(network: "VisionTransformer") -> dict[str, np.ndarray]:
    """The principal components of the patch embedding's filters, (n, P, P, 3), and the share of each, (n,)."""
    weight = network.embedding.patches.weight.detach().cpu().double().numpy()  # (W, 3, P, P)
    flat = weight.reshape(len(weight), -1)
    _, strengths, components = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
    count = min(FILTERS_SHOWN, len(components))
    shares = strengths[:count] ** 2 / max(float((strengths**2).sum()), 1e-12)
    found = components[:count].reshape(count, *weight.shape[1:]).transpose(0, 2, 3, 1)
    return {FILTERS: found.astype(np.float32), SHARES: shares.astype(np.float32)}
