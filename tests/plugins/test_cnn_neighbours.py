"""The photos that a model was reminded of: found, named, missing, kept out of what is taken away."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from finetuned_cnn.explain import NearestPhotos
from finetuned_cnn.family import FinetunedCnn
from trasluz.api import Samples
from trasluz.api.neighbours import Neighbours
from trasluz.core.data.readers.image_classes import ImageClasses
from trasluz.core.inference.export import export
from trasluz.core.inference.model import OpenModel, read_card
from trasluz.core.runs.folder import RunFolder
from trasluz.core.runs.request import RunRequest
from trasluz.host.run import execute_run
from trasluz.torchkit.photos.neighbours import FILE


def train(data: Path, place: Path, **settings: object) -> RunFolder:
    request = RunRequest.new(family=FinetunedCnn.id, data=str(data), settings=dict(settings), device="cpu")
    run = RunFolder.create(place, request)
    assert execute_run(run.path) == 0, run.last_events()
    return run


@pytest.fixture
def data(tmp_path: Path, make_photos: Callable[..., Path]) -> Path:
    make_photos(tmp_path / "data" / "train", {"red": 8, "blue": 8})
    return make_photos(tmp_path / "data" / "val", {"red": 2, "blue": 2}, size=(50, 44)).parent


@pytest.fixture
def model(tmp_path: Path, data: Path) -> Iterator[OpenModel]:
    yield OpenModel(train(data, tmp_path / "run", strategy="linear").model_folder, FinetunedCnn(), "cpu")


def nearest(model: OpenModel, path: Path) -> Samples:
    return NearestPhotos().explain(model.predictor, ImageClasses().open(str(path)))


def test_a_photo_is_reminded_of_photos_of_its_own_kind(model: OpenModel, data: Path) -> None:
    view = nearest(model, next((data / "val" / "red").iterdir()))
    assert [item.label for item in view.items] == ["red"] * 8
    assert all((data / item.name).is_file() for item in view.items)
    values = [item.value or 0 for item in view.items]
    assert values == sorted(values, reverse=True)
    assert all(item.image is not None and item.image.shape[2] == 3 for item in view.items)
    assert "8 of the 8" in view.caption


def test_a_photo_that_it_learned_from_finds_itself(model: OpenModel, data: Path) -> None:
    path = next((data / "train" / "blue").iterdir())
    first = nearest(model, path).items[0]
    assert data / first.name == path
    assert first.value == pytest.approx(1, abs=1e-3)


def test_photos_that_went_away_are_named_and_said_to_be_missing(model: OpenModel, data: Path) -> None:
    given = next((data / "val" / "red").iterdir())
    (data / nearest(model, given).items[0].name).unlink()
    first = nearest(model, given).items[0]
    assert (first.image, first.note, first.label) == (None, "not found", "red")
    data.rename(data.with_name("elsewhere"))
    view = nearest(model, data.with_name("elsewhere") / given.relative_to(data))
    assert len(view.items) == 8
    assert "put the data back" in view.caption


def test_names_of_photos_stay_in_the_run(model: OpenModel, tmp_path: Path) -> None:
    out = export(model.folder, FinetunedCnn(), tmp_path / "out")
    assert not list(out.rglob(FILE))
    card = read_card(out, verify=True)
    assert not NearestPhotos().applies(card)
    assert NearestPhotos().applies(model.card)
    names = [Path(path).name.encode() for path in Neighbours.load(model.folder / FILE).paths]
    for file in out.iterdir():
        assert not any(name in file.read_bytes() for name in names), file.name


def test_a_copied_model_without_them_offers_no_such_view(model: OpenModel) -> None:
    (model.folder / FILE).unlink()
    assert not NearestPhotos().applies(read_card(model.folder))
    told = json.loads((model.folder / "card.json").read_text())
    told["private"] = {"neighbours": "../../elsewhere.npz"}
    (model.folder / "card.json").write_text(json.dumps(told))
    assert read_card(model.folder).private == {}


def test_finetuning_keeps_the_features_of_the_finetuned_network(tmp_path: Path, data: Path) -> None:
    run = train(data, tmp_path / "run", strategy="few-layers", epochs=1, batch_size=8)
    model = OpenModel(run.model_folder, FinetunedCnn(), "cpu")
    known = Neighbours.load(run.model_folder / FILE)
    assert len(known) == 16
    sample = ImageClasses().open(str(data / known.paths[3]))
    features = model.predictor.outputs([sample])[0]["features"]
    assert np.allclose(known.vectors[3], features / np.linalg.norm(features), atol=2e-3)
