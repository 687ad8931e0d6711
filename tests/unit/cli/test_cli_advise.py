"""`advise` by the words of the contract: both axes, the cell, the reason, and with --try the four runs side by side."""

import json
import shutil
from pathlib import Path

import pytest

from trasluz.cli import main
from trasluz.cli.advising import verdict
from trasluz.core.plugins.state import Decision, deciding
from trasluz.core.plugins.trust import content_hash
from trasluz.core.runs.folder import RunFolder

_PLUGIN = Path(__file__).parents[1] / "host" / "mean_colour"


@pytest.fixture(autouse=True)
def family(trasluz_home: Path) -> None:
    """A family that gives advice and trains within a second."""
    target = trasluz_home / "plugins" / "mean-colour"
    shutil.copytree(_PLUGIN, target, ignore=shutil.ignore_patterns("__pycache__"))
    with deciding() as decided:
        decided.plugins["mean-colour"] = Decision(enabled=True, trusted=content_hash(target))


def asked(capsys: pytest.CaptureFixture[str], *words: str | Path, status: int = 0) -> dict:  # type: ignore[type-arg]
    assert main(["advise", *map(str, words), "--device", "cpu", "--json"]) == status
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


def test_json_has_both_axes_the_cell_and_the_reason(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, photos, "--family", "finetuned-cnn")
    assert found["family"] == "finetuned-cnn"
    assert found["size"]["value"] == 5 and found["size"]["word"] == "few photos"
    assert found["size"]["threshold"] > 5 and found["size"]["unit"] == "photos"
    assert found["distance"]["value"] > found["distance"]["threshold"], "plain colours are no photos"
    assert found["distance"]["word"] == "different from ImageNet"
    assert found["cell"] == "few photos, different from ImageNet"
    assert found["settings"] == {"strategy": "stages"}
    assert [c["settings"]["strategy"] for c in found["cells"]] == ["linear", "stages", "few-layers", "many-layers"]
    assert "5 photos" in found["reason"] and f"{found['distance']['value']:.2f}" in found["reason"]
    assert "trials" not in found


def test_a_person_reads_the_table_and_the_command(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["advise", str(photos), "--family", "mean-colour"]) == 0
    told = capsys.readouterr().out
    assert "Few photos, few passes." in told
    assert "→ 1 passes" in told and "  4 passes" in told
    assert "trasluz train mean-colour" in told and "--set epochs=1" in told
    assert "It has no clock." in told


def test_try_trains_every_cell_and_compares_them(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "trials"
    words = [photos, "--family", "mean-colour", "--try", "--out", out, "--set", "learning_rate=3"]
    found = asked(capsys, *words)
    assert [t["settings"] for t in found["trials"]] == [{"epochs": n} for n in (1, 2, 3, 4)]
    assert [t["advised"] for t in found["trials"]] == [True, False, False, False]
    for trial in found["trials"]:
        assert trial["low"] <= trial["accuracy"] == trial["score"] <= trial["high"]
        assert trial["seconds"] >= 0 and trial["megabytes"] > 0
        run = RunFolder(trial["run"])
        assert run.has_model() and run.request.settings["learning_rate"] == 3
    assert found["verdict"]
    # what is finished is not trained again, and other runs are not overwritten
    again = asked(capsys, *words)
    assert [t["seconds"] for t in again["trials"]] == [t["seconds"] for t in found["trials"]]
    assert main(["advise", *map(str, words[:-1]), "learning_rate=1", "--json"]) == 2
    assert "another run" in capsys.readouterr().err


def test_a_cell_that_fails_does_not_end_the_others(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "--family",
        "mean-colour",
        "--try",
        "--out",
        tmp_path / "trials",
        "--set",
        "behave=family-error-in-training",
    ]
    found = asked(capsys, photos, *words, status=1)
    errors = ["error" in trial for trial in found["trials"]]
    assert errors == [False, True, True, True], found["trials"]
    assert all(trial["error"].endswith(".") for trial in found["trials"][1:])


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["no-such-folder"], 3, "check the path"),
        (["PHOTOS", "--minutes", "2"], 2, "--try"),
        (["PHOTOS", "--family", "colour"], 1, "colour"),
        (["PHOTOS", "--try", "--out", "PHOTOS/runs"], 2, "inside the data"),
    ],
)
def test_what_cannot_be_is_a_sentence(
    words: list[str], status: int, said: str, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word.replace("PHOTOS", str(photos)) for word in words]
    assert main(["advise", *words, "--json"]) == status
    captured = capsys.readouterr()
    assert said in captured.err.strip().splitlines()[-1]
    assert captured.out == ""


def trial(title: str, score: float | None, *, advised: bool = False) -> dict:  # type: ignore[type-arg]
    if score is None:
        return {"title": title, "advised": advised, "error": "It failed."}
    return {
        "title": title,
        "advised": advised,
        "score": score,
        "low": score - 0.02,
        "high": score + 0.02,
        "seconds": 1.0,
    }


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ((0.9, 0.8), "was right"),
        ((0.9, 0.93), "may be chance"),
        ((0.8, 0.9), "was wrong"),
        ((None, 0.9), "came to no end"),
        ((0.9, None), "Too few"),
    ],
)
def test_the_verdict_does_not_take_chance_for_a_difference(
    scores: tuple[float | None, float | None], said: str
) -> None:
    assert said in verdict([trial("Linear", scores[0], advised=True), trial("Stages", scores[1])])
