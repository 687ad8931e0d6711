"""How far a transcript is from the truth: errors by characters and by words, and which character is taken for which."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from .alphabet import composed


@lru_cache(maxsize=200_000)
def edits(answer: str, truth: str) -> tuple[int, int, int, int]:
    """Errors by characters, characters of the truth, errors by words, words of the truth (Levenshtein 1966)."""
    from rapidfuzz.distance import Levenshtein

    answer, truth = composed(answer), composed(truth)
    ours, theirs = answer.split(" ") if answer else [], truth.split(" ") if truth else []
    return Levenshtein.distance(answer, truth), len(truth), Levenshtein.distance(ours, theirs), len(theirs)


def error_rates(answers: Sequence[str], truths: Sequence[str]) -> dict[str, float]:
    """`cer` and `wer`: all errors over all that there is to read, as fractions; they can exceed 1.

    Raises:
        ValueError: If there is nothing to score or the lengths differ.
    """
    if not truths or len(answers) != len(truths):
        raise ValueError(f"{len(answers)} answers cannot be scored against {len(truths)} transcripts")
    rows = [edits(a, t) for a, t in zip(answers, truths, strict=True)]
    characters, words = sum(r[1] for r in rows), sum(r[3] for r in rows)
    return {"cer": sum(r[0] for r in rows) / max(1, characters), "wer": sum(r[2] for r in rows) / max(1, words)}


def edit_counts(answer: str, truth: str) -> dict[str, int]:
    """The errors of one answer by characters, of each kind and in all, how much there is to read, and wrong words."""
    from rapidfuzz.distance import Levenshtein

    steps = Counter(step.tag for step in Levenshtein.editops(composed(truth), composed(answer)))
    errors, characters, words, of_words = edits(answer, truth)
    return {
        "errors": errors,
        "substitutions": steps["replace"],
        "insertions": steps["insert"],
        "deletions": steps["delete"],
        "characters": characters,
        "word_errors": words,
        "words": of_words,
    }


def confusions(answers: Sequence[str], truths: Sequence[str]) -> Counter[tuple[str, str]]:
    """(character that is there, character that was read) → how often; the empty text is a missing character."""
    from rapidfuzz.distance import Levenshtein

    found: Counter[tuple[str, str]] = Counter()
    for answer, truth in zip(answers, truths, strict=True):
        answer, truth = composed(answer), composed(truth)
        for step in Levenshtein.editops(truth, answer):
            if step.tag == "replace":
                found[truth[step.src_pos], answer[step.dest_pos]] += 1
            elif step.tag == "delete":
                found[truth[step.src_pos], ""] += 1
            else:
                found["", answer[step.dest_pos]] += 1
    return found
