"""What you measured is what you run: the card is written only for a model that was held against its reference."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from inference_colours import LABELS, WEIGHTS, ColourFamily, reference

from trasluz.api import FamilyError
from trasluz.api.scores import wilson
from trasluz.core.data.index import Index
from trasluz.core.inference.judge import Judgement, judge
from trasluz.core.inference.model import OpenModel, read_card


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
    [wrong] = judgement.mistakes()
    assert (wrong.path, wrong.target, wrong.label) == ("val/blue/0.png", "blue", "green")
    assert judgement.confusion(LABELS).tolist() == [[5, 1, 0], [0, 6, 0], [0, 0, 6]]


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
