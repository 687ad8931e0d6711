"""Other backbones: a checkpoint's network is transformers' own, cut into stages; what must not be loaded is refused."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cnn_checkpoints import KINDS, PREPROCESSOR, checkpoint
from safetensors.torch import load_file, save_file

from finetuned_cnn.backbones import kept
from finetuned_cnn.backbones.checkpoint import pretrained, whole
from finetuned_cnn.backbones.choosing import backbone_for
from finetuned_cnn.config import FinetunedCnnConfig
from finetuned_cnn.export import CLASS_MAPS, export_classifier
from finetuned_cnn.family import FinetunedCnn
from trasluz.api import FamilyError, Note
from trasluz.cli import main
from trasluz.core.data.samples import build_sample
from trasluz.core.inference.model import read_card, write_card
from trasluz.core.inference.session import OnnxGraph
from trasluz.core.places import library_folder
from trasluz.core.runs.folder import RunFolder
from trasluz.core.runs.request import RunRequest
from trasluz.host.run import execute_run
from trasluz.host.service import Service
from trasluz.torchkit.checkpoint_folder import CheckpointFolder
from trasluz.torchkit.photos import kept as shelf
from trasluz.torchkit.photos import lite0
from trasluz.torchkit.photos.backbone import Classifier, random_weights
from trasluz.torchkit.photos.graph import FEATURES, IMAGE, PROBABILITIES
from trasluz.torchkit.photos.preparing import preparation
from trasluz.torchkit.photos.squares import as_batch

OTHERS = sorted(set(KINDS) - {"resnet"})


@pytest.fixture(scope="module")
def resnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints") / "small-resnet"
    checkpoint(folder)
    return folder


@pytest.fixture
def copy(resnet: Path, tmp_path: Path) -> Path:
    return shutil.copytree(resnet, tmp_path / "small-resnet")


def train(data: Path, place: Path, **settings: object) -> tuple[int, RunFolder]:
    request = RunRequest.new(family=FinetunedCnn.id, data=str(data), settings=dict(settings), device="cpu")
    run = RunFolder.create(place, request)
    return execute_run(run.path), run


def sentences(run: RunFolder) -> str:
    return " ".join(e.sentence for e in run.events() if hasattr(e, "sentence"))


def same_as_transformers(folder: Path, theirs: Any) -> Classifier:
    ours = whole(folder)
    x = torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected = theirs(x).logits
        assert (ours(x) - expected).abs().max() <= 1e-4 * max(1.0, float(expected.abs().max()))
    assert [m.shape[1] for m in ours.backbone.maps(x)] == list(ours.backbone.channels)
    names = ours.backbone.names
    assert names[0] == "stem"
    assert ours.backbone.facts.few in names
    assert names.index(ours.backbone.facts.many) < names.index(ours.backbone.facts.few)
    return ours


def same_in_onnx(network: Classifier, path: Path) -> None:
    """The graph from a photo gives PyTorch's outputs, and a class's score is the mean of its map."""
    export_classifier(network, path)
    image = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    found = OnnxGraph(path, device="cpu").run({IMAGE: image[None]})
    with torch.inference_mode():
        photo = as_batch([image], network.backbone)
        features, probabilities = network.features(photo), network(photo).softmax(1)
    assert np.abs(found[FEATURES] - features.numpy()).max() < 1e-4 * max(1.0, float(features.abs().max()))
    assert np.abs(found[PROBABILITIES] - probabilities.numpy()).max() < 1e-4
    logits = found[CLASS_MAPS].mean(axis=(2, 3))
    odds = np.exp(logits - logits.max())
    assert np.abs(odds / odds.sum() - found[PROBABILITIES]).max() < 1e-4


def test_a_convnext_is_transformers_own(tmp_path: Path) -> None:
    same_as_transformers(tmp_path / "convnext", checkpoint(tmp_path / "convnext", "convnext"))


def test_class_maps_are_exact_also_where_pooled_features_are_normalised(tmp_path: Path) -> None:
    """As in ConvNeXt: the maps are scaled by each photo's own pooled features."""
    torch.manual_seed(0)
    backbone = lite0.pretrained().eval()
    backbone.norm = torch.nn.LayerNorm(backbone.channels[-1])
    torch.nn.init.uniform_(backbone.norm.weight, 0.5, 1.5)
    torch.nn.init.normal_(backbone.norm.bias, 0, 0.1)
    same_in_onnx(Classifier(backbone, 5).eval(), tmp_path / "model.onnx")


