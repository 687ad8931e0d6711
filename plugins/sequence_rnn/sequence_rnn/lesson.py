"""One training of a task, from the data to the described model: what all tasks of the family do alike.

A task derives its lesson from `Lesson`, or from `ItemLesson` where a front end prepares its items, and says what is
its own: the network, the batches, the loss, the measure, the graph. The loop, the best weights so far, checkpoints,
the time limit and the card are here.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from trasluz.api import DataError, Note, Outputs, Record, Sample, TrainContext, Trained, TrainingStopped

from .settings import CoreConfig

if TYPE_CHECKING:
    from torch import Tensor, nn

    from trasluz.torchkit.batches import Batches
    from trasluz.torchkit.plan import Outcome, Validation

GRAPH_FILE, WEIGHTS_FILE = "model.onnx", "network.safetensors"
NOT_LEARNED = {"minutes", "beam", "language_model", "task"}
"""Settings that a training which was cut short may change and still go on."""
THREADS = 1
"""Of one operation on a CPU. Each step of a recurrent layer is so small that two threads wait for each other at it, and
for as long as the system likes where another process has one of the cores; docs/measured.md has both."""
RESERVED = 20.0
"""Seconds of a time limit that the export may take."""
SHAPE = ("cell", "directions", "layers", "units")

Net = TypeVar("Net", bound="nn.Module")
"""The network of a lesson."""


class Lesson(ABC, Generic[Net]):
    """Learns once, on the data and with the settings of a run.

    Args:
        context: The run.
        title: What the task is called in the model's title.
    """

    metric: ClassVar[str]
    """The metric of `measured` by which the best weights are known."""
    higher_is_better: ClassVar[bool] = False
    plural: str = "items"
    """What is learned from, in sentences."""
    tolerance: ClassVar[float] = 1e-4
    """The largest difference allowed between PyTorch's outputs and the graph's."""
    enough: ClassVar[float | None] = None
    """The value of the metric with which learning ends, where there is nothing more to be learned."""
    compared: ClassVar[tuple[str, ...]] = ()
    """The outputs that are held against each other; all where empty."""
    average: ClassVar[float | None] = None
    """Decay of the moving average of the weights, which is measured and kept in place of them; none where None."""
    reserved: float = 0.0
    """Seconds of a time limit that are kept for what else is learned after the network."""
    choosing: bool = True
    """Whether the weights that did best on the held-out items are kept; else all passes are made, and the last ones."""
    measured_first: bool = False
    """Whether the network knows something before it learns, so that the result is never worse than that."""

    in_and_out: str = ""
    """What the graph takes and gives, for whoever opens an exported folder; empty where the classes say it."""
    worth: str = ""
    """What the score is worth, once that is known, in a sentence for the card."""

    def __init__(self, context: TrainContext, title: str) -> None:
        config = context.config
        assert isinstance(config, CoreConfig)
        self.context = context
        self.config = config
        self.title = title

    # What a task says

    @abstractmethod
    def network(self) -> Net:
        """The network before it has learned; the seed is set."""

    @abstractmethod
    def batches(self) -> "Batches[Any, Any]":
        """What is learned from."""

    @abstractmethod
    def loss(self, network: Net, batch: Any) -> "tuple[Tensor, Mapping[str, float]]":
        """From a collated batch, on the network's device, to its loss and to other numbers worth a curve."""

    @abstractmethod
    def measured(self, network: Net) -> "Validation":
        """How good the network is on what it does not learn from; called in eval mode, without gradients."""

    @abstractmethod
    def outcome(self, metrics: Mapping[str, float]) -> str:
        """The end of the sentence “Best after 12 passes: …”: `93.1% right`."""

    @abstractmethod
    def reference(self, network: Net) -> Callable[[Sequence[Sample]], Sequence[Outputs]]:
        """PyTorch's outputs for samples, by the names of the graph and without the batch axis."""

    @abstractmethod
    def write(self, network: Net, folder: Path) -> Mapping[str, str]:
        """Write the graphs into a folder: name → file."""

    @abstractmethod
    def preprocessing(self) -> Mapping[str, Any]:
        """For the card: what happens to an input before the graph and in it."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes in the order of the scores, where there are any."""
        return ()

    def files(self, network: Net, folder: Path) -> Mapping[str, str]:
        """Write what else the model needs: name → file."""
        return {}

    def extra(self, network: Net) -> Mapping[str, Any]:
        """For the card: what the predictor and the views need, as JSON values."""
        return {}

    # What all do

    def taught(self) -> Trained:
        """Learn, export.

        Raises:
            FamilyError: If learning cannot go on.
            DataError: If the data cannot be used.
            TrainingStopped: If the person stopped it before there was anything to keep.
        """
        from safetensors.torch import save_file

        from trasluz.torchkit.seed import seed_everything

        seed_everything(self.config.seed)
        network = self.network()
        self._learn(network)
        network = network.cpu().eval()
        folder = self.context.model_folder
        save_file({name: weight.contiguous() for name, weight in network.state_dict().items()}, folder / WEIGHTS_FILE)
        graphs = self.write(network, folder)
        said = f"The network with its preprocessing inside, in the open ONNX format: {self.in_and_out}."
        return Trained(
            title=f"{self.title}, {self.config.layers} × {self.config.cell.upper()}",
            graphs=graphs,
            meanings=dict.fromkeys(graphs.values(), said) if self.in_and_out else {},
            files={"weights": WEIGHTS_FILE, **self.files(network, folder)},
            reference=self.reference(network),
            labels=self.labels,
            preprocessing=self.preprocessing(),
            extra={"shape": {name: getattr(self.config, name) for name in SHAPE}, **self.extra(network)},
            worth=self.worth,
            tolerance=self.tolerance,
            compared=self.compared,
        )

    def aside(self, record: Record, error: DataError) -> None:
        """Say that an item could not be read; give it to `Batches` as `on_problem`."""
        self.context.emit(Note(sentence=f"{error} It was left out.", level="warning", facts={"path": record.path}))

    def _learn(self, network: Net) -> "Outcome":
        import torch

        from trasluz.torchkit import optim
        from trasluz.torchkit.device import resolve
        from trasluz.torchkit.loop import fit
        from trasluz.torchkit.plan import Plan

        config = self.config
        network.to(device=resolve(self.context.device), memory_format=torch.channels_last)
        parts = [optim.Part("network", (network,), config.learning_rate)]
        found = fit(
            self.context,
            module=network,
            step=self.loss,
            batches=self.batches(),
            validate=self.measured,
            optimiser=optim.optimiser(optim.parameter_groups(parts, weight_decay=config.weight_decay)),
            plan=Plan(
                epochs=config.epochs,
                metric=self.metric,
                higher_is_better=self.higher_is_better,
                patience=config.patience if self.choosing else None,
                keep_last=not self.choosing,
                enough=self.enough,
                clip=5.0,
                schedule=optim.warmup_cosine(0.1),
                average=self.average,
                reserve_seconds=RESERVED + self.reserved,
                seed=config.seed,
                stage="Learning",
                unit=self.plural,
                validate_first=self.measured_first,
                threads=None if os.environ.get("OMP_NUM_THREADS") else THREADS,
                identity={
                    "settings": self.context.config.model_dump(mode="json", exclude=NOT_LEARNED),
                    "data": self.context.dataset.fingerprint,
                },
            ),
        )
        if not found.metrics:
            raise TrainingStopped
        best = f"Best after {found.best}" if self.choosing else "The last weights are kept"
        sentence = f"Learning ended because {found.why_ended(config.patience)}. {best}: {self.outcome(found.metrics)}."
        self.context.emit(Note(sentence=sentence, facts={"ended": found.ended, "best_pass": found.best_step}))
        return found
