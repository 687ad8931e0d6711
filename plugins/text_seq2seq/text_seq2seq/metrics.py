"""Scores of answers against one or several right ones."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from .pairs import BETWEEN

_OF_BLEU = 10
"""The counts of BLEU: lengths of answer and right one, then for 1 to 4 words in a row those right and those there."""


def scores(answers: Sequence[str], targets: Sequence[str]) -> dict[str, float]:
    """`bleu`, `chrf` (sacrebleu, 0–100), `exact_match` and `token_error_rate` (fractions).

    An answer is right if it equals any of its right ones. The error rate is the edit distance in words to the nearest
    right answer over that one's words, summed over all (phonemes are words with spaces between them).
    """
    bleu, chrf = _metrics()
    facts = np.stack([_facts(answer, target) for answer, target in zip(answers, targets, strict=True)])
    right, errors, words, *counts = facts.sum(axis=0).tolist()
    return {
        "chrf": float(chrf._compute_score_from_stats(counts[_OF_BLEU:]).score),
        "bleu": float(bleu._compute_score_from_stats(counts[:_OF_BLEU]).score),
        "exact_match": right / len(facts),
        "token_error_rate": errors / max(1, words),
    }


def signatures() -> dict[str, str]:
    """What the scores are comparable with."""
    found = {}
    for name, metric in zip(("bleu", "chrf"), _metrics(), strict=True):
        metric.corpus_score(["a"], [["a"]])
        found[name] = str(metric.get_signature())
    return found


@lru_cache(maxsize=1)
def _metrics() -> tuple[Any, Any]:
    from sacrebleu.metrics import BLEU, CHRF

    return BLEU(), CHRF()


@lru_cache(maxsize=1 << 17)
def _facts(answer: str, target: str) -> np.ndarray:
    """Right, errors, words, and the counts of BLEU and chrF, in a row: the bootstrap adds them up often."""
    from rapidfuzz.distance import Levenshtein

    references = target.split(BETWEEN)
    nearest = min((Levenshtein.distance(answer.split(), r.split()), len(r.split())) for r in references)
    bleu, chrf = _metrics()
    wrapped = [[reference] for reference in references]
    of_bleu, of_chrf = (each._extract_corpus_statistics([answer], wrapped)[0] for each in (bleu, chrf))
    assert len(of_bleu) == _OF_BLEU
    return np.array([answer in references, *nearest, *of_bleu, *of_chrf], np.int64)
