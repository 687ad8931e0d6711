"""EfficientNet-Lite0: the same network as the authors', to the last bit of its 1,000 logits."""

from pathlib import Path

import pytest
import torch

from trasluz.torchkit.photos.backbone import Classifier, pooled
from trasluz.torchkit.photos.lite0 import (
    PART_CHANNELS,
    PART_NAMES,
    imagenet_classifier,
    imagenet_weights_file,
    pretrained,
)


@pytest.fixture(scope="module")
def imagenet() -> Classifier:
    return imagenet_classifier().eval()


def test_logits_agree_with_the_reference_port(imagenet: Classifier) -> None:
    port = pytest.importorskip("efficientnet_lite_pytorch", reason="the reference port is in the dev extra")
    reference = port.EfficientNet.from_pretrained("efficientnet-lite0", weights_path=str(imagenet_weights_file()))
    levels = torch.randint(0, 256, (4, 3, 224, 224), generator=torch.Generator().manual_seed(1))
    photos = imagenet.backbone.normalised(levels)
    with torch.inference_mode():
        difference = (reference.eval()(photos) - imagenet(photos)).abs().max()
    assert difference <= 1e-5


def test_it_knows_imagenet(imagenet: Classifier) -> None:
    """With the authors' preprocessing a photo of a cat is answered with a kind of cat (classes 281 to 285)."""
    from skimage.data import chelsea

    from trasluz.torchkit.photos.squares import as_batch

    with torch.inference_mode():
        probabilities = torch.softmax(imagenet(as_batch([chelsea()], imagenet.backbone)), dim=1)[0]
    assert int(probabilities.argmax()) in range(281, 286)
    assert float(probabilities[281:286].sum()) > 0.6


def test_the_parts_have_the_sizes_of_the_paper(imagenet: Classifier) -> None:
    with torch.inference_mode():
        maps = imagenet.backbone.maps(torch.zeros(1, 3, 224, 224))
    assert [m.shape[1] for m in maps] == list(PART_CHANNELS)
    assert [m.shape[2] for m in maps] == [112, 112, 56, 28, 14, 14, 7, 7, 7]
    assert [name for name, _ in imagenet.parts()] == [*PART_NAMES, "classifier"]
    assert sum(p.numel() for p in imagenet.parameters()) == 4_652_008


@pytest.mark.parametrize("depth", [1, 5, len(PART_NAMES)])
def test_a_classifier_may_sit_on_an_earlier_part(imagenet: Classifier, depth: int) -> None:
    network = Classifier(pretrained(), 3, depth=depth).eval()
    x = torch.randn(2, 3, 224, 224)
    with torch.inference_mode():
        assert network(x).shape == (2, 3)
        assert torch.equal(pooled(network.maps(x)), pooled(imagenet.backbone.maps(x)[depth - 1]))


@pytest.mark.parametrize("change", ["missing", "extra"])
def test_a_file_of_another_network_is_refused(tmp_path: Path, change: str) -> None:
    state = torch.load(imagenet_weights_file(), weights_only=True)
    if change == "missing":
        del state["_blocks.3._bn1.bias"]
    else:
        state["_blocks.16._bn1.bias"] = torch.zeros(3)
    torch.save(state, tmp_path / "other.pth")
    with pytest.raises(ValueError, match="EfficientNet-Lite0"):
        pretrained(path=tmp_path / "other.pth")


def test_stochastic_depth_skips_blocks_in_training_only() -> None:
    torch.manual_seed(0)
    backbone = pretrained(drop_path=0.9)
    network = Classifier(backbone, 3, dropout=0)
    network.eval()
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(network(x), network(x))
        for block in backbone.blocks():
            block.train()
            for module in block.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.eval()
        assert not torch.equal(network(x), network(x))