@pytest.mark.slow
@pytest.mark.parametrize("kind", OTHERS)
def test_every_kind_is_transformers_own_and_the_same_in_onnx(tmp_path: Path, kind: str) -> None:
    theirs = checkpoint(tmp_path / kind, kind)
    same_in_onnx(same_as_transformers(tmp_path / kind, theirs), tmp_path / "model.onnx")


@pytest.mark.slow
def test_the_whole_road_with_a_checkpoint_from_a_folder(
    tmp_path: Path, resnet: Path, make_photos: Callable[..., Path]
) -> None:
    """Bicubic, 64 pixels, other means: trained, exported, held against PyTorch by the house, and seen."""
    data = make_photos(tmp_path / "data", {"red": 14, "blue": 14})
    status, run = train(data, tmp_path / "run", strategy="linear", backbone=str(resnet))
    assert status == 0, run.last_events()
    card = read_card(run.model_folder)
    assert card.parity is not None
    assert card.parity.max_abs_diff <= card.parity.tolerance
    assert card.metrics["accuracy"] == 1.0
    assert card.title.startswith("small-resnet")
    assert [stage["name"] for stage in card.extra["stages"]][:2] == ["stem", "stage 1"]
    assert {"resize": [64, 64], "method": "bicubic, antialiased"} in card.preprocessing["in_the_graph"]
    photo = str(next((data / "red").iterdir()))
    view = Service().explain(model=str(run.path), input=photo, view="class-activation", choice="red", device="cpu")
    assert view["view"]["title"] == "What speaks for “red”"


@pytest.mark.slow
def test_finetuning_a_checkpoint_lets_its_last_stages_learn(
    tmp_path: Path, resnet: Path, make_photos: Callable[..., Path]
) -> None:
    data = make_photos(tmp_path / "data", {"red": 14, "blue": 14})
    for strategy in ("stages", "few-layers", "many-layers"):
        status, run = train(data, tmp_path / strategy, strategy=strategy, backbone=str(resnet), epochs=1)
        assert status == 0, run.last_events()
        learning = [s["name"] for s in read_card(run.model_folder).extra["stages"] if s["learning"]]
        first = {"stages": "classifier", "few-layers": "stage 4", "many-layers": "stage 2"}[strategy]
        assert learning[0] == first


@pytest.mark.slow
def test_a_pretrained_backbone_is_kept_and_later_runs_start_from_it(tmp_path: Path, resnet: Path) -> None:
    """Step 1 and step 2 of transfer learning: digits from scratch, then surfaces on what was learned."""
    digits = build_sample("digits", tmp_path / "digits")
    status, run = train(
        digits, tmp_path / "first", backbone=str(resnet), start="scratch", epochs=4, keep_as="Digits", mirror=False
    )
    assert status == 0, run.last_events()
    card = read_card(run.model_folder)
    assert card.metrics["accuracy"] > 0.6, "ten classes, from nothing"
    assert all(stage["learning"] for stage in card.extra["stages"])
    assert "kept as “Digits”" in sentences(run)
    suggested = FinetunedCnn().suggestions(library_folder())["backbone"]
    assert [s.value for s in suggested] == ["Digits"]
    assert "10 classes" in suggested[0].sentence
    surfaces = build_sample("surfaces", tmp_path / "surfaces")
    status, run = train(surfaces, tmp_path / "second", strategy="linear", backbone="Digits")
    assert status == 0, run.last_events()
    card = read_card(run.model_folder)
    assert card.extra["backbone"] == "Digits"
    assert card.title.startswith("Digits (small-resnet)")
    assert card.metrics["accuracy"] > 0.5, "three classes, by features that only know digits"
    first = kept.read(shelf.folder_of(library_folder(), "Digits"), id="Digits")
    assert first.fingerprint() != pretrained(resnet, id="x", title="x").fingerprint()


