"""A Marian checkpoint becomes a network of ours: the same logits, and a tokenizer that cuts as its pieces say."""

import json
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from text_seq2seq.config import TextSeq2SeqConfig
from text_seq2seq.networks.adopted import adopt
from text_seq2seq.sentencepiece import Pieces
from trasluz.api import FamilyError

SOURCE = {"▁the": -2.0, "▁sea": -3.0, "▁": -4.0, "s": -5.0, "e": -5.0, "a": -5.0, "t": -5.5, "h": -5.5}
TARGET = {"▁la": -2.0, "▁mer": -3.0, "▁": -4.0, "m": -5.0, "e": -5.0, "r": -5.0, "l": -5.0, "a": -5.0}


def field(number: int, value: bytes) -> bytes:
    assert len(value) < 128
    return bytes([number << 3 | 2, len(value)]) + value


CONTROL = (("<unk>", 2), ("</s>", 3))


def spm(pieces: dict[str, float], *, control: Sequence[tuple[str, int]] = CONTROL) -> bytes:
    """A SentencePiece file by the rules of protocol buffers; `control` are the first pieces, with their kinds."""
    found = b""
    for piece, score, kind in [*((p, 0.0, k) for p, k in control), *((p, s, 1) for p, s in pieces.items())]:
        found += field(1, field(1, piece.encode()) + b"\x15" + struct.pack("<f", score) + bytes([3 << 3, kind]))
    return found + field(2, bytes([3 << 3, 1])) + field(3, field(1, b"nmt_nfkc"))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory):
    """A small Marian network with random weights, as the hub has them, and transformers' own object."""
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("opus-mt")
    vocabulary = {"</s>": 0, "<unk>": 1}
    for piece in [*SOURCE, *TARGET]:
        vocabulary.setdefault(piece, len(vocabulary))
    vocabulary["<pad>"] = len(vocabulary)
    torch.manual_seed(0)
    config = transformers.MarianConfig(
        vocab_size=len(vocabulary),
        d_model=16,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=24,
        decoder_ffn_dim=24,
        max_position_embeddings=32,
        activation_function="swish",
        scale_embedding=True,
        pad_token_id=vocabulary["<pad>"],
        eos_token_id=0,
        decoder_start_token_id=vocabulary["<pad>"],
        forced_eos_token_id=0,
        init_std=0.5,
    )
    network = transformers.MarianMTModel(config).eval()
    with torch.no_grad():
        network.final_logits_bias.copy_(torch.randn_like(network.final_logits_bias))
    network.save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "source.spm").write_bytes(spm(SOURCE))
    (folder / "target.spm").write_bytes(spm(TARGET))
    return folder, network, vocabulary


@pytest.mark.slow
def test_it_computes_what_transformers_computes(checkpoint, tmp_path: Path) -> None:
    folder, theirs, vocabulary = checkpoint
    ours = adopt(folder, TextSeq2SeqConfig(max_tokens=30))
    network = ours.network.eval()
    order = [ours.source.id_to_token(n) for n in range(ours.source.get_vocab_size())]
    rows = [vocabulary["<pad>"], 1, vocabulary["<pad>"], 0, *(vocabulary[token] for token in order[4:])]
    draw = np.random.default_rng(0)
    source = torch.from_numpy(draw.integers(4, len(order), (3, 7)))
    lengths = torch.tensor([7, 5, 7])
    given = torch.cat([torch.full((3, 1), 2), torch.from_numpy(draw.integers(4, len(order), (3, 5)))], dim=1)
    mask = (torch.arange(7)[None] < lengths[:, None]).long()
    by_row = torch.tensor(rows)
    with torch.inference_mode():
        expected = theirs(input_ids=by_row[source], attention_mask=mask, decoder_input_ids=by_row[given]).logits[
            ..., by_row
        ]
        found = network(source, lengths, given)
    assert torch.allclose(found, expected, atol=1e-4)

    from text_seq2seq.answering import Answerer
    from text_seq2seq.export import DECODER, ENCODER, export_network
    from trasluz.core.inference.session import OnnxGraph

    export_network(network, tmp_path)
    graphs = [OnnxGraph(tmp_path / name, "cpu") for name in (ENCODER, DECODER)]
    facts = {**network.facts(), "max_tokens": 30, "ratio": 2.0, "beam": 1, "length_penalty": 0.6, "long_texts": "cut"}
    answerer = Answerer(*graphs, ours.source, ours.target, facts)
    steps = answerer.forced([source[0].tolist()], [given[0, 1:].tolist()], ["logits"])[0]["logits"]
    assert np.allclose(np.stack(steps), expected[0].numpy(), atol=1e-4)


@pytest.mark.slow
def test_texts_are_cut_by_its_pieces(checkpoint) -> None:
    folder, _, _ = checkpoint
    ours = adopt(folder, TextSeq2SeqConfig())
    assert ours.source.encode("the  sea").tokens == ["▁the", "▁sea", "</s>"]
    assert ours.source.encode("eats").tokens == ["▁", "e", "a", "t", "s", "</s>"]
    assert ours.target.encode("la mer").tokens == ["▁la", "▁mer"]
    assert ours.target.decode(ours.target.encode("la mer").ids) == "la mer"
    assert ours.config.max_tokens == 32


@pytest.mark.slow
def test_what_does_not_fit_is_said(checkpoint, tmp_path: Path) -> None:
    import shutil

    folder, _, _ = checkpoint

    def altered(name: str, **said: object) -> Path:
        at = tmp_path / name
        shutil.copytree(folder, at)
        config = json.loads((at / "config.json").read_text())
        (at / "config.json").write_text(json.dumps(config | said))
        return at

    with pytest.raises(FamilyError, match="of the kind “bart”"):
        adopt(altered("bart", model_type="bart"), TextSeq2SeqConfig())
    with pytest.raises(FamilyError, match="differ in shape"):
        adopt(altered("uneven", decoder_layers=1), TextSeq2SeqConfig())
    cut = altered("cut")
    (cut / "source.spm").write_bytes(spm(SOURCE)[:40])
    with pytest.raises(FamilyError, match=r"source\.spm"):
        adopt(cut, TextSeq2SeqConfig())
    with pytest.raises(FamilyError, match="no folder"):
        adopt(tmp_path / "nowhere", TextSeq2SeqConfig())


def test_a_sentencepiece_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.spm").write_bytes(spm(SOURCE))
    found = Pieces.read(tmp_path / "a.spm")
    assert found.scores == pytest.approx(SOURCE)
    for bad in (b"", b"\xff\xff\xff", b"text", spm(SOURCE) + field(2, bytes([3 << 3, 2]))):
        (tmp_path / "bad.spm").write_bytes(bad)
        with pytest.raises(FamilyError, match=r"bad\.spm"):
            Pieces.read(tmp_path / "bad.spm")
