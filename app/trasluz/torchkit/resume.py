"""Where a training stands, and its checkpoint on disk."""

import time
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from torch import Tensor

from trasluz.api import FamilyError

from . import checkpoint

LAST = "last.safetensors"
_BEST = "best-{step:09d}.safetensors"


@dataclass(slots=True)
class Progressed:
    """Where a training stands; everything but the weights of the moment.

    Attributes:
        epoch: Whole passes made.
        batch: Batches of the present pass made.
        step: Batches made in all.
        pieces: In how many pieces a batch is learned, since memory ran out.
        skips: Steps left out in a row, for their loss was not a number.
        skipped: Steps left out in all.
        sums: Of the numbers since the last point of the train curve.
        summed: Steps in these sums.
        without_gain: Passes since the metric was last better.
        measured_at: The step of the last validation; -1 before the first.
        seconds: Seconds of training.
        history: The metrics of each validation.
        best_metrics: Of the best weights.
        best_step: The pass of the best weights.
        best_weights: The best weights, on the CPU.
        best_saved: Whether they are in a file of their own already.
        best_file: The name of that file.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    pieces: int = 1
    skips: int = 0
    skipped: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    summed: int = 0
    without_gain: int = 0
    measured_at: int = -1
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    best_metrics: dict[str, float] = field(default_factory=dict)
    best_step: float = 0.0
    best_weights: dict[str, Tensor] | None = None
    best_saved: bool = False
    best_file: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a checkpoint folder holds.

    Attributes:
        progressed: Where the training stood, None where it starts anew.
        state: The states of network, optimiser and generators.
        sentence: What the person should know.
    """

    progressed: Progressed | None = None
    state: dict[str, Any] = field(default_factory=dict)
    sentence: str = ""


class Store:
    """The checkpoint of one training.

    The best weights have a file of their own, written when there are new ones; the last checkpoint names it. So
    each file is whole, and the pair always belongs together.

    Args:
        folder: The run's checkpoint folder.
        every: Seconds between two checkpoints; more where writing one takes long.
        identity: What must be the same for a checkpoint to be resumed.
    """

    def __init__(self, folder: Path, *, every: float, identity: dict[str, Any]) -> None:
        self._folder = folder
        self._every = every
        self._identity = identity
        self._saved = time.monotonic()
        self._took = 0.0
        self._complained = False

    def due(self) -> bool:
        """Whether it is time for the next one. Writing takes a twentieth of the time at the most."""
        return time.monotonic() - self._saved >= max(self._every, 20 * self._took)

    def save(self, at: Progressed, state: dict[str, Any]) -> str:
        """Write a checkpoint; return a sentence where it cannot be written, the first time.

        The run goes on then, on the last checkpoint that could be written.
        """
        start = time.monotonic()
        try:
            if at.best_weights is not None and not at.best_saved:
                name = _BEST.format(step=at.step)
                checkpoint.write(self._folder / name, {"weights": at.best_weights})
                at.best_file, at.best_saved = name, True
            progressed = {each.name: getattr(at, each.name) for each in fields(at) if each.name != "best_weights"}
            checkpoint.write(self._folder / LAST, {"identity": self._identity, "at": progressed, "state": state})
            self._tidy(at.best_file)
        except OSError as error:
            if self._complained:
                return ""
            self._complained = True
            return (
                f"The checkpoint could not be written to “{self._folder}” ({error.strerror or error}); training goes "
                "on, but if it is interrupted now, it goes back to the last checkpoint."
            )
        finally:
            self._saved = time.monotonic()
            self._took = self._saved - start
        return ""

    def load(self) -> Found:
        """Return the training to go on from; without one, or with one of other settings, start anew."""
        checkpoint.remove_leftovers(self._folder)
        try:
            data = checkpoint.read(self._folder / LAST)
            if data["identity"] != self._identity:
                return Found(sentence="The checkpoint belongs to other settings or other data; starting anew.")
            at = Progressed(**data["at"])
            if at.best_file:
                at.best_weights = checkpoint.read(self._folder / at.best_file)["weights"]
        except FileNotFoundError:
            return Found()
        except (FamilyError, KeyError, TypeError):
            # A disk that loses data is no reason to refuse the run: what was learned is lost either way.
            return Found(sentence=f"The checkpoint in “{self._folder}” is damaged; starting anew.")
        return Found(at, data["state"])

    def _tidy(self, kept: str) -> None:
        for each in self._folder.glob("best-*.safetensors"):
            if each.name != kept:
                each.unlink(missing_ok=True)
