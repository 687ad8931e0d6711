"""The language model of a recogniser: learned from the transcripts, and weighed on the val part."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from trasluz.api import FamilyError, Note, TrainContext

from .alphabet import Alphabet, composed
from .decoding import CharacterModel, beam_search
from .edits import error_rates

ORDER = 6
"""Characters of the longest n-gram."""
WEIGHTS = (0.0, 0.3, 0.6)
"""Weights of the language model that are tried."""
BONUS = 1.0
"""What each character is given back of the model's weight, for a model makes every character dearer."""
HOPELESS = 0.8
"""A network that gets so much wrong gives a language model nothing to choose from."""


def language_model(wanted: str, texts: Sequence[str]) -> CharacterModel | None:
    """Learn the model from the transcripts; None where none is wanted.

    Args:
        wanted: `own`, `none`, or the path of a text file that is learned from as well.
        texts: The transcripts.

    Raises:
        FamilyError: If the file cannot be read.
    """
    if wanted == "none":
        return None
    lines = list(texts)
    if wanted != "own":
        path = Path(wanted).expanduser()
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise FamilyError(
                f"The text of the language model, “{path}”, cannot be read ({error.strerror or error}); give a plain "
                "text file, “own” or “none”."
            ) from error
        try:
            told = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            told = raw.decode("cp1252", "replace")
        lines += [composed(line) for line in told.splitlines() if line.strip()]
    return CharacterModel.learned(lines, ORDER)


def chosen_weight(
    context: TrainContext,
    scores: Sequence[np.ndarray],
    truths: Sequence[str],
    alphabet: Alphabet,
    *,
    model: CharacterModel | None,
    beam: int,
    plural: str,
) -> float:
    """How much the language model is to count: the best of a few weights on val items.

    Args:
        context: Hears what was found.
        scores: (T, K) log-probabilities of each item.
        truths: Their texts.
        alphabet: Of the network.
        model: None where none is wanted.
        beam: Beginnings that are kept.
        plural: What the items are called.
    """
    if model is None or beam <= 1 or not scores:
        return 0.0
    found = {}
    for weight in WEIGHTS:
        if found and found[0.0] > HOPELESS:
            break
        texts = [
            beam_search(s, alphabet.characters, beam, model=model, weight=weight, bonus=weight * BONUS)[0]
            for s in scores
        ]
        found[weight] = error_rates(texts, truths)["cer"]
    best = min(found, key=lambda w: (found[w], w))
    sentence = (
        f"Of {len(scores)} {plural} of the val part, {found[0.0]:.1%} of the characters are wrong without a "
        f"language model and {found[best]:.1%} with one that counts {best:g}."
        if best
        else f"The language model does not help on the val part ({found[0.0]:.1%} wrong without it), so it is left out."
    )
    context.emit(Note(sentence=sentence, facts={"language_model": {f"{w:g}": c for w, c in found.items()}}))
    return best
