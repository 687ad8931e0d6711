"""When a model says “I don't know”: the confidence that an answer must have, and what that costs.

Asking for more confidence leaves more items without an answer and fewer of the given answers wrong: selective
classification, with its risk–coverage curve (El-Yaniv and Wiener 2010, JMLR 11; Geifman and El-Yaniv 2017,
“Selective classification for deep neural networks”, NeurIPS). The confidence that a person chose lies beside the
model in `answering.json`: the card and the graphs are what was measured, and stay as they are.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trasluz.api.scores import wilson
from trasluz.core.atomic import write_whole

from .judge import JudgedItem
from .model import ModelError

ANSWERING_NAME = "answering.json"


class Answering(BaseModel):
    """How the person wants a model to answer; lies beside its card and goes with it.

    Attributes:
        unsure_below: An answer with a score under this, from 0 to 1, is “don't know”; None answers always.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: int = 1
    unsure_below: float | None = Field(default=None, ge=0, le=1)

    @classmethod
    def read(cls, folder: Path) -> "Answering":
        """Read it from a model folder; the one that answers always where there is none.

        Raises:
            ModelError: If it is there and cannot be read.
        """
        path = folder / ANSWERING_NAME
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return cls()
        except (OSError, ValidationError) as error:
            raise ModelError(
                f"“{path}” cannot be read, so it is not known when the model should say “don't know”. "
                "Choose its threshold again, or delete the file to have every input answered."
            ) from error

    def write(self, folder: Path) -> None:
        """Put it into a model folder, whole or not at all; one that answers always leaves no file.

        Raises:
            ModelError: If it cannot be written.
        """
        path = folder / ANSWERING_NAME
        try:
            if self.unsure_below is None:
                path.unlink(missing_ok=True)
            else:
                write_whole(path, json.dumps(self.model_dump(), indent=2) + "\n")
        except OSError as error:
            raise ModelError(
                f"The threshold cannot be kept in “{folder}” ({error.strerror or error}); make room, or copy the model "
                "to where you may write."
            ) from error

    def unsure(self, score: float | None) -> bool:
        """Whether an answer of this confidence is no answer; one without a confidence always is one."""
        return self.unsure_below is not None and score is not None and score < self.unsure_below


@dataclass(frozen=True, slots=True)
class Kept:
    """What a threshold leaves.

    Attributes:
        answered: How many items have an answer.
        total: Of how many.
        right: How many of the answers are right.
    """

    answered: int
    total: int
    right: int

    @property
    def coverage(self) -> float:
        """The share of items that are answered."""
        return self.answered / self.total if self.total else 0.0

    @property
    def accuracy(self) -> float | None:
        """The share of the answers that are right; None where nothing is answered."""
        return self.right / self.answered if self.answered else None

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the accuracy."""
        return wilson(self.right, self.answered)


class RiskCoverage:
    """The judged items by confidence, the surest first."""

    def __init__(self, scores: Sequence[float], right: Sequence[bool]) -> None:
        """Take one confidence and one verdict for each item."""
        order = np.argsort(-np.asarray(scores, float), kind="stable")
        self._scores = np.asarray(scores, float)[order]
        self._right = np.concatenate([[0], np.cumsum(np.asarray(right, bool)[order])]).astype(int)
        # a threshold cannot part items of one confidence: only the last of them is a point of the curve
        last = np.append(self._scores[1:] != self._scores[:-1], True) if len(order) else np.zeros(0, bool)
        self._ends = np.flatnonzero(last) + 1

    @property
    def size(self) -> int:
        """How many items."""
        return len(self._scores)

    @classmethod
    def of(cls, items: Iterable[JudgedItem]) -> "RiskCoverage":
        """The curve of judged items; those without a confidence are left out."""
        told = [(item.score, (item.label or item.text) == item.target) for item in items if item.score is not None]
        return cls([score for score, _ in told], [right for _, right in told])

    @property
    def thresholds(self) -> np.ndarray:
        """The confidences that make a difference, (K,), falling."""
        return self._scores[self._ends - 1]

    @property
    def coverage(self) -> np.ndarray:
        """The share that each threshold answers, (K,), rising to 1."""
        return self._ends / max(1, len(self._scores))

    @property
    def accuracy(self) -> np.ndarray:
        """The share of those answers that are right, (K,)."""
        return self._right[self._ends] / self._ends

    @property
    def area(self) -> float:
        """The area under the risk–coverage curve, AURC: the mean risk over all coverages; 0 is best."""
        counts = np.arange(1, len(self._scores) + 1)
        return float(np.mean(1 - self._right[1:] / counts)) if len(counts) else 0.0

    def at(self, threshold: float | None) -> Kept:
        """What is left at a threshold."""
        total = len(self._scores)
        answered = total if threshold is None else int(np.searchsorted(-self._scores, -threshold, side="right"))
        return Kept(answered, total, int(self._right[answered]))

    def threshold_for(self, accuracy: float) -> float | None:
        """The lowest threshold whose answers are right so often, as all higher coverages are not; None: not to be had.

        It is chosen on the items that it is then read off, so on new ones a little less is to be expected.
        """
        enough = np.flatnonzero(self.accuracy >= accuracy - 1e-12)
        return float(self.thresholds[enough[-1]]) if len(enough) else None

    def threshold_for_coverage(self, coverage: float) -> float | None:
        """The highest threshold that answers at least this share; None where there are no items."""
        enough = np.flatnonzero(self.coverage >= coverage - 1e-12)
        return float(self.thresholds[enough[0]]) if len(enough) else None


def kept_as_json(threshold: float, kept: Kept) -> dict[str, Any]:
    """What a threshold leaves, as plain data."""
    return {
        "below": threshold,
        "answered": kept.answered,
        "coverage": kept.coverage,
        "accuracy": kept.accuracy,
        "interval": list(kept.interval) if kept.answered else None,
    }
