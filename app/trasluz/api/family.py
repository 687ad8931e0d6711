"""A model family: what it can learn from, how it trains, how its exported model is run and looked through.

The house does the rest. It composes the dataset and the context, calls `ModelFamily.train`, then runs the
exported graphs by ONNX Runtime on the validation data, holds their outputs against `Trained.reference`, scores
them by `ModelFamily.score`, and writes the card. A family cannot skip the check.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from trasluz.api.advice import Advice
from trasluz.api.config import Suggestion, TrainConfig
from trasluz.api.data import Dataset, Sample
from trasluz.api.events import Event, PreviewLine
from trasluz.api.model import Graph, LoadedModel, ModelCard
from trasluz.api.views import View

Outputs = Mapping[str, np.ndarray]
"""What a model computes for one item, by name, without the batch axis."""


class FamilyError(Exception):
    """A run that cannot go on, in one sentence for the person: what, where, what to do."""


class TrainingStopped(Exception):  # noqa: N818 - it is a request, not an error
    """Raised by a family that was asked to stop before it had anything to keep."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """A model's answer to one input.

    Attributes:
        text: The answer as a person reads it: a class, a transcript, a translation.
        label: The class, where the answer is one.
        score: Confidence from 0 to 1, where the model has one.
        top: The likeliest answers with their scores, best first.
        measures: What the metrics are made of where the answer alone does not tell: `nats` and `characters` of a
            text. They reach `ModelFamily.score`, and are not kept.
    """

    text: str
    label: str | None = None
    score: float | None = None
    top: tuple[tuple[str, float], ...] = ()
    measures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trained:
    """What `ModelFamily.train` hands back.

    Attributes:
        title: The model in a few words: `EfficientNet-Lite0, linear classifier`.
        graphs: Graph name → ONNX file name in `TrainContext.model_folder`.
        reference: PyTorch's outputs for a few samples, under the names that `Predictor.outputs` gives.
        labels: Classes in the order of the scores.
        preprocessing: What happens to an input, as data, for the card.
        files: Other files of the model by name, in the model folder.
        private: Files of the model by name that stay in the model folder and are never exported, since they tell of
            the person's data. Explainers find them in `ModelCard.private`.
        meanings: By the name of a file of the model what it is, in a sentence for whoever opens the exported folder;
            the house knows what to say of a single graph, of labels and of weights.
        extra: Anything the predictor and the explainers need, as JSON values.
        worth: What the score is worth, in a sentence: what guessing or a simple rule would reach. Empty where the
            score speaks for itself.
        signatures: By the name of a metric what it was worked out with, so that it can be compared: sacrebleu's
            signature (Post 2018).
        licence: Licence of pretrained weights that went into the model.
        tolerance: The largest difference allowed between PyTorch's outputs and the graphs'.
        compared: The outputs that are held against each other; all that both give where empty.
    """

    title: str
    graphs: Mapping[str, str]
    reference: Callable[[Sequence[Sample]], Sequence[Outputs]]
    labels: tuple[str, ...] = ()
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    private: Mapping[str, str] = field(default_factory=dict)
    meanings: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    worth: str = ""
    signatures: Mapping[str, str] = field(default_factory=dict)
    licence: str = ""
    tolerance: float = 1e-3
    compared: tuple[str, ...] = ()


class AdviceContext(Protocol):
    """What the house gives to a family that is asked for advice; a run's context has all of it too."""

    @property
    def config(self) -> TrainConfig:
        """The settings: an instance of the family's own `config` class."""
        ...

    @property
    def dataset(self) -> Dataset:
        """The data, indexed and split."""
        ...

    @property
    def cache_folder(self) -> Path:
        """For results worth keeping between runs, keyed by content; may be emptied at any time."""
        ...

    @property
    def library_folder(self) -> Path:
        """The person's own, for what later runs start from: networks that were downloaded or kept."""
        ...

    def models(self) -> Sequence[Path]:
        """The folders of finished models beside this run or in the project, the newest first, with a card each.

        What a family may learn from: a teacher, an encoder.
        """
        ...

    def emit(self, event: Event) -> None:
        """Say something; in a run it is on disk when this returns."""
        ...

    def stopping(self) -> bool:
        """Whether the person asked to stop: a run keeps the best so far, exports it, and returns.

        Also while a run pauses.
        """
        ...

    def open_graph(self, path: Path, *, at_once: int = 1) -> Graph:
        """Open an ONNX file by ONNX Runtime on the run's device.

        Args:
            path: The file.
            at_once: From how many threads it will be run at the same time; each run then takes its share of the cores.
        """
        ...


