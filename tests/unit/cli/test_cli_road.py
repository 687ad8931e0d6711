"""The main job by commands alone: train → evaluate → predict → explain → export → runs, each in its own process."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from test_cli_words import last_line, trasluz


@pytest.fixture(scope="module")
def surfaces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from trasluz.core.data.samples import build_sample

    return build_sample("surfaces", tmp_path_factory.mktemp("sample") / "surfaces")


@pytest.fixture(scope="module")
def run(surfaces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "first run"
    done = trasluz("train", "finetuned-cnn", surfaces, "--out", out, "--set", "strategy=linear", "--json")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert "started" in [event["type"] for event in events]
    assert events[-1]["type"] == "finished"
    return out


def test_evaluate_prints_what_the_contract_says(run: Path, surfaces: Path) -> None:
    done = trasluz("evaluate", run, surfaces, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["family"] == "finetuned-cnn"
    assert result["metrics"]["accuracy"] >= 0.9
    assert result["provider"] == "CPUExecutionProvider"
    assert result["items"] > 0 and result["skipped"] == [] and result["items_per_second"] > 0
    assert result["parity"]["max_abs_diff"] < 1e-3
    assert abs(result["parity"]["pytorch_score"] - result["parity"]["onnx_score"]) <= 0.001


def test_predict_keeps_the_order_and_survives_a_bad_file(run: Path, surfaces: Path, tmp_path: Path) -> None:
    good = sorted(surfaces.glob("val/*/*"))[:2]
    bad = tmp_path / "broken.jpg"
    bad.write_bytes(b"not a photo")
    done = trasluz("predict", run, good[0], bad, good[1], "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [row["input"] for row in rows] == [str(good[0]), str(bad), str(good[1])]
    assert "error" in rows[1] and "broken.jpg" in rows[1]["error"]
    assert rows[0]["label"] == good[0].parent.name
    assert rows[0]["top"][0] == [rows[0]["label"], rows[0]["score"]]
    assert rows[0]["milliseconds"] > 0


def test_predict_writes_a_table_of_a_folder(run: Path, surfaces: Path, tmp_path: Path) -> None:
    table = tmp_path / "answers.csv"
    done = trasluz("predict", run, surfaces / "val", "--out", table)
    assert done.returncode == 0, done.stderr
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(list(surfaces.glob("val/*/*")))
    right = sum(Path(row["input"]).parent.name == row["label"] for row in rows)
    assert right / len(rows) >= 0.9


def test_inputs_that_all_fail_end_with_3_and_a_whole_document(run: Path, tmp_path: Path) -> None:
    done = trasluz("predict", run, tmp_path / "gone.jpg", "--json")
    assert done.returncode == 3
    assert "gone.jpg" in last_line(done.stderr)
    assert "error" in json.loads(done.stdout)[0]


def test_nothing_is_written_over_a_photo(run: Path, surfaces: Path, tmp_path: Path) -> None:
    photo = tmp_path / "mine.png"
    with Image.open(next(iter(sorted(surfaces.glob("val/*/*"))))) as image:
        image.save(photo)
    before = photo.read_bytes()
    assert trasluz("predict", run, surfaces / "val", "--out", photo).returncode == 2
    assert trasluz("explain", run, photo, "--view", "class-activation", "--out", photo).returncode == 2
    assert photo.read_bytes() == before


def test_evaluate_lists_the_files_that_it_set_aside(run: Path, surfaces: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(surfaces / "val", data)
    bad = next(iter(sorted(data.iterdir()))) / "empty.png"
    bad.write_bytes(b"")
    result = json.loads(trasluz("evaluate", run, data, "--json").stdout)
    assert [Path(skipped["file"]).name for skipped in result["skipped"]] == ["empty.png"]


def test_explain_names_its_views_and_saves_picture_and_data(run: Path, surfaces: Path, tmp_path: Path) -> None:
    listed = json.loads(trasluz("explain", run, "--json").stdout)
    assert listed
    view = next(v for v in listed if v["choices"])
    photo = next(iter(sorted(surfaces.glob("val/*/*"))))
    picture, data = tmp_path / "why.png", tmp_path / "why.json"
    for out in (picture, data):
        done = trasluz("explain", run, photo, "--view", view["id"], "--choice", view["choices"][0], "--out", out)
        assert done.returncode == 0, done.stderr
    with Image.open(picture) as image:
        assert min(image.size) >= 200
    assert json.loads(data.read_text(encoding="utf-8"))["type"] == "overlay"
    done = trasluz("explain", run, photo, "--view", "tea-leaves")
    assert done.returncode == 2
    assert view["id"] in last_line(done.stderr)


def test_export_refuses_a_full_folder_and_writes_a_new_one(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "away"
    assert trasluz("export", run, "--out", out).returncode == 0
    assert {"card.json", "README.md", "predict.py"} <= {p.name for p in out.iterdir()}
    again = trasluz("export", run, "--out", out)
    assert again.returncode == 1
    assert str(out) in last_line(again.stderr)


@pytest.mark.slow
def test_int8_is_smaller_runs_alone_and_says_what_it_was_measured_to_cost(
    run: Path, surfaces: Path, tmp_path: Path
) -> None:
    done = trasluz("export", run, "--out", tmp_path / "small", "--precision", "int8", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["precision"] == "int8" and told["score"] == told["reduced"]["score"] >= 0.85
    assert told["reduced"]["size"] < 0.4 * told["reduced"]["full_size"]
    card = json.loads((tmp_path / "small" / "card.json").read_text(encoding="utf-8"))
    assert card["reduced"] == told["reduced"] and card["metrics"]["accuracy"] == told["score"]
    photo = next(surfaces.glob("val/*/*"))
    (row,) = json.loads(trasluz("predict", tmp_path / "small", photo, "--json").stdout)
    said = subprocess.run(
        [sys.executable, tmp_path / "small" / "predict.py", photo], capture_output=True, text=True, check=True
    )
    assert row["label"] in said.stdout


@pytest.mark.slow
def test_a_smaller_model_whose_data_is_gone_is_a_sentence(run: Path, surfaces: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    assert trasluz("export", run, "--out", alone).returncode == 0
    for data, words in (((), "--data"), (("--data", tmp_path / "gone"), "gone")):
        done = trasluz("export", alone, "--out", tmp_path / "x", "--precision", "fp16", *data)
        assert done.returncode == 3
        assert words in last_line(done.stderr)
    other = tmp_path / "other"
    shutil.copytree(surfaces / "val", other)
    done = trasluz("export", alone, "--out", tmp_path / "x", "--precision", "fp16", "--data", other)
    assert done.returncode == 3 and "not the data" in last_line(done.stderr)
    moved = trasluz("export", alone, "--out", tmp_path / "x", "--precision", "fp16", "--data", surfaces)
    assert moved.returncode == 0, moved.stderr
    assert "fp16" in moved.stdout


def test_a_second_training_into_the_same_folder_is_refused(run: Path, surfaces: Path) -> None:
    done = trasluz("train", "finetuned-cnn", surfaces, "--out", run)
    assert done.returncode == 2
    assert "--resume" in last_line(done.stderr)


def test_resuming_a_finished_run_changes_nothing(run: Path, surfaces: Path) -> None:
    before = (run / "model" / "card.json").read_bytes()
    done = trasluz("train", "finetuned-cnn", surfaces, "--out", run, "--resume")
    assert done.returncode == 0, done.stderr
    assert (run / "model" / "card.json").read_bytes() == before


def test_runs_show_the_run(run: Path) -> None:
    shown = json.loads(trasluz("runs", "show", run, "--json").stdout)
    assert shown["state"] == "finished"
    assert shown["score"] >= 0.9


@pytest.mark.slow
def test_an_exported_script_says_that_it_does_not_know(run: Path, surfaces: Path, tmp_path: Path) -> None:
    photo = next(surfaces.glob("val/*/*"))
    (row,) = json.loads(trasluz("predict", run, photo, "--json").stdout)
    done = trasluz("threshold", run, "--at", min(1.0, row["score"] + 1e-4))
    assert done.returncode == 0 and "don't know" in done.stdout, done.stderr
    try:
        assert trasluz("export", run, "--out", tmp_path / "doubting").returncode == 0
        said = subprocess.run(
            [sys.executable, tmp_path / "doubting" / "predict.py", photo], capture_output=True, text=True, check=True
        )
        assert f"don't know: {row['label']}" in said.stdout
        assert "don't know, perhaps" in trasluz("predict", run, photo).stdout
    finally:
        trasluz("threshold", run, "--off")
