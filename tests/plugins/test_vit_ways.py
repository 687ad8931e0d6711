"""The ways to a Vision Transformer, each by the program's own road on a few small photos."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from vit_checkpoints import checkpoint

from trasluz.api import ModelCard, Note, view_to_json
from trasluz.core.data.index import Index
from trasluz.core.inference.export import export
from trasluz.core.inference.model import OpenModel
from trasluz.core.runs.folder import RunFolder
from trasluz.core.runs.request import RunRequest
from trasluz.host.run import execute_run
from trasluz.host.service import Service
from trasluz.torchkit.photos.facts import Preparation
from trasluz.torchkit.photos.squares import as_batch
from vision_transformer.config import VisionTransformerConfig
from vision_transformer.distilling import DistilStep, Pupil, soft
from vision_transformer.masking import MaskedAutoencoder, cut, export_reconstruction, orders
from vision_transformer.network import Shape, VisionTransformer
from vision_transformer.seeing import places_in, with_components, with_maps
from vision_transformer.viewing import AlteredView

FAMILY = "vision-transformer"
SEEN = ["seen_1", "seen_2"]
GRAPHS = {"model", "reconstruction", "relevance"}
QUICK = {"resolution": 32, "epochs": 2, "size": "mini", "averaging": 0.0, "views": 1}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from PIL import Image

    at, draw = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for label, colour in (("red", (200, 40, 40)), ("blue", (40, 40, 200))):
        for number in range(16):
            folder = at / ("train" if number < 12 else "val") / label
            folder.mkdir(parents=True, exist_ok=True)
            levels = np.clip(draw.normal(colour, 40, (40, 52, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(levels).save(folder / f"{number}.png")
    return at


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def cnn(photos: Path, runs: Path) -> RunFolder:
    return trained(photos, runs / "cnn", "finetuned-cnn", strategy="linear")


def failure(run: RunFolder) -> str:
    """The sentence of a run that fails."""
    assert execute_run(run.path) != 0
    return str(list(run.events())[-1].sentence)


def trained(photos: Path, at: Path, family: str = FAMILY, **settings: Any) -> RunFolder:
    run = RunFolder.create(at, RunRequest.new(family=family, data=str(photos), settings=settings, device="cpu"))
    status = execute_run(run.path)
    assert status == 0, run.last_words()
    return run


def card_of(run: RunFolder) -> ModelCard:
    return ModelCard.model_validate_json((run.model_folder / "card.json").read_bytes())


def seen(run: RunFolder) -> dict[str, dict[str, Any]]:
    """Every view of the run's model on a val photo, as JSON."""
    service = Service()
    family = service.registry().family(FAMILY)
    dataset = Index.open(run.index_path, service.registry().sources)
    sample = dataset.read(dataset.records("val")[0])
    model = OpenModel(run.model_folder, family, "cpu")
    shown = [each for each in family.explainers() if each.applies(model.card)]
    views = {each.id: view_to_json(each.explain(model.predictor, sample)) for each in shown}
    dataset.close()
    return views


def notes(run: RunFolder) -> str:
    return " ".join(event.sentence for event in run.events() if isinstance(event, Note))


@pytest.mark.slow
def test_auto_distils_the_cnn_that_lies_beside_it(photos: Path, runs: Path, cnn: RunFolder) -> None:
    run = trained(photos, runs / "auto", **QUICK)
    card = card_of(run)
    assert card.extra["start"] == "distil"
    assert card.extra["teacher"]["id"] == card_of(cnn).id
    assert card.extra["network"]["distillation_token"]
    assert "no checkpoint on this computer, but a finetuned CNN of these classes" in notes(run)
    assert "The teacher is “EfficientNet-Lite0, linear classifier”" in notes(run)
    assert card.licence == card_of(cnn).licence
    assert card.parity is not None
    assert card.parity.max_abs_diff < 1e-4
    assert {
        "vit-rollout",
        "vit-relevance",
        "vit-attention",
        "vit-patch-attention",
        "vit-patches",
        "vit-start-table",
    } <= set(seen(run))


def test_a_teacher_of_other_classes_is_refused_by_name(photos: Path, cnn: RunFolder, tmp_path: Path) -> None:
    card = json.loads((cnn.model_folder / "card.json").read_text(encoding="utf-8"))
    other = tmp_path / "other"
    other.mkdir()
    (other / "card.json").write_text(json.dumps(card | {"labels": ["red", "green"]}), encoding="utf-8")
    settings = {"start": "distil", "teacher": str(other), **QUICK}
    request = RunRequest.new(family=FAMILY, data=str(photos), settings=settings, device="cpu")
    assert "It does not know “blue”" in failure(RunFolder.create(tmp_path / "r", request))


def test_without_a_teacher_it_says_what_to_do(photos: Path, tmp_path: Path) -> None:
    request = RunRequest.new(family=FAMILY, data=str(photos), settings={"start": "distil", **QUICK}, device="cpu")
    run = RunFolder.create(tmp_path / "alone" / "r", request)
    assert "train one first, or choose the folder of another run as the teacher" in failure(run)


