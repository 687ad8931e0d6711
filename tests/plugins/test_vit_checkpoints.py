"""Checkpoints of the model hub: the same numbers as transformers' own networks, and bad ones refused in a sentence."""

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from vit_checkpoints import KINDS, checkpoint

from trasluz.api import FamilyError
from vision_transformer import lora
from vision_transformer.checkpoint import check_kind, of_folder, resized

WEIGHTS = "model.safetensors"


@pytest.fixture(scope="module")
def vit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("vit")
    checkpoint(place)
    return place


@pytest.fixture
def copy(vit: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(vit, tmp_path / "copy"))


@pytest.mark.parametrize("kind", KINDS)
def test_it_gives_the_logits_of_transformers(kind: str, tmp_path: Path) -> None:
    theirs, ours = checkpoint(tmp_path, kind), of_folder(tmp_path)
    photos = torch.randn(3, 3, 32, 32)
    with torch.inference_mode():
        assert torch.allclose(ours(photos), theirs(photos).logits, atol=1e-4, rtol=0)
    assert np.allclose(ours.preparation.mean, [127.5, 102, 153])


@pytest.mark.parametrize("kind", ["vit", "deit", "dinov2"])
def test_larger_photos_as_transformers_sees_them(kind: str, tmp_path: Path) -> None:
    theirs, ours = checkpoint(tmp_path, kind), of_folder(tmp_path)
    photos = torch.randn(2, 3, 64, 64)
    larger = resized(ours, 64)
    with torch.inference_mode():
        more = {} if kind == "dinov2" else {"interpolate_pos_encoding": True}
        assert torch.allclose(larger(photos), theirs(photos, **more).logits, atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", ["vit", "deit", "dinov2"])
def test_one_without_a_classifier_gives_the_same_tokens(kind: str, tmp_path: Path) -> None:
    theirs, ours = checkpoint(tmp_path, kind, base=True), of_folder(tmp_path)
    photos = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        tokens = ours.encode(ours.embedding(photos))
        assert torch.allclose(tokens, theirs(photos).last_hidden_state, atol=1e-4, rtol=0)


def changed(folder: Path, **said: Any) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | said))


def rewritten(folder: Path, change: Any) -> None:
    weights = load_file(folder / WEIGHTS)
    change(weights)
    save_file(weights, folder / WEIGHTS)


def refused(folder: Path, words: str) -> None:
    with pytest.raises(FamilyError, match=words) as told:
        of_folder(folder)
    assert str(folder) in str(told.value)


def test_a_missing_weight_is_named(copy: Path) -> None:
    rewritten(copy, lambda weights: weights.pop("vit.layernorm.weight"))
    refused(copy, "lack “norm.weight”: they do not belong to its config.json")


def test_a_weight_too_many_is_named(copy: Path) -> None:
    rewritten(copy, lambda weights: weights.update({"vit.surprise": torch.zeros(2)}))
    refused(copy, "have, without a place for it, “surprise”")


def test_a_weight_of_another_shape_is_named(copy: Path) -> None:
    changed(copy, intermediate_size=48)
    refused(copy, r"has the shape \(16, 40\), and its config.json asks for \(16, 48\)")


def test_weights_that_are_no_numbers_are_refused(copy: Path) -> None:
    rewritten(copy, lambda weights: weights["classifier.bias"].fill_(float("nan")))
    refused(copy, "are not all numbers")


def test_a_pickle_of_that_name_is_refused_and_not_run(copy: Path, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    (copy / WEIGHTS).write_bytes(pickle.dumps(Trap()))
    refused(copy, "is not safetensors: it is damaged, or a file of another kind")
    assert not (tmp_path / "sprung").exists()


def test_code_from_the_hub_is_refused(copy: Path) -> None:
    changed(copy, auto_map={"AutoModel": "evil.Model"})
    refused(copy, "runs no code from checkpoints")


@pytest.mark.parametrize("said", [{"patch_size": 7}, {"hidden_size": "wide"}, {"num_attention_heads": 3}])
def test_a_network_that_does_not_fit_together_is_refused(copy: Path, said: dict[str, Any]) -> None:
    changed(copy, **said)
    refused(copy, "must fit together")


def test_other_networks_are_refused_before_they_are_downloaded() -> None:
    with pytest.raises(FamilyError, match="“swin” is not a kind of Vision Transformer"):
        check_kind({"model_type": "swin"})


def test_a_side_that_gives_no_whole_patches_is_refused(vit: Path) -> None:
    with pytest.raises(FamilyError, match=r"A side of 60 pixels cannot be cut into whole patches of 8 × 8.* take 64"):
        resized(of_folder(vit), 60)


def test_lora_begins_as_the_network_was_and_ends_in_its_weights(vit: Path) -> None:
    network = of_folder(vit)
    photos = torch.randn(2, 3, 32, 32)
    before = network(photos)
    additions = lora.add(network, rank=2)
    assert torch.allclose(network(photos), before, atol=1e-6)
    learning = sum(p.numel() for p in network.parameters() if p.requires_grad)
    assert learning < 0.4 * sum(p.numel() for p in network.parameters())
    with torch.no_grad():
        for addition in additions:
            addition.widen.normal_()
    changed_now = network(photos)
    assert not torch.allclose(changed_now, before, atol=1e-3)
    lora.merge(network)
    assert torch.allclose(network(photos), changed_now, atol=1e-4)
    assert set(network.state_dict()) == set(of_folder(vit).state_dict())
