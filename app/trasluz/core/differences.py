"""How an answer differs from the truth, step by step: what is right, taken for another, left out, put in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Change = Literal["same", "replaced", "missing", "extra"]
BETWEEN = "\n"
"""Between several right answers to one input, in a target."""


@dataclass(frozen=True, slots=True)
class Step:
    """One stretch of the two texts that goes together.

    Attributes:
        change: `missing` is there and was not answered, `extra` was answered and is not there.
        truth: What is there; empty where something is extra.
        answer: What was answered; empty where something is missing.
    """

    change: Change
    truth: str
    answer: str


def aligned(truth: str, answer: str, *, words: bool = False) -> list[Step]:
    """Align two texts by the fewest edits (Levenshtein 1966): character by character, or word by word.

    Replaced pieces stand alone, so that each says which is taken for which; the others are joined into stretches.
    """
    from rapidfuzz.distance import Levenshtein

    ours, theirs = pieces(truth, words=words), pieces(answer, words=words)
    found: list[Step] = []
    for code in Levenshtein.opcodes(ours, theirs):
        a, b = ours[code.src_start : code.src_end], theirs[code.dest_start : code.dest_end]
        if code.tag == "replace":
            found.extend(Step("replaced", x, y) for x, y in zip(a, b, strict=True))
        elif code.tag == "equal":
            found.append(Step("same", _joined(a, words), _joined(b, words)))
        elif code.tag == "delete":
            found.append(Step("missing", _joined(a, words), ""))
        else:
            found.append(Step("extra", "", _joined(b, words)))
    return found


def pieces(text: str, *, words: bool) -> Sequence[str]:
    """A text in characters or in words."""
    return text.split() if words else list(text)


def errors(truth: str, answer: str, *, words: bool = False) -> int:
    """The fewest edits that make the answer the truth."""
    from rapidfuzz.distance import Levenshtein

    return int(Levenshtein.distance(pieces(truth, words=words), pieces(answer, words=words)))


def nearest(target: str, answer: str, *, words: bool = False) -> str:
    """Of several right answers the one that is nearest to the answer."""
    several = target.split(BETWEEN)
    return min(several, key=lambda truth: errors(truth, answer, words=words)) if len(several) > 1 else target


def _joined(several: Sequence[str], words: bool) -> str:
    return (" " if words else "").join(several)
