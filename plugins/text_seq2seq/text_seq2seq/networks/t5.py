"""A pretrained T5 (Raffel et al. 2020) or one of its kin (T5 1.1, Flan-T5, mT5) as a Transformer of ours.

What is different from the paper's Transformer: normalisation by the root mean square and without a bias anywhere;
attention that is not scaled; and no positions, but a number for each head and each distance, added to how well a query
fits a key. Distances share a number the more, the longer they are (buckets).
"""

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from text_seq2seq.config import TextSeq2SeqConfig
from text_seq2seq.sentencepiece import Pieces, tokenizer
from text_seq2seq.tokens import SPECIAL
from trasluz.api import FamilyError

from .adopted import ACTIVATIONS, Adopted
from .transformer import PAD, Attention, GatedLinear, Layer, TransformerNetwork

if TYPE_CHECKING:
    from trasluz.torchkit.checkpoint_folder import CheckpointFolder

KINDS = frozenset({"t5", "mt5"})


class RelativePositions(nn.Module):
    """Distances in place of positions.

    Args:
        buckets: Numbers of a head for all distances.
        far: Distances from which on all share one number.
        heads: A.
        longest: The longest text, in tokens.
    """

    kind = "relative"

    def __init__(self, buckets: int, far: int, heads: int, longest: int) -> None:
        super().__init__()
        self.buckets, self.far, self.longest = buckets, far, longest
        self.encoder, self.decoder = nn.Embedding(buckets, heads), nn.Embedding(buckets, heads)

    def added(self, x: Tensor, at: Tensor) -> Tensor:
        """Nothing is added to vectors."""
        return x

    def turned(self, x: Tensor, at: Tensor) -> Tensor:
        """Nothing is turned."""
        return x

    def bias(self, side: str, queries: Tensor, keys: Tensor) -> Tensor:
        """For queries (T,) and keys (S,) at these places: (1, A, T, S)."""
        found: Tensor = getattr(self, side)(self._bucket(side, keys[None] - queries[:, None]))
        return found.permute(2, 0, 1)[None]

    def by_distance(self, side: str) -> Tensor:
        """The numbers of all distances from key to query, from -(N - 1) to N - 1: (2 N - 1, A)."""
        distances = torch.arange(1 - self.longest, self.longest)
        found: Tensor = getattr(self, side).cpu()(self._bucket(side, distances))
        return found

    def _bucket(self, side: str, distances: Tensor) -> Tensor:
        """Near distances one by one, far ones in steps that grow with their logarithm; the encoder tells both sides."""
        buckets, first = self.buckets, torch.zeros_like(distances)
        if side == "encoder":
            buckets //= 2
            first = (distances > 0).long() * buckets
            apart = distances.abs()
        else:
            apart = -distances.clamp(max=0)
        near = buckets // 2
        steps = torch.log(apart.clamp(min=1).float() / near) / math.log(self.far / near) * (buckets - near)
        return first + torch.where(apart < near, apart, (near + steps.long()).clamp(max=buckets - 1))


class T5Network(TransformerNetwork):
    """Encoder and decoder as T5 has them; encoded, decoded and exported as any Transformer of ours.

    Args:
        said: The checkpoint's `config.json` as transformers understands it.
        tokens: V.
        dropout: While it learns.
        longest: The longest text, in tokens.
    """

    def __init__(self, said: Any, *, tokens: int, dropout: float, longest: int) -> None:
        nn.Module.__init__(self)
        width, heads, size = int(said.d_model), int(said.num_heads), int(said.d_kv)
        self.width, self.heads, self.size, self.count = width, heads, size, int(said.num_layers)
        self.scale, self.longest = 1.0, longest
        self.source = nn.Embedding(tokens, width, padding_idx=PAD)
        self.target = nn.Embedding(tokens, width, padding_idx=PAD)
        self.target.weight = self.source.weight
        far = int(said.relative_attention_max_distance)
        self.positions = RelativePositions(int(said.relative_attention_num_buckets), far, heads, longest)
        self.encoder = nn.ModuleList(_layer(said, dropout, cross=False) for _ in range(self.count))
        self.decoder = nn.ModuleList(_layer(said, dropout, cross=True) for _ in range(self.count))
        eps = float(said.layer_norm_epsilon)
        self.encoder_norm, self.decoder_norm = nn.RMSNorm(width, eps=eps), nn.RMSNorm(width, eps=eps)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(width, tokens, bias=False)


