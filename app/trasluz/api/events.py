"""What a run says while it runs: one line of `events.jsonl` each, the only channel from a run to anyone."""

import time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Event(BaseModel):
    # A loss that is no number stays one: JSON itself has no word for it.
    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="strings")

    time: float = Field(default_factory=time.time)
    """Seconds since 1970."""


class Started(_Event):
    """A process has taken up the run, for the first time or again."""

    type: Literal["started"] = "started"
    pid: int
    device: str
    resumed: bool = False


class Progress(_Event):
    """How far a stage has come.

    Attributes:
        stage: What is being done, as a person would say it: `Looking at the photos`.
        done: Units done.
        total: Units in all, or None while it is unknown.
        unit: What is counted: `photos`, `passes`.
        rate: Units a second.
        seconds_left: Estimate for the whole run, or None while it is unknown.
        passes: In how many passes over the data the units come, where the data is gone over many times.
    """

    type: Literal["progress"] = "progress"
    stage: str
    done: float
    total: float | None = None
    unit: str = ""
    rate: float | None = None
    seconds_left: float | None = None
    passes: float | None = None

    @property
    def current_pass(self) -> int | None:
        """Which pass is under way, from 1; None where it does not go by passes."""
        if not self.passes or not self.total:
            return None
        return int(min(self.passes, self.done / self.total * self.passes // 1 + 1))


class Metric(_Event):
    """One point of a curve.

    Attributes:
        name: The field's name: `loss`, `accuracy`, `learning_rate`, `cer`.
        split: The split it was measured on; empty where it has none.
        step: The x of the curve, usually passes (a fraction within one).
        best: Whether this is the best so far and was kept.
    """

    type: Literal["metric"] = "metric"
    name: str
    value: float
    step: float
    split: str = ""
    best: bool = False


class PreviewLine(BaseModel):
    """One line of a small drawing.

    Attributes:
        name: What it is: `so far`, `what came`, `forecast`, or empty.
        start: The step of its first value.
        step: Steps from one value to the next.
        values: Finite numbers, None where there is none.
    """

    model_config = ConfigDict(frozen=True)

    name: str = ""
    start: float = 0.0
    step: float = 1.0
    values: tuple[float | None, ...]


class Previewed(BaseModel):
    """One sample and what the model makes of it now.

    Attributes:
        part: Of the file at `path`, where that holds several items.
    """

    model_config = ConfigDict(frozen=True)

    path: str
    target: str
    text: str
    score: float | None = None
    lines: tuple[PreviewLine, ...] = ()
    part: str = ""


class Preview(_Event):
    """What the model thinks of a few samples now."""

    type: Literal["preview"] = "preview"
    step: float
    items: tuple[Previewed, ...]


class SampledItem(BaseModel):
    """One item of a batch, and how chance altered it.

    Attributes:
        number: Which record of the train split it is.
        draw: The words of the generator that altered it, for `numpy.random.SeedSequence`.
    """

    model_config = ConfigDict(frozen=True)

    path: str
    target: str
    number: int
    draw: tuple[int, ...]


class Sampled(_Event):
    """What is being learned from at this moment: the first few items of the batch.

    It holds no pictures. `ModelFamily.varied` makes them again, the same to the pixel, for whoever looks.
    """

    type: Literal["sampled"] = "sampled"
    step: float
    items: tuple[SampledItem, ...]


class Note(_Event):
    """A sentence that the person should read: the batch was halved, a file was set aside.

    Attributes:
        facts: Anything a page draws from, e.g. `{"stages": [{"name": "stem", "learning": false}, …]}`.
    """

    type: Literal["note"] = "note"
    sentence: str
    level: Literal["info", "warning"] = "info"
    facts: dict[str, Any] = Field(default_factory=dict)


class Finished(_Event):
    """The model is exported, checked and in the run folder."""

    type: Literal["finished"] = "finished"
    metrics: dict[str, float]
    seconds: float


class Stopped(_Event):
    """The run ended at the person's wish and without a model; it can be resumed.

    Attributes:
        paused: Whether they asked for a pause: it left a checkpoint to go on from.
    """

    type: Literal["stopped"] = "stopped"
    sentence: str = "Stopped; it can be resumed."
    paused: bool = False


class Failed(_Event):
    """The run ended with an error."""

    type: Literal["failed"] = "failed"
    sentence: str
    details: str = ""
    data_at_fault: bool = False


Event = Annotated[
    Started | Progress | Metric | Preview | Sampled | Note | Finished | Stopped | Failed, Field(discriminator="type")
]
_adapter: TypeAdapter[Event] = TypeAdapter(Event)


def parse_event(line: str | bytes) -> Event:
    """Read one line of `events.jsonl`.

    Raises:
        ValueError: If it is not an event.
    """
    return _adapter.validate_json(line)
