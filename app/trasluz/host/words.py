"""What the vectors of a model say: what is near to a word, what belongs to one as to another, how alike two are."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from trasluz.api import VectorsPredictor

from .calls import UsageError

if TYPE_CHECKING:
    from trasluz.core.inference.model import OpenModel

ASKED = {"nearest": 1, "analogy": 3, "alike": 2}
"""What may be asked, and of how many words."""
_MOST = 1_000


def ask(model: "OpenModel", *, what: str, words: Sequence[str], count: int = 10) -> dict[str, Any]:
    """Ask the vectors.

    Args:
        model: The open model.
        what: `nearest` to one word; `analogy`: of three, what stands to the third as the second to the first;
            `alike`: how alike two are.
        words: The words.
        count: How many answers.

    Returns:
        `top`: words with the cosine or the score, best first (none for `alike`); `alike`: the cosine of two words;
        `words`: those that were asked about, as they are written among the vectors; `vocabulary`: how many there are.

    Raises:
        UsageError: If the model has no vectors, or something else is asked.
        DataError: If a word has no vector.
    """
    predictor = model.predictor
    if not isinstance(predictor, VectorsPredictor):
        raise UsageError(f"“{model.card.title}” has no vectors of words; train word vectors on a text.")
    if what not in ASKED or len(words) != ASKED[what] or not 1 <= count <= _MOST:
        raise UsageError(f"“{what}” cannot be asked of {len(words)} words; there is {', '.join(ASKED)}.")
    vectors = predictor.vectors
    known = [vectors.words[vectors.number(word.strip())] for word in words]
    top, alike = list[tuple[str, float]](), None
    if what == "nearest":
        top = vectors.neighbours(known[0], count)
    elif what == "analogy":
        top = vectors.analogy(known[0], known[1], known[2], count)
    else:
        alike = vectors.similarity(known[0], known[1])
    return {"top": [list(each) for each in top], "alike": alike, "words": known, "vocabulary": len(vectors)}
