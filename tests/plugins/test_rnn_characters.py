"""The next character: symbols, streams, the graph step by step, writing, the gradient, what units follow."""

import itertools
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sequence_rnn.characters.export import SCORES, write_graph
from sequence_rnn.characters.network import CharacterNetwork, step
from sequence_rnn.characters.predict import CharacterPredictor
from sequence_rnn.characters.sampling import drawn, weights
from sequence_rnn.characters.streams import Streams
from sequence_rnn.characters.symbols import OTHER, RARE, START, Symbols, symbols_of
from sequence_rnn.characters.units import followers, in_brackets, in_quotes, line_length
from sequence_rnn.reach import faded_after, gradient_by_distance
from trasluz.core.inference.session import OnnxGraph

LETTERS = Symbols(tuple("abcdefgh"))


@given(st.text())
@settings(deadline=None)
def test_a_text_comes_back_from_its_numbers(text: str) -> None:
    symbols, aside = symbols_of([text * RARE])
    assert aside == []
    assert "".join(symbols.names[n] for n in symbols.numbers(text)) == text
    assert START not in symbols.numbers(text)


def test_rare_characters_stand_for_any_other_and_are_counted() -> None:
    symbols, aside = symbols_of(["aaaaabbbbbbé" + "ü" * 2])
    assert symbols.characters == ("a", "b")
    assert aside == [("ü", 2), ("é", 1)]
    assert list(symbols.numbers("aéb")) == [2, OTHER, 3]
    assert symbols.unknown("bzaz") == ["z"]


def test_a_stream_goes_on_where_it_stopped_and_a_pass_reads_everything_once() -> None:
    numbers = np.arange(2, 2 + 240)
    streams = Streams(numbers, [0], rows=4, steps=10, seed=1)
    batches = list(streams.epoch(0))
    assert len(batches) == len(streams) == 6
    targets = torch.cat([b.pieces[0][2] for b in batches], dim=1)
    assert sorted(targets.flatten().tolist()) == numbers.tolist()
    inputs = torch.cat([b.pieces[0][1] for b in batches], dim=1)
    assert (inputs[:, 0] == START).all(), "each stream of a pass begins with the start"
    inside = inputs[:, 1:] == targets[:, :-1]
    assert (inside | (inputs[:, 1:] == START)).all()
    assert batches[0].pieces[0][3].all(), "and from nothing"
    again = list(streams.epoch(0, start=4))
    assert torch.equal(again[0].pieces[0][1], batches[4].pieces[0][1]), "a pass can be taken up at any batch"
    assert not torch.equal(next(iter(streams.epoch(1))).pieces[0][1], batches[0].pieces[0][1])


def test_a_stream_begins_from_nothing_now_and_then() -> None:
    torch.manual_seed(0)
    numbers = np.random.default_rng(0).integers(2, 10, 40_000)
    streams = Streams(numbers, [], rows=4, steps=10, seed=1)
    fresh = torch.stack([b.pieces[0][3] for b in streams.epoch(0)])  # (batches, B)
    assert fresh[0].all()
    assert 0.01 < fresh[1:].float().mean() < 0.03
    network = CharacterNetwork(LETTERS.size, 8, layers=1, cell="gru", dropout=0.0, rows=4).eval()
    at = int(fresh[1:].any(1).nonzero()[0]) + 1
    rows, x, y, begun = next(iter(streams.epoch(0, start=at))).pieces[0]
    assert torch.equal(begun, fresh[at])
    assert ((x[:, 0] == START) == begun).all()
    network.carried.normal_()
    before = network.carried.clone()
    step(network, (rows, x, y, begun))
    alone, state = network(x[begun])
    assert torch.allclose(network.carried[:, :, begun], torch.stack(state), atol=1e-6)
    _, state = network(x[~begun], list(before[:, :, ~begun]))
    assert torch.allclose(network.carried[:, :, ~begun], torch.stack(state), atol=1e-6)
    assert len(alone)


