"""Several looks at a photo: the graph takes them as PyTorch does, and their mean is what is answered."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from finetuned_cnn.export import CLASS_MAPS, export_classifier
from finetuned_cnn.family import FinetunedCnn, _reference
from trasluz.api import Record, Sample
from trasluz.core.inference.session import OnnxGraph
from trasluz.core.runs.folder import RunFolder
from trasluz.core.runs.request import RunRequest
from trasluz.host.run import execute_run
from trasluz.torchkit.photos.backbone import Classifier
from trasluz.torchkit.photos.graph import FEATURES, IMAGE, PROBABILITIES, preprocessing
from trasluz.torchkit.photos.lite0 import FACTS, pretrained
from trasluz.torchkit.photos.squares import LOOKS, Look, as_batch, as_levels


@pytest.fixture(scope="module")
def network() -> Classifier:
    torch.manual_seed(0)
    return Classifier(pretrained(), 4).eval()


def photo(height: int, width: int, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(y / draw.uniform(3, 40) + x / draw.uniform(3, 40) + c) for c in range(3)]
    return np.clip(np.stack(waves, axis=-1) * 90 + 127 + draw.normal(0, 20, (height, width, 3)), 0, 255).astype("uint8")


@pytest.mark.parametrize("name", ["mirrored", "squares", "both"])
def test_the_graph_looks_as_pytorch_does(network: Classifier, tmp_path: Path, name: str) -> None:
    export_classifier(network, tmp_path / "model.onnx", LOOKS[name])
    graph = OnnxGraph(tmp_path / "model.onnx", device="cpu")
    images = [photo(120, 163, 1), photo(120, 163, 2)]
    found = graph.run({IMAGE: np.stack(images)})
    samples = [Sample(record=Record(path="a.jpg"), inputs={IMAGE: image}) for image in images]
    for number, expected in enumerate(_reference(network, LOOKS[name])(samples)):
        assert np.abs(found[PROBABILITIES][number] - expected[PROBABILITIES]).max() < 2e-5
        assert np.abs(found[FEATURES][number] - expected[FEATURES]).max() < 2e-4
    middle = [as_batch(images, network.backbone, look) for look in LOOKS[name] if look.halves == 1]
    with torch.inference_mode():
        logits = torch.stack([network(each) for each in middle]).mean(dim=0).numpy()
    assert np.abs(found[CLASS_MAPS].mean(axis=(2, 3)) - logits).max() < 1e-3


def test_a_mirrored_photo_and_a_map_turned_back(network: Classifier, tmp_path: Path) -> None:
    export_classifier(network, tmp_path / "model.onnx", LOOKS["mirrored"])
    graph = OnnxGraph(tmp_path / "model.onnx", device="cpu")
    image = photo(150, 150, 3)
    straight, turned = (graph.run({IMAGE: each[None]}) for each in (image, image[:, ::-1].copy()))
    assert np.abs(straight[PROBABILITIES] - turned[PROBABILITIES]).max() < 1e-5
    assert np.abs(straight[CLASS_MAPS] - turned[CLASS_MAPS][..., ::-1]).max() < 1e-3


def test_the_three_squares_are_the_ends_and_the_middle_of_the_longer_side() -> None:
    wide = np.zeros((64, 200, 3), np.uint8)
    wide[:, :64], wide[:, 68:132], wide[:, 136:] = 10, 120, 240
    levels = [as_levels(wide, FACTS.preparation, Look(halves))[:, 112, 112] for halves in (0, 1, 2)]
    assert [float(each[0]) for each in levels] == [10, 120, 240]
    assert torch.equal(
        as_levels(wide.transpose(1, 0, 2), FACTS.preparation, Look(2)),
        as_levels(wide, FACTS.preparation, Look(2)).transpose(1, 2),
    )


def test_the_card_says_how_often_it_looks() -> None:
    said = str(preprocessing(FACTS.preparation, LOOKS["both"]))
    assert "both ends" in said
    assert "mirrored" in said
    assert "6 looks" in said
    assert "looks" not in str(preprocessing(FACTS.preparation))


def test_a_whole_run_with_six_looks_is_held_against_onnx(tmp_path: Path, make_photos: Callable[..., Path]) -> None:
    data = make_photos(tmp_path / "data" / "train", {"red": 6, "blue": 6}, size=(50, 70)).parent
    make_photos(data / "val", {"red": 2, "blue": 2}, size=(50, 70))
    settings = {"strategy": "linear", "looks": "both"}
    request = RunRequest.new(family=FinetunedCnn.id, data=str(data), settings=settings, device="cpu")
    run = RunFolder.create(tmp_path / "run", request)
    assert execute_run(run.path) == 0, run.last_events()
