"""What a model learned from, with its features, so that the items nearest to a new one can be shown.

Families keep it beside their model as a private file (`Trained.private`): it names the person's files.
"""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trasluz.api.data import DataError

_FACTS = ("root", "paths", "labels", "hashes")


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Items of the train part as points in a model's feature space.

    Attributes:
        root: The folder of the data when the model was made, absolute.
        paths: Each item's file, relative to the root, with forward slashes.
        labels: What each item was when the model learned from it.
        hashes: Each item's content hash.
        vectors: (items, C) float16, each of length 1.
    """

    root: str
    paths: Sequence[str]
    labels: Sequence[str]
    hashes: Sequence[str]
    vectors: np.ndarray

    @classmethod
    def of(
        cls, root: str, paths: Sequence[str], labels: Sequence[str], hashes: Sequence[str], vectors: np.ndarray
    ) -> "Neighbours":
        """Keep features (items, C) of any length; only their direction counts."""
        return cls(root, tuple(paths), tuple(labels), tuple(hashes), _unit(vectors).astype(np.float16))

    def __len__(self) -> int:
        return len(self.paths)

    def nearest(self, vector: np.ndarray, count: int) -> list[tuple[int, float]]:
        """The items most like a feature vector (C,), with the cosine of the angle between the two, best first.

        Raises:
            ValueError: If the vector is of another length than theirs.
        """
        if vector.shape != self.vectors.shape[1:]:
            raise ValueError(f"a vector of the shape {vector.shape} cannot be compared with {self.vectors.shape}")
        cosines = self.vectors.astype(np.float32) @ _unit(vector[None])[0]
        return [(int(i), float(cosines[i])) for i in np.argsort(-cosines, kind="stable")[:count]]

    def save(self, path: Path) -> None:
        """Write it as an .npz of two arrays: the vectors, and the rest as JSON."""
        facts = {name: getattr(self, name) for name in _FACTS}
        # Bytes that are no text in the name of a file travel as they are.
        told = np.frombuffer(json.dumps(facts).encode("ascii"), np.uint8)
        with path.open("wb") as file:
            np.savez(file, vectors=self.vectors, facts=told)

    @classmethod
    def load(cls, path: Path) -> "Neighbours":
        """Read it again.

        Raises:
            DataError: If it is missing or damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as kept:
                vectors = kept["vectors"]
                facts = json.loads(kept["facts"].tobytes())
            paths, labels, hashes = ([str(value) for value in facts[name]] for name in _FACTS[1:])
            lengths = {len(paths), len(labels), len(hashes), len(vectors)}
            if vectors.ndim != 2 or vectors.dtype != np.float16 or len(lengths) != 1:
                raise ValueError("its parts do not fit together")
            return cls(str(facts["root"]), paths, labels, hashes, vectors)
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(
                f"The list of what the model learned from, “{path}”, cannot be read ({error}); train the model again."
            ) from error


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors.astype(np.float32), axis=1, keepdims=True)
    unit: np.ndarray = vectors.astype(np.float32) / np.maximum(lengths, 1e-12)
    return unit
