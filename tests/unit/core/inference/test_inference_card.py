"""Cards: any card comes back as it was written; any mangled one gives a sentence."""

import json
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inference_colours import write_graph

from trasluz.api import DataFacts, FamilyError, GraphFile, Interval, ModelCard, Parity, TensorSpec
from trasluz.core.inference.model import ModelError, parse_card, read_card, write_card

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
counts = st.integers(0, 2**53)
numbers = st.floats(allow_nan=False, allow_infinity=False)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | numbers | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
specs = st.builds(
    TensorSpec, name=words, dtype=words, shape=st.lists(counts | words | st.none(), max_size=4).map(tuple)
)
graphs = st.lists(
    st.builds(
        GraphFile,
        name=words,
        file=st.just("main.onnx"),
        sha256=words,
        inputs=st.lists(specs, max_size=2).map(tuple),
        outputs=st.lists(specs, max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda graph: graph.name,
)
cards = st.builds(
    ModelCard,
    id=words,
    title=words,
    family=words,
    kind=words,
    created=st.datetimes(timezones=st.just(UTC)),
    graphs=graphs.map(tuple),
    labels=st.lists(words, max_size=4).map(tuple),
    preprocessing=st.dictionaries(words, plain, max_size=3),
    extra=st.dictionaries(words, plain, max_size=3),
    headline=words,
    metrics=st.dictionaries(words, numbers, max_size=3),
    interval=st.none() | st.builds(Interval, low=numbers, high=numbers, method=words),
    parity=st.none()
    | st.builds(
        Parity,
        items=counts,
        max_abs_diff=numbers,
        tolerance=numbers,
        pytorch_score=numbers,
        onnx_score=numbers,
        provider=words,
    ),
    settings=st.dictionaries(words, plain, max_size=3),
    seconds=numbers,
    seed=counts,
    data=st.builds(DataFacts, name=words, fingerprint=words, kind=words, train=counts, val=counts, test=counts),
    versions=st.dictionaries(words, words, max_size=2),
    licence=words,
)
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SMALL: dict[str, Any] = {
    "format": 1,
    "id": "a",
    "title": "t",
    "family": "f",
    "kind": "k",
    "headline": "accuracy",
    "graphs": [{"name": "main", "file": "main.onnx"}],
    "data": {"name": "d", "fingerprint": "", "kind": "k", "train": 1, "val": 1},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("model")
    write_graph(made / "main.onnx")
    return made


@given(cards)
@quick
def test_any_card_comes_back_as_it_was_written(folder: Path, card: ModelCard) -> None:
    write_card(folder, card)
    assert read_card(folder) == card


@given(cards, st.data())
@quick
def test_a_card_with_any_bytes_exchanged_gives_a_card_or_a_sentence(
    folder: Path, card: ModelCard, data: st.DataObject
) -> None:
    raw = bytearray(card.model_dump_json().encode())
    start = data.draw(st.integers(0, len(raw) - 1))
    end = data.draw(st.integers(start, min(len(raw), start + 40)))
    raw[start:end] = data.draw(st.binary(max_size=12))
    _card_or_sentence(folder, bytes(raw))


@given(st.sampled_from(sorted(SMALL)), st.sampled_from(["", "graphs", "data"]), plain)
@quick
def test_a_card_with_any_field_exchanged_gives_a_card_or_a_sentence(
    folder: Path, key: str, inside: str, value: Any
) -> None:
    card = json.loads(json.dumps(SMALL))
    if inside == "graphs":
        card["graphs"][0] = value
    elif inside == "data":
        card["data"][key] = value
    else:
        card[key] = value
    _card_or_sentence(folder, json.dumps(card).encode())


@given(st.binary(max_size=60))
@quick
def test_any_bytes_give_a_sentence(folder: Path, raw: bytes) -> None:
    (folder / "card.json").write_bytes(raw)
    with pytest.raises(ModelError, match=r"[.]$"):
        read_card(folder)


def _card_or_sentence(folder: Path, raw: bytes) -> None:
    (folder / "card.json").write_bytes(raw)
    try:
        assert isinstance(read_card(folder), ModelCard)
    except ModelError as error:
        assert str(folder) in str(error)
        assert str(error).endswith(".")
        assert "\n" not in str(error).strip()


@pytest.mark.parametrize(
    "raw",
    [b"", b"null", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 5_000, b'{"format": 1e999}', b'{"format": true}'],
)
def test_bytes_made_to_confuse_give_a_sentence(raw: bytes) -> None:
    with pytest.raises(ModelError, match="damaged"):
        parse_card(raw, where="here")


@given(st.text(max_size=30))
@quick
def test_a_card_cannot_name_a_file_outside_its_folder(folder: Path, name: str) -> None:
    outside = (
        f"../{name}",
        f"/{name}",
        f"..\\{name}",
        f"C:{name}",
        "\\\\host\\" + name,
        f"a/../../{name}",
        name + "\0",
    )
    for file in outside:
        (folder / "card.json").write_text(json.dumps(SMALL | {"graphs": [{"name": "main", "file": file}]}))
        with pytest.raises(ModelError):
            read_card(folder)
        (folder / "card.json").write_text(json.dumps(SMALL | {"files": {"tokens": file}}))
        with pytest.raises(ModelError):
            read_card(folder)


def test_a_link_does_not_lead_out_of_the_folder_either(tmp_path: Path) -> None:
    inner = tmp_path / "model"
    inner.mkdir()
    write_graph(tmp_path / "elsewhere.onnx")
    (inner / "main.onnx").symlink_to(tmp_path / "elsewhere.onnx")
    (inner / "card.json").write_text(json.dumps(SMALL))
    with pytest.raises(ModelError, match="link"):
        read_card(inner)


def test_a_newer_card_is_refused_before_its_content_is_judged() -> None:
    with pytest.raises(ModelError, match=r"newer Trasluz .*update"):
        parse_card(b'{"format": 2, "graphs": "of another kind"}', where="here")


@pytest.mark.parametrize(
    "changes",
    [
        {"metrics": {"accuracy": float("nan")}},
        {"seconds": float("inf")},
        {"title": "half a \ud800"},
        {"graphs": ()},
        {"extra": {"a": object()}},
    ],
)
def test_a_card_that_could_not_be_read_again_is_not_written(tmp_path: Path, changes: dict[str, Any]) -> None:
    card = ModelCard.model_validate(SMALL).model_copy(update=changes)
    with pytest.raises(FamilyError, match="plain data"):
        write_card(tmp_path, card)
    assert list(tmp_path.iterdir()) == []
