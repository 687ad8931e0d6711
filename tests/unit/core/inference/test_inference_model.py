"""Cards and model folders: whole ones open, mangled ones give a sentence."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inference_colours import ColourFamily, write_graph

from trasluz.api import DataFacts, FamilyError, GraphFile, ModelCard, TensorSpec
from trasluz.core.inference.devices import report
from trasluz.core.inference.export import export
from trasluz.core.inference.model import ModelError, OpenModel, find_model, parse_card, read_card
from trasluz.core.inference.session import CPU, OnnxGraph

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.floats(allow_nan=False, allow_infinity=False)
specs = st.builds(
    TensorSpec, name=words, dtype=words, shape=st.lists(st.one_of(st.integers(), words, st.none())).map(tuple)
)
cards = st.builds(
    ModelCard,
    id=words,
    title=words,
    family=words,
    kind=words,
    graphs=st.lists(st.builds(GraphFile, name=words, file=st.just("main.onnx"), inputs=st.tuples(specs))).map(tuple),
    labels=st.lists(words).map(tuple),
    headline=words,
    metrics=st.dictionaries(words, numbers),
    settings=st.dictionaries(words, st.one_of(words, numbers, st.booleans(), st.none())),
    data=st.builds(
        DataFacts, name=words, fingerprint=words, kind=words, train=st.integers(), val=st.integers(), test=st.just(0)
    ),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("model")
    write_graph(made / "main.onnx")
    return made


@given(cards)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_card_is_read_as_it_was_written(folder: Path, card: ModelCard) -> None:
    assert parse_card(card.model_dump_json().encode(), where=str(folder)) == card


@given(cards, st.data())
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mangled_card_gives_a_sentence(folder: Path, card: ModelCard, data: st.DataObject) -> None:
    raw = bytearray(card.model_dump_json().encode())
    at = data.draw(st.integers(0, len(raw) - 1))
    cut = data.draw(st.integers(at, len(raw)))
    raw[at:cut] = data.draw(st.binary(max_size=8))
    try:
        parse_card(bytes(raw), where=str(folder))
    except ModelError as error:
        assert str(folder) in str(error)


@given(st.text(max_size=30))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_card_cannot_name_a_file_outside_its_folder(folder: Path, name: str) -> None:
    for file in (f"../{name}", f"/{name}", f"..\\{name}", f"C:{name}", "\\\\host\\" + name):
        card = {"id": "", "title": "", "family": "", "kind": "", "headline": "", "graphs": [{"name": "", "file": file}]}
        data = {"name": "", "fingerprint": "", "kind": "", "train": 0, "val": 0}
        with pytest.raises(ModelError):
            parse_card(json.dumps(card | {"data": data}), folder)


def test_a_newer_card_is_refused_with_what_to_do(folder: Path) -> None:
    card = ModelCard(
        id="", title="", family="", kind="", graphs=(), headline="", format=99,
        data=DataFacts(name="", fingerprint="", kind="", train=1, val=1),
    )  # fmt: skip
    with pytest.raises(ModelError, match=r"newer Trasluz"):
        parse_card(card.model_dump_json().encode(), where=str(folder))


def test_a_model_is_found_from_the_run_the_folder_and_the_card(make: Callable[..., Any]) -> None:
    made, _card, _judgement = make()
    assert find_model(made.parent) == find_model(made) == find_model(made / "card.json") == made
    for missing in (made / "nowhere", made.parent / "colours"):
        with pytest.raises(ModelError, match=missing.name):
            find_model(missing)


def test_a_graph_that_was_exchanged_is_not_opened(make: Callable[..., Any], family: ColourFamily) -> None:
    made, _card, _judgement = make()
    OpenModel(made, family, "cpu")
    write_graph(made / "main.onnx", np.zeros((3, 3), np.float32))
    with pytest.raises(ModelError, match=r"main\.onnx"):
        OpenModel(made, family, "cpu")
    (made / "main.onnx").unlink()
    with pytest.raises(ModelError, match=r"main\.onnx"):
        read_card(made)


def test_a_session_says_what_it_really_uses(folder: Path, tmp_path: Path) -> None:
    graph = OnnxGraph(folder / "main.onnx", device="cpu")
    assert graph.provider == CPU
    assert [(i.name, i.dtype, i.shape) for i in graph.inputs] == [("image", "uint8", ("n", "h", "w", 3))]
    assert graph.run({"image": np.zeros((2, 5, 4, 3), np.uint8)})["probabilities"].shape == (2, 3)
    with pytest.raises(FamilyError, match=r"main\.onnx"):
        graph.run({"image": np.zeros((2, 5, 4, 3), np.float32)})
    (tmp_path / "no.onnx").write_bytes(b"no graph")
    with pytest.raises(FamilyError, match=r"no\.onnx"):
        OnnxGraph(tmp_path / "no.onnx", device="cpu")


def test_the_report_times_what_is_used_and_gives_a_reason_where_it_is_not_the_gpu() -> None:
    told = report()
    used = next(row for row in told.rows if row.id == told.device)
    assert used.provider == told.provider
    assert used.milliseconds is not None and used.milliseconds > 0
    assert bool(told.reason) == (told.provider == CPU)
    assert report("cpu").reason == "Not on a GPU: you chose the CPU."


def test_an_export_is_whole_and_alone(make: Callable[..., Any], family: ColourFamily, tmp_path: Path) -> None:
    made, card, _judgement = make()
    out = export(made, family, tmp_path / "a new" / "folder")
    assert {p.name for p in out.iterdir()} == {"main.onnx", "card.json", "README.md", "predict.py"}
    assert read_card(out) == card
    assert "blue, green, red" in (out / "README.md").read_text(encoding="utf-8")
    assert "val/blue" not in (out / "card.json").read_text(encoding="utf-8")
    with pytest.raises(ModelError.__mro__[1], match="not empty"):
        export(made, family, out)
    with pytest.raises(FamilyError, match="int8"):
        export(made, family, tmp_path / "small", precision="int8")
    assert not (tmp_path / "small").exists()
    blocked = tmp_path / "a file"
    blocked.write_text("in the way")
    with pytest.raises(ModelError.__mro__[1], match="a file"):
        export(made, family, blocked / "inside")
