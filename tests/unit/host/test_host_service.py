"""What the host can do, asked as the command line asks: in this process."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from trasluz.api import DataError, FamilyError, view_from_json
from trasluz.host.calls import Cancelled, UsageError
from trasluz.host.run import execute_run
from trasluz.host.service import Service


@pytest.fixture
def service(mean_colour) -> Service:
    return Service()


@pytest.fixture
def model(make_run) -> Path:
    run = make_run(epochs=20)
    assert execute_run(run.path) == 0
    return run.path


def test_the_catalogue_names_families_with_their_settings(service) -> None:
    found = service.catalogue()
    json.dumps(found)
    family = next(f for f in found["families"] if f["id"] == "mean-colour")
    assert family["plugin"] == "mean-colour"
    assert family["headline"] == "accuracy"
    assert family["precisions"][0] == "fp32"
    assert family["schema"]["properties"]["epochs"]["minimum"] == 1
    kinds = {k["kind"]: k for k in found["kinds"]}
    assert ".jpg" in kinds["image-classes"]["suffixes"]
    assert {p["id"]: p["state"] for p in found["plugins"]}["mean-colour"] == "ready"


def test_data_is_looked_at_once_and_again_when_asked(service, photos, tmp_path, make_photos) -> None:
    at, steps = tmp_path / "project" / "index.sqlite", []
    found = service.inspect(data=str(photos), index=str(at), progress=steps.append)
    assert (found["total"], found["kind"], sorted(found["labels"])) == (12, "image-classes", ["blue", "red"])
    assert steps
    (photos / "red" / "photo-000.jpg").unlink()
    assert service.inspect(data=str(photos), index=str(at))["total"] == 12
    assert service.inspect(data=str(photos), index=str(at), rebuild=True)["total"] == 11
    at.write_bytes(b"damaged")
    assert service.inspect(data=str(photos), index=str(at))["total"] == 11
    other = make_photos(tmp_path / "other", {"a": 5, "b": 5, "c": 5})
    assert service.inspect(data=str(other), index=str(at))["total"] == 15


def test_data_that_is_none_is_a_sentence(service, tmp_path) -> None:
    with pytest.raises(DataError):
        service.inspect(data=str(tmp_path / "nowhere"), index=str(tmp_path / "i.sqlite"))


def test_pictures_come_as_arrays(service, photos) -> None:
    path = str(photos / "red" / "photo-000.jpg")
    small = service.thumbnail(path=path, size=24)["image"]
    assert small.dtype == np.uint8
    assert max(small.shape[:2]) == 24
    assert service.image(path=path)["image"].shape == (40, 48, 3)


def test_a_model_is_opened_once(service, model) -> None:
    first = service.open_model(model=str(model), device="cpu")
    assert first["provider"] == "CPUExecutionProvider"
    assert first["card"]["labels"] == ["blue", "red"]
    with service._models.use(str(model), "cpu") as a, service._models.use(str(model / "model"), "auto") as b:
        assert a is not b
    with service._models.use(str(model / "model"), "cpu") as again:
        assert again is a
    assert first["milliseconds"] > 0


def test_only_the_last_two_models_stay_open(service, make_run) -> None:
    runs = [make_run(epochs=1) for _ in range(3)]
    for run in runs:
        execute_run(run.path)
        service.open_model(model=str(run.path), device="cpu")
    assert len(service._models._places) == 2


def test_every_input_is_answered_in_its_order(service, model, photos, tmp_path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"no photo")
    (tmp_path / "hollow").mkdir()
    red, blue = (photos / label / "photo-001.jpg" for label in ("red", "blue"))
    inputs = [str(p) for p in (red, tmp_path / "bad.jpg", blue, photos / "red", tmp_path / "hollow", "nowhere.jpg")]
    found = service.predict(model=str(model), inputs=inputs)
    rows = found["predictions"]
    json.dumps(rows)
    assert [r["input"] for r in rows[:3]] == inputs[:3]
    assert (rows[0]["label"], rows[2]["label"]) == ("red", "blue")
    assert "bad.jpg" in rows[1]["error"]
    assert [r["label"] for r in rows[3:9]] == ["red"] * 6
    assert len(rows) == 11
    assert all("error" in r for r in rows[9:])
    assert rows[0]["top"][0] == ["red", rows[0]["score"]]


def test_many_files_stream_their_rows_and_become_a_table(service, model, tmp_path, make_photos) -> None:
    many = make_photos(tmp_path / "many", {"red": 90, "blue": 70})
    steps = []
    out = tmp_path / "answers.csv"
    found = service.predict_folder(model=str(model), inputs=[str(many)], out=str(out), progress=steps.append)
    assert (found["rows"], found["errors"]) == (160, 0)
    assert [r for step in steps for r in step.rows] == found["predictions"]
    assert len(steps) > 1
    assert (steps[-1].done, steps[-1].total) == (160, 160)
    with out.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert [r["input"] for r in table] == [r["input"] for r in found["predictions"]]
    assert {r["text"] for r in table} == {"red", "blue"}
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        {p.name for p in tmp_path.iterdir()} - {".answers.csv.part"}
    )


def test_a_table_that_nobody_waits_for_is_not_written(service, model, photos, tmp_path) -> None:
    out = tmp_path / "answers.csv"
    with pytest.raises(Cancelled):
        service.predict_folder(model=str(model), inputs=[str(photos)], out=str(out), cancelled=lambda: True)
    assert not [p for p in tmp_path.iterdir() if "answers" in p.name]
    with pytest.raises(FamilyError, match="cannot be written"):
        service.predict_folder(model=str(model), inputs=[str(photos)], out=str(tmp_path / "no" / "folder.csv"))


def test_views_can_be_listed_and_made(service, model, photos) -> None:
    (listed,) = [v for v in service.views(model=str(model)) if v["id"] == "scores"]
    assert listed["choices"] == ["blue", "red"]
    photo = str(photos / "red" / "photo-000.jpg")
    made = view_from_json(service.explain(model=str(model), input=photo, view="scores", choice="red")["view"])
    assert made.highlight == "red"
    with pytest.raises(UsageError, match="no view"):
        service.explain(model=str(model), input=photo, view="nothing")
    with pytest.raises(UsageError, match="green"):
        service.explain(model=str(model), input=photo, view="scores", choice="green")


def test_a_model_is_scored_on_the_part_that_it_was_judged_by(service, model, photos) -> None:
    found = service.evaluate(model=str(model), data=str(photos))
    assert found["split"] == "val"
    assert found["metrics"]["accuracy"] == 1.0
    assert found["items"] == len(found["judgement"]["items"])
    assert set(found["parity"]) == {"max_abs_diff", "pytorch_score", "onnx_score"}
    assert found["task"] == "image-classes"
    json.dumps(found)


def test_other_data_without_splits_is_scored_whole(service, model, tmp_path, make_photos) -> None:
    other = make_photos(tmp_path / "other", {"red": 7, "blue": 8, "green": 4}, size=(30, 30))
    found = service.evaluate(model=str(model), data=str(other))
    assert found["split"] == "train,val,test"
    assert found["items"] == 15
    assert len(found["skipped"]) == 4


def test_given_splits_are_respected(service, model, tmp_path, make_photos) -> None:
    given = make_photos(tmp_path / "g", {"train/red": 3, "train/blue": 3, "test/red": 2, "test/blue": 2})
    assert service.evaluate(model=str(model), data=str(given))["items"] == 4
    assert service.evaluate(model=str(model), data=str(given), split="train")["items"] >= 4
    with pytest.raises(UsageError):
        service.evaluate(model=str(model), data=str(given), split="dev")


def test_an_export_is_a_whole_folder(service, model, tmp_path) -> None:
    found = service.export(model=str(model), out=str(tmp_path / "out"))
    assert {"model.onnx", "card.json", "README.md", "predict.py"} <= set(found["files"])
    with pytest.raises(UsageError):
        service.export(model=str(model), out=str(tmp_path / "out2"), precision="fp7")


def test_a_model_that_is_none_or_whose_family_is_gone_is_a_sentence(service, model, tmp_path) -> None:
    with pytest.raises(FamilyError, match=r"card\.json"):
        service.predict(model=str(tmp_path), inputs=["x"])
    card = model / "model" / "card.json"
    card.write_text(card.read_text().replace('"mean-colour"', '"gone"'))
    with pytest.raises(FamilyError, match="gone"):
        service.predict(model=str(model), inputs=["x"])


def test_everything_on_the_wire_is_a_method() -> None:
    for name in Service.METHODS:
        assert callable(getattr(Service, name))
    assert set(Service.METHODS) >= Service.REPORTING