def test_the_state_is_carried_on_and_the_gradient_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sequence_rnn.characters.streams.FRESH", 0.0)
    torch.manual_seed(0)
    numbers = np.random.default_rng(0).integers(2, 10, 400)
    streams = Streams(numbers, [], rows=2, steps=20, seed=0)
    network = CharacterNetwork(LETTERS.size, 8, layers=2, cell="lstm", dropout=0.0, rows=streams.rows).eval()
    batches = [b.pieces[0] for b in itertools.islice(streams.epoch(0), 3)]
    parts = []
    for piece in batches:
        loss, _ = step(network, piece)
        parts.append(float(loss.detach()))
    whole, _ = network(torch.cat([p[1] for p in batches], 1))
    expected = torch.nn.functional.cross_entropy(whole.flatten(0, 1), torch.cat([p[2] for p in batches], 1).flatten())
    assert np.mean(parts) == pytest.approx(expected.item(), abs=1e-5)
    assert not network.carried.requires_grad
    halves = Streams(numbers, [], rows=2, steps=20, seed=0)
    fresh = CharacterNetwork(LETTERS.size, 8, layers=2, cell="lstm", dropout=0.0, rows=2).eval()
    fresh.load_state_dict({**network.state_dict(), "carried": torch.zeros_like(network.carried)})
    for batch in itertools.islice(halves.epoch(0, pieces=lambda: 2), 3):
        assert len(batch.pieces) == 2
        for piece in batch.pieces:
            step(fresh, piece)
    assert torch.allclose(fresh.carried, network.carried, atol=1e-6), "a batch in two pieces carries the same states"


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_graph_step_by_step_is_the_network_all_at_once(cell: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = CharacterNetwork(LETTERS.size, 12, layers=2, cell=cell, dropout=0.3).eval()
    write_graph(network, tmp_path / "model.onnx", "test")
    graph = OnnxGraph(tmp_path / "model.onnx", "cpu")
    text = np.array([[START, 2, 5, 9, 3, 3, OTHER, 4]])
    with torch.no_grad():
        expected = torch.log_softmax(network(torch.from_numpy(text))[0], 2).numpy()
    names = [s.name for s in graph.inputs if s.name != "symbols"]
    assert names == [f"{part}_{n}" for n in (1, 2) for part in (("state", "memory") if cell == "lstm" else ("state",))]
    state = {name: np.zeros((1, 1, 12), np.float32) for name in names}
    assert np.allclose(graph.run({"symbols": text, **state})[SCORES], expected, atol=1e-5)
    for at in range(text.shape[1]):
        found = graph.run({"symbols": text[:, at : at + 1], **state})
        assert np.allclose(found[SCORES][0, 0], expected[0, at], atol=1e-5)
        state = {name: found[f"next_{name}"] for name in names}
    card = SimpleNamespace(extra={"characters": list(LETTERS.characters)})
    predictor = CharacterPredictor(SimpleNamespace(card=card, graph=lambda _name: graph, folder=tmp_path))
    asked = {"temperature": 1.0, "top_k": 0}
    first = "".join(p.text for p in itertools.islice(predictor.write("abz", seed=3, **asked), 30))
    again = "".join(p.text for p in itertools.islice(predictor.write("abz", seed=3, **asked), 30))
    assert first == again != "".join(p.text for p in itertools.islice(predictor.write("abz", seed=4, **asked), 30))
    assert predictor.unknown("abz") == ["z"]
    assert _written_by_hand(graph, "abz", names, seed=3) == first, "the state goes round without a copy, and is right"
    piece = next(predictor.write("", temperature=0.0, top_k=0, seed=0))
    assert piece.score == 1.0 and piece.top[0][0] == piece.text


def _written_by_hand(graph: OnnxGraph, start: str, names: list[str], *, seed: int) -> str:
    draw, written = np.random.default_rng(seed), ""
    numbers, state = LETTERS.numbers(start).tolist(), {name: np.zeros((1, 1, 12), np.float32) for name in names}
    numbers = [START, *numbers]
    for _ in range(30):
        found = graph.run({"symbols": np.array([numbers], np.int64), **state})
        state = {name: found[f"next_{name}"] for name in names}
        numbers = [drawn(weights(found[SCORES][0, -1]), draw)[0]]
        written += LETTERS.names[numbers[0]]
    return written


def test_temperature_and_top_k() -> None:
    scores = np.log([0.5, 0.1, 0.2, 0.15, 0.05])  # the start and any other are never written

    def chances(*asked: float) -> list[float]:
        weighed = weights(scores, *asked)
        return (weighed / weighed.sum()).tolist()

    assert chances() == pytest.approx([0.5, 0.375, 0.125])
    assert chances(0.5) == pytest.approx([16 / 26, 9 / 26, 1 / 26])
    assert chances(1.0, 2) == pytest.approx([4 / 7, 3 / 7, 0])
    assert chances(0.0) == [1, 0, 0]
    assert chances(1e-6) == pytest.approx([1, 0, 0]), "however cold, the likeliest stays"
    draw = np.random.default_rng(0)
    several = [drawn(weights(scores), draw) for _ in range(4000)]
    counts = np.bincount([number for number, _ in several], minlength=5) / 4000
    assert counts == pytest.approx([0, 0, *chances()], abs=0.03)
    assert dict(several)[2] == pytest.approx(0.5)


def test_the_gradient_of_a_known_recurrence_fades_as_it_must() -> None:
    x = torch.zeros(3, 12, 2)

    def loss(read: torch.Tensor) -> torch.Tensor:
        state = torch.zeros(3)
        for t in range(12):
            state = 0.5 * state + read[:, t, 0]
        return state.sum()

    norms = gradient_by_distance(x, loss)
    assert norms == pytest.approx(0.5 ** np.arange(12))
    assert faded_after(0.1 ** np.arange(12.0)) == 5
    assert faded_after(np.ones(12)) is None


def test_units_are_known_by_what_they_follow() -> None:
    text = 'he said "no (not now)" twice.\nand then (again) "yes"\n' * 20
    draw = np.random.default_rng(0)
    hidden = draw.normal(0, 0.1, (len(text), 6))
    hidden[:, 2] += in_quotes(text)
    hidden[:, 4] -= in_brackets(text)
    found = followers(text, {"hidden_1": hidden, "hidden_2": line_length(text)[:, None] / 50})
    assert found["quotes"][0][:2] == [1, 3] and found["quotes"][0][2] > 0.9
    assert found["brackets"][0][:2] == [1, 5] and found["brackets"][0][2] < -0.8
    assert found["line length"][0] == [2, 1, pytest.approx(1.0)]
    assert "indentation" not in found
