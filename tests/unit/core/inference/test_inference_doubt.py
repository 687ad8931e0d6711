"""When a model says “don't know”: the curve, the threshold, and where it is kept."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trasluz.core.inference.doubt import ANSWERING_NAME, Answering, RiskCoverage
from trasluz.core.inference.model import ModelError

judged = st.lists(st.tuples(st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9, 1.0]), st.booleans()), min_size=1, max_size=40)


@given(judged, st.floats(0, 1))
@settings(deadline=None)
def test_a_threshold_answers_exactly_what_is_as_sure(items: list[tuple[float, bool]], threshold: float) -> None:
    kept = RiskCoverage(*zip(*items, strict=True)).at(threshold)
    answered = [right for score, right in items if not Answering(unsure_below=threshold).unsure(score)]
    assert (kept.answered, kept.right, kept.total) == (len(answered), sum(answered), len(items))


@given(judged)
@settings(deadline=None)
def test_the_curve_is_what_its_thresholds_give(items: list[tuple[float, bool]]) -> None:
    curve = RiskCoverage(*zip(*items, strict=True))
    for threshold, coverage, accuracy in zip(curve.thresholds, curve.coverage, curve.accuracy, strict=True):
        kept = curve.at(threshold)
        assert kept.coverage == pytest.approx(coverage) and kept.accuracy == pytest.approx(accuracy)
    assert curve.coverage[-1] == 1 and np.all(np.diff(curve.thresholds) < 0)
    assert curve.at(None).answered == len(items)


@given(judged, st.sampled_from([0.2, 0.5, 0.75, 0.9, 1.0]), st.floats(0, 1))
@settings(deadline=None)
def test_a_wished_accuracy_or_coverage_is_reached_at_the_least_cost(
    items: list[tuple[float, bool]], accuracy: float, coverage: float
) -> None:
    curve = RiskCoverage(*zip(*items, strict=True))
    found = curve.threshold_for(accuracy)
    reached = [t for t in {s for s, _ in items} if (curve.at(t).accuracy or 0) >= accuracy]
    assert found == (min(reached) if reached else None)
    at = curve.threshold_for_coverage(coverage)
    assert at is not None and curve.at(at).coverage >= coverage - 1e-9
    assert all(curve.at(t).coverage < coverage for t in {s for s, _ in items} if t > at)


def test_the_area_is_that_of_the_definition() -> None:
    """Four items, the third wrong: risks 0, 0, 1/3, 1/4."""
    assert RiskCoverage([0.9, 0.8, 0.7, 0.6], [True, True, False, True]).area == pytest.approx((1 / 3 + 1 / 4) / 4)


def test_the_threshold_lies_beside_the_model_and_can_be_taken_back(tmp_path: Path) -> None:
    assert Answering.read(tmp_path).unsure_below is None and not Answering.read(tmp_path).unsure(0.0)
    Answering(unsure_below=0.62).write(tmp_path)
    assert Answering.read(tmp_path).unsure(0.61) and not Answering.read(tmp_path).unsure(0.62)
    assert not Answering.read(tmp_path).unsure(None), "an answer without a confidence stays one"
    Answering().write(tmp_path)
    assert not (tmp_path / ANSWERING_NAME).exists()


@pytest.mark.parametrize("content", ["", "[]", '{"unsure_below": 2}', '{"unsure_below": "much"}'])
def test_a_damaged_one_is_a_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / ANSWERING_NAME).write_text(content)
    with pytest.raises(ModelError, match="Choose its threshold again"):
        Answering.read(tmp_path)
