"""What you measured is what you run: the card is written only for a model that was held against its reference."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from inference_colours import LABELS, WEIGHTS, ColourFamily, ColourPredictor, reference, write_graph

from trasluz.api import FamilyError, LoadedModel, Outputs, Predictor, Sample, TrainConfig, Trained
from trasluz.api.scores import wilson
from trasluz.core.data.index import Index
from trasluz.core.inference.finish import _farthest, finish, write_metadata
from trasluz.core.inference.judge import Judgement, judge
from trasluz.core.inference.model import OpenModel, read_card
from trasluz.core.inference.session import OnnxGraph


def test_the_card_tells_what_the_onnx_model_scored(make: Callable[..., Any], dataset: Index) -> None:
    folder, card, judgement = make()
    assert card.metrics["accuracy"] == pytest.approx(17 / 18)
    assert (card.interval.low, card.interval.high) == wilson(17, 18)
    assert card.parity.items == 18
    assert card.parity.max_abs_diff < 1e-6
    assert card.parity.pytorch_score == card.parity.onnx_score == card.metrics["accuracy"]
    assert card.data.fingerprint == dataset.fingerprint
    assert (card.data.train, card.data.val, card.seed) == (12, 18, 7)
    assert read_card(folder) == card
    [wrong] = [item for item in judgement.items if item.label != item.target]
    assert (wrong.path, wrong.target, wrong.label) == ("val/blue/0.png", "blue", "green")
    assert Counter(item.target for item in judgement.items) == dict.fromkeys(LABELS, 6)


def test_the_onnx_file_explains_itself(make: Callable[..., Any]) -> None:
    folder, _card, _judgement = make()
    told = {p.key: p.value for p in onnx.load(str(folder / "main.onnx")).metadata_props}
    assert told["trasluz.family"] == "colours"
    assert told["trasluz.labels"] == '["blue", "green", "red"]'
    assert "max_abs_diff" in told["trasluz.parity"]
    assert "val/blue" not in str(told)


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": WEIGHTS * 1.1},
        {"weights": WEIGHTS[:, ::-1].copy()},
        {"reference": lambda samples: [{"probabilities": np.full(3, np.nan)} for _ in samples]},
        {"reference": lambda samples: [{"probabilities": np.ones(2)} for _ in samples]},
        {"reference": lambda samples: [{"other": np.ones(3)} for _ in samples]},
        {"reference": lambda samples: reference(samples)[:-1]},
        {"compared": ("features",)},
        {"graphs": {"main": "missing.onnx"}},
        {"graphs": {}},
    ],
)
def test_a_graph_that_is_not_the_network_gets_no_card(make: Callable[..., Any], tmp_path: Path, changes: Any) -> None:
    with pytest.raises(FamilyError):
        make(**changes)
    assert not (tmp_path / "model" / "card.json").exists()


def test_an_item_that_vanishes_is_set_aside_and_named(
    make: Callable[..., Any], dataset: Index, family: ColourFamily
) -> None:
    (dataset.root / "val" / "red" / "3.png").write_bytes(b"gone bad")
    folder, card, judgement = make()
    assert len(judgement.items) == 17
    assert [s.file for s in judgement.skipped] == ["val/red/3.png"]
    again = judge(OpenModel(folder, family, "cpu").predictor, family, dataset)
    assert again.metrics == card.metrics
    assert again.skipped == judgement.skipped


def test_a_judgement_is_read_as_it_was_saved(make: Callable[..., Any], tmp_path: Path) -> None:
    _folder, _card, judgement = make()
    judgement.save(tmp_path / "judgement.json")
    assert Judgement.load(tmp_path / "judgement.json") == judgement


class _Failing(ColourFamily):
    def predictor(self, model: LoadedModel) -> Predictor:
        class Refusing(ColourPredictor):
            def outputs(self, samples: Sequence[Sample]) -> Sequence[Outputs]:
                if any(sample.record.path == "val/red/5.png" for sample in samples):
                    raise FamilyError("The graph has no answer to this.")
                return super().outputs(samples)

        return Refusing(model)


def _trained(**changes: Any) -> Trained:
    given = {"title": "", "graphs": {"main": "main.onnx"}, "reference": reference, "labels": LABELS}
    return Trained(**given | changes)


def _finish(trained: Trained, family: ColourFamily, dataset: Any, folder: Path) -> Any:
    folder.mkdir(exist_ok=True)
    write_graph(folder / "main.onnx")
    return finish(
        trained, family=family, dataset=dataset, folder=folder, config=TrainConfig(), run_id="r", title="My run"
    )


def test_a_model_that_cannot_answer_an_item_gets_no_card(dataset: Index, tmp_path: Path) -> None:
    with pytest.raises(FamilyError, match=r"val/red/5\.png.*no answer to this"):
        _finish(_trained(), _Failing(), dataset, tmp_path / "model")
    assert not (tmp_path / "model" / "card.json").exists()


def test_without_validation_items_the_card_says_what_it_was_judged_on(
    dataset: Index, tmp_path: Path, family: ColourFamily
) -> None:
    class Bare:
        """The dataset without its validation part."""

        def __getattr__(self, name: str) -> Any:
            return getattr(dataset, name)

        def count(self, split: str) -> int:
            return 0 if split == "val" else dataset.count(split)

    card, judgement = _finish(_trained(), family, Bare(), tmp_path / "model")
    assert card.data.judged_on == judgement.split == "train"
    assert card.title == "My run"


def test_what_is_infinite_in_both_is_the_same_and_the_file_of_a_family_must_be_there(
    dataset: Index, tmp_path: Path, family: ColourFamily
) -> None:
    with pytest.raises(FamilyError, match=r"tokens\.json"):
        _finish(_trained(files={"tokens": "tokens.json"}), family, dataset, tmp_path / "model")
    masked = {"mask": np.array([0.0, -np.inf])}
    assert _farthest(masked, masked, (), item="a") == ("mask", 0.0)
    assert _farthest(masked, {"mask": np.array([0.0, -1.0])}, (), item="a")[1] == np.inf
    words = {"tokens": np.array([1, 2], np.int64)}
    assert _farthest(words, {"tokens": np.array([1, 3], np.int32)}, (), item="a") == ("tokens", 1.0)


def test_a_file_with_weights_beside_it_keeps_them(tmp_path: Path, make: Callable[..., Any]) -> None:
    folder, card, _judgement = make()
    model = onnx.load(str(folder / "main.onnx"))
    onnx.save_model(
        model, str(tmp_path / "large.onnx"), save_as_external_data=True, location="large.bin", size_threshold=60
    )
    weights = (tmp_path / "large.bin").read_bytes()
    write_metadata(tmp_path / "large.onnx", card, graph="main")
    write_metadata(tmp_path / "large.onnx", card.model_copy(update={"title": "Again"}), graph="main")
    assert (tmp_path / "large.bin").read_bytes() == weights
    graph = OnnxGraph(tmp_path / "large.onnx", "cpu")
    assert graph.metadata["trasluz.title"] == "Again"
    assert graph.run({"image": np.full((1, 2, 2, 3), 9, np.uint8)})["probabilities"].shape == (1, 3)
