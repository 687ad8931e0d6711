"""What a trained model is on disk: a folder with ONNX graphs and one card that explains them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

CARD_FORMAT = 1
CARD_NAME = "card.json"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=True)


class TensorSpec(_Part):
    """Name, type and shape of one input or output; a dimension is a number, or a name where it varies."""

    name: str
    dtype: str
    shape: tuple[int | str | None, ...]


class GraphFile(_Part):
    """One ONNX file of the model."""

    name: str
    file: str
    sha256: str = ""
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()


class Interval(_Part):
    """A 95 % confidence interval."""

    low: float
    high: float
    method: str


class Parity(_Part):
    """How the ONNX model compares with PyTorch's on the same items.

    Attributes:
        items: How many items were compared.
        max_abs_diff: The largest difference in any output.
        tolerance: The largest difference allowed.
        pytorch_score: The headline metric from PyTorch's outputs.
        onnx_score: The headline metric from ONNX Runtime's outputs.
        provider: The execution provider of the comparison.
    """

    items: int
    max_abs_diff: float
    tolerance: float
    pytorch_score: float
    onnx_score: float
    provider: str


class Reduced(_Part):
    """What was measured of a model whose numbers were made smaller, beside the model as it was trained.

    Both answered the same items, one after the other on the same device; the score is the headline metric.

    Attributes:
        score: Of the reduced graphs.
        full_score: Of the graphs in fp32.
        items: How many items both answered.
        size: Bytes of the reduced graphs.
        full_size: Bytes of the graphs in fp32.
        milliseconds: Of the reduced model alone for one item of a batch, the least of five rounds in turns.
        full_milliseconds: Of the model in fp32, likewise.
        provider: The execution provider of both.
        calibrated_on: How many items to learn from the ranges of the numbers were taken from; 0 where none is needed.
        warning: What a person should know before using it, in a sentence; empty where nothing.
    """

    score: float
    full_score: float
    items: int
    size: int
    full_size: int
    milliseconds: float
    full_milliseconds: float
    provider: str
    calibrated_on: int = 0
    warning: str = ""


class DataFacts(_Part):
    """What the model learned from.

    Attributes:
        uncorrected: The fingerprint as it would be without the person's corrections; empty in older cards.
    """

    name: str
    fingerprint: str
    kind: str
    train: int
    val: int
    test: int = 0
    judged_on: str = "val"
    uncorrected: str = ""


class ModelCard(_Part):
    """Everything a person needs to run the model without Trasluz."""

    format: int = CARD_FORMAT
    id: str
    title: str
    family: str
    kind: str
    created: datetime = Field(default_factory=lambda: datetime.now(UTC))
    graphs: tuple[GraphFile, ...]
    labels: tuple[str, ...] = ()
    files: dict[str, str] = Field(default_factory=dict)
    """Other files of the model by name: a tokenizer, a language model."""
    private: dict[str, str] = Field(default_factory=dict)
    """Files by name that lie beside the model, tell of the person's data and are never exported; those that are there.
    """
    meanings: dict[str, str] = Field(default_factory=dict)
    """What a file of the model is, in a sentence, by its name, where the family says so."""
    preprocessing: dict[str, Any] = Field(default_factory=dict)
    """What happens to an input: what the graph holds and what must be done before it, as data."""
    extra: dict[str, Any] = Field(default_factory=dict)
    """The family's own."""
    worth: str = ""
    """What the score is worth, in a sentence: what guessing or a simple rule would reach; empty where none is needed.
    """
    signatures: dict[str, str] = Field(default_factory=dict)
    """By the name of a metric what it was worked out with, where scores are only comparable with that."""
    headline: str
    """The name of the metric that the model is judged by."""
    metrics: dict[str, float] = Field(default_factory=dict)
    interval: Interval | None = None
    parity: Parity | None = None
    precision: str = "fp32"
    """Of the graphs' numbers: `fp32`, `fp16` or `int8`."""
    reduced: Reduced | None = None
    """What the smaller precision was measured to cost; None in fp32."""
    settings: dict[str, Any] = Field(default_factory=dict)
    seconds: float = 0.0
    seed: int = 0
    data: DataFacts
    versions: dict[str, str] = Field(default_factory=dict)
    licence: str = ""


class Steps(Protocol):
    """A graph that runs again and again on arrays that stay where they are, as `Graph.steps` gives it.

    Attributes:
        inputs: What is read by each step; change it in place between two of them.
        outputs: What the last step gave; the next one writes over it.
    """

    inputs: Mapping[str, np.ndarray]
    outputs: Mapping[str, np.ndarray]

    def step(self) -> None:
        """Run it once."""
        ...


class Graph(Protocol):
    """One ONNX graph, open on a device."""

    @property
    def inputs(self) -> Sequence[TensorSpec]:
        """What it takes."""
        ...

    @property
    def outputs(self) -> Sequence[TensorSpec]:
        """What it gives."""
        ...

    @property
    def provider(self) -> str:
        """The execution provider that the session really uses."""
        ...

    def run(self, feeds: Mapping[str, np.ndarray], wanted: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Run it once.

        Args:
            feeds: An array for each input.
            wanted: Names of the outputs to compute; all of them where None.
        """
        ...

    def steps(self, feeds: Mapping[str, np.ndarray], *, back: Mapping[str, str], wanted: Sequence[str]) -> Steps:
        """Make it ready to be run many times, its state carried from step to step, without a copy where that can be.

        Args:
            feeds: An array for each input, for the first step; no step may change the size of anything.
            back: The outputs that become inputs of the next step: output → input.
            wanted: Names of the other outputs to compute.
        """
        ...


class LoadedModel(Protocol):
    """A model folder with its graphs open."""

    @property
    def card(self) -> ModelCard:
        """The card."""
        ...

    @property
    def folder(self) -> Path:
        """Where it lies."""
        ...

    def graph(self, name: str, *, at_once: int = 1) -> Graph:
        """The open graph of that name.

        Args:
            name: As in the card.
            at_once: From how many threads it will be run at the same time. On the processor each run then takes its
                share of the cores, for threads of several runs that share them wait for each other.

        Raises:
            KeyError: If there is none of that name.
        """
        ...