@pytest.mark.parametrize("learn", ["linear", "lora", "all"])
def test_a_checkpoint_learns_on(photos: Path, tmp_path: Path, learn: str) -> None:
    place = tmp_path / "small-vit"
    checkpoint(place)
    settings = {**QUICK, "start": "pretrained", "backbone": str(place), "learn": learn, "resolution": 48}
    card = card_of(trained(photos, tmp_path / "run", **settings))
    assert card.extra["network"]["size"] == 48
    assert card.extra["learn"] == learn
    assert card.metrics["accuracy"] == 1.0, "red and blue can be told apart by a linear classifier"
    learning = {stage["name"] for stage in card.extra["stages"] if stage["learning"]}
    assert (
        learning
        == {
            "linear": {"classifier"},
            "lora": {"layer 1", "layer 2", "classifier"},
            "all": {"patches", "layer 1", "layer 2", "classifier"},
        }[learn]
    )


def test_auto_takes_a_checkpoint_that_is_at_hand(photos: Path, tmp_path: Path) -> None:
    place = tmp_path / "small-vit"
    checkpoint(place, "dinov2")
    card = card_of(trained(photos, tmp_path / "run", backbone=str(place), **QUICK))
    assert card.extra["start"] == "pretrained"
    assert card.extra["learn"] in ("linear", "lora")
    assert card.title.startswith("small-vit, ")


@pytest.fixture(scope="module")
def masked(photos: Path, runs: Path) -> RunFolder:
    more = photos / "val" / "red"
    settings = {**QUICK, "epochs": 4, "unlabelled": str(more), "keep_as": "Filled in"}
    return trained(photos, runs / "masked", start="masked", **settings)


def test_in_int8_the_graph_that_no_answer_needs_stays_as_it_is(masked: RunFolder, tmp_path: Path) -> None:
    service = Service()
    dataset = Index.open(masked.index_path, service.registry().sources)
    family = service.registry().family(FAMILY)
    out = export(masked.model_folder, family, tmp_path / "o", precision="int8", dataset=dataset)
    dataset.close()
    sizes = {name: [(place / f"{name}.onnx").stat().st_size for place in (masked.model_folder, out)] for name in GRAPHS}
    assert sizes["model"][1] < 0.4 * sizes["model"][0]
    for name in GRAPHS - {"model"}:
        assert sizes[name][1] == pytest.approx(sizes[name][0], rel=0.01)


def test_masked_learns_without_labels_first_and_shows_what_it_fills_in(masked: RunFolder) -> None:
    run = masked
    assert "It learns without labels from 4 photos of" in notes(run)
    assert "passes without labels the hidden patches of val photos differ by" in notes(run)
    assert {graph.name for graph in card_of(run).graphs} == GRAPHS
    view = seen(run)["vit-reconstruction"]
    assert [item["name"] for item in view["items"]] == ["the picture", "what it sees", "what it fills in"]


def test_what_was_kept_of_it_begins_another_run(masked: RunFolder, photos: Path, tmp_path: Path) -> None:
    family = Service().registry().family(FAMILY)
    library = tmp_path / "library"
    assert family.keepable(card_of(masked)) == "backbone"
    assert "is kept as “Filled in”" in family.finished(masked.model_folder, card_of(masked), library)
    assert [each.value for each in family.suggestions(library)["backbone"]] == ["Filled in"]
    backbone = str(library / "backbones" / "Filled in")
    card = card_of(trained(photos, tmp_path / "run", start="pretrained", learn="linear", backbone=backbone))
    assert card.title.startswith("Filled in (ViT-Mini/8), a linear classifier")
    assert card.extra["network"]["size"] == 32
    assert family.keepable(card) == ""


