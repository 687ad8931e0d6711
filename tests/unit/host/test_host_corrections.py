"""A person's corrections and threshold, from the command to the model: real runs, in this process."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from trasluz.cli import main
from trasluz.core.corrections import Corrections
from trasluz.core.data.index import Index
from trasluz.core.inference.judge import Judgement
from trasluz.core.project import Project
from trasluz.core.runs.folder import RunFolder
from trasluz.core.runs.request import RunRequest
from trasluz.host.run import execute_run
from trasluz.host.service import Service

Said = Callable[..., object]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """`said("runs", "list")`: what the command prints as JSON."""

    def say(*words: object) -> object:
        capsys.readouterr()
        assert main([str(w) for w in words] + ["--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return say


@pytest.fixture
def project(tmp_path: Path, photos: Path, mean_colour: Path) -> Project:
    made = Project.create(tmp_path / "project", name="p", data=photos)
    Service().inspect(data=str(photos), index=str(made.index_path))
    return made


def run_in(project: Project, name: str, **settings: object) -> RunFolder:
    """As the window asks for one."""
    request = RunRequest.new(
        family="mean-colour",
        data=str(project.data),
        index=str(project.index_path),
        corrections=str(project.corrections_path),
        device="cpu",
        name=name,
        settings=settings,
    )
    run = RunFolder.create(project.runs_folder / name, request)
    assert execute_run(run.path) == 0
    return run


def test_a_run_learns_from_what_was_corrected_and_keeps_a_note_of_it(project: Project, said: Said) -> None:
    before = run_in(project, "before", epochs=20)
    plain = Index.open(project.index_path)
    judged = plain.records("val")[0]
    other = "blue" if judged.target == "red" else "red"
    out = plain.records("train")[0]
    said("corrections", "set", project.folder, judged.path, other)
    said("corrections", "leave-out", project.folder, project.data / out.path)
    assert [c["path"] for c in said("corrections", "list", project.folder)] == [judged.path, out.path]  # type: ignore[index, attr-defined]
    after = run_in(project, "after", epochs=20)

    learned = Index.open(after.index_path)
    assert learned.count("train") == plain.count("train") - 1
    assert {r.path: r.target for r in learned.records("val")}[judged.path] == other
    card = json.loads((after.model_folder / "card.json").read_text())
    assert card["data"]["fingerprint"] == learned.fingerprint != plain.fingerprint
    assert card["data"]["uncorrected"] == plain.fingerprint
    assert Corrections.read(after.corrections_path).digest == Corrections.read(project.corrections_path).digest
    items = {i.path: i.target for i in Judgement.load(after.judgement_path).items}
    assert items[judged.path] == other and not before.corrections_path.exists()
    assert Index.open(before.index_path).fingerprint == plain.fingerprint, "an earlier run keeps its own list"

    pair = said("runs", "compare", before.path, after.path)["paired"]  # type: ignore[index]
    assert pair["items"] == plain.count("val")
    assert pair["relabelled"] == 0, "both are held against what counts now"
    assert pair["neither_right"] == 1 and pair["accuracy"][0] == pair["accuracy"][1] < 1
    # the project's data with its corrections, whoever trained on it
    for run in (before, after):
        scored = said("evaluate", run.path, project.folder)
        assert (scored["split"], scored["items"]) == ("val", plain.count("val"))  # type: ignore[index]
        assert scored["metrics"]["accuracy"] == pair["accuracy"][0]  # type: ignore[index]
    said("corrections", "take-back", project.folder, judged.path)
    said("corrections", "take-back", project.folder, out.path)
    assert said("runs", "compare", before.path, after.path)["paired"]["neither_right"] == 0  # type: ignore[index]
    assert said("inspect", project.folder)["fingerprint"] == plain.fingerprint  # type: ignore[index]


def test_training_on_a_project_by_command_is_training_on_its_corrected_data(project: Project, said: Said) -> None:
    out = Index.open(project.index_path).records("train")[0]
    said("corrections", "leave-out", project.folder, out.path)
    run = project.folder.parent / "mine"
    assert main(["train", "mean-colour", str(project.folder), "--out", str(run), "--set", "epochs=2"]) == 0
    assert out.path not in [r.path for r in Index.open(run / "index.sqlite").records("train")]
    assert RunFolder(run).request.data == str(project.data)


def test_the_threshold_is_kept_with_the_model_and_kept_to(
    project: Project, said: Said, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run = run_in(project, "r", epochs=20)
    photo = next(project.data.rglob("*.jpg"))
    assert "unsure" not in said("predict", run.path, photo)[0]  # type: ignore[index]
    card = (run.model_folder / "card.json").read_bytes()
    judged = sorted(i.score for i in Judgement.load(run.judgement_path).items)  # type: ignore[type-var]
    told = said("threshold", run.path, "--coverage", 0.5)
    assert told["unsure_below"] in judged and told["unsure"]["coverage"] >= 0.5  # type: ignore[index]
    assert said("threshold", run.path)["unsure_below"] == told["unsure_below"]  # type: ignore[index]
    said("threshold", run.path, "--at", 1.0)
    (row,) = said("predict", run.path, photo)  # type: ignore[misc]
    assert row["unsure"] is True and row["label"] in ("red", "blue") and row["score"] < 1
    assert said("evaluate", run.path, project.folder)["unsure"]["coverage"] == 0  # type: ignore[index]
    assert main(["predict", str(run.path), str(photo), "--out", str(tmp_path / "t.csv")]) == 0
    head, line = (tmp_path / "t.csv").read_text().splitlines()
    assert head.split(",")[-1] == "unsure" and line.endswith(",yes")
    said("export", run.path, "--out", tmp_path / "away")
    assert json.loads((tmp_path / "away" / "answering.json").read_text())["unsure_below"] == 1.0
    assert "counts as “don't know”" in (tmp_path / "away" / "README.md").read_text()
    assert said("predict", tmp_path / "away", photo)[0]["unsure"] is True  # type: ignore[index]
    said("threshold", run.path, "--off")
    assert "unsure" not in said("predict", run.path, photo)[0]  # type: ignore[index]
    assert (run.model_folder / "card.json").read_bytes() == card, "what was measured stays as it was"


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (("corrections", "set", "{project}", "red/photo-000.jpg"), 2, "Give ITEM CLASS"),
        (("corrections", "set", "{project}", "nowhere.jpg", "red"), 3, "“nowhere.jpg” is not in the list"),
        (("corrections", "take-back", "{project}", "red/photo-000.jpg"), 1, "Nothing is corrected about"),
        (("threshold", "{run}", "--at", "7"), 2, "between 0 and 1"),
        (("threshold", "{run}", "--coverage", "2"), 2, "a share between 0 and 1"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    words: tuple[str, ...], status: int, sentence: str, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_in(project, "r", epochs=1) if "{run}" in words else None
    given = [w.format(project=project.folder, run=run.path if run else "") for w in words]
    assert main(given) == status
    assert sentence in capsys.readouterr().err.strip().splitlines()[-1]
