"""The same seed gives the same run: seeding, and the states of the random number generators."""

import os
import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch


def seed_everything(seed: int, *, exact: bool = True) -> None:
    """Seed Python, numpy and torch.

    On a CPU with the same number of threads the run is then exactly repeatable.

    Args:
        seed: The seed.
        exact: Whether to choose deterministic algorithms where torch has them. Worth it on a CPU, where it is
            almost free; a GPU pays with speed and may still differ in the last digits.
    """
    # cuBLAS reads it when its first handle is made; without it a deterministic matrix product is refused.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(exact, warn_only=True)
    # Filling every new tensor costs a tenth of the time, and nobody here reads memory that was not written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def generator(*words: int) -> np.random.Generator:
    """Return a generator that depends on `words` alone: seed, pass, item."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))


def random_state() -> dict[str, Any]:
    """Return the states of all generators as tensors and plain values, fit for a checkpoint."""
    version, words, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state()
    state: dict[str, Any] = {
        "torch": torch.get_rng_state(),
        "python": {"version": version, "words": torch.tensor(words, dtype=torch.int64), "gauss": gauss},
        "numpy": {
            "name": str(name),
            "keys": torch.from_numpy(np.asarray(keys).astype(np.int64)),
            "position": int(position),
            "has_gauss": int(has_gauss),
            "cached": float(cached),
        },
    }
    if torch.cuda.is_available():
        state["cuda"] = list(torch.cuda.get_rng_state_all())
    return state


def restore_random_state(state: Mapping[str, Any]) -> None:
    """Put all generators back to what `random_state` returned."""
    torch.set_rng_state(state["torch"].cpu().to(torch.uint8))
    python = state["python"]
    random.setstate((int(python["version"]), tuple(python["words"].tolist()), python["gauss"]))
    old = state["numpy"]
    keys = old["keys"].numpy().astype(np.uint32)
    np.random.set_state((old["name"], keys, old["position"], old["has_gauss"], old["cached"]))
    devices = state.get("cuda")
    # A run that is resumed on another machine may find another number of GPUs.
    if devices and torch.cuda.is_available() and len(devices) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([each.cpu().to(torch.uint8) for each in devices])
