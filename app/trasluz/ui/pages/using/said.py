"""An answer in words, with the threshold that the person chose kept to."""

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from trasluz.ui import theme
from trasluz.ui.pages.words import share_words
from trasluz.ui.steps import plural

DONT_KNOW = "Don’t know"
_LONGEST_NAME = 26
_BEFORE = re.compile(r"(-?\d+\.\d+) \[")
_UNBROKEN = re.compile(r"(\S{20})(?=\S)")
_NUMBERS = re.compile(r"\d \[-?\d[^\]]*, -?\d")
_COLUMN = re.compile(r": (-?[\d–][^ ]*)( |$)")
_INTERVAL = re.compile(r"(\[[^\]]*\]) (?=[-\d])")


def said_words(prediction: Mapping[str, Any], *, classes: bool = True, column: str = "") -> str:
    """The answer as a heading: `shirt · 93% sure`, `Don’t know · perhaps shirt, 41% sure`; a text stands alone.

    Of numbers in several columns those of one stand in rows, as `column_of` finds it.
    """
    if not classes and not prediction.get("unsure"):
        text, columns = column_of(str(prediction.get("text") or "(nothing)"), column)
        if not _NUMBERS.search(text):
            return text
        rows = _INTERVAL.sub(r"\1\n", rounded(text)).splitlines()
        rows += [f"and {plural(columns - 1, 'more column')}"] if columns > 1 else []
        return "\n".join(line for row in rows for line in row.rsplit(": ", 1))
    score = prediction.get("score")
    sure = f"{share_words(score)} sure" if score is not None else ""
    text = str(prediction.get("text", ""))
    if prediction.get("unsure"):
        return f"{DONT_KNOW} · perhaps {text}, {sure}"
    return f"{text} · {sure}" if sure else text


def fact_words(prediction: Mapping[str, Any], *, name: str, classes: bool = True) -> str:
    """What stands under the heading: `photo.jpg · 4.0 ms · CPU`; how sure, where the heading is a text."""
    facts = [name] if name else []
    if prediction.get("milliseconds") is not None:
        facts.append(f"{prediction['milliseconds']:.1f} ms")
    if not classes and prediction.get("score") is not None:
        facts.append(f"{share_words(prediction['score'])} sure")
    if prediction.get("provider"):
        facts.append(provider_words(str(prediction["provider"])))
    return " · ".join(facts)


def column_of(text: str, name: str = "") -> tuple[str, int]:
    """Of numbers in several columns those of one, the first where none has the name; and how many columns there are.

    Args:
        text: `name: value [low, high] …`, columns parted by semicolons; with intervals or without.
        name: The column.
    """
    columns = text.split("; ")
    if len(columns) < 2 or not all(_COLUMN.search(column) for column in columns):
        return text, 1
    return next((column for column in columns if column.rpartition(": ")[0] == name), columns[0]), len(columns)


def rounded(text: str) -> str:
    """Numbers before an interval with as many digits as its ends have."""

    def short(found: re.Match[str]) -> str:
        value = float(found[1])
        return f"{value:.4g} [" if abs(value) < 10_000 else f"{value:.0f} ["

    return _BEFORE.sub(short, text)


def breakable(text: str) -> str:
    """A text that may go on in the next line also where it has no blanks, so that it takes no more room than it has."""
    return _UNBROKEN.sub("\\1\u200b", text)


def in_rows(text: str) -> str:
    """Numbers below one another, as rich text in the size of a text: a heading of twelve rows shouts."""
    body = theme.font("body").pixelSize()
    rows = escape(text).replace("\n", "<br>")
    return f'<span style="font-size:{body}px; font-weight:400; line-height:150%">{rows}</span>'


def short_name(path: str) -> str:
    """A file's name, cut in the middle where it would take two lines."""
    name = Path(path).name
    return name if len(name) <= _LONGEST_NAME else f"{name[:12]}…{name[-11:]}"


def short_words(prediction: Mapping[str, Any]) -> str:
    """The answer in a word or two, for a row."""
    if prediction.get("error"):
        return str(prediction["error"])
    text = str(prediction.get("text", ""))
    if _NUMBERS.search(text):  # of numbers the first ones, without their intervals
        first = _INTERVAL.sub(r"\1\n", rounded(text)).split("; ", maxsplit=1)[0].rpartition(": ")[2]
        return ", ".join(row.split(" [")[0] for row in first.splitlines())
    return f"don’t know, perhaps {text}" if prediction.get("unsure") else text


def provider_words(provider: str) -> str:
    """Say an execution provider as a person would: `CUDAExecutionProvider` is `GPU (CUDA)`."""
    names = {
        "CPUExecutionProvider": "CPU",
        "CUDAExecutionProvider": "GPU (CUDA)",
        "TensorrtExecutionProvider": "GPU (TensorRT)",
        "CoreMLExecutionProvider": "Apple's Core ML",
        "DmlExecutionProvider": "GPU (DirectML)",
    }
    return names.get(provider, provider.removesuffix("ExecutionProvider"))
