"""Checkpoints: what goes in comes out, and nobody ever reads half of one."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trasluz.api import FamilyError
from trasluz.torchkit import checkpoint

APP = Path(__file__).resolve().parents[3] / "app"

plain = (
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.lists(st.integers(0, 255), max_size=6).map(lambda v: torch.tensor(v, dtype=torch.uint8))
    | st.lists(st.floats(width=32, allow_nan=False), max_size=6).map(torch.tensor)
)
keys = st.text(max_size=6) | st.integers(-5, 100)
states = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple) | st.dictionaries(keys, inner, max_size=3)
    ),
    max_leaves=12,
)


def same(one: Any, two: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return isinstance(two, torch.Tensor) and one.dtype == two.dtype and torch.equal(one, two)
    if isinstance(one, dict):
        return isinstance(two, dict) and one.keys() == two.keys() and all(same(one[k], two[k]) for k in one)
    if isinstance(one, (list, tuple)):
        return type(one) is type(two) and len(one) == len(two) and all(map(same, one, two))
    return type(one) is type(two) and one == two


@given(state=states)
def test_what_goes_in_comes_out(state: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("checkpoint") / "a.safetensors"
    checkpoint.write(path, state)
    assert same(checkpoint.read(path), state)
    assert [each.name for each in path.parent.iterdir()] == ["a.safetensors"]


def test_an_optimiser_goes_through(tmp_path: Path) -> None:
    weight = torch.nn.Parameter(torch.ones(3))
    optimiser = torch.optim.AdamW([{"params": [weight], "lr": 0.1, "betas": (0.9, 0.99)}])
    weight.sum().backward()
    optimiser.step()
    checkpoint.write(tmp_path / "o", optimiser.state_dict())
    assert same(checkpoint.read(tmp_path / "o"), optimiser.state_dict())


def test_tied_and_strided_tensors_are_written(tmp_path: Path) -> None:
    whole = torch.arange(12.0).reshape(3, 4)
    state = {"a": whole, "b": whole, "part": whole[:, 1], "across": whole.T}
    checkpoint.write(tmp_path / "t", state)
    assert same(checkpoint.read(tmp_path / "t"), state)


def test_something_else_is_refused_and_the_old_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "a"
    checkpoint.write(path, {"x": 1})
    with pytest.raises(TypeError, match="Path at “/x/0”"):
        checkpoint.write(path, {"x": [Path()]})
    assert checkpoint.read(path) == {"x": 1}


@pytest.mark.parametrize("keep", [0, 5, 8, 60, -1])
def test_a_damaged_file_is_a_sentence(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "a"
    checkpoint.write(path, {"x": torch.ones(100)})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(FamilyError, match="is damaged and cannot be resumed"):
        checkpoint.read(path)


def test_a_stranger_safetensors_file_is_a_sentence(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"x": torch.ones(2)}, tmp_path / "a")
    with pytest.raises(FamilyError, match="damaged"):
        checkpoint.read(tmp_path / "a")


def test_a_disk_that_fails_in_the_middle_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    checkpoint.write(path, {"x": 1})

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        checkpoint.write(path, {"x": 2})
    assert checkpoint.read(path) == {"x": 1}
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


WRITER = """
import sys, torch
from pathlib import Path
from trasluz.torchkit import checkpoint
path, number = Path(sys.argv[1]), 0
while True:
    number += 1
    # Both halves must be of one time.
    checkpoint.write(path, {"number": number, "tensor": torch.full((300_000,), float(number))})
"""


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "a"
    environment = {**os.environ, "PYTHONPATH": str(APP)}
    reads = 0
    for round_ in range(3):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], env=environment)
        try:
            before = path.stat().st_mtime_ns if path.exists() else 0
            deadline = time.monotonic() + 60
            while (not path.exists() or path.stat().st_mtime_ns == before) and time.monotonic() < deadline:
                time.sleep(0.01)
            end = time.monotonic() + 0.2 + 0.013 * round_
            while time.monotonic() < end:  # read while it writes
                state = checkpoint.read(path)
                assert (state["tensor"] == state["number"]).all()
                reads += 1
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        state = checkpoint.read(path)
        assert (state["tensor"] == state["number"]).all()
    assert reads > 3
    checkpoint.remove_leftovers(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["a"]
