"""The exported graphs, step by step with the cache, against the untrained networks in PyTorch, all steps at once."""

from pathlib import Path

import numpy as np
import pytest
import torch

from text_seq2seq.answering import Answerer, TooLong
from text_seq2seq.config import TextSeq2SeqConfig
from text_seq2seq.export import DECODER, ENCODER, export_network, torch_graphs
from text_seq2seq.networks import make
from text_seq2seq.tokens import learned
from text_seq2seq.training import Step, batch_size, collated
from trasluz.core.inference.session import OnnxGraph

CASES = {
    "rnn-plain": {"network": "rnn", "cell": "rnn"},
    "rnn-gru": {"network": "rnn", "cell": "gru"},
    "rnn-lstm": {"network": "rnn", "cell": "lstm", "tied": False},
    "attention-additive": {"network": "attention", "attention": "additive"},
    "attention-dot-gru": {"network": "attention", "attention": "dot", "cell": "gru"},
    "attention-general": {"network": "attention", "attention": "general"},
    "transformer": {"network": "transformer"},
    "transformer-post-rotary": {"network": "transformer", "positions": "rotary", "norm": "post"},
    "transformer-learned": {"network": "transformer", "positions": "learned", "heads": 2},
}
CHOICES = {"max_tokens": 20, "ratio": 2.0, "beam": 3, "length_penalty": 0.6, "long_texts": "split"}
SOURCES = [[5, 6, 7], [8, 9, 10, 11, 12, 13, 14], [4]]
TARGETS = [[5, 6, 7, 8], [9, 4], [10, 11, 12, 13, 14, 15]]


@pytest.fixture(params=CASES)
def both(request: pytest.FixtureRequest, tmp_path: Path):
    """A small network, and the same search on its graphs and on PyTorch."""
    torch.manual_seed(0)
    config = TextSeq2SeqConfig(width=16, layers=2, max_tokens=20, **CASES[request.param])
    network = make(config, sources=30, targets=25).eval()
    export_network(network, tmp_path)
    facts = network.facts() | CHOICES
    graphs = (OnnxGraph(tmp_path / ENCODER, "cpu"), OnnxGraph(tmp_path / DECODER, "cpu"))
    return network, Answerer(*graphs, None, None, facts), Answerer(*torch_graphs(network), None, None, facts)


def test_cached_steps_give_what_teacher_forcing_gives(both) -> None:
    network, onnx, _ = both
    source, lengths, target = collated(list(zip(SOURCES, TARGETS, strict=True)))
    with torch.inference_mode():
        logits = network(source, lengths, target[:, :-1]).numpy()
    found = onnx.forced(SOURCES, TARGETS, ["logits"])
    assert np.ptp(logits) > 0.01
    for row, steps in enumerate(found):
        assert len(steps["logits"]) == len(TARGETS[row]) + 1
        assert np.allclose(np.stack(steps["logits"]), logits[row, : len(TARGETS[row]) + 1], atol=1e-4)


def test_the_search_answers_alike_on_both(both) -> None:
    _, onnx, pytorch = both
    for ours, theirs in zip(onnx.search(SOURCES), pytorch.search(SOURCES), strict=True):
        assert [tokens for tokens, _ in ours] == [tokens for tokens, _ in theirs]
        assert [score for _, score in ours] == pytest.approx([score for _, score in theirs], abs=1e-4)
    for row, tokens in enumerate(SOURCES):  # what is padded to a neighbour's length changes nothing
        assert onnx.search([tokens])[0][0][0] == onnx.search(SOURCES)[row][0][0]


def test_attention_is_shares_of_the_source_alone(both) -> None:
    network, onnx, _ = both
    if "attention" not in network.decoder_outputs:
        pytest.skip("this network has none")
    for row, steps in enumerate(onnx.forced(SOURCES, TARGETS, ["attention"])):
        for weights in steps["attention"]:
            assert np.allclose(weights.sum(-1), 1, atol=1e-5)
            assert np.allclose(weights[..., len(SOURCES[row]) :], 0, atol=1e-6)


@pytest.mark.parametrize(
    ("most", "pairs", "size"), [(256, 1_000_000, 256), (256, 1140, 57), (256, 100, 16), (8, 100, 8), (256, 5, 16)]
)
def test_little_data_is_learned_from_in_small_batches(most: int, pairs: int, size: int) -> None:
    assert batch_size(most, pairs) == size


@pytest.mark.parametrize("sampling", [0.0, 0.5])
def test_a_step_learns(sampling: float) -> None:
    torch.manual_seed(0)
    network = make(TextSeq2SeqConfig(width=16, layers=1, dropout=0.0), sources=30, targets=25)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.02)
    step, batch = Step(0.0, sampling), collated(list(zip(SOURCES, TARGETS, strict=True)))
    losses = []
    for _ in range(60):
        loss, _ = step(network, batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.2 * losses[0]


def test_a_long_text_is_split_cut_or_refused() -> None:
    tokenizer = learned(["One two three. Four five six."], "characters", vocabulary=100)
    text = "One two three. " * 4 + "Four five six."

    def answerer(how: str) -> Answerer:
        return Answerer(None, None, tokenizer, tokenizer, CHOICES | {"long_texts": how})

    pieces = answerer("split").pieces(text)
    assert max(map(len, pieces)) <= CHOICES["max_tokens"]
    assert " ".join(tokenizer.decode(piece).strip() for piece in pieces) == text
    assert tokenizer.decode(answerer("cut").pieces(text)[0]) == text[: CHOICES["max_tokens"]]
    with pytest.raises(TooLong, match="the model takes 20"):
        answerer("refuse").pieces(text)
    assert len(answerer("refuse").pieces("One two.")) == 1
