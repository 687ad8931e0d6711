"""What a training is asked to do, and what it answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import Tensor, nn

from trasluz.api import Previewed

from .optim import Schedule, warmup_cosine

Step = Callable[[nn.Module, Any], tuple[Tensor, Mapping[str, float]]]
"""From the network and a collated batch on its device to the mean loss and other numbers worth a curve."""
Ended = Literal["passes", "patience", "enough", "time", "asked"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]


@dataclass(frozen=True, slots=True)
class Validation:
    """What a validation found.

    Attributes:
        metrics: Numbers by name; the one that the plan names must be among them.
        previews: A few samples and what the network makes of them.
    """

    metrics: Mapping[str, float]
    previews: Sequence[Previewed] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train.

    Attributes:
        epochs: Passes over the data at the most.
        metric: The metric of the validation by which the best weights are known.
        higher_is_better: Which way that metric goes.
        patience: Passes without a better metric after which training ends; never where None.
        keep_last: Whether the last weights are kept and not the best, as where too little is held out to choose by.
        enough: The value of the metric with which training ends; it goes on where None.
        clip: The largest norm of the gradient; unlimited where None.
        schedule: From the fraction done to the factor of the learning rates.
        average: Decay of the moving average of the weights, which is then validated and kept; none where None.
        precision: `auto` is bf16 or fp16 on CUDA and fp32 elsewhere: on the CPU bf16 was slower in the backward pass.
        seed: The seed of the run.
        checkpoint_seconds: A checkpoint at least this often, and one after each pass.
        reserve_seconds: What the export after the loop may take of the time limit.
        validate_first: Whether to measure the network before it learns, so that the result is never worse.
        points: Points of the train curve in a pass.
        pieces: In how many pieces a batch is learned from the start, their gradients added up; more where memory runs
            out.
        stage: What the person reads beside the progress bar.
        unit: What is counted: `photos`, `lines`.
        identity: What must be the same for a checkpoint to be resumed: settings, fingerprint of the data.
        threads: Threads of one operation on a CPU; where None, what `OMP_NUM_THREADS` says, or else one a core.
        to_train: Puts the network into train mode; a family with frozen parts keeps those in eval mode.
    """

    epochs: int
    metric: str = "loss"
    higher_is_better: bool = False
    patience: int | None = None
    keep_last: bool = False
    enough: float | None = None
    clip: float | None = 1.0
    schedule: Schedule = field(default_factory=warmup_cosine)
    average: float | None = None
    precision: Precision = "auto"
    seed: int = 0
    checkpoint_seconds: float = 30.0
    reserve_seconds: float = 20.0
    validate_first: bool = True
    points: int = 20
    pieces: int = 1
    stage: str = "Learning"
    unit: str = "items"
    identity: Mapping[str, Any] = field(default_factory=dict)
    threads: int | None = None
    to_train: Callable[[nn.Module], object] = nn.Module.train


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a training ended; the network holds the best weights.

    Attributes:
        metrics: What the validation of the best weights found.
        best_step: The pass, with its fraction, in which they were found.
        passes: Passes made, with the fraction of the last one.
        ended: By all passes, by patience, by reaching what is enough, by the time limit, or because the person asked.
        seconds: Seconds of training, all sittings together.
        history: The metrics of each validation, with its `step`.
    """

    metrics: Mapping[str, float]
    best_step: float
    passes: float
    ended: Ended
    seconds: float
    history: Sequence[Mapping[str, float]]

    @property
    def best(self) -> str:
        """When the best weights were found: `1 pass`, `2.5 passes`."""
        return "1 pass" if self.best_step == 1 else f"{self.best_step:.3g} passes"

    def why_ended(self, patience: int | None) -> str:
        """Why it ended, to go on with after “because”."""
        return {
            "passes": "all passes were made",
            "enough": "there was nothing more to be learned",
            "patience": f"it had not improved for {patience} passes",
            "time": "the time limit was near",
            "asked": "you asked it to stop",
        }[self.ended]
