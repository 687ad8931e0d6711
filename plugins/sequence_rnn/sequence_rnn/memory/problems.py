"""The two classic problems of long memory, made by formula as texts.

Copy after a delay (Hochreiter and Schmidhuber 1997; Arjovsky, Shah and Bengio 2016): some letters, then dots, then as
many question marks, at which the letters are to be said again. `bdca....????` → `bdca`.

The adding problem (Hochreiter and Schmidhuber, “Long short-term memory”, Neural Computation 1997, section 5.4): numbers
from 0 to 1, two of them marked by +, one in the first half and one in the second; their sum is asked at the end.
`0.31 0.52+ 0.90 0.11+` → `0.63`.

Shapes: B items, T steps, D features of a step.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trasluz.api import DataError

SUFFIX = ".memory.json"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
WAIT, ASK = ".", "?"
CLOSE = 0.04
"""A sum that is no further off counts as right; guessing the mean is right one time in thirteen."""
_BOUNDS = {"delay": (1, 2000), "letters": (2, 26), "length": (1, 20), "items": (10, 5000), "seed": (0, 2**31 - 1)}


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem of one difficulty.

    Attributes:
        problem: `copy` or `adding`.
        delay: Steps between the letters and the question; numbers to read.
        letters: Different letters.
        length: Letters of an item.
        items: How many are judged by.
        seed: Of those.
    """

    problem: str = "copy"
    delay: int = 100
    letters: int = 4
    length: int = 5
    items: int = 400
    seed: int = 0

    @property
    def features(self) -> int:
        """D."""
        return self.letters + 2 if self.problem == "copy" else 2

    @property
    def asked(self) -> int:
        """At how many of the last steps something is answered."""
        return self.length if self.problem == "copy" else 1

    @property
    def answers(self) -> int:
        """Numbers of an answer: a score for each letter, or the sum."""
        return self.letters if self.problem == "copy" else 1

    def steps(self, delay: int | None = None) -> int:
        """T, at this delay or at the problem's own."""
        delay = delay or self.delay
        return delay + 2 * self.length if self.problem == "copy" else max(2, delay)

    def arrays(self, count: int, draw: np.random.Generator, delay: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Items as numbers: (B, T, D) float32, and the answers, (B, length) int64 or (B, 1) float32."""
        steps = self.steps(delay)
        x = np.zeros((count, steps, self.features), np.float32)
        rows = np.arange(count)
        if self.problem == "copy":
            said = draw.integers(0, self.letters, (count, self.length))
            x[rows[:, None], np.arange(self.length)[None], said] = 1
            x[:, self.length : -self.length, self.letters] = 1
            x[:, -self.length :, self.letters + 1] = 1
            return x, said.astype(np.int64)
        values = draw.integers(0, 100, (count, steps)) / 100
        first, second = draw.integers(0, steps // 2, count), draw.integers(steps // 2, steps, count)
        x[:, :, 0] = values
        x[rows, first, 1] = x[rows, second, 1] = 1
        return x, (values[rows, first] + values[rows, second]).astype(np.float32)[:, None]

    def item(self, split: str, number: int) -> tuple[str, str]:
        """The text of an item that is kept, and its answer."""
        draw = np.random.default_rng([self.seed, {"train": 1, "val": 2}[split], number])
        x, y = self.arrays(1, draw)
        if self.problem == "copy":
            said = "".join(LETTERS[n] for n in y[0])
            return said + WAIT * self.delay + ASK * self.length, said
        numbers = [f"{value:.2f}{'+' if mark else ''}" for value, mark in x[0]]
        return " ".join(numbers), f"{y[0, 0]:.2f}"

    def read(self, text: str) -> np.ndarray:
        """A text as numbers (T, D) float32.

        Raises:
            DataError: If it is no item of this problem.
        """
        return (self._letters if self.problem == "copy" else self._numbers)(text.strip())

    def _letters(self, text: str) -> np.ndarray:
        known = LETTERS[: self.letters] + WAIT + ASK
        wrong = sorted(set(text) - set(known))
        if wrong or ASK not in text:
            raise DataError(
                f"Give some of the letters {LETTERS[: self.letters]}, dots, and a question mark for each letter: "
                f"{LETTERS[: self.letters][::-1]}......{ASK * self.letters}"
            )
        x = np.zeros((len(text), self.features), np.float32)
        x[np.arange(len(text)), [known.index(c) for c in text]] = 1
        return x

    def _numbers(self, text: str) -> np.ndarray:
        try:
            rows = [(float(word.rstrip("+")), float(word.endswith("+"))) for word in text.split()]
        except ValueError:
            rows = []
        if not rows or not np.isfinite(rows).all() or sum(mark for _, mark in rows) < 1:
            raise DataError(
                "Give numbers from 0 to 1 with blanks between them, two of them marked: 0.31 0.52+ 0.90 0.11+"
            )
        return np.array(rows, np.float32)

    def as_json(self) -> dict[str, Any]:
        """As it stands in the file and on the card."""
        return asdict(self)


def read_problem(path: Path) -> Problem:
    """Read the file of a problem.

    Raises:
        DataError: If it is none; the sentence says which entry is wrong.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        given = dict(found)
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"“{path.name}” cannot be read as a problem of long memory ({error}).") from error
    unknown = sorted(set(given) - {"problem", *_BOUNDS})
    if unknown or given.get("problem", "copy") not in ("copy", "adding"):
        raise DataError(
            f"“{path.name}” is no problem of long memory: it has “problem”, copy or adding, and {', '.join(_BOUNDS)}."
        )
    for name, (low, high) in _BOUNDS.items():
        value = given.get(name, low)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise DataError(f"“{name}” in “{path.name}” is {value!r}; give a whole number from {low} to {high}.")
    return Problem(**given)


def answer_of(problem: Problem, outputs: np.ndarray) -> tuple[str, float | None]:
    """The answer in outputs (T, K) at the asked steps, as text, and how sure it is where it is letters."""
    if problem.problem == "adding":
        return f"{float(outputs[-1, 0]):.2f}", None
    letters = outputs.argmax(axis=1)
    return "".join(LETTERS[n] for n in letters), float(np.exp(outputs.max(axis=1).mean()))


def scores(texts: Sequence[str], truths: Sequence[str]) -> dict[str, float]:
    """Score `accuracy`, the share of letters or of sums that are right, and `exact_match` or `rmse`."""
    if all(_number(truth) is not None for truth in truths):
        wrong = np.array([abs((_number(a) or 0.0) - float(t)) for a, t in zip(texts, truths, strict=True)])
        return {"accuracy": float((wrong <= CLOSE).mean()), "rmse": float(np.sqrt((wrong**2).mean()))}
    right = [sum(a == b for a, b in zip(text, truth, strict=False)) for text, truth in zip(texts, truths, strict=True)]
    exact = [text == truth for text, truth in zip(texts, truths, strict=True)]
    return {"accuracy": sum(right) / max(1, sum(map(len, truths))), "exact_match": float(np.mean(exact))}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
