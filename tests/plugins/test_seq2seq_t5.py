"""A T5 checkpoint becomes a network of ours: step by step as all at once, and with transformers' own logits."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from test_seq2seq_marian import spm

from text_seq2seq.answering import Answerer
from text_seq2seq.config import TextSeq2SeqConfig
from text_seq2seq.export import DECODER, ENCODER, export_network
from text_seq2seq.networks.adopted import TOKENIZERS, adopt, check_kind
from text_seq2seq.networks.t5 import T5Network
from text_seq2seq.sentencepiece import Pieces
from trasluz.api import FamilyError
from trasluz.core.inference.session import OnnxGraph

PIECES = {"▁": -4.0, "▁the": -2.0, "▁sea": -3.0, "s": -5.0, "e": -5.0, "a": -5.0, "t": -5.5, "h": -5.5}
CONTROL = (("<pad>", 3), ("</s>", 3), ("<unk>", 2))
SHAPE: dict[str, Any] = {
    "d_model": 16,
    "num_heads": 3,
    "d_kv": 4,
    "d_ff": 20,
    "num_layers": 2,
    "relative_attention_num_buckets": 8,
    "relative_attention_max_distance": 12,
    "layer_norm_epsilon": 1e-6,
}
SOURCE, LENGTHS = torch.tensor([[4, 7, 5, 9, 6, 8, 3], [9, 4, 8, 5, 3, 0, 0]]), torch.tensor([7, 5])
GIVEN = torch.tensor([[2, 5, 9, 4, 4, 7, 8, 6], [2, 8, 8, 6, 5, 4, 9, 7]])


def stepwise(network: Any, folder: Path) -> np.ndarray:
    """The logits of the exported graphs along GIVEN, one token after another with the cache: (B, T, V)."""
    export_network(network, folder)
    graphs = [OnnxGraph(folder / name, "cpu") for name in (ENCODER, DECODER)]
    facts = {**network.facts(), "max_tokens": 30, "ratio": 2.0, "beam": 1, "length_penalty": 0.6, "long_texts": "cut"}
    answerer = Answerer(*graphs, None, None, facts)
    sources = [row[:length].tolist() for row, length in zip(SOURCE, LENGTHS.tolist(), strict=True)]
    found = answerer.forced(sources, [row[1:].tolist() for row in GIVEN], ["logits"])
    return np.array([each["logits"] for each in found])


@pytest.mark.parametrize(("activation", "gated"), [("relu", False), ("gelu_new", True)])
def test_the_graphs_step_by_step_are_the_network_all_at_once(activation: str, gated: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    shape = {**SHAPE, "num_decoder_layers": 2}
    said = SimpleNamespace(**shape, dense_act_fn=activation, is_gated_act=gated)
    network = T5Network(said, tokens=10, dropout=0.0, longest=24).eval()
    with torch.inference_mode():
        expected = network(SOURCE, LENGTHS, GIVEN).numpy()
        alone = network(SOURCE[1:, :5], LENGTHS[1:], GIVEN[1:]).numpy()
    assert np.allclose(alone[0], expected[1], atol=1e-5), "padding changes nothing"
    assert np.allclose(stepwise(network, tmp_path), expected, atol=1e-4)


def written(folder: Path, **said: Any) -> Any:
    """A small T5 with random weights in the format of the hub, and transformers' own object."""
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(1)
    config = transformers.T5Config(**SHAPE, vocab_size=16, decoder_start_token_id=0, initializer_factor=1.0, **said)
    network = transformers.T5ForConditionalGeneration(config).eval()
    network.save_pretrained(folder)
    (folder / "spiece.model").write_bytes(spm(PIECES, control=CONTROL))
    return network


@pytest.mark.slow
@pytest.mark.parametrize(
    "said", [{}, {"feed_forward_proj": "gated-gelu"}, {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}]
)
def test_it_computes_what_transformers_computes(said: dict[str, Any], tmp_path: Path) -> None:
    theirs = written(tmp_path / "t5", **said)
    ours = adopt(tmp_path / "t5", TextSeq2SeqConfig(max_tokens=30))
    network = ours.network.eval()
    order = [ours.source.id_to_token(n) for n in range(ours.source.get_vocab_size())]
    assert order[4:] == list(PIECES)
    rows = torch.tensor([0, 2, 0, 1, *range(3, 11)])
    mask = (torch.arange(7)[None] < LENGTHS[:, None]).long()
    with torch.inference_mode():
        expected = theirs(input_ids=rows[SOURCE], attention_mask=mask, decoder_input_ids=rows[GIVEN]).logits[..., rows]
        assert torch.allclose(network(SOURCE, LENGTHS, GIVEN), expected, atol=1e-4)
    (tmp_path / "graphs").mkdir()
    assert np.allclose(stepwise(network, tmp_path / "graphs"), expected.numpy(), atol=1e-4)


@pytest.mark.slow
def test_a_checkpoint_of_the_hub_is_loaded_with_its_tokenizer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "unit" / "torchkit"))
    from hub_server import Hub, serving
    from huggingface_hub import constants

    from trasluz.torchkit import hub

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    written(tmp_path / "t5")
    files = {path.name: path.read_bytes() for path in (tmp_path / "t5").iterdir()}
    with serving(Hub({**files, "README.md": b"# small"})) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        source = hub.Source.parse("hub:owner/small")
        asked: dict[str, Any] = {"emit": lambda _event: None, "stopping": lambda: False}
        place = hub.fetch(source, folder=tmp_path / "kept", **asked, check=check_kind, also=TOKENIZERS)
    assert (place / "spiece.model").read_bytes() == files["spiece.model"]
    assert not (place / "README.md").exists()
    ours = adopt(place, TextSeq2SeqConfig())
    assert ours.source.encode("the  sea").tokens == ["▁the", "▁sea", "</s>"]
    assert ours.target.encode("the sea").tokens == ["▁the", "▁sea"]


def test_pieces_are_read_from_either_file(tmp_path: Path) -> None:
    vocabulary = [*([name, 0.0] for name, _ in CONTROL), *([piece, score] for piece, score in PIECES.items())]
    model = {"type": "Unigram", "unk_id": 2, "vocab": vocabulary}
    rules = {"type": "Precompiled", "precompiled_charsmap": "AAA="}
    said = {"model": model, "added_tokens": [{"content": name} for name, _ in CONTROL], "normalizer": rules}
    (tmp_path / "tokenizer.json").write_text(json.dumps(said), encoding="utf-8")
    found = Pieces.beside(tmp_path)
    assert found.scores == PIECES and found.order[:3] == ["<pad>", "</s>", "<unk>"] and found.rules == b"\0\0"
    (tmp_path / "spiece.model").write_bytes(spm(PIECES, control=CONTROL))
    other = Pieces.beside(tmp_path)
    assert other.scores == pytest.approx(found.scores) and other.order == found.order
    (tmp_path / "spiece.model").unlink()
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": {"type": "BPE", "vocab": {}}}), encoding="utf-8")
    with pytest.raises(FamilyError, match="of the kind “BPE”"):
        Pieces.beside(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(FamilyError, match="how it cuts a text"):
        Pieces.beside(tmp_path)
    with pytest.raises(FamilyError, match="of the kind “bart”"):
        check_kind({"model_type": "bart"})
