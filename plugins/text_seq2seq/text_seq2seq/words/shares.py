"""How often a word counts: thinned where it is frequent, and drawn as noise."""

import numpy as np

NOISE_POWER = 0.75
"""A word is drawn as noise as often as its count to this power says."""


def kept_share(counts: np.ndarray, sample: float) -> np.ndarray:
    """With which chance a word is kept (V,): (√(f/t) + 1) · t/f for a word with the share f (word2vec's program)."""
    if not sample:
        return np.ones(len(counts), np.float32)
    share = counts / counts.sum() / sample
    return np.minimum(1.0, (np.sqrt(share) + 1) / share).astype(np.float32)
