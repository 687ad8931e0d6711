"""A pretrained Marian translator (Junczys-Dowmunt et al. 2018; the opus-mt models) as a Transformer of ours.

Marian's network is the Transformer of the paper with other places for sine and cosine and another activation. So its
weights fit into `TransformerNetwork`, and cache, graphs and views come with that; a test holds both against each other.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from text_seq2seq.config import TextSeq2SeqConfig
from text_seq2seq.sentencepiece import Pieces, tokenizer
from text_seq2seq.tokens import SPECIAL
from trasluz.api import FamilyError

from .adopted import ACTIVATIONS, Adopted
from .transformer import Positions, TransformerNetwork

if TYPE_CHECKING:
    from trasluz.torchkit.checkpoint_folder import CheckpointFolder


def adopt(checkpoint: "CheckpointFolder", config: TextSeq2SeqConfig) -> Adopted:
    """Make a network of ours of a checkpoint, with `vocab.json`, `source.spm` and `target.spm`.

    Raises:
        FamilyError: If it is damaged or of a shape that does not fit.
    """
    from transformers import AutoModelForSeq2SeqLM

    from trasluz.torchkit.checkpoint_folder import load

    folder, said = checkpoint.path, checkpoint.config
    _fits(folder, said)
    order, rows = _order(folder, said)
    theirs: Any = load(checkpoint, AutoModelForSeq2SeqLM)
    shaped = config.model_copy(
        update={
            "network": "transformer",
            "width": int(said["d_model"]),
            "layers": int(said["encoder_layers"]),
            "heads": int(said["encoder_attention_heads"]),
            "norm": "post",
            "positions": "sinusoidal",
            "tied": False,
            "joint": False,
            "max_tokens": min(config.max_tokens, int(said.get("max_position_embeddings", 512))),
        }
    )
    network = TransformerNetwork(shaped, sources=len(order), targets=len(order))
    _place(network, theirs, said, rows)
    source = tokenizer(Pieces.read(folder / "source.spm"), order, ended=True)
    target = tokenizer(Pieces.read(folder / "target.spm"), order, ended=False)
    return Adopted(network, source, target, shaped)


def _fits(folder: Path, said: Mapping[str, Any]) -> None:
    same = [("encoder_layers", "decoder_layers"), ("encoder_attention_heads", "decoder_attention_heads")]
    for one, other in same:
        if said.get(one) != said.get(other):
            raise FamilyError(f"In “{folder}” encoder and decoder differ in shape ({one}), which is not supported.")
    if said.get("activation_function", "swish") not in ACTIVATIONS:
        raise FamilyError(f"“{folder}” uses the activation “{said['activation_function']}”, which is not known here.")


def _order(folder: Path, said: Mapping[str, Any]) -> tuple[list[str], list[int]]:
    """The tokens in our order, the special ones first, and the row that each has in the checkpoint."""
    try:
        vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
        by_row = {int(row): str(token) for token, row in vocabulary.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise FamilyError(f"“{folder / 'vocab.json'}” cannot be read; get the checkpoint again.") from error
    pad, end = int(said["pad_token_id"]), int(said["eos_token_id"])
    begin = int(said.get("decoder_start_token_id", pad))
    unknown = int(vocabulary.get("<unk>", 1))
    rest = [row for row in sorted(by_row) if row not in (pad, end, unknown) and by_row[row] not in SPECIAL]
    if max(by_row) >= int(said["vocab_size"]):
        raise FamilyError(f"“{folder / 'vocab.json'}” names more tokens than the network has; it is another's.")
    return [*SPECIAL, *(by_row[row] for row in rest)], [pad, unknown, begin, end, *rest]


def _place(network: TransformerNetwork, theirs: Any, said: Mapping[str, Any], rows: Sequence[int]) -> None:
    """Copy the weights."""
    inner = theirs.model
    chosen = torch.tensor(rows)
    scale = math.sqrt(network.width) if not said.get("scale_embedding", False) else 1.0
    with torch.no_grad():
        # Ours are multiplied by √W when they are read, as in the paper; where theirs are not, that is undone.
        network.source.weight.copy_(inner.get_encoder().embed_tokens.weight[chosen] / scale)
        network.target.weight.copy_(inner.get_decoder().embed_tokens.weight[chosen] / scale)
        network.output.weight.copy_(theirs.get_output_embeddings().weight[chosen])
        network.output.bias.copy_(theirs.final_logits_bias[0, chosen])
        network.positions.table = _table(network.positions, network.width)
        for ours, other in zip(network.encoder, inner.get_encoder().layers, strict=True):
            _layer(ours, other, said)
        for ours, other in zip(network.decoder, inner.get_decoder().layers, strict=True):
            _layer(ours, other, said)
            _attention(ours.cross, other.encoder_attn)
            _copy(ours.around_cross.norm, other.encoder_attn_layer_norm)


def _layer(ours: Any, other: Any, said: Mapping[str, Any]) -> None:
    _attention(ours.attention, other.self_attn)
    _copy(ours.around_attention.norm, other.self_attn_layer_norm)
    _copy(ours.around_forward.norm, other.final_layer_norm)
    dropout = ours.forward_part[2]
    first = nn.Linear(other.fc1.in_features, other.fc1.out_features)
    last = nn.Linear(other.fc2.in_features, other.fc2.out_features)
    _copy(first, other.fc1)
    _copy(last, other.fc2)
    activation = ACTIVATIONS[said.get("activation_function", "swish")]()
    ours.forward_part = nn.Sequential(first, activation, dropout, last)


def _attention(ours: Any, other: Any) -> None:
    for mine, name in ((ours.query, "q_proj"), (ours.key, "k_proj"), (ours.value, "v_proj"), (ours.out, "out_proj")):
        _copy(mine, getattr(other, name))


def _copy(ours: Any, other: Any) -> None:
    ours.weight.copy_(other.weight)
    ours.bias.copy_(other.bias)


def _table(positions: Positions, width: int) -> Tensor:
    """Marian's positions: all sines before all cosines."""
    interleaved = positions.table
    assert isinstance(interleaved, Tensor)
    return torch.cat([interleaved[:, 0::2], interleaved[:, 1::2]], dim=1)[:, :width].contiguous()