def _layer(said: Any, dropout: float, *, cross: bool) -> Layer:
    width, heads, size = int(said.d_model), int(said.num_heads), int(said.d_kv)
    layer = Layer(width, heads, cross=cross, pre=True, dropout=dropout)
    names = ("attention", "cross") if cross else ("attention",)
    for name in names:
        attention = Attention(width, heads, dropout, size=size, biased=False)
        attention.scale = 1.0
        setattr(layer, name, attention)
    for name in (*names, "forward"):
        getattr(layer, f"around_{name}").norm = nn.RMSNorm(width, eps=float(said.layer_norm_epsilon))
    activation = ACTIVATIONS[said.dense_act_fn]()
    if said.is_gated_act:
        first: nn.Module = GatedLinear(width, int(said.d_ff), activation, biased=False)
        activation = nn.Identity()
    else:
        first = nn.Linear(width, int(said.d_ff), bias=False)
    last = nn.Linear(int(said.d_ff), width, bias=False)
    layer.forward_part = nn.Sequential(first, activation, nn.Dropout(dropout), last)
    return layer


def adopt(checkpoint: "CheckpointFolder", config: TextSeq2SeqConfig) -> Adopted:
    """Make a network of ours of a checkpoint, with `spiece.model` or `tokenizer.json`.

    Raises:
        FamilyError: If its tokens or its shape do not fit.
    """
    from transformers import AutoModelForSeq2SeqLM

    from trasluz.torchkit.checkpoint_folder import load

    folder, said = checkpoint.path, checkpoint.config
    pieces = Pieces.beside(folder)
    theirs: Any = load(checkpoint, AutoModelForSeq2SeqLM)
    shape = theirs.config
    layers = int(shape.num_layers)
    if layers != int(shape.num_decoder_layers or layers):
        raise FamilyError(f"In “{folder}” encoder and decoder differ in shape (num_layers), which is not supported.")
    if shape.dense_act_fn not in ACTIVATIONS:
        raise FamilyError(f"“{folder}” uses the activation “{shape.dense_act_fn}”, which is not known here.")
    if len(pieces.order) > int(said["vocab_size"]):
        raise FamilyError(f"The tokens of “{folder}” are more than the network has; they are another's.")
    shaped = config.model_copy(
        update={
            "network": "transformer",
            "width": int(shape.d_model),
            "layers": layers,
            "heads": int(shape.num_heads),
            "norm": "pre",
            "tied": False,
            "joint": True,
        }
    )
    numbers = {piece: row for row, piece in enumerate(pieces.order)}
    pad, end = int(said.get("pad_token_id", 0)), int(said.get("eos_token_id", 1))
    begin = int(said.get("decoder_start_token_id", pad))
    unknown = numbers.get("<unk>", 2)
    # what no text is cut into, such as the places of T5's own gap texts, is left out
    rest = [numbers[piece] for piece in pieces.order if piece in pieces.scores and piece not in SPECIAL]
    order = [*SPECIAL, *(pieces.order[row] for row in rest)]
    longest = 2 * config.max_tokens + 16
    network = T5Network(shape, tokens=len(order), dropout=config.dropout, longest=longest)
    _place(network, theirs, torch.tensor([pad, unknown, begin, end, *rest]))
    return Adopted(network, *(tokenizer(pieces, order, ended=ended) for ended in (True, False)), shaped)


def _place(network: T5Network, theirs: Any, rows: Tensor) -> None:
    """Copy the weights; `rows` are those of our tokens."""
    # some shrink what the output reads; that is the same as a smaller output
    scale = network.width**-0.5 if getattr(theirs.config, "scale_decoder_outputs", False) else 1.0
    with torch.no_grad():
        network.source.weight.copy_(theirs.shared.weight[rows])
        network.output.weight.copy_(theirs.lm_head.weight[rows] * scale)
        for side in ("encoder", "decoder"):
            stack = getattr(theirs, side)
            getattr(network, f"{side}_norm").weight.copy_(stack.final_layer_norm.weight)
            own = stack.block[0].layer[0].SelfAttention.relative_attention_bias
            getattr(network.positions, side).weight.copy_(own.weight)
            for ours, block in zip(getattr(network, side), stack.block, strict=True):
                _place_layer(ours, block.layer)


def _place_layer(ours: Any, parts: Any) -> None:
    _attention(ours.attention, parts[0].SelfAttention)
    ours.around_attention.norm.weight.copy_(parts[0].layer_norm.weight)
    if len(parts) == 3:
        _attention(ours.cross, parts[1].EncDecAttention)
        ours.around_cross.norm.weight.copy_(parts[1].layer_norm.weight)
    ours.around_forward.norm.weight.copy_(parts[-1].layer_norm.weight)
    first, _, _, last = ours.forward_part
    dense = parts[-1].DenseReluDense
    last.weight.copy_(dense.wo.weight)
    if isinstance(first, GatedLinear):
        first.gate.weight.copy_(dense.wi_0.weight)
        first.value.weight.copy_(dense.wi_1.weight)
    else:
        first.weight.copy_(dense.wi.weight)


def _attention(ours: Any, other: Any) -> None:
    for mine, name in ((ours.query, "q"), (ours.key, "k"), (ours.value, "v"), (ours.out, "o")):
        mine.weight.copy_(getattr(other, name).weight)