# what is refused


def changed(folder: Path, **config: object) -> Path:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | config))
    return folder


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"auto_map": {"AutoModel": "code.Network"}}, "runs no code"),
        ({"model_type": "vit"}, "not a kind of convolutional network"),
        ({"model_type": None}, "does not say what kind"),
        ({"hidden_sizes": [8, 16, 24, 48]}, "do not belong together"),
        ({"depths": [1, 1, 1, 2]}, "lack"),
        ({"depths": [2, 1, 1]}, "small-resnet"),
        ({"hidden_act": "unheard-of"}, "cannot be loaded as resnet"),
    ],
)
def test_a_config_that_does_not_fit_is_a_sentence(copy: Path, config: dict[str, object], said: str) -> None:
    with pytest.raises(FamilyError, match=said):
        pretrained(changed(copy, **config), id="x", title="x")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state: state.popitem() and state, "lack"),
        (lambda state: state | {"resnet.extra.weight": torch.zeros(3)}, "without a place for it"),
        (lambda state: {k: v[:1] if v.ndim else v for k, v in state.items()}, "the two do not belong together"),
    ],
)
def test_other_weights_are_a_sentence(
    copy: Path, change: Callable[[dict[str, Any]], dict[str, Any]], said: str
) -> None:
    state = change(load_file(copy / "model.safetensors"))
    save_file({k: v.contiguous().clone() for k, v in state.items()}, copy / "model.safetensors", {"format": "pt"})
    with pytest.raises(FamilyError, match=said):
        pretrained(copy, id="x", title="x")


@pytest.mark.parametrize("content", [b"", b"\x10\0\0\0\0\0\0\0{}", b"PK\x03\x04 not tensors" * 100])
def test_damaged_weights_are_a_sentence(copy: Path, content: bytes) -> None:
    (copy / "model.safetensors").write_bytes(content)
    with pytest.raises(FamilyError, match="cannot be loaded"):
        pretrained(copy, id="x", title="x")


def test_a_pickle_is_not_opened(copy: Path) -> None:
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(FamilyError, match="is a pickle"):
        pretrained(copy, id="x", title="x")


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(FamilyError, match=name.replace(".", r"\.")):
        pretrained(copy, id="x", title="x")


@pytest.mark.parametrize(
    ("said", "size", "mean", "std", "method"),
    [
        ({}, 64, 0.485 * 255, 0.229 * 255, "bicubic"),
        ({"size": {"shortest_edge": 256}, "do_center_crop": True, "crop_size": {"height": 224, "width": 224}}, 224,
         0.485 * 255, 0.229 * 255, "bicubic"),
        ({"size": 96, "resample": 2, "do_rescale": False}, 96, 0.485, 0.229, "bilinear"),
        ({"do_normalize": False}, 64, 0.0, 255.0, "bicubic"),
        ({"rescale_factor": 1 / 127.5, "rescale_offset": True, "image_mean": [0, 0, 0], "image_std": [1, 1, 1]}, 64,
         127.5, 127.5, "bicubic"),
        ({"include_top": True, "image_mean": [0, 0, 0], "image_std": [0.5, 0.5, 0.5]}, 64, 0.0, 0.25 * 255, "bicubic"),
    ],
)  # fmt: skip
def test_the_preprocessor_becomes_one_subtraction_and_one_division(
    said: dict[str, Any], size: int, mean: float, std: float, method: str
) -> None:
    found = preparation(CheckpointFolder(Path("x"), {}, PREPROCESSOR | said))
    assert (found.size, found.method) == (size, method)
    assert found.mean[0] == pytest.approx(mean)
    assert found.std[0] == pytest.approx(std)


