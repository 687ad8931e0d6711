"""What is said of transcripts before they are learned: the alphabet, what is rare or cannot be aligned, the padding."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api import DataError, Note, Record, TrainContext

from .alphabet import FORM, Alphabet, composed, rare
from .continuing import Earlier

if TYPE_CHECKING:
    from trasluz.torchkit.batches import Batches

NAMED = 5
"""Items, or characters, that a sentence names."""


def tell_short(context: TrainContext, short: Sequence[Record], count: int, plural: str) -> None:
    """Name the items that are too short for their text.

    Args:
        context: Hears it.
        short: Those items.
        count: How many items there are in all.
        plural: What they are called.

    Raises:
        DataError: If all are.
    """
    if len(short) == count:
        raise DataError(f"None of the {plural} is long enough for its text; do the texts belong to them?")
    if not short:
        return
    named = ", ".join(f"“{r.path}”" for r in short[:NAMED]) + (" …" if len(short) > NAMED else "")
    sentence = (
        f"{len(short)} of {count} {plural} are too short for their text and were left out: {named}. Look whether "
        "their text belongs to them."
    )
    context.emit(Note(sentence=sentence, level="warning", facts={"too_short": [r.path for r in short]}))


def tell_alphabet(
    context: TrainContext, names: Sequence[str], texts: Sequence[str], alphabet: Alphabet, *, earlier: Earlier | None
) -> None:
    """Show the alphabet, the characters that are rare in it, and those that it lacks.

    Args:
        context: Hears it, and has the val items.
        names: The train items.
        texts: Their composed texts.
        alphabet: What will be written.
        earlier: The model that is continued.
    """
    new = f", {alphabet.size - earlier.alphabet.size} of them new" if earlier else ""
    characters = "".join("␣" if c == " " else c for c in alphabet.characters)
    context.emit(
        Note(
            sentence=f"The alphabet has {len(alphabet.characters)} characters{new}: {characters}",
            facts={"alphabet": list(alphabet.characters), "normalised": FORM},
        )
    )
    seldom = rare(list(zip(names, texts, strict=True)))
    if seldom:
        named = ", ".join(f"“{c}” ({n}×, in “{where}”)" for c, n, where in seldom[:NAMED])
        more = f" and {len(seldom) - NAMED} more" if len(seldom) > NAMED else ""
        sentence = f"Hardly ever written, so hardly learned: {named}{more}. Slips of the pen, or worth more examples?"
        context.emit(Note(sentence=sentence, facts={"rare": [list(each) for each in seldom]}))
    val = context.dataset.records("val")
    for sentence in tell_unknown([r.path for r in val], [r.target for r in val], alphabet.characters):
        context.emit(Note(sentence=sentence, level="warning"))


def tell_unknown(names: Sequence[str], texts: Sequence[str], alphabet: Sequence[str]) -> list[str]:
    """Say which characters to be read the model cannot write, and where they are; nothing where there are none.

    Args:
        names: The items.
        texts: What they hold.
        alphabet: What the model can write.
    """
    known, found = set(alphabet), dict[str, list[str]]()
    for name, text in zip(names, texts, strict=True):
        for character in sorted(set(composed(text)) - known):
            found.setdefault(character, []).append(name)
    if not found:
        return []
    characters = sorted(found, key=lambda c: (-len(found[c]), c))
    named = ", ".join(f"“{c}” (in “{found[c][0]}”)" for c in characters[:NAMED])
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    items = len({name for several in found.values() for name in several})
    return [
        f"Nothing that was learned from holds {named}{more}, so {items} of {len(texts)} items can only be read wrong "
        "there."
    ]


def tell_padding(context: TrainContext, batches: "Batches[Any, Any]", steps: Sequence[int], plural: str) -> None:
    """Say how much of the work is padding.

    Args:
        context: Hears it.
        batches: Of the items.
        steps: How many steps each item has.
        plural: What the items are called.
    """
    lengths, size = np.array(steps), batches.batch_size
    order = batches.order(1)
    blocks = [lengths[order[i : i + size]] for i in range(0, len(order), size)]
    share = 1 - float(lengths.sum()) / max(1, sum(int(b.max()) * len(b) for b in blocks))
    sentence = f"Batches are made of {plural} of like length: {share:.0%} of the work is padding."
    context.emit(Note(sentence=sentence, facts={"padding": share}))
