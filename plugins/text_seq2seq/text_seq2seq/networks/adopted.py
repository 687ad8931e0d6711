"""A pretrained encoder–decoder as a network of ours: from a folder in the format of the hub, or from the hub."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from text_seq2seq.config import TextSeq2SeqConfig
from trasluz.api import FamilyError, TrainContext

from .transformer import TransformerNetwork

if TYPE_CHECKING:
    from tokenizers import Tokenizer

ACTIVATIONS: Mapping[str, Any] = {
    "swish": nn.SiLU,
    "silu": nn.SiLU,
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "gelu_new": partial(nn.GELU, approximate="tanh"),
}
TOKENIZERS = ("source.spm", "target.spm", "vocab.json", "spiece.model", "tokenizer.json")
"""The files of a checkpoint that say how a text is cut."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """A pretrained network with its tokenizers, and the settings that it was built by.

    Attributes:
        title: What the checkpoint is called.
        licence: Of its weights, where that is known.
    """

    network: TransformerNetwork
    source: "Tokenizer"
    target: "Tokenizer"
    config: TextSeq2SeqConfig
    title: str = ""
    licence: str = ""


def check_kind(said: Mapping[str, Any]) -> None:
    """Refuse what a `config.json` describes, unless it can be learned on from.

    Raises:
        FamilyError: If it is of another kind.
    """
    from .t5 import KINDS

    kind = str(said.get("model_type", ""))
    if kind != "marian" and kind not in KINDS:
        raise FamilyError(
            f"This is a checkpoint of the kind “{kind}”; of encoder–decoders Marian translators (opus-mt) and T5 with "
            "its kin (Flan-T5, mT5) can be learned on from."
        )


def adopt(folder: Path, config: TextSeq2SeqConfig) -> Adopted:
    """Read a checkpoint in the format of the hub from a folder.

    Args:
        folder: With `config.json`, `model.safetensors`, and the files of its tokenizer: `vocab.json`, `source.spm` and
            `target.spm` of Marian, `spiece.model` or `tokenizer.json` of T5.
        config: The run's settings; those of the network's shape are the checkpoint's own.

    Raises:
        FamilyError: If it is none, damaged, or of a kind that does not fit.
    """
    from trasluz.torchkit.checkpoint_folder import CheckpointFolder

    from . import marian, t5

    checkpoint = CheckpointFolder.open(folder)
    check_kind(checkpoint.config)
    return (t5 if checkpoint.model_type in t5.KINDS else marian).adopt(checkpoint, config)


def adopt_named(context: TrainContext, config: TextSeq2SeqConfig) -> Adopted:
    """Take what the setting `start` names: a folder, or `hub:owner/name`, which is downloaded if it is not here.

    Raises:
        FamilyError: If it cannot be had or does not fit.
        TrainingStopped: If the person stopped the download.
    """
    from dataclasses import replace

    from trasluz.torchkit import hub

    if config.start.startswith(hub.PREFIX):
        found = hub.fetch_for(context, config.start, check=check_kind, also=TOKENIZERS)
        return replace(adopt(found.place, config), title=found.title, licence=found.licence)
    folder = Path(config.start).expanduser()
    return replace(adopt(folder, config), title=folder.name)
