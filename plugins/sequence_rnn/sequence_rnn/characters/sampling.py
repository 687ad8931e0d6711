"""Writing on, in plain numpy: from the log-probabilities of the next character to one that is drawn.

This file is also part of `predict.py`, so it needs nothing but numpy.
"""

import numpy as np


def weights(log_probabilities, temperature=1.0, top_k=0):  # type: ignore[no-untyped-def]
    """How much each character weighs in the draw of the next one.

    Args:
        log_probabilities: (K,); the first is the start, which is never written, the second any unknown character.
        temperature: Divides the log-probabilities: below 1 the likely becomes likelier; 0 takes the likeliest.
        top_k: Only so many of the likeliest may be drawn; all where 0.

    Returns:
        (K - 2,) float64 without the first two; the largest is 1.
    """
    scores = log_probabilities[2:].astype(np.float64)
    if temperature <= 0:
        only = np.zeros(len(scores))
        only[scores.argmax()] = 1.0
        return only
    if 0 < top_k < len(scores):
        scores[scores < np.partition(scores, -top_k)[-top_k]] = -np.inf
    scores -= scores.max()
    if temperature != 1:
        scores /= temperature
    return np.exp(scores, out=scores)


def drawn(weighed, draw):  # type: ignore[no-untyped-def]
    """The number of a character, drawn by its weight, and the probability that it had; `draw` is a numpy generator."""
    sums = weighed.cumsum()
    total = sums[-1]
    place = min(int(sums.searchsorted(draw.random() * total, side="right")), len(sums) - 1)
    return place + 2, float(weighed[place] / total)
