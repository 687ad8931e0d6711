"""Writing on, in plain numpy: from the log-probabilities of the next character to one that is drawn.

This file is also part of `predict.py`, so it needs nothing but numpy.
"""

import numpy as np


def chances(log_probabilities, temperature=1.0, top_k=0):  # type: ignore[no-untyped-def]
    """The probabilities from which the next character is drawn.

    Args:
        log_probabilities: (K,); the first is the start, which is never written, the second any unknown character.
        temperature: Divides the log-probabilities: below 1 the likely becomes likelier; 0 takes the likeliest.
        top_k: Only so many of the likeliest may be drawn; all where 0.

    Returns:
        (K,) float64, its sum 1.
    """
    scores = np.array(log_probabilities, np.float64)
    scores[:2] = -np.inf
    if temperature <= 0:
        only = np.zeros(len(scores))
        only[scores.argmax()] = 1.0
        return only
    if 0 < top_k < len(scores) - 2:
        scores[scores < np.partition(scores, -top_k)[-top_k]] = -np.inf
    found = np.exp((scores - scores.max()) / temperature)
    return found / found.sum()


def drawn(probabilities, draw):  # type: ignore[no-untyped-def]
    """The number of a character, drawn by its probability; `draw` is a numpy generator."""
    sums = probabilities.cumsum()
    return min(int(np.searchsorted(sums, draw.random() * sums[-1], side="right")), len(sums) - 1)
