"""What a model writes, streamed as it comes."""

import math
import time
from itertools import islice
from typing import TYPE_CHECKING, Any

from trasluz.api import Progress, WritingPredictor, Written

from .calls import Cancels, Reports, Rows, UsageError, check_cancelled

if TYPE_CHECKING:
    from trasluz.core.inference.model import OpenModel

LONGEST = 1_000_000
_EVERY = 0.03
_TOP = 8


def write(
    model: "OpenModel",
    *,
    start: str,
    length: int,
    temperature: float,
    top_k: int,
    seed: int,
    progress: Reports,
    cancelled: Cancels,
) -> dict[str, Any]:
    """Let a model write on; each piece of progress carries the new pieces as `rows`.

    Returns:
        `start`, `text`, `length` (pieces), `nats` (the mean surprise at its own pieces, by the probabilities that they
        were drawn by), `unknown` (pieces of the start that the model never learned), `pieces_per_second`, `provider`,
        and what was asked.

    Raises:
        UsageError: If the model does not write, or what is asked is out of bounds.
        Cancelled: If nobody waits any more.
    """
    predictor = model.predictor
    if not isinstance(predictor, WritingPredictor):
        raise UsageError(
            f"“{model.card.title}” answers and does not write; train one that does: a recurrent network on plain text."
        )
    _check(length=length, temperature=temperature, top_k=top_k, seed=seed)
    begun = time.monotonic()
    pieces, waiting, nats = list[str](), list[dict[str, Any]](), 0.0
    said = begun

    def hand_over() -> None:
        rate = len(pieces) / max(time.monotonic() - begun, 1e-9)
        step = Progress(stage="Writing", done=len(pieces), total=length, unit="characters", rate=rate)
        progress(Rows(**step.model_dump(exclude={"type"}), rows=tuple(waiting)))
        waiting.clear()

    stream = predictor.write(start, temperature=temperature, top_k=top_k, seed=seed)
    for piece in islice(stream, length):
        check_cancelled(cancelled)
        pieces.append(piece.text)
        nats -= math.log(max(piece.score or 1.0, 1e-30))
        waiting.append(_row(piece))
        if time.monotonic() - said >= _EVERY:
            hand_over()
            said = time.monotonic()
    seconds = max(time.monotonic() - begun, 1e-9)
    hand_over()
    return {
        "start": start,
        "text": "".join(pieces),
        "length": len(pieces),
        "temperature": temperature,
        "top_k": top_k,
        "seed": seed,
        "nats": nats / max(1, len(pieces)),
        "unknown": list(predictor.unknown(start)),
        "pieces_per_second": len(pieces) / seconds,
        "provider": model.provider,
    }


def _row(piece: Written) -> dict[str, Any]:
    return {"text": piece.text, "score": piece.score, "top": [list(each) for each in piece.top[:_TOP]]}


def _check(*, length: int, temperature: float, top_k: int, seed: int) -> None:
    if not 1 <= length <= LONGEST:
        raise UsageError(f"A length of {length:,} cannot be written; ask for 1 to {LONGEST:,} characters.")
    if not (math.isfinite(temperature) and 0 <= temperature <= 100):
        raise UsageError(f"A temperature lies between 0 and 100, and {temperature:g} does not; 1 is the model’s own.")
    if top_k < 0 or seed < 0:
        raise UsageError("Neither top-k nor the seed can be below 0; 0 for top-k means all characters.")
