"""Two photos made one, with the labels in the same proportion, so that the network is not sure where it cannot be.

Mixup lays one over the other (Zhang, Cisse, Dauphin & Lopez-Paz, “mixup: Beyond Empirical Risk Minimization”, ICLR
2018); CutMix pastes a rectangle of one into the other (Yun et al., ICCV 2019). Each photo of a batch is mixed with
the next one; the share of the photo itself is never below a half, so that it stays the one that counts.

Shapes: B photos, S the side of a photo, K classes.
"""

from typing import Literal

import numpy as np

Kind = Literal["none", "mixup", "cutmix"]

MIXUP_ALPHA, CUTMIX_ALPHA = 0.2, 1.0
"""Of the Beta distribution that the share is drawn from: what the papers take for ImageNet."""


def drawn(kind: Kind, draw: np.random.Generator) -> np.ndarray:
    """Draw for one photo how it will be mixed: its share, and where a rectangle lies, each from 0 to 1: (3,)."""
    if kind == "none":
        return np.array([1.0, 0.5, 0.5])
    alpha = MIXUP_ALPHA if kind == "mixup" else CUTMIX_ALPHA
    share = draw.beta(alpha, alpha)
    return np.array([max(share, 1 - share), draw.random(), draw.random()])


def mixed(kind: Kind, photos: np.ndarray, draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mix each photo of a batch with the next one.

    Args:
        kind: How.
        photos: (B, S, S, 3) uint8; not changed.
        draws: What `drawn` gave for each, (B, 3).

    Returns:
        The mixed photos (B, S, S, 3) uint8, and the share that each still has of itself (B,); the rest is the
        next one's, the last one's rest the first one's.
    """
    if kind == "none" or len(photos) < 2:
        return photos, np.ones(len(photos))
    others = np.roll(photos, -1, axis=0)
    if kind == "mixup":
        shares = draws[:, 0].astype(np.float32)
        weight = shares[:, None, None, None]
        return np.rint(photos * weight + others * (1 - weight)).astype(np.uint8), shares.astype(np.float64)
    out, shares = photos.copy(), np.ones(len(photos))
    side = photos.shape[1]
    for number, (share, down, across) in enumerate(draws):
        cut = round(side * float(np.sqrt(1 - share)))
        top, left = round(down * (side - cut)), round(across * (side - cut))
        out[number, top : top + cut, left : left + cut] = others[number, top : top + cut, left : left + cut]
        shares[number] = 1 - (cut / side) ** 2  # what it came to in whole pixels
    return out, shares


def soft_targets(targets: np.ndarray, shares: np.ndarray, classes: int) -> np.ndarray:
    """The labels of a mixed batch: class numbers (B,) and shares (B,) → (B, K) float32, each row summing to 1."""
    rows = np.arange(len(targets))
    soft = np.zeros((len(targets), classes), np.float32)
    np.add.at(soft, (rows, targets), shares)
    np.add.at(soft, (rows, np.roll(targets, -1)), 1 - shares)
    return soft


def blended(known: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """What is known of each photo of a mixed batch, (B, D) and shares (B,) → (B, D) float32."""
    own = shares[:, None].astype(np.float32)
    result: np.ndarray = known * own + np.roll(known, -1, axis=0) * (1 - own)
    return result.astype(np.float32)
