"""What the pages make of events and judgements, without any window."""

import json
from pathlib import Path

import pytest

from trasluz.api import (
    DataError,
    DataFacts,
    Failed,
    Finished,
    GraphFile,
    Interval,
    Metric,
    ModelCard,
    Note,
    Preview,
    Previewed,
    Progress,
    Started,
    TensorSpec,
)
from trasluz.core.nouns import plurals
from trasluz.core.runs.folder import RunFolder
from trasluz.core.runs.request import RunRequest
from trasluz.ui.pages.export import contents, snippet
from trasluz.ui.pages.judging.verdict import read_verdict, verdict_of
from trasluz.ui.pages.training.story import Story
from trasluz.ui.pages.using.table import write_csv
from trasluz.ui.pages.words import left_words, metric_words, share_words


def card(**more: object) -> ModelCard:
    made: dict[str, object] = {
        "id": "r1",
        "title": "A network",
        "family": "finetuned-cnn",
        "kind": "image-classes",
        "graphs": (
            GraphFile(
                name="model",
                file="model.onnx",
                inputs=(TensorSpec(name="image", dtype="uint8", shape=("n", "h", "w", 3)),),
                outputs=(TensorSpec(name="probabilities", dtype="float32", shape=("n", 2)),),
            ),
        ),
        "labels": ("blue", "red"),
        "headline": "accuracy",
        "metrics": {"accuracy": 0.75},
        "interval": Interval(low=0.3, high=0.95, method="Wilson"),
        "data": DataFacts(name="d", fingerprint="f", kind="image-classes", train=8, val=4),
    }
    return ModelCard(**{**made, **more})  # type: ignore[arg-type]


def judgement() -> dict[str, object]:
    rows = [("a", "red", "red", 0.9), ("b", "red", "blue", 0.6), ("c", "red", "blue", 0.8), ("d", "blue", "blue", 0.7)]
    items = [
        {"path": f"{p}.jpg", "target": t, "text": a, "label": a, "score": s, "top": [[a, s]]} for p, t, a, s in rows
    ]
    return {
        "headline": "accuracy",
        "metrics": {},
        "split": "val",
        "provider": "CPUExecutionProvider",
        "items_per_second": 200.0,
        "milliseconds": 4.5,
        "items": items,
        "skipped": [],
    }


def test_a_run_is_folded_into_what_the_page_shows() -> None:
    story = Story()
    events = [
        Started(pid=1, device="cpu", time=0),
        Progress(stage="Looking at the photos", done=100, total=100, unit="photos", time=1),
        Progress(stage="Learning", done=0, total=10, unit="passes", passes=10, time=3),
        Note(
            sentence="The head learns.",
            facts={"stages": [{"name": "stem", "learning": False}, {"name": "head", "learning": True}]},
        ),
    ]
    for step in range(1, 4):
        events.append(Metric(name="accuracy", split="train", value=0.5 + step / 10, step=step))
        events.append(Metric(name="accuracy", split="val", value=0.6 - step / 100, step=step, best=step == 1))
        events.append(Metric(name="loss", split="train", value=1 / step, step=step))
    events.append(Preview(step=3, items=(Previewed(path="a.jpg", target="red", text="red", score=0.9),)))
    events.append(Progress(stage="Learning", done=3, total=10, unit="passes", passes=10, time=33))
    story.add(events)
    assert story.metrics("accuracy") == ["accuracy", "loss"]
    assert story.best == {"accuracy": (1, 0.59)} and story.passes == 10
    curve = story.curve("accuracy", {"before": 0.5})
    assert [s.name for s in curve.series] == ["learning", "judging"] and curve.unit == "%"
    assert curve.series[0].y.tolist() == pytest.approx([0.6, 0.7, 0.8])
    assert [s.over for s in story.stretches] == [True, False] and story.stretches[1].fraction == pytest.approx(0.3)
    assert story.stages is not None and list(story.stages.learning) == [False, True]
    assert story.stages_sentence == "the first keeps what they learned from 1.3 million photos"
    story.add([Failed(sentence="The disk is full.", time=40)])
    assert story.failed is not None
    story.add([Started(pid=2, device="cpu", resumed=True, time=50)])
    assert story.failed is None and story.resumed
    # a resumed run tells a step again: the curve keeps one value for it
    story.add([Metric(name="accuracy", split="val", value=0.61, step=3)])
    assert len(story.curve("accuracy").series[1].y) == 3
    story.add([Finished(metrics={"accuracy": 0.61}, seconds=12, time=60)])
    assert story.finished is not None and story.stretches[-1].over


def test_a_curve_ends_where_the_run_will_end_or_has_ended() -> None:
    story = Story()
    learning = {"stage": "Learning", "total": 2_000, "unit": "pairs", "passes": 20}
    story.add([Progress(**learning, done=0, time=1)])
    assert story.span == 20
    # two passes in 40 s, and 30 s left by the time limit: it will end in pass 4
    story.add([Metric(name="loss", split="train", value=1.0, step=2)])
    story.add([Progress(**learning, done=200, rate=5, seconds_left=30, time=41)])
    assert story.span == 4 and story.share == pytest.approx(200 / 350)
    story.add([Progress(stage="Judging", done=1, total=9, time=41.5)])
    assert story.span == 4
    story.add([Progress(**learning, done=200, rate=5, seconds_left=300, time=42)])
    assert story.span == 20 and story.share == pytest.approx(200 / 1_700)
    story.add([Progress(**learning, done=200, rate=5, seconds_left=400, time=43)])
    assert story.share == pytest.approx(0.1)  # the passes end it
    story.add([Metric(name="loss", split="val", value=1.0, step=3.1416)])
    story.add([Finished(metrics={"loss": 1.0}, seconds=70, time=71)])
    assert story.span == pytest.approx(3.15)