class TrainContext(AdviceContext, Protocol):
    """What the house gives to a run."""

    @property
    def device(self) -> str:
        """The torch device: `cpu`, `cuda`, `cuda:1`, `mps`."""
        ...

    @property
    def checkpoint_folder(self) -> Path:
        """Where checkpoints live; what is there at the start is to be resumed."""
        ...

    @property
    def model_folder(self) -> Path:
        """Where the graphs go; empty at the start of the export.

        Raises:
            TrainingStopped: If the person asked to pause: nothing is exported then.
        """
        ...

    def pausing(self) -> bool:
        """Whether the person asked to pause: leave a checkpoint and raise `TrainingStopped`.

        A family may go by `stopping` alone: `model_folder` ends it before the export, and it goes on from its last
        checkpoint.
        """
        ...

    def seconds_left(self) -> float | None:
        """What is left of the time limit, or None without one; time before a resume counts."""
        ...


class Predictor(ABC):
    """Runs one loaded model. It holds the loops around the graphs (decoding, search); it never sees torch."""

    def __init__(self, model: LoadedModel) -> None:
        self.model = model

    @property
    def card(self) -> ModelCard:
        """The model's card."""
        return self.model.card

    @abstractmethod
    def outputs(self, samples: Sequence[Sample]) -> Sequence[Outputs]:
        """Run the graphs; one mapping for each sample, in their order. The predictor chooses the batches."""

    @abstractmethod
    def interpret(self, sample: Sample, outputs: Outputs) -> Prediction:
        """Turn one sample's outputs into an answer, in numpy."""

    def explaining_outputs(self, sample: Sample) -> Outputs:
        """The outputs for the explainers, with features and attention; the same as `outputs` unless overridden."""
        return self.outputs([sample])[0]

    def checked_outputs(self, samples: Sequence[Sample]) -> Sequence[Outputs] | None:
        """What is held against `Trained.reference` in place of `outputs`; None where those are.

        A search jumps from one answer to another where two tokens are nearly as likely; so a family that searches
        gives the numbers along a fixed answer, the record's own.
        """
        return None

    def predict(self, samples: Sequence[Sample]) -> list[Prediction]:
        """Answer each sample."""
        found = self.outputs(samples)
        return [self.interpret(sample, out) for sample, out in zip(samples, found, strict=True)]


class Explainer(ABC):
    """Shows something of what a model does with one input, from the outputs of its ONNX graphs."""

    id: ClassVar[str]
    title: ClassVar[str]
    sentence: ClassVar[str]

    @abstractmethod
    def applies(self, card: ModelCard) -> bool:
        """Whether the model has what this view needs."""

    def choices(self, card: ModelCard) -> Sequence[str]:
        """What the person may choose to look at (a class, a layer, a head); empty where there is nothing."""
        return ()

    @abstractmethod
    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> View:
        """Make the view; `choice` is one of `choices`, or None for the most telling one."""


