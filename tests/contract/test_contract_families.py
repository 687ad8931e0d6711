"""What every family owes the house, checked on whatever is registered."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from contract_runs import REGISTRY, Finished

from trasluz.api import Finished as FinishedEvent
from trasluz.api import ModelCard, ModelFamily, Prediction, Record, TrainConfig, view_from_json, view_to_json
from trasluz.core import wire
from trasluz.core.inference.export import export
from trasluz.core.inference.judge import judge
from trasluz.core.inference.model import OpenModel, find_model, read_card, sha256

SPLIT = "val"


def samples(finished: Finished, count: int = 4):
    """A few val samples of different classes."""
    arranged = finished.arranged
    records = arranged.records(SPLIT)
    step = max(1, len(records) // count)
    return [arranged.read(records[i]) for i in range(0, len(records), step)][:count]


def given_to_script(finished: Finished, record: Record) -> str:
    """What a person gives to `predict.py` for a record: a file, or the text where an input is one."""
    text = finished.arranged.read(record).inputs.get("text")
    if isinstance(text, str):
        return text
    part = f"#{record.part}" if record.part else ""  # one of several in a file
    return f"{finished.dataset.root / record.path}{part}"


def test_every_built_in_plugin_is_ready() -> None:
    assert {plugin.id: plugin.error for plugin in REGISTRY.plugins if plugin.state != "ready"} == {}
    assert REGISTRY.families


def test_settings_are_declared_in_full(family: ModelFamily) -> None:
    schema = family.config.model_json_schema()
    assert issubclass(family.config, TrainConfig)
    for name, field in schema["properties"].items():
        assert field.get("title"), f"{name} has no title"
        assert field.get("description", "").endswith("."), f"{name} has no sentence"
        assert "default" in field, f"{name} has no default"
    assert family.config() == family.config.model_validate_json(family.config().model_dump_json())
    with pytest.raises(ValueError, match="frozen"):
        family.config().seed = 3
    with pytest.raises(ValueError, match="no_such_setting"):
        family.config(no_such_setting=1)


def test_what_it_compares_is_a_choice_among_a_few(family: ModelFamily) -> None:
    if family.compares:
        field = family.config.model_json_schema()["properties"][family.compares]
        assert 2 <= len([value for value in field.get("enum", ()) if value != "auto"]) <= 6


def test_it_finishes_and_says_so(finished: Finished) -> None:
    events = list(finished.run.events())
    assert isinstance(events[-1], FinishedEvent)
    assert finished.family.headline in events[-1].metrics
    assert finished.run.state() == "finished"
    assert sum(isinstance(event, FinishedEvent) for event in events) == 1


def test_the_card_tells_all_and_survives_the_round_trip(finished: Finished) -> None:
    card = finished.model.card
    assert ModelCard.model_validate_json(card.model_dump_json()) == card
    assert read_card(find_model(finished.run.path)) == card
    assert card.family == finished.family.id
    assert card.headline == finished.family.headline
    assert set(card.metrics) >= {card.headline}
    assert card.preprocessing, "nothing is said of the preprocessing"
    assert card.data.fingerprint == finished.dataset.fingerprint
    assert card.data.val == finished.dataset.count("val")
    assert card.interval is not None
    assert card.interval.low <= card.metrics[card.headline] <= card.interval.high
    assert str(finished.dataset.root) not in card.model_dump_json(), "the card gives away where the photos lie"
    for graph in card.graphs:
        assert graph.sha256 == sha256(finished.run.model_folder / graph.file)
        assert graph.inputs
        assert graph.outputs


def test_the_graphs_explain_themselves(finished: Finished) -> None:
    for graph in finished.model.card.graphs:
        metadata = finished.model.graph(graph.name).metadata
        assert finished.family.id in json.dumps(metadata)
        for label in finished.model.card.labels:
            assert label in json.dumps(metadata, ensure_ascii=False)


def test_onnx_is_what_pytorch_was(finished: Finished) -> None:
    parity = finished.model.card.parity
    assert parity is not None
    assert parity.items > 0
    assert parity.max_abs_diff <= parity.tolerance
    assert abs(parity.pytorch_score - parity.onnx_score) <= 0.001


def test_it_learned_something(finished: Finished) -> None:
    """Better than the most frequent answer: else the test data, or the family, is of no use."""
    targets = [record.target for record in finished.arranged.records(SPLIT)]
    majority = max(set(targets), key=targets.count)
    lazy = finished.family.score([Prediction(text=majority, label=majority)] * len(targets), targets)
    score = finished.model.card.metrics[finished.family.headline]
    better = score > lazy[finished.family.headline]
    assert better if finished.family.higher_is_better else score < lazy[finished.family.headline]


def test_predictions_have_a_face(finished: Finished) -> None:
    for prediction in finished.model.predictor.predict(samples(finished)):
        assert prediction.text
        assert prediction.score is None or 0 <= prediction.score <= 1
        scores = [score for _, score in prediction.top]
        assert scores == sorted(scores, reverse=True)
        if prediction.label is not None:
            assert prediction.label in finished.model.card.labels
        if prediction.top:
            assert prediction.top[0][0] == (prediction.label or prediction.text)


def test_an_answer_does_not_depend_on_its_neighbours(finished: Finished) -> None:
    several = samples(finished)
    predictor = finished.model.predictor
    together = predictor.outputs(several)
    backwards = list(reversed(predictor.outputs(list(reversed(several)))))
    for sample, first, second in zip(several, together, backwards, strict=True):
        alone = predictor.outputs([sample])[0]
        for name, value in alone.items():
            assert np.allclose(value, first[name], atol=finished.model.card.parity.tolerance)
            assert np.allclose(value, second[name], atol=finished.model.card.parity.tolerance)
    assert list(predictor.outputs([])) == []


def test_the_judgement_can_be_had_again(finished: Finished) -> None:
    again = judge(finished.model.predictor, finished.family, finished.dataset, splits=[SPLIT])
    assert again.metrics == finished.judgement.metrics == finished.model.card.metrics
    assert [i.label for i in again.items] == [i.label for i in finished.judgement.items]


def test_every_view_can_be_made_sent_and_restored(finished: Finished) -> None:
    sample = samples(finished, 1)[0]
    shown = REGISTRY.explainers(finished.model.card)
    assert shown, "nothing can be seen in this model"
    for explainer in shown:
        assert explainer.title
        assert explainer.sentence.endswith(".")
        for choice in [None, *list(explainer.choices(finished.model.card))[:2]]:
            view = explainer.explain(finished.model.predictor, sample, choice)
            received = wire.unpack(wire.pack(view_to_json(view)))
            assert type(view_from_json(received)) is type(view)


def test_the_exported_script_runs_without_trasluz(finished: Finished, tmp_path: Path) -> None:
    out = export(finished.run.model_folder, finished.family, tmp_path / "exported")
    record = finished.arranged.records(SPLIT)[0]
    expected = finished.model.predictor.predict([finished.arranged.read(record)])[0]
    # -I shuts out PYTHONPATH and this folder; the hook shuts out what is installed but not allowed.
    guard = (
        "import sys, runpy\n"
        "class Wall:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in {'trasluz', 'torch', 'onnx', 'sklearn', 'scipy', 'pydantic'}:\n"
        "            raise ImportError(f'{name} is not for this script')\n"
        "sys.meta_path.insert(0, Wall())\n"
        "sys.argv = sys.argv[1:]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", guard, str(out / "predict.py"), given_to_script(finished, record)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert expected.text in done.stdout


def test_the_exported_folder_is_whole(finished: Finished, tmp_path: Path) -> None:
    out = export(finished.run.model_folder, finished.family, tmp_path / "exported")
    assert {"card.json", "predict.py", "README.md"} < {path.name for path in out.iterdir()}
    there = OpenModel(find_model(out), finished.family, "cpu")
    sample = samples(finished, 1)[0]
    assert there.predictor.predict([sample]) == finished.model.predictor.predict([sample])


@pytest.mark.slow
def test_the_same_seed_gives_the_same_model(finished: Finished, tmp_path: Path, monkeypatch) -> None:
    from trasluz.core.runs.folder import RunFolder
    from trasluz.core.runs.request import RunRequest
    from trasluz.host.run import execute_run

    monkeypatch.setenv("TRASLUZ_HOME", str(finished.run.path.parent / "home"))  # its cache speaks to the speed
    asked = finished.run.request
    request = RunRequest.new(family=asked.family, data=asked.data, settings=asked.settings, device="cpu")
    again = RunFolder.create(tmp_path / "again", request)
    assert execute_run(again.path) == 0
    card, before = read_card(again.model_folder), finished.model.card
    assert card.metrics == before.metrics
    model = OpenModel(again.model_folder, finished.family, "cpu")
    for sample in samples(finished, 2):
        one, other = (m.predictor.outputs([sample])[0] for m in (model, finished.model))
        for name in one:
            assert np.allclose(one[name], other[name], atol=1e-5)


def test_runs_are_compared(finished: Finished) -> None:
    from trasluz.host.comparing import compared

    found = compared(REGISTRY, {"one": finished.run.path, "other": finished.run.path})
    json.dumps({name: value for name, value in found.items() if name != "views"})
    assert [row["name"] for row in found["runs"]] == ["one", "other"]
    for row in found["runs"]:
        assert row["score"] == finished.model.card.metrics[finished.family.headline]
    for part in found["by_length"] or ():
        assert part["scores"]["one"] == part["scores"]["other"]
        assert part["from"] <= part["mean"] <= part["to"]
    for ahead in found["long"]:
        assert ahead["low"] == ahead["by"] == ahead["high"] == 0
    for view in found["views"]:
        assert view_from_json(view)
