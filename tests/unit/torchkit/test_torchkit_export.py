"""Export: a file that loads anywhere and gives the same numbers, or a sentence."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from trasluz.torchkit.export import ExportError, export


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.drop = nn.Dropout(0.5)
        self.out = nn.Linear(4, 2)

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        maps = torch.relu(self.conv(image.permute(0, 3, 1, 2).float() / 255))
        return self.out(self.drop(maps.mean(dim=(2, 3)))), maps


def test_a_network_and_its_file_agree_at_any_size(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    net = Small().train()
    path = tmp_path / "new folder" / "net.onnx"
    example = torch.zeros(2, 8, 9, 3, dtype=torch.uint8)
    export(
        net,
        (example,),
        path,
        inputs=["image"],
        outputs=["logits", "maps"],
        dynamic={"image": {0: "images", 1: "height", 2: "width"}},
        metadata={"family": "test"},
    )
    assert net.training
    assert net.drop.training
    assert [each.name for each in path.parent.iterdir()] == ["net.onnx"]
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map["family"] == "test"
    assert session.get_inputs()[0].shape == ["images", "height", "width", 3]
    net.eval()
    for shape in ((1, 5, 7, 3), (3, 16, 4, 3)):
        image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        logits, maps = session.run(["logits", "maps"], {"image": image})
        with torch.no_grad():
            theirs = net(torch.from_numpy(image))
        np.testing.assert_allclose(logits, theirs[0].numpy(), atol=1e-5)
        np.testing.assert_allclose(maps, theirs[1].numpy(), atol=1e-5)
    # Neither a warning of the exporter nor a path of this computer goes to others.
    assert capfd.readouterr() == ("", "")
    assert str(Path(__file__).parent).encode() not in path.read_bytes()
    assert onnx.load(path).opset_import[0].version == 18


@pytest.mark.slow
def test_without_inner_shapes_nothing_else_changes(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).eval()
    x = torch.randn(2, 3)
    for keep in (True, False):
        export(net, (x,), tmp_path / f"{keep}.onnx", inputs=["x"], outputs=["y"], keep_shapes=keep)
    whole, bare = (onnx.load(tmp_path / f"{keep}.onnx") for keep in (True, False))
    assert len(whole.graph.value_info) > 0 == len(bare.graph.value_info)
    session = onnxruntime.InferenceSession(tmp_path / "False.onnx", providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(None, {"x": x.numpy()})[0], net(x).detach().numpy(), atol=1e-6)


class Choosing(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * 2 if x.sum().item() > 0 else x


def test_what_cannot_be_exported_is_a_sentence_and_silent(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ExportError, match="could not be written as ONNX") as caught:
        export(Choosing(), (torch.ones(2),), tmp_path / "x.onnx", inputs=["x"], outputs=["y"])
    assert "\n" not in str(caught.value)
    assert len(caught.value.details) > 100
    assert not (tmp_path / "x.onnx").exists()
    assert capfd.readouterr() == ("", "")