class ModelFamily(ABC):
    """One kind of model that a person can train."""

    id: ClassVar[str]
    title: ClassVar[str]
    sentence: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]]
    """The kinds of data that it learns from."""
    config: ClassVar[type[TrainConfig]]
    headline: ClassVar[str]
    """The metric that the model is judged by; `score` always gives it."""
    higher_is_better: ClassVar[bool] = True
    precisions: ClassVar[Sequence[str]] = ("fp32", "fp16", "int8")
    """What its models may be exported in."""
    compares: ClassVar[str] = ""
    """A setting with a few values that are worth training side by side on the same data: `network`; none by default."""

    def for_kind(self, kind: str) -> "ModelFamily":
        """This family as it works with one kind of data; itself, unless its headline, scores or settings depend on it.

        The settings of a run must fit `config` of the family, which knows those of all kinds, and that of the kind.

        The house asks for it as soon as it knows the data or the model's card.
        """
        return self

    @abstractmethod
    def train(self, context: TrainContext) -> Trained:
        """Train on `context.dataset`, export the graphs into `context.model_folder`, and describe them.

        Raises:
            FamilyError: If training cannot go on.
            DataError: If the data cannot be used.
            TrainingStopped: If the person stopped it before there was a model.
        """

    @abstractmethod
    def predictor(self, model: LoadedModel) -> Predictor:
        """Make the predictor of a loaded model."""

    @abstractmethod
    def score(self, predictions: Sequence[Prediction], targets: Sequence[str]) -> Mapping[str, float]:
        """Score answers against targets: the metrics by their fixed names."""

    def details(
        self, card: ModelCard, names: Sequence[str], predictions: Sequence[Prediction], targets: Sequence[str]
    ) -> Mapping[str, Any]:
        """What `evaluate` tells besides the metrics, as JSON values; nothing by default.

        Args:
            card: Of the model.
            names: The items.
            predictions: The answers to them.
            targets: The truth.

        Returns:
            `errors`: for each item, in their order, how many errors of which kind it has; `confusions`: [what is there,
            what was answered, how often]; `notes`: sentences. Each may be missing.
        """
        return {}

    @abstractmethod
    def script(self, card: ModelCard) -> str:
        """The source of `predict.py`: runs the exported folder with onnxruntime and numpy, without Trasluz."""

    def varied(
        self, samples: Sequence[Sample], config: TrainConfig, draws: Sequence[np.random.Generator]
    ) -> Sequence[np.ndarray | Sequence[PreviewLine]] | None:
        """Alter samples as training with these settings does, by the same code, so that a person sees what is learned.

        Called in the host while the settings are being chosen, and for the batch of a run (`Sampled`).

        Args:
            samples: Several, in the order of a batch.
            config: The settings.
            draws: What alters each; the same draw gives the same picture.

        Returns:
            A picture for each, (H, W, 3) uint8, or the lines of a drawing; None where these settings learn from
            the samples as they are.
        """
        return None

    def arranged(self, dataset: Dataset, settings: Mapping[str, Any]) -> Dataset:
        """The data as this family sees it under a run's settings (which column, which way round); as it is by default.

        The model is judged on what this gives; `train` asks for it itself. What is arranged already stays as it is.
        """
        return dataset

    def explainers(self) -> Sequence[Explainer]:
        """What can be seen in a model of this family."""
        return ()

    def advise(self, context: AdviceContext) -> Advice | None:
        """Say which settings suit the data, by what can be measured of it in seconds; None where there is no advice.

        Raises:
            DataError: If the data cannot be used.
            TrainingStopped: If the person stopped it.
        """
        return None

    def suggestions(self, library: Path) -> Mapping[str, Sequence[Suggestion]]:
        """Setting → values that it may have on this computer, besides its `labels`; asked whenever a form is made.

        Args:
            library: The same as `TrainContext.library_folder`.
        """
        return {}

    def finished(self, model: Path, card: ModelCard, library: Path) -> str:
        """Called once a run's model is checked and in its place; returns a sentence for the person, or nothing."""
        return ""

    def keepable(self, card: ModelCard) -> str:
        """What of a model can be kept for later runs, in a word: `backbone`; nothing by default."""
        return ""

    def keep(self, model: Path, card: ModelCard, *, name: str, library: Path) -> Suggestion:
        """Keep that part of the model in the folder `model` under a name; returns how a setting names it from now on.

        Raises:
            FamilyError: If it cannot be kept, or the name is taken.
        """
        raise FamilyError("Nothing of this model can be kept for later runs.")
