"""Judgements: honest about classes that the model does not know, and with every answer behind the score."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from inference_colours import ColourFamily

from trasluz.api import DataError, Prediction, Progress
from trasluz.core.data.index import Index
from trasluz.core.inference.judge import judge, scored
from trasluz.core.inference.model import OpenModel


def test_an_item_of_a_class_that_the_model_never_saw_is_set_aside_and_named(
    opened: OpenModel, family: ColourFamily, dataset: Index, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = _copy(dataset, tmp_path_factory, {"blue": "blue", "green": "green", "red": "magenta"})
    found = judge(opened.predictor, family, other)
    assert found.unknown == ("magenta",)
    assert found.metrics["accuracy"] == pytest.approx(11 / 12)
    assert [s.file for s in found.skipped] == [f"val/magenta/{i}.png" for i in range(6)]
    assert "does not know “magenta”" in found.skipped[0].reason
    strange = _copy(dataset, tmp_path_factory, {"blue": "bleu", "green": "vert", "red": "rouge"})
    with pytest.raises(DataError, match=r"“bleu”.*it knows “blue”"):
        judge(opened.predictor, family, strange)


def test_it_says_how_far_it_is_and_stops_when_asked(opened: OpenModel, family: ColourFamily, dataset: Index) -> None:
    steps: list[Progress] = []
    found = judge(opened.predictor, family, dataset, splits=("train", "val"), progress=steps.append)
    assert [step.done for step in steps] == [16, 30]
    assert {step.total for step in steps} == {30}
    assert found.split == "train,val"
    assert found.items_per_second > 0
    seen = []
    part = judge(
        opened.predictor, family, dataset, splits=("train", "val"), progress=seen.append, cancelled=lambda: bool(seen)
    )
    assert len(part.items) == 16


def test_where_nothing_can_be_read_there_is_no_score(opened: OpenModel, family: ColourFamily, dataset: Index) -> None:
    for photo in dataset.root.rglob("*.png"):
        photo.write_bytes(b"gone")
    with pytest.raises(DataError, match="nothing in"):
        judge(opened.predictor, family, dataset)


class _Errors(ColourFamily):
    headline = "mae"

    def score(self, predictions: Sequence[Prediction], targets: Sequence[str]) -> Mapping[str, float]:
        return {
            "mae": float(np.mean([abs(float(p.text) - float(t)) for p, t in zip(predictions, targets, strict=True)]))
        }


def test_other_scores_have_an_interval_by_bootstrap() -> None:
    rng = np.random.default_rng(1)
    answers = [Prediction(text=str(value)) for value in rng.exponential(1.0, 200)]
    metrics, interval = scored(_Errors(), answers, ["0"] * 200)
    assert interval is not None
    assert interval.low < metrics["mae"] < interval.high
    # the standard error of the mean of 200 exponentials is about 1 / √200
    assert interval.high - interval.low == pytest.approx(2 * 1.96 / np.sqrt(200), rel=0.25)
    assert scored(_Errors(), answers, ["0"] * 200) == (metrics, interval)


def _copy(dataset: Index, folders: pytest.TempPathFactory, names: Mapping[str, str]) -> Index:
    import shutil

    from trasluz.core.data.readers import builtin_sources

    root = folders.mktemp("copy")
    for split in ("train", "val"):
        for label, other in names.items():
            shutil.copytree(dataset.root / split / label, root / "data" / split / other)
    return Index.build(root / "data", root / "index.sqlite", builtin_sources())
