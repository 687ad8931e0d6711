"""Scores of answers against one or several right ones."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from .pairs import BETWEEN


def scores(answers: Sequence[str], targets: Sequence[str]) -> dict[str, float]:
    """`bleu`, `chrf` (sacrebleu, 0–100), `exact_match` and `token_error_rate` (fractions).

    An answer is right if it equals any of its right ones. The error rate is the edit distance in words to the nearest
    right answer over that one's words, summed over all (phonemes are words with spaces between them).
    """
    bleu, chrf = _metrics()
    pairs = list(zip(answers, targets, strict=True))
    facts = [_facts(answer, target) for answer, target in pairs]
    right, errors, words = (np.array([f[i] for f in facts], float) for i in range(3))
    return {
        "chrf": float(chrf._compute_score_from_stats(np.sum([f[4] for f in facts], axis=0).tolist()).score),
        "bleu": float(bleu._compute_score_from_stats(np.sum([f[3] for f in facts], axis=0).tolist()).score),
        "exact_match": float(right.mean()),
        "token_error_rate": float(errors.sum() / max(1.0, words.sum())),
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
def _facts(answer: str, target: str) -> tuple[bool, int, int, list[int], list[int]]:
    """Right, errors, words, and the counts that BLEU and chrF are made of; the bootstrap asks for them often."""
    from rapidfuzz.distance import Levenshtein

    references = target.split(BETWEEN)
    nearest = min((Levenshtein.distance(answer.split(), r.split()), len(r.split())) for r in references)
    bleu, chrf = _metrics()
    wrapped = [[reference] for reference in references]
    return (
        answer in references,
        nearest[0],
        nearest[1],
        list(bleu._extract_corpus_statistics([answer], wrapped)[0]),
        list(chrf._extract_corpus_statistics([answer], wrapped)[0]),
    )
