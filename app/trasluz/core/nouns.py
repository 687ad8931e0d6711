"""Plurals, for sentences about whatever the data holds."""


def plurals(word: str) -> str:
    """Make an English plural of a class name or a unit, as far as that is safe: `longsleeves`, `dresses`."""
    if not word or not word[-1].isalpha() or (word.endswith("s") and not word.endswith(("ss", "us"))):
        return word
    if word.endswith(("s", "x", "ch", "sh")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"
