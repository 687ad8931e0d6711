"""The characters of the texts that are to be learned: how often each occurs, and which are too rare to be learned."""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

FEW: Final = 10
"""Texts to learn from that have a character in them; with fewer it is hardly learned."""


def counted(texts: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Count the characters of texts.

    Args:
        texts: Split and text, one after another.

    Returns:
        `characters`: for each, the rarest first, `character`, `name` (Unicode's), `count` (how often in all), `texts`
        (in how many texts) and `learned` (in how many texts of the train part); `few`, below which it is rare.
    """
    count, within, learned = Counter[str](), Counter[str](), Counter[str]()
    for split, text in texts:
        count.update(text)
        each = set(text)
        within.update(each)
        if split == "train":
            learned.update(each)
    rows = [
        {
            "character": character,
            "name": unicodedata.name(character, f"U+{ord(character):04X}").lower(),
            "count": count[character],
            "texts": within[character],
            "learned": learned[character],
        }
        for character in count
    ]
    rows.sort(key=lambda row: (row["learned"], row["count"], row["character"]))
    return {"characters": rows, "few": FEW}
