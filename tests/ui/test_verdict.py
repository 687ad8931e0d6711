"""The verdict of the Judge page, on any judgement: every item behind one cell, the classes as scikit-learn has them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trasluz.api import DataFacts, GraphFile, ModelCard
from trasluz.core.inference.judge import JudgedItem, Judgement
from trasluz.ui.pages.judging.verdict import Verdict, verdict_of

LABELS = ("a", "b", "c")


def verdict(rows: list[tuple[str, str, float | None]]) -> Verdict:
    """Through the very file that a run leaves, so that writer and reader are held together."""
    judgement = Judgement(
        headline="accuracy",
        metrics={"accuracy": 0.5},
        interval=None,
        split="val",
        provider="",
        items_per_second=1.0,
        items=tuple(
            JudgedItem(path=str(i), target=target, text=answer, label=answer, score=score)
            for i, (target, answer, score) in enumerate(rows)
        ),
    )
    card = ModelCard(
        id="m",
        title="A model",
        family="f",
        kind="image-classes",
        graphs=(GraphFile(name="model", file="model.onnx"),),
        labels=LABELS,
        headline="accuracy",
        data=DataFacts(name="d", fingerprint="", kind="image-classes", train=1, val=1),
    )
    return verdict_of(card, judgement.model_dump(mode="json"))


labels = st.sampled_from(LABELS)
verdicts = st.lists(st.tuples(labels, labels, st.none() | st.floats(0, 1)), min_size=1, max_size=30).map(verdict)


@given(verdicts)
@settings(deadline=None)
def test_every_item_stands_behind_one_cell(found: Verdict) -> None:
    assert found.counts.sum() == len(found.items)
    for i in range(len(LABELS)):
        for j in range(len(LABELS)):
            assert len(found.behind(i, j)) == found.counts[i, j]
    assert len(found.mistakes()) == found.counts.sum() - np.trace(found.counts)
    sure = [item.score or 0.0 for item in found.mistakes()]
    assert sure == sorted(sure, reverse=True)


@given(verdicts)
@settings(deadline=None)
def test_the_classes_agree_with_scikit_learn(found: Verdict) -> None:
    from sklearn.metrics import precision_recall_fscore_support

    truth, said = [i.target for i in found.items], [i.answer for i in found.items]
    precision, recall, _, items = precision_recall_fscore_support(truth, said, labels=LABELS, zero_division=np.nan)
    rows = {row.label: row for row in found.classes()}
    for at, name in enumerate(LABELS):
        row = rows[name]
        assert row.items == items[at]
        for ours, theirs in ((row.precision, precision[at]), (row.recall, recall[at])):
            assert (ours is None) == bool(np.isnan(theirs))
            if ours is not None:
                assert ours == pytest.approx(theirs)