@pytest.mark.parametrize(
    "said",
    [{"size": {"height": 64, "width": 96}}, {"size": 0}, {"size": 10**6}, {"size": "large"}, {"image_mean": None},
     {"image_std": [0, 1, 1]}, {"image_mean": [1, 2]}, {"rescale_factor": 0}, {"image_std": [1, float("nan"), 1]}],
)  # fmt: skip
def test_a_preprocessor_that_makes_no_sense_is_a_sentence(said: dict[str, Any]) -> None:
    with pytest.raises(FamilyError, match="does not say how it wants its photos"):
        preparation(CheckpointFolder(Path("x"), {}, PREPROCESSOR | said))


def test_a_backbone_that_is_not_there_is_a_sentence_that_lists_those_that_are(
    tmp_path: Path, make_photos: Callable[..., Path]
) -> None:
    data = make_photos(tmp_path / "data", {"train/red": 3, "train/blue": 3, "val/red": 2, "val/blue": 2})
    status, run = train(data, tmp_path / "run", backbone="resnet")
    assert status == 1
    assert "There is no backbone “resnet”" in sentences(run)
    assert "efficientnet-lite0" in sentences(run)


@pytest.mark.parametrize("strategy", ["linear", "stages", "few-layers"])
def test_from_scratch_nothing_stays_as_it_is(tmp_path: Path, make_photos: Callable[..., Path], strategy: str) -> None:
    data = make_photos(tmp_path / "data", {"train/red": 3, "train/blue": 3, "val/red": 2, "val/blue": 2})
    status, run = train(data, tmp_path / "run", start="scratch", strategy=strategy)
    assert status == 1
    assert "no stages worth leaving" in sentences(run)


# what is kept


class Context:
    """A run's context, as far as choosing a backbone looks at it."""

    def __init__(self) -> None:
        self.library_folder = library_folder()
        self.notes: list[Note] = []

    def emit(self, event: Any) -> None:
        self.notes.append(event)

    def stopping(self) -> bool:
        return False


@pytest.fixture
def model(tmp_path: Path) -> Iterator[tuple[Path, Any]]:
    """A model's folder with a backbone whose stem was changed, and its card."""
    from trasluz.api import DataFacts, GraphFile, ModelCard

    folder = tmp_path / "model"
    folder.mkdir()
    backbone = lite0.pretrained()
    with torch.no_grad():
        backbone.stem.conv.weight.mul_(1.5)
    private = kept.write(folder, backbone)
    (folder / "model.onnx").touch()
    graphs = (GraphFile(name="model", file="model.onnx"),)
    data = DataFacts(name="herbs", fingerprint="f", kind="image-classes", train=120, val=30)
    card = ModelCard(
        id="run-1", title="t", family=FinetunedCnn.id, kind="image-classes", graphs=graphs, headline="accuracy",
        labels=("mint", "sage"), private=private, data=data,
    )  # fmt: skip
    yield folder, card


def test_what_is_kept_is_the_same_network(model: tuple[Path, Any]) -> None:
    folder, card = model
    family = FinetunedCnn()
    assert family.keepable(card) == "backbone"
    suggestion = family.keep(folder, card, name=" My herbs ", library=library_folder())
    assert suggestion.value == "My herbs"
    assert "120 photos of 2 classes in “herbs”" in suggestion.sentence
    found = backbone_for(Context(), "My herbs")  # type: ignore[arg-type]
    expected = lite0.pretrained()
    with torch.no_grad():
        expected.stem.conv.weight.mul_(1.5)
    assert found.fingerprint() == expected.fingerprint()
    assert found.facts.id == "My herbs"
    assert "Apache-2.0" in found.facts.licence
    with pytest.raises(FamilyError, match="already"):
        family.keep(folder, card, name="My herbs", library=library_folder())


