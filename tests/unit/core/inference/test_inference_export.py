"""The folder that a person takes away: whole or not there, and it runs without Trasluz."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inference_colours import ColourFamily

from trasluz.api import ModelCard
from trasluz.core.data.index import Index
from trasluz.core.inference.export import ExportError, export, readme
from trasluz.core.inference.model import ModelError, OpenModel, find_model, read_card


def test_an_export_is_whole_and_alone(make: Callable[..., Any], family: ColourFamily, tmp_path: Path) -> None:
    made, card, _judgement = make()
    out = export(made, family, tmp_path / "a new" / "folder ü")
    assert {p.name for p in out.iterdir()} == {"main.onnx", "card.json", "README.md", "predict.py", "labels.txt"}
    assert read_card(find_model(out), verify=True) == card
    assert (out / "labels.txt").read_text(encoding="utf-8").split() == list(card.labels)
    assert "val/blue" not in (out / "card.json").read_text(encoding="utf-8")
    assert [p.name for p in out.parent.iterdir()] == [out.name]
    OpenModel(out, family, "cpu")


def test_the_script_runs_without_trasluz(
    make: Callable[..., Any], family: ColourFamily, dataset: Index, tmp_path: Path
) -> None:
    out = export(make()[0], family, tmp_path / "out")
    moved = shutil.move(out, tmp_path / "moved")
    photos = [str(dataset.root / "val" / label / "1.png") for label in ("red", "blue", "green")]
    done = subprocess.run(
        [sys.executable, str(Path(moved) / "predict.py"), *photos],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={"PATH": ""},
        cwd=tmp_path,
    )
    assert done.stdout.split() == ["red", "blue", "green"]


def test_the_readme_says_in_words_what_the_card_says_in_data(
    make: Callable[..., Any], family: ColourFamily, tmp_path: Path
) -> None:
    _made, card, _judgement = make()
    text = readme(card, family)
    for words in ("Three colours", "94.4%", "95 % confidence", "blue, green, red", "18 items", "`image`", "largest"):
        assert words in text
    trained_on = card.model_copy(update={"data": card.data.model_copy(update={"judged_on": "train"})})
    assert "expect less on new ones" in readme(trained_on, family)
    bare = ModelCard.model_validate(card.model_dump() | {"metrics": {}, "parity": None, "interval": None, "labels": ()})
    assert "not known" in readme(bare, family)


def test_a_folder_that_is_taken_is_not_touched(make: Callable[..., Any], family: ColourFamily, tmp_path: Path) -> None:
    made, _card, _judgement = make()
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("mine")
    with pytest.raises(ExportError, match="not empty"):
        export(made, family, taken)
    assert [p.name for p in taken.iterdir()] == ["mine.txt"]
    with pytest.raises(ExportError, match="inside the model"):
        export(made, family, made / "export")
    file = tmp_path / "a file"
    file.write_text("in the way")
    with pytest.raises(ExportError, match="a file"):
        export(made, family, file / "inside")
    with pytest.raises(ExportError, match="not empty"):
        export(made, family, file)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert export(made, family, empty) == empty


def test_what_cannot_be_exported_leaves_nothing_behind(
    make: Callable[..., Any], family: ColourFamily, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _card, _judgement = make()
    place = tmp_path / "place"
    place.mkdir()
    with pytest.raises(ExportError, match="int8"):
        export(made, family, place / "small", precision="int8")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", full)
        with pytest.raises(ExportError, match="No space left"):
            export(made, family, place / "full")
    (made / "main.onnx").write_bytes(b"exchanged")
    with pytest.raises(ModelError, match="changed"):
        export(made, family, place / "damaged")
    assert list(place.iterdir()) == []
