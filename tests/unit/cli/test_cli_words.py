"""What scripts rely on: the words, the exit statuses, where things are printed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trasluz.cli.output import duration
from trasluz.cli.training import _value


def trasluz(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the real command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "trasluz", *map(str, words)], capture_output=True, text=True, timeout=240, check=False
    )


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1]


@pytest.mark.parametrize(
    "words",
    [
        ["no-such-command"],
        ["./no-such-folder"],
        ["train", "finetuned-cnn"],
        ["train", "finetuned-cnn", ".", "--out", "out", "--set", "epochs"],
        ["plugins", "info"],
        ["runs", "compare", "one"],
        ["export", "model", "--out", "there", "--precision", "int3"],
        ["explain", "model", "photo.jpg", "--text", "another"],
        ["explain", "model", "--text", "one", "--no-such-option"],
    ],
)
def test_words_that_are_off_end_with_2(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = trasluz(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["inspect", "train"])
def test_data_that_is_not_there_ends_with_3(command: str, tmp_path: Path) -> None:
    missing = tmp_path / "photos of “nowhere”"
    words = {"inspect": ["inspect", missing], "train": ["train", "finetuned-cnn", missing, "--out", tmp_path / "run"]}
    done = trasluz(*words[command])
    assert done.returncode == 3
    assert str(missing) in last_line(done.stderr)
    assert not (tmp_path / "run").exists()


def test_a_folder_without_data_ends_with_3_and_names_it(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = trasluz("inspect", tmp_path / "empty")
    assert done.returncode == 3
    assert "empty" in last_line(done.stderr)


def test_a_model_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    done = trasluz("predict", tmp_path, "photo.jpg")
    assert done.returncode == 1
    assert str(tmp_path) in last_line(done.stderr)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words", [["--text", "one two"], ["one two", "--text"], ["--view", "tokens", "--text", "one two"]]
)
def test_the_input_of_explain_may_follow_an_option(words: list[str], tmp_path: Path) -> None:
    done = trasluz("explain", tmp_path, *words)
    assert done.returncode == 1  # the words are right; there is no model
    assert str(tmp_path) in last_line(done.stderr)


def test_families_as_json_is_one_document_with_bounds_and_sentences() -> None:
    done = trasluz("families", "--json")
    assert done.returncode == 0
    family = next(f for f in json.loads(done.stdout) if f["id"] == "finetuned-cnn")
    for setting in family["schema"]["properties"].values():
        assert setting["title"] and setting["description"].endswith(".")
    assert {"strategy", "backbone", "seed", "minutes"} <= set(family["schema"]["properties"])


def test_a_setting_is_printed_with_what_it_takes() -> None:
    of_the_cnn = trasluz("families").stdout.split("vision-transformer")[0].split("finetuned-cnn")[1]
    lines = {line.split()[0]: line for line in of_the_cnn.splitlines() if line.strip()}
    assert "auto|linear|stages|few-layers|many-layers" in lines["strategy"]
    assert "number > 0" in lines["learning_rate"]
    assert lines["backbone"].split()[1] == "efficientnet-lite0|FOLDER|hub:owner/name"


def test_doctor_names_the_provider_that_was_timed() -> None:
    done = trasluz("doctor", "--json")
    assert done.returncode == 0
    report = json.loads(done.stdout)
    assert report["versions"]["torch"].startswith("2.13.0")
    used = [row for row in report["devices"]["rows"] if row["milliseconds"] is not None]
    assert used and all(row["milliseconds"] > 0 for row in used)


def test_an_unknown_family_is_a_sentence_that_names_the_known_ones(photos: Path, tmp_path: Path) -> None:
    done = trasluz("train", "finetuned-cmm", photos, "--out", tmp_path / "run")
    assert done.returncode in (1, 2)
    assert "finetuned-cnn" in last_line(done.stderr)


def test_a_setting_out_of_bounds_is_a_sentence_that_names_it(photos: Path, tmp_path: Path) -> None:
    done = trasluz("train", "finetuned-cnn", photos, "--out", tmp_path / "run", "--set", "epochs=0")
    assert done.returncode in (1, 2)
    assert "Passes" in last_line(done.stderr) or "epochs" in last_line(done.stderr)


def test_words_that_are_off_make_no_run_folder(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    for words in (["--set", "strategie=linear"], ["--device", "quantum"]):
        done = trasluz("train", "finetuned-cnn", photos, "--out", out, *words)
        assert done.returncode == 2
        assert not out.exists()
    inside = trasluz("train", "finetuned-cnn", photos, "--out", photos / "run")
    assert inside.returncode == 2
    assert not (photos / "run").exists()


def test_a_place_that_cannot_be_written_ends_with_1_and_names_it(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = trasluz("train", "finetuned-cnn", photos, "--out", tmp_path / "file" / "run")
    assert done.returncode == 1
    assert str(tmp_path / "file" / "run") in last_line(done.stderr)


def test_a_training_that_fails_says_why_on_standard_error_with_json_too(photos: Path, tmp_path: Path) -> None:
    for photo in list(photos.rglob("*")):
        if photo.is_file():
            photo.write_bytes(b"not a photo")
    done = trasluz("train", "finetuned-cnn", photos, "--out", tmp_path / "run", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout.splitlines()[-1])["sentence"] == last_line(done.stderr)


@given(st.text())
def test_the_value_of_a_setting_is_read_without_an_error(text: str) -> None:
    value = _value(text)
    assert value is None or isinstance(value, str | int | float | bool)


@given(st.floats(min_value=0, max_value=1e7))
def test_a_duration_is_short_words(seconds: float) -> None:
    assert 3 <= len(duration(seconds)) <= 14