def test_a_folder_without_photos_is_said(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    settings = {"start": "masked", "unlabelled": str(tmp_path / "empty"), **QUICK}
    request = RunRequest.new(family=FAMILY, data=str(photos), settings=settings, device="cpu")
    assert "There is no photo in the folder" in failure(RunFolder.create(tmp_path / "r", request))


@pytest.mark.parametrize("positions", ["learned", "rotary"])
def test_the_graph_fills_in_what_the_autoencoder_fills_in(positions: Any, tmp_path: Path) -> None:
    torch.manual_seed(0)
    shape = Shape(32, 8, 32, 2, 2, 48, positions=positions, registers=1)
    whole = MaskedAutoencoder(
        VisionTransformer(shape, 2, Preparation(32, (120.0,) * 3, (60.0,) * 3)), hidden=0.75
    ).eval()
    export_reconstruction(whole, tmp_path / "r.onnx")
    photo = np.random.default_rng(0).integers(0, 256, (1, 40, 40, 3), dtype=np.uint8)
    order = orders(1, 16)
    session = onnxruntime.InferenceSession(str(tmp_path / "r.onnx"), providers=["CPUExecutionProvider"])
    feeds = {"image": photo, "visible": order[0, :4].numpy(), "restore": order[0].argsort().numpy()}
    levels = session.run(["pixels"], feeds)[0]
    with torch.inference_mode():
        batch = as_batch(list(photo), whole.network)
        target = cut(batch, 8) * 60 + 120
        found = ((torch.from_numpy(levels) - target) / 60).square().mean(2).gather(1, order[:, 4:]).mean()
        assert float(whole(batch, order)) == pytest.approx(float(found), rel=0.01)  # levels beyond 0 to 255 are cut


def test_the_pupil_answers_as_it_did_while_it_was_taught() -> None:
    shape = Shape(32, 8, 32, 2, 2, 48, distillation_token=True, reads="class+distillation")
    network = VisionTransformer(shape, 3, Preparation(32, (0.0,) * 3, (1.0,) * 3)).eval()
    pupil = Pupil(network, 3, (4, 6)).eval()
    photos = torch.randn(2, 3, 32, 32)
    taught = pupil(photos)
    pupil.finish()
    assert torch.allclose(network(photos), taught, atol=1e-6)


def test_the_loss_of_a_pupil_that_agrees_is_that_of_the_labels() -> None:
    """Nothing is added where it says, and sees in each place, what the teacher does."""
    config = VisionTransformerConfig(label_smoothing=0.0, matching=1.0)
    shares = torch.tensor([[0.7, 0.2, 0.1]])
    maps = [torch.randn(1, count, 4, 4) for count in (4, 6)]

    class Agreeing(torch.nn.Module):
        def forward(self, photos: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, list[torch.Tensor]]:
            return shares.log(), shares.log(), [each.flatten(2).transpose(1, 2) for each in maps]

    network = VisionTransformer(Shape(32, 8, 32, 1, 2, 48), 3, Preparation(32, (0.0,) * 3, (1.0,) * 3))
    step = DistilStep(network, np.ones(3, np.float32), config)
    known = torch.cat([torch.ones(1, 1), shares, *(each.flatten(1) for each in maps)], 1)
    batch = (torch.zeros(1, 32, 32, 3, dtype=torch.uint8), torch.tensor([0]), known)
    loss, said = step(Agreeing(), batch)
    assert float(loss) == pytest.approx(-0.9 * np.log(0.7), abs=1e-5)
    assert said["unlike the teacher"] == pytest.approx(0, abs=1e-6)
    assert float(soft(torch.tensor([[0.0, 5.0, 0.0]]), shares)) > 1
    alone, said = step(Agreeing(), (*batch[:2], torch.zeros_like(known)))
    assert float(alone) == pytest.approx(-np.log(0.7), abs=1e-5), "the label alone where the teacher says nothing"
    assert "unlike the teacher" not in said


def test_of_a_teachers_maps_the_finer_ones_are_taken_and_said_in_few_numbers(cnn: RunFolder) -> None:
    model = onnx.load(str(cnn.model_folder / "model.onnx"))
    places = places_in(model, 8)
    assert [place.channels for place in places] == [240, 672], "14 × 14 and 28 × 28 of EfficientNet-Lite0"
    photos = np.random.default_rng(0).integers(0, 256, (3, 1, 60, 60, 3), dtype=np.uint8)
    whole = onnxruntime.InferenceSession(with_maps(model, places, 8).SerializeToString())
    samples = [np.concatenate(each) for each in zip(*(whole.run(SEEN, {"image": p}) for p in photos), strict=True)]
    session = onnxruntime.InferenceSession(with_components(model, places, samples, 8).SerializeToString())
    found = [np.concatenate(each) for each in zip(*(session.run(SEEN, {"image": p}) for p in photos), strict=True)]
    assert [each.shape for each in found] == [(3, 32, 8, 8)] * 2
    for each in found:
        assert abs(float(each.mean())) < 1e-3
        assert float(each.std()) == pytest.approx(1, abs=0.02)


def test_the_pupil_sees_what_the_teacher_was_asked_about() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    config = VisionTransformerConfig(augmentation=0.8)
    views = [AlteredView(config, 32, number) for number in range(3)]
    shown = [view(photo) for view in views]
    assert all(np.array_equal(each, view(photo)) for each, view in zip(shown, views, strict=True)), "always the same"
    for each, view in zip(shown, views, strict=True):
        mean = each.reshape(32, 4, 32, 4, 3).mean(axis=(1, 3))
        assert np.abs(view.small(photo) - mean).max() <= 1
    assert len({view.name for view in views}) == 3
    assert np.abs(shown[1].astype(float) - shown[2]).mean() > 5


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"resolution": 60}, "take 64"), ({"patch": 48}, "cannot be cut"), ({"resolution": 8}, "16")],
)
def test_a_side_that_gives_no_whole_patches_is_refused(settings: dict[str, int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        VisionTransformerConfig(start="scratch", **settings)
