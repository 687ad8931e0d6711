"""Cutting text into words, and the passages of a part of the data as they follow each other."""

import re
from collections.abc import Iterator

from trasluz.api import DataError, Dataset, Split

_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_PARAGRAPH = re.compile(r"\n[ \t]*\n")


def words_of(text: str, *, ignore_case: bool) -> list[str]:
    """The words of a text: letters and digits, with apostrophes and hyphens inside; signs are none."""
    return _WORD.findall(text.lower() if ignore_case else text)


def paragraphs(dataset: Dataset, split: Split, *, ignore_case: bool) -> Iterator[list[str]]:
    """The words of each paragraph, one after another, in bounded memory.

    A line end ends no paragraph, an empty line does. So does the end of a passage whose successor is in another part
    of the data or in another file: what never stood side by side must not be learned as neighbours.
    """
    held: list[str] = []
    expected: tuple[str, int] | None = None
    for record in dataset.records(split):
        try:
            text = dataset.read(record).inputs["text"]
        except DataError:
            continue  # it became unreadable since it was indexed; the index lists what is
        if not isinstance(text, str):
            continue
        begins, length = record.extra.get("start"), record.extra.get("bytes")
        if held and expected != (record.path, begins):
            yield held
            held = []
        expected = (record.path, begins + length) if isinstance(begins, int) and isinstance(length, int) else None
        first, *others = _PARAGRAPH.split(text)
        held += words_of(first, ignore_case=ignore_case)
        for other in others:
            if held:
                yield held
            held = words_of(other, ignore_case=ignore_case)
    if held:
        yield held