def test_the_command_line_keeps_what_a_run_made(
    model: tuple[Path, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, card = model
    request = RunRequest.new(family=FinetunedCnn.id, data=str(tmp_path), settings={}, device="cpu")
    run = RunFolder.create(tmp_path / "run", request)
    shutil.copytree(folder, run.model_folder)
    write_card(run.model_folder, card)
    assert main(["runs", "keep", str(run.path), "--name", "Herbs", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["value"], said["what"]) == ("Herbs", "backbone")
    assert main(["runs", "keep", str(run.path), "--name", "Herbs"]) == 1
    assert "already" in capsys.readouterr().err
    assert main(["runs", "keep", str(run.path)]) == 2
    offered = next(f for f in Service().catalogue()["families"] if f["id"] == FinetunedCnn.id)["suggestions"]
    assert [each["value"] for each in offered["backbone"]] == ["Herbs"]


def test_a_run_that_goes_on_replaces_what_it_kept_and_no_one_elses(model: tuple[Path, Any]) -> None:
    folder, card = model
    family = FinetunedCnn()
    asked = card.model_copy(update={"settings": {"keep_as": "Herbs"}})
    for _ in range(2):
        assert family.finished(folder, asked, library_folder()) == "The backbone is kept as “Herbs”."
    other = asked.model_copy(update={"id": "run-2"})
    assert family.finished(folder, other, library_folder()) == "The backbone is kept as “Herbs 2”."
    assert shelf.names(library_folder()) == ["Herbs", "Herbs 2"]


def test_a_model_without_a_backbone_of_its_own_keeps_none(model: tuple[Path, Any]) -> None:
    folder, card = model
    bare = card.model_copy(update={"private": {}, "settings": {"keep_as": "Herbs"}})
    assert FinetunedCnn().keepable(bare) == ""
    assert "only the classifier learned" in FinetunedCnn().finished(folder, bare, library_folder())
    (folder / shelf.WEIGHTS_FILE).unlink()
    with pytest.raises(FamilyError, match="no backbone of its own"):
        FinetunedCnn().keep(folder, card, name="Herbs", library=library_folder())


@pytest.mark.parametrize(
    "name", ["", " ", "a/b", "..", ".hidden", "a\\b", "x" * 61, "efficientnet-lite0", "CON", "a\n"]
)
def test_names_that_are_no_folders_are_refused(model: tuple[Path, Any], name: str) -> None:
    folder, card = model
    with pytest.raises(FamilyError, match="cannot be kept so"):
        FinetunedCnn().keep(folder, card, name=name, library=library_folder())
    if name.strip():
        with pytest.raises(ValueError, match="keep_as"):
            FinetunedCnnConfig(keep_as=name)


@pytest.mark.parametrize("damage", ["weights", "facts", "gone"])
def test_a_damaged_backbone_is_a_sentence_and_not_offered(model: tuple[Path, Any], damage: str) -> None:
    folder, card = model
    FinetunedCnn().keep(folder, card, name="Herbs", library=library_folder())
    place = shelf.folder_of(library_folder(), "Herbs")
    if damage == "weights":
        (place / shelf.WEIGHTS_FILE).write_bytes((place / shelf.WEIGHTS_FILE).read_bytes()[:-1] + b"x")
    elif damage == "gone":
        (place / shelf.WEIGHTS_FILE).unlink()
    else:
        (place / shelf.FACTS_FILE).write_text("{")
        assert FinetunedCnn().suggestions(library_folder())["backbone"] == []
    with pytest.raises(FamilyError, match=r"keep (it|the backbone) again"):
        backbone_for(Context(), "Herbs")  # type: ignore[arg-type]


def test_random_weights_are_drawn_by_the_seed_and_keep_the_signal() -> None:
    networks = []
    for seed in (0, 0, 1):
        backbone = lite0.EfficientNetLite0()
        random_weights(backbone, seed=seed)
        networks.append(backbone.train())
    one, two, other = (network.fingerprint() for network in networks)
    assert one == two != other
    with torch.no_grad():
        maps = networks[0].maps(torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0)))
    assert all(0.05 < float(each.std()) < 20 for each in maps)
