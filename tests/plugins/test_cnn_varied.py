"""What is shown of a training is what it learns from, to the pixel."""

from pathlib import Path

import numpy as np
import pytest

from finetuned_cnn.config import FinetunedCnnConfig
from finetuned_cnn.family import FinetunedCnn
from trasluz.core.data.index import Index
from trasluz.core.plugins.registry import Registry
from trasluz.host.service import Service
from trasluz.torchkit.photos.learning import photo_batches


class Facts:
    class preparation:  # noqa: N801
        size = 224


class Backbone:
    facts = Facts


class Context:
    def __init__(self, config: FinetunedCnnConfig, dataset: Index) -> None:
        self.config, self.dataset = config, dataset

    def emit(self, event: object) -> None:
        raise AssertionError(event)


@pytest.fixture
def index(tmp_path: Path, make_photos) -> Path:
    data = make_photos(tmp_path / "data", {"red": 12, "blue": 12}, size=(300, 260))
    Index.build(data, tmp_path / "i.sqlite", Registry.load().sources, seed=0).close()
    return tmp_path / "i.sqlite"


@pytest.mark.parametrize("mixing", ["none", "mixup", "cutmix"])
def test_the_pictures_of_a_batch_are_those_that_training_learned_from(index: Path, mixing: str) -> None:
    config = FinetunedCnnConfig(
        strategy="few-layers", mixing=mixing, augmentation=0.7, erasing=0.5, batch_size=6, seed=5
    )
    service = Service()
    dataset = Index.open(index, service.registry().sources)
    batches = photo_batches(
        Context(config, dataset), Backbone.facts.preparation, dataset.records("train"), list(dataset.labels), config
    )
    stream = batches.epoch(1, start=1)
    photos, _ = next(stream).pieces[0]
    stream.close()
    told = [
        {"number": number, "draw": list(words), "path": dataset.records("train")[number].path}
        for number, words in batches.drawn(1, 1, at_most=5)
    ]
    dataset.close()
    found = service.varied(
        family="finetuned-cnn", settings=config.model_dump(mode="json"), index=str(index), items=told, count=5
    )["items"]
    shown = 5 if mixing == "none" else 4  # the last one's neighbour was not told
    assert len(found) == 5
    for picture, learned in zip(found[:shown], photos.numpy()[:shown], strict=True):
        np.testing.assert_array_equal(picture["varied"], learned)


def test_a_setting_shows_and_a_frozen_network_sees_photos_as_they_are(index: Path) -> None:
    service = Service()

    def ask(**settings: object) -> list:
        return service.varied(family="finetuned-cnn", settings=settings, index=str(index), seed=3, count=4)["items"]

    none = ask(strategy="few-layers", augmentation=0, mirror=False)
    strong = ask(strategy="few-layers", augmentation=1.0, mirror=False)
    assert [item["path"] for item in none] == [item["path"] for item in strong]
    assert all((a["varied"] != b["varied"]).any() for a, b in zip(none, strong, strict=True))
    assert all(item["varied"].shape == (224, 224, 3) and item["plain"].shape == (160, 160, 3) for item in none)
    assert ask(strategy="linear") == []


def test_a_photo_that_is_gone_or_no_longer_the_same_is_left_out(index: Path) -> None:
    service = Service()
    dataset = Index.open(index, service.registry().sources)
    first, second = dataset.records("train")[0], dataset.records("train")[1]
    dataset.absolute(first.path).unlink()
    dataset.close()
    told = [
        {"number": 0, "draw": [1], "path": first.path},
        {"number": 1, "draw": [1], "path": second.path},
        {"number": 2, "draw": [1], "path": "another.jpg"},
        {"number": 999, "draw": [1], "path": "x.jpg"},
    ]
    settings = {"strategy": "few-layers"}
    found = service.varied(family="finetuned-cnn", settings=settings, index=str(index), items=told, count=4)["items"]
    assert [item["path"] for item in found] == [second.path]


def test_the_catalogue_says_that_it_varies() -> None:
    (entry,) = [f for f in Service().catalogue()["families"] if f["id"] == FinetunedCnn.id]
    assert entry["varies"] is True
