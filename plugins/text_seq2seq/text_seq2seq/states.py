"""What the encoder makes of whole texts: the mean of its states, kept for some texts so that others are placed by them.

The texts are the person's, so the file stays with the run and is never exported (`Trained.private`).
"""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trasluz.api import DataError

from .answering import Answerer

FILE = "texts.npz"
MOST = 400
"""Texts that are kept."""
_AT_ONCE = 64


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """Texts with the mean of their states, (N, H) float32."""

    texts: Sequence[str]
    means: np.ndarray

    @classmethod
    def of(cls, answerer: Answerer, texts: Sequence[str]) -> "Encoded":
        """Encode texts; of a longer one than the model takes, its first piece."""
        cut = [answerer.pieces(text)[0] for text in texts]
        order = sorted(range(len(cut)), key=lambda number: len(cut[number]))
        means: list[np.ndarray] = [np.zeros(0)] * len(cut)
        for at in range(0, len(order), _AT_ONCE):
            numbers = order[at : at + _AT_ONCE]
            states = answerer.start([cut[number] for number in numbers], ["states"])["states"]
            for row, number in enumerate(numbers):
                means[number] = states[row, : len(cut[number])].mean(axis=0)
        return cls(list(texts), np.stack(means).astype(np.float32))

    def save(self, path: Path) -> None:
        """Write an .npz of two arrays."""
        told = np.frombuffer(json.dumps(list(self.texts)).encode("ascii"), np.uint8)
        with path.open("wb") as file:
            np.savez(file, means=self.means.astype(np.float16), texts=told)

    @classmethod
    def load(cls, path: Path) -> "Encoded":
        """Read it again.

        Raises:
            DataError: If it is missing or damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as kept:
                means, texts = kept["means"].astype(np.float32), json.loads(kept["texts"].tobytes())
            if means.ndim != 2 or len(means) != len(texts):
                raise ValueError("its parts do not fit together")
            return cls([str(text) for text in texts], means)
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(
                f"The texts that the model was judged by, “{path}”, cannot be read ({error}); train the model again."
            ) from error


def evenly(texts: Sequence[str], most: int = MOST) -> list[str]:
    """Some of the texts, evenly over all, each once."""
    step = max(1, -(-len(texts) // most))
    return list(dict.fromkeys(texts[::step]))
