"""Steps of a live series are labelled as they come, the same as in the whole, by the program and by `predict.py`."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from test_rnn_streaming import Graph

from sequence_rnn.labelling import PROBABILITIES, StepLesson
from sequence_rnn.series_front import SeriesFront
from sequence_rnn.settings import SeriesConfig
from sequence_rnn.tasks import task_for
from trasluz.api import ModelCard, Record, Sample
from trasluz.api.step_labels import joined


class _Series:
    """Three series of two channels with gaps, as a `Dataset`."""

    kind, fingerprint, labels = "series-steps", "stub", ()

    def __init__(self) -> None:
        draw = np.random.default_rng(0)
        self.values = [draw.normal(size=(count, 2)).astype(np.float32) for count in (40, 25, 31)]
        self.values[0][5:9, 1] = np.nan

    def records(self, split: str) -> list[Record]:
        return [
            Record(path=str(i), target=joined((["up", "down", "up"] * 20)[: len(v)]), length=len(v))
            for i, v in enumerate(self.values)
        ]

    def read(self, record: Record) -> Sample:
        return Sample(record, {"series": self.values[int(record.path)]})


def exported(cell: str, folder: Path):
    """A lesson, its network with random weights, the predictor of its graph, and its card."""
    import torch

    torch.manual_seed(0)
    settings = SeriesConfig(cell=cell, directions="one", units=12, layers=2)
    context = SimpleNamespace(dataset=_Series(), config=settings, model_folder=folder, emit=lambda _event: None)
    lesson = StepLesson(context, "Steps", SeriesFront(stepwise=True))
    network = lesson.network().eval()
    graphs = lesson.write(network, folder)
    card = {
        "id": "x", "title": "x", "family": "sequence-rnn", "kind": "series-steps", "labels": [],
        "graphs": [{"name": "model", "file": graphs["model"]}], "extra": dict(lesson.extra(network)),
        "headline": "accuracy", "data": {"name": "x", "fingerprint": "x", "kind": "series-steps", "train": 3, "val": 3},
    }  # fmt: skip
    graph = Graph(folder / graphs["model"])
    model = SimpleNamespace(card=ModelCard.model_validate(card), folder=folder, graph=lambda _name: graph)
    return lesson, network, task_for("series-steps").predictor(model), card


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_steps_as_they_come_give_what_the_whole_gives(cell: str, tmp_path: Path) -> None:
    lesson, network, predictor, _ = exported(cell, tmp_path)
    for record in lesson.context.dataset.records("train"):
        sample = lesson.context.dataset.read(record)
        (whole,) = predictor.outputs([sample])
        values = sample.array("series")
        assert whole[PROBABILITIES].shape == (len(values), 2)
        expected = lesson.reference(network)([sample])[0]
        assert np.allclose(expected[PROBABILITIES], whole[PROBABILITIES], atol=1e-5)
        stream, heard, at = predictor.stream(), [], 0
        for size in (1, 1, 7, 1, 100):
            heard.append(stream.hear(values[at : at + size])[PROBABILITIES])
            at += size
        assert stream.end() is None
        assert np.allclose(np.concatenate(heard), whole[PROBABILITIES], atol=1e-5)


def test_the_script_labels_steps_as_they_come(tmp_path: Path) -> None:
    _, _, predictor, card = exported("lstm", tmp_path)
    (tmp_path / "card.json").write_text(json.dumps(card), encoding="utf-8")
    script = task_for("series-steps").script(ModelCard.model_validate(card))
    (tmp_path / "predict.py").write_text(script, encoding="utf-8")
    sample = _Series().read(Record(path="0"))
    rows = [",".join("" if np.isnan(v) else str(v) for v in row) for row in sample.array("series")]
    (tmp_path / "a.csv").write_text("\n".join(["d1,d2", *rows]), encoding="utf-8")

    def said(*given: str, piped: str = "") -> list[str]:
        done = subprocess.run(
            [sys.executable, "-I", "predict.py", *given],
            input=piped, capture_output=True, text=True, encoding="utf-8", cwd=tmp_path, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    live = said("--live", piped="\n".join(rows) + "\n")
    (whole,) = said("a.csv")
    assert joined(live) == whole.partition("\t")[2] == predictor.predict([sample])[0].text