def test_a_judgement_opens_the_photos_behind_each_cell() -> None:
    verdict = verdict_of(card(), judgement())
    assert verdict.labels == ["blue", "red"]
    assert verdict.counts.tolist() == [[1, 0], [2, 1]]
    assert [i.path for i in verdict.mistakes()] == ["c.jpg", "b.jpg"], "the surest first"
    assert [i.path for i in verdict.behind(1, 0)] == ["c.jpg", "b.jpg"]
    assert verdict.cell_title(1, 0) == ("2 reds taken for blues", "surest mistakes first")
    assert verdict.cell_title(1, 1) == ("1 red seen as such", "least sure first")
    assert verdict.cell_title(0, 1) == ("No blues taken for reds", "")
    worst = verdict.classes()[0]
    assert (worst.label, worst.items, worst.right) == ("red", 3, 1) and worst.precision == 1.0
    assert verdict.milliseconds == pytest.approx(4.5) and verdict.score == 0.75


def test_a_class_that_was_only_judged_has_its_row() -> None:
    told = judgement()
    told["items"][0]["target"] = "green"  # type: ignore[index]
    verdict = verdict_of(card(), told)
    assert verdict.labels == ["blue", "red", "green"] and verdict.counts[2].tolist() == [0, 1, 0]


def test_a_missing_or_broken_judgement_is_a_sentence(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "r1", RunRequest(id="r1", family="finetuned-cnn", data=str(tmp_path)))
    with pytest.raises(DataError, match="train again"):
        read_verdict(run)
    run.model_folder.mkdir()
    (run.model_folder / "card.json").write_text(card().model_dump_json())
    run.judgement_path.write_text('{"items": [')
    with pytest.raises(DataError, match="r1"):
        read_verdict(run)
    run.judgement_path.write_text(json.dumps(judgement()))
    assert len(read_verdict(run).items) == 4


def test_words_are_plain() -> None:
    assert metric_words("accuracy").title == "Right answers" and metric_words("accuracy").write(0.909) == "90.9%"
    assert metric_words("accuracy").difference(0.909, 0.862) == "+4.7"
    assert metric_words("cer").higher is False and metric_words("my_score").title == "My score"
    assert [plurals(w) for w in ("shirt", "dress", "shoes", "pants", "berry", "box", "7")] == [
        "shirts",
        "dresses",
        "shoes",
        "pants",
        "berries",
        "boxes",
        "7",
    ]
    assert left_words(660) == "about 11 minutes left" and left_words(None) == "" == left_words(float("nan"))
    assert left_words(61) == "about a minute left" and left_words(3) == "a few seconds left"


def test_the_snippet_is_python_and_names_what_the_graph_has() -> None:
    told = snippet(card().model_dump(mode="json"), "my-model")
    shell, python = told.split("# from your own Python\n")
    compile(python, "snippet", "exec")
    assert "my-model/predict.py" in shell and '"image": photo[None]' in python and '["probabilities"]' in python
    assert "import" not in snippet({}, "m"), "a model of unknown shape gets no made-up code"
    assert next(iter(contents(card().model_dump(mode="json"))))[0] == "model.onnx"
    told = card().model_copy(update={"meanings": {"model.onnx": "Reads a text, once."}})
    assert contents(told.model_dump(mode="json"))[0] == ("model.onnx", "Reads a text, once.")


def test_a_csv_opens_in_a_spreadsheet(tmp_path: Path) -> None:
    rows = [
        {"input": "ä, b.jpg", "text": "red", "score": 0.9, "top": [["red", 0.9], ["blue", 0.1]]},
        {"input": "c.jpg", "error": "“c.jpg” cannot be read."},
    ]
    assert write_csv(tmp_path / "a.csv", rows) == 2
    lines = (tmp_path / "a.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[1] == '"ä, b.jpg",red,0.9000,blue,0.1000,,' and "cannot be read" in lines[2]
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    ("share", "words"), [(0.4, "40%"), (0.997, ">99%"), (1.0, "100%"), (0.9996, "100%"), (0.001, "<1%"), (0.0, "0%")]
)
def test_what_is_not_quite_certain_is_not_called_so(share: float, words: str) -> None:
    assert share_words(share) == words


def test_what_a_network_beside_tells_is_a_line_of_the_same_curve() -> None:
    story = Story()
    for step in (1, 2):
        for name, split, value in (("loss", "train", 1.0), ("loss_gru", "train", 2.0), ("macro_f1", "val", 0.5)):
            story.add([Metric(name=name, split=split, value=value / step, step=step)])
    assert story.metrics() == ["loss", "macro_f1"]
    assert [line.name for line in story.curve("loss").series] == ["learning", "GRU"]
    assert story.curve("loss").series[1].y.tolist() == [2.0, 1.0]
