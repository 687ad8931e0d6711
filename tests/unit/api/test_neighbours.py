"""What an explainer relies on when it looks for the nearest of what a model learned from."""

from pathlib import Path

import numpy as np
import pytest

from trasluz.api import DataError
from trasluz.api.neighbours import Neighbours


def some(count: int = 50, channels: int = 32) -> Neighbours:
    vectors = np.abs(np.random.default_rng(0).normal(size=(count, channels))) * 7
    names = [f"class/photo {i}.jpg" for i in range(count)]
    return Neighbours.of("/data", names, ["a", "b"] * (count // 2), ["00"] * count, vectors)


def test_the_nearest_have_the_smallest_angle_whatever_the_length() -> None:
    known = some()
    query = np.abs(np.random.default_rng(1).normal(size=32)).astype(np.float32)
    found = known.nearest(20 * query, 5)
    exact = known.vectors.astype(np.float64) @ (query / np.linalg.norm(query))
    assert [i for i, _ in found] == list(np.argsort(-exact)[:5])
    assert found[0][1] == pytest.approx(exact.max(), abs=1e-3)
    assert known.nearest(3 * known.vectors[7].astype(np.float32), 1)[0] == (7, pytest.approx(1, abs=1e-3))
    with pytest.raises(ValueError, match="cannot be compared"):
        known.nearest(np.ones(5, np.float32), 1)


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    known = Neighbours.of("/dä\udcfftä", ["ümlaut/\udce4.jpg"], ["ü"], ["ab"], np.ones((1, 4)))
    known.save(tmp_path / "n.npz")
    again = Neighbours.load(tmp_path / "n.npz")
    assert (again.root, list(again.paths), list(again.labels), list(again.hashes)) == (
        known.root,
        list(known.paths),
        list(known.labels),
        list(known.hashes),
    )
    assert np.array_equal(again.vectors, known.vectors)
    assert len(again) == 1


@pytest.mark.parametrize("damage", [b"", b"not a zip", None])
def test_a_damaged_file_is_a_sentence(damage: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "n.npz"
    some().save(path)
    path.write_bytes(path.read_bytes()[:-900] if damage is None else damage)
    with pytest.raises(DataError, match=r"n\.npz.*train the model again"):
        Neighbours.load(path)
