"""SentencePiece models (Kudo and Richardson 2018) as tokenizers of ours, by nothing but the file.

Of the file only the pieces with their scores and the rules of normalisation are read (sentencepiece_model.proto).
"""

import base64
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trasluz.api import FamilyError

from .tokens import SPACE, SPECIAL

if TYPE_CHECKING:
    from tokenizers import Tokenizer

NEVER = -1e6
"""The score of a piece that the model does not have: any other way to cut a text is better."""
_UNIGRAM, _NORMAL = 1, 1


@dataclass(frozen=True, slots=True)
class Pieces:
    """What a SentencePiece model holds.

    Attributes:
        scores: Piece → log-probability; control pieces are not among them.
        order: All pieces, control pieces too, by their number in the file.
        rules: The compiled rules of normalisation; empty where there are none.
    """

    scores: Mapping[str, float]
    rules: bytes
    order: Sequence[str] = ()

    @classmethod
    def read(cls, path: Path) -> "Pieces":
        """Read a file.

        Raises:
            FamilyError: If it is missing, damaged or no unigram model.
        """
        scores, order = dict[str, float](), list[str]()
        rules, kind = b"", _UNIGRAM
        try:
            for field, value in _fields(path.read_bytes()):
                if field == 1 and isinstance(value, bytes):
                    piece = dict(_fields(value))
                    order.append(_bytes(piece[1]).decode())
                    if piece.get(3, _NORMAL) == _NORMAL:
                        scores[order[-1]] = struct.unpack("<f", _bytes(piece[2]))[0]
                elif field == 2 and isinstance(value, bytes):
                    kind = int(dict(_fields(value)).get(3, _UNIGRAM))
                elif field == 3 and isinstance(value, bytes):
                    rules = _bytes(dict(_fields(value)).get(2, b""))
        except (OSError, ValueError, KeyError, TypeError, IndexError, struct.error) as error:
            raise FamilyError(f"“{path}” cannot be read as a SentencePiece model; get the checkpoint again.") from error
        if kind != _UNIGRAM or not scores:
            raise FamilyError(f"“{path}” is no unigram model of SentencePiece, which is the only kind that is read.")
        return cls(scores, rules, order)

    @classmethod
    def beside(cls, folder: Path) -> "Pieces":
        """Read `spiece.model` of a checkpoint, or the same out of its `tokenizer.json`.

        Raises:
            FamilyError: If there is neither, or it is damaged or no unigram model.
        """
        if (folder / "spiece.model").is_file():
            return cls.read(folder / "spiece.model")
        file = folder / "tokenizer.json"
        if not file.is_file():
            raise FamilyError(
                f"“{folder}” has neither spiece.model nor tokenizer.json, so it is not known how it cuts a text."
            )
        try:
            said = json.loads(file.read_text(encoding="utf-8"))
            kind, vocabulary = said["model"]["type"], said["model"]["vocab"]
            if kind != "Unigram":
                raise FamilyError(f"“{file}” is a tokenizer of the kind “{kind}”; only Unigram is read.")
            order = [str(piece) for piece, _ in vocabulary]
            control = {str(each["content"]) for each in said.get("added_tokens") or ()}
            scores = {str(piece): float(score) for piece, score in vocabulary if piece not in control}
            return cls(scores, _rules(said.get("normalizer") or {}), order)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FamilyError(f"“{file}” cannot be read as a tokenizer; get the checkpoint again.") from error


def tokenizer(pieces: Pieces, order: Sequence[str], *, ended: bool) -> "Tokenizer":
    """A tokenizer that cuts as the model does.

    Args:
        pieces: The model.
        order: All tokens by their number, the special ones of ours first.
        ended: Whether a text gets the token that ends it.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    known = [(token, pieces.scores.get(token, NEVER)) for token in order]
    made = Tokenizer(models.Unigram(known, unk_id=1))
    steps = [normalizers.Precompiled(pieces.rules)] if pieces.rules else [normalizers.NFC()]
    made.normalizer = normalizers.Sequence([*steps, normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")])
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme="always")
    made.decoder = decoders.Metaspace(replacement=SPACE, prepend_scheme="always")
    made.add_special_tokens(list(SPECIAL))
    if ended:
        end = SPECIAL[3]
        made.post_processor = processors.TemplateProcessing(single=f"$A {end}", special_tokens=[(end, 3)])
    return made


def _rules(normalizer: "Mapping[str, Any]") -> bytes:
    """The compiled rules of normalisation in a tokenizer's `normalizer`; empty where there are none."""
    for step in (normalizer, *(normalizer.get("normalizers") or ())):
        if step.get("type") == "Precompiled":
            return base64.b64decode(step["precompiled_charsmap"])
    return b""


def _bytes(value: "int | bytes") -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("a number where bytes should be")
    return value


def _fields(data: bytes) -> "Iterator[tuple[int, int | bytes]]":
    """The fields of a message: number and value; 32 and 64 bits stay bytes."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        field, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield field, value
            continue
        if wire == 2:
            size, at = _varint(data, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ValueError(f"a field of the kind {wire}")
        if at + size > len(data):
            raise ValueError("cut off")
        yield field, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number without end")
