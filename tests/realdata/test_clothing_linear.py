"""The promise of the first family on real photos: 85 % on clothing-small in under two minutes on two cores."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from trasluz.core.inference.model import find_model, read_card
from trasluz.core.runs.folder import RunFolder

pytestmark = [pytest.mark.realdata, pytest.mark.slow]


@pytest.mark.timeout(600)
def test_a_linear_classifier_tells_clothes_apart(realdata: Callable[[str], Path], tmp_path: Path) -> None:
    data = realdata("clothing-small")
    out = tmp_path / "run"
    command = [sys.executable, "-m", "trasluz", "train", "finetuned-cnn", str(data), "--out", str(out)]
    start = time.monotonic()
    done = subprocess.run(
        [*command, "--set", "strategy=linear", "--device", "cpu", "--json"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=580,
        check=False,
    )
    seconds = time.monotonic() - start
    assert done.returncode == 0, done.stderr
    finished = json.loads(done.stdout.splitlines()[-1])
    assert finished["type"] == "finished"
    card = read_card(find_model(out))
    assert finished["metrics"]["accuracy"] == card.metrics["accuracy"] >= 0.85
    assert card.data.train == 2779
    assert card.parity is not None
    assert card.parity.max_abs_diff < 1e-3
    assert RunFolder(out).state() == "finished"
    assert seconds < 120, f"it took {seconds:.0f} s"
