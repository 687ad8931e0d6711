"""The ONNX graph gives what PyTorch gives, for photos of any size, and says what it takes."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from finetuned_cnn.export import CLASS_MAPS, export_classifier
from trasluz.core.inference.session import OnnxGraph
from trasluz.torchkit.photos.backbone import Classifier, pooled
from trasluz.torchkit.photos.graph import FEATURES, IMAGE, PROBABILITIES, export_backbone
from trasluz.torchkit.photos.lite0 import FACTS, PART_NAMES, pretrained
from trasluz.torchkit.photos.squares import as_batch, middle_square


@pytest.fixture(scope="module")
def network() -> Classifier:
    torch.manual_seed(0)
    return Classifier(pretrained(), 5).eval()


@pytest.fixture(scope="module")
def graph(network: Classifier, tmp_path_factory: pytest.TempPathFactory) -> OnnxGraph:
    path = tmp_path_factory.mktemp("graph") / "model.onnx"
    export_classifier(network, path)
    return OnnxGraph(path, device="cpu")


def photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Smooth structure with noise: flat noise alone averages out, and hides a shifted pixel."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(y / generator.uniform(3, 40) + x / generator.uniform(3, 40) + c) for c in range(3)]
    noise = generator.normal(0, 20, (height, width, 3))
    return np.clip(np.stack(waves, axis=-1) * 90 + 127 + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("height", "width"),
    [(224, 224), (1, 1), (1, 500), (37, 2000), (256, 192), (191, 256), (100, 100), (1000, 700), (2048, 1536)],
)
def test_any_size_gives_what_pytorch_gives(network: Classifier, graph: OnnxGraph, height: int, width: int) -> None:
    image = photo(height, width)
    found = graph.run({IMAGE: image[None]})
    with torch.inference_mode():
        features = network.features(as_batch([image], network.backbone))
        probabilities = torch.softmax(network.classifier(features), dim=1)
    assert np.abs(found[FEATURES] - features.numpy()).max() < 2e-4
    assert np.abs(found[PROBABILITIES] - probabilities.numpy()).max() < 2e-5


def test_the_crop_and_resize_are_pillows_within_rounding() -> None:
    """An independent judge: Pillow's bilinear filter, so that torch and the graph are not wrong together."""
    from PIL import Image

    from trasluz.torchkit.photos.squares import as_levels

    for size in [(300, 517), (512, 300), (90, 91)]:
        image = photo(*size)
        rows, columns = middle_square(*size)
        pillow = np.asarray(
            Image.fromarray(np.ascontiguousarray(image[rows, columns])).resize((224, 224), Image.Resampling.BILINEAR)
        )
        ours = as_levels(image, FACTS.preparation).permute(1, 2, 0).numpy()
        assert np.abs(ours - pillow).max() <= 1.01


def test_a_class_score_is_the_mean_of_its_map(graph: OnnxGraph) -> None:
    found = graph.run({IMAGE: photo(300, 260)[None]})
    logits = found[CLASS_MAPS].mean(axis=(2, 3))
    odds = np.exp(logits - logits.max())
    assert np.abs(odds / odds.sum() - found[PROBABILITIES]).max() < 1e-5


def test_a_batch_gives_what_single_photos_give(graph: OnnxGraph) -> None:
    images = [photo(120, 160, seed) for seed in range(3)]
    together = graph.run({IMAGE: np.stack(images)})
    for number, image in enumerate(images):
        alone = graph.run({IMAGE: image[None]})
        for name in (PROBABILITIES, FEATURES, CLASS_MAPS):
            assert np.abs(together[name][number] - alone[name][0]).max() < 1e-4


def test_the_graph_says_what_it_takes_and_gives(graph: OnnxGraph) -> None:
    assert [(spec.name, spec.dtype) for spec in graph.inputs] == [(IMAGE, "uint8")]
    assert [spec.name for spec in graph.outputs] == [PROBABILITIES, FEATURES, CLASS_MAPS]


@pytest.mark.parametrize("depth", [1, 6])
def test_a_classifier_on_an_earlier_part_is_exported_without_the_rest(tmp_path: Path, depth: int) -> None:
    network = Classifier(pretrained(), 3, depth=depth).eval()
    export_classifier(network, tmp_path / "model.onnx")
    image = photo(250, 200)
    found = OnnxGraph(tmp_path / "model.onnx", device="cpu").run({IMAGE: image[None]}, [PROBABILITIES])
    with torch.inference_mode():
        expected = torch.softmax(network(as_batch([image], network.backbone)), dim=1).numpy()
    assert np.abs(found[PROBABILITIES] - expected).max() < 1e-4
    whole = len(list(pretrained().blocks()))
    convolutions = sum(node.op_type == "Conv" for node in onnx.load(tmp_path / "model.onnx").graph.node)
    assert convolutions < 3 * whole


def test_the_backbone_gives_the_features_after_each_part(network: Classifier, tmp_path: Path) -> None:
    export_backbone(network.backbone, tmp_path / "backbone.onnx")
    image = photo(180, 230)
    found = OnnxGraph(tmp_path / "backbone.onnx", device="cpu").run({IMAGE: image[None]})
    with torch.inference_mode():
        maps = network.backbone.maps(as_batch([image], network.backbone))
    assert list(found) == list(PART_NAMES)
    for name, expected in zip(PART_NAMES, maps, strict=True):
        assert np.abs(found[name] - pooled(expected).numpy()).max() < 2e-4


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_the_middle_square_is_the_largest_and_in_the_middle(height: int, width: int) -> None:
    rows, columns = middle_square(height, width)
    side = min(height, width)
    for cut, size in ((rows, height), (columns, width)):
        assert cut.stop - cut.start == side
        assert cut.start >= 0
        assert 0 <= (size - cut.stop) - cut.start <= 1
