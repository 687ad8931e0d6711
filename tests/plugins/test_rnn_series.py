"""Labelled series: what the front end makes of gaps, and what is seen of the answer."""

from types import SimpleNamespace

import numpy as np
import pytest

from sequence_rnn.labelling import said_of, step_scores
from sequence_rnn.series_explain import DecidingPart, StepProbabilities
from sequence_rnn.series_front import SeriesFront
from trasluz.api import DataError, Record, Sample

FACTS = {"channels": 2, "mean": [1.0, 0.0], "spread": [2.0, 1.0], "strides": [2, 1, 1]}


def sample(values: np.ndarray) -> Sample:
    return Sample(Record(path="a.csv"), {"series": values.astype(np.float32)})


@pytest.mark.parametrize("placed", [True, False])
def test_gaps_are_told_apart_from_zeros_in_torch_and_in_the_graph(tmp_path, placed: bool) -> None:
    import onnxruntime
    import torch

    from trasluz.torchkit.graph import GraphWriter

    front = SeriesFront()
    values = np.random.default_rng(0).normal(size=(31, 2))
    values[4:9, 0] = np.nan
    facts = {**FACTS, "placed": placed}
    x = front.exactly(sample(values), facts)
    assert x.shape == (1, 4 + placed, 31)
    assert x[0, 2, 4:9].sum() == 0
    torch.manual_seed(0)
    stem = front.stem(facts).eval()
    writer = GraphWriter()
    name = front.write(writer, stem, facts)
    writer.output(name, ("items", "steps", stem.outputs))
    writer.save(tmp_path / "stem.onnx", "test")
    session = onnxruntime.InferenceSession(str(tmp_path / "stem.onnx"), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        expected = stem(x).numpy()
    (found,) = session.run(None, front.feed(sample(values), facts))
    assert found.shape == (1, front.steps(Record(path="a", length=31), facts), stem.outputs)
    assert np.allclose(found, expected, atol=1e-5)


def test_another_number_of_channels_is_set_aside() -> None:
    with pytest.raises(DataError, match="3 channels"):
        SeriesFront().prepared(sample(np.zeros((5, 3))), FACTS)


def test_the_same_draw_alters_in_the_same_way_and_steps_keep_their_places() -> None:
    kept = np.linspace(0, 1, 80, dtype=np.float32).reshape(40, 2)
    for front in (SeriesFront(), SeriesFront(stepwise=True)):
        one, two = (front.varied(kept, FACTS, 1.0, np.random.default_rng(3)) for _ in range(2))
        assert np.array_equal(one, two, equal_nan=True)
        assert np.array_equal(front.varied(kept, FACTS, 0, np.random.default_rng(3)), kept)
    assert len(SeriesFront(stepwise=True).varied(kept, FACTS, 1.0, np.random.default_rng(3))) == 40


def test_steps_are_scored_one_by_one() -> None:
    found = step_scores(["a × 3 → b × 1", "b × 1"], ["a × 2 → b × 2", "b × 2"])
    assert found["accuracy"] == pytest.approx(4 / 6)
    assert said_of(["a", "b"], np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])).text == "a × 2 → b × 1"


class _Peak:
    """Answers “high” as surely as the largest value is large."""

    class card:  # noqa: N801 - stands for an attribute
        family, kind, labels = "sequence-rnn", "series-classes", ("low", "high")

    def outputs(self, samples):
        highs = [float(np.nanmax(s.array("series"))) for s in samples]
        return [{"probabilities": np.array([1 - h, h])} for h in highs]


class _Certain:
    """Says “up” at first, “down” after ten steps, and is least sure where it changes."""

    card = SimpleNamespace(extra={"step_labels": ["down", "up"]})

    def outputs(self, samples):
        up = np.linspace(1.0, 0.05, len(samples[0].array("series")))
        return [{"probabilities": np.stack([1 - up, up], axis=1)}]


def test_the_labels_over_time_are_read_in_a_sentence() -> None:
    said = StepProbabilities().explain(_Certain(), sample(np.arange(20.0)[:, None]))
    assert [line.name for line in said.series] == ["up", "down", "series"]
    assert said.caption.startswith("It is least sure at step 10: down 50%. “series” is measured")
    several = StepProbabilities().explain(_Certain(), sample(np.ones((20, 2))))
    assert several.series[-1].name == "channel 1"


def test_the_part_that_decided_is_where_it_was_looked_at() -> None:
    values = np.full((100, 1), 0.1)
    values[60:63] = 0.9
    view = DecidingPart().explain(_Peak(), sample(values), "high")
    (counted,) = view.bands
    assert counted.high[61] == pytest.approx(0.9)  # as high as the line goes
    assert np.abs(counted.high[:40] - counted.low[:40]).max() < 1e-6
    assert np.allclose(view.series[0].y, values[:, 0])  # in its own numbers
    assert "points less, around step 6" in view.caption
    values[:] = 0.5
    assert "no part decided alone" in DecidingPart().explain(_Peak(), sample(values), "high").caption
    with pytest.raises(ValueError, match="none of the model's classes"):
        DecidingPart().explain(_Peak(), sample(values), "none")
