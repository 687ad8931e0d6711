"""The lessons whose items a front end prepares, one record each: lines, recordings, series.

Shapes: B items, T steps, N·H outputs of a recurrent layer.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from trasluz.api import Outputs, Previewed, Record, Sample, TrainContext

from .front import FrontEnd, keeper
from .lesson import GRAPH_FILE, Lesson

if TYPE_CHECKING:
    from torch import Tensor

    from trasluz.torchkit.batches import Batches
    from trasluz.torchkit.graph import GraphWriter
    from trasluz.torchkit.plan import Validation

    from .recurrent import RecurrentCore

CHECKED_AT_ONCE = 16


Net = TypeVar("Net", bound=Any)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a network makes of a batch that is held out.

    Attributes:
        texts: Its answer for each item, as a person reads it.
        loss: The sum of the losses.
        weight: What the losses are divided by in the end: items, or characters.
    """

    texts: Sequence[str]
    loss: float
    weight: float


class ItemLesson(Lesson[Net]):
    """Learns from items that a front end prepares.

    Args:
        context: The run.
        title: What the task is called.
        front: The front end.
    """

    short_first: int = 0
    """In so many first passes the short items come first."""

    def __init__(self, context: TrainContext, title: str, front: FrontEnd) -> None:
        super().__init__(context, title)
        self.front = front
        self.plural = front.plural
        self.facts = front.facts(context)
        self.records: Sequence[Record] = context.dataset.records("train")
        self.kept = keeper(front, context, self.facts)
        """Reads and prepares an item, and remembers it."""

    # What a task says

    @abstractmethod
    def target(self, record: Record) -> Any:
        """What is to be answered, as `targets` takes it."""

    @abstractmethod
    def targets(self, several: Sequence[Any]) -> "tuple[Tensor, ...]":
        """The targets of a batch; `loss` has them after the items and their steps."""

    @abstractmethod
    def answers(self, network: Net, x: "Tensor", steps: "Tensor", records: Sequence[Record]) -> Answers:
        """What the network makes of a batch of held-out items."""

    @abstractmethod
    def metrics(self, answers: Sequence[str], truths: Sequence[str]) -> Mapping[str, float]:
        """The metrics of all held-out items."""

    @abstractmethod
    def write_answer(self, writer: "GraphWriter", network: Net, features: str, remembered: str) -> None:
        """Write the head of the graph up to the declared outputs.

        Args:
            writer: The graph.
            network: The trained network.
            features: (B, T, D) of the stem.
            remembered: (B, T, N·H) of the last layer.
        """

    # What all do

    def batches(self) -> "Batches[Record, Any]":
        """The train items, altered anew in each pass, those of like length together."""
        from trasluz.torchkit.batches import Batches

        def load(record: Record, draw: np.random.Generator) -> tuple[np.ndarray, Any]:
            kept = self.kept(record)
            return self.front.varied(kept, self.facts, self.config.augmentation, draw), self.target(record)

        def collate(loaded: Sequence[tuple[np.ndarray, Any]]) -> "tuple[Tensor, ...]":
            return (*self.front.together([x for x, _ in loaded], self.facts), *self.targets([y for _, y in loaded]))

        return Batches(
            self.records,
            load=load,
            collate=collate,
            batch_size=self.batch_size(),
            seed=self.config.seed,
            lengths=[self.steps(record) for record in self.records],
            short_first=self.short_first,
            on_problem=self.aside,
        )

    def batch_size(self) -> int:
        """How many items are learned from at once."""
        return min(self.config.batch_size, len(self.records))

    def steps(self, record: Record) -> int:
        """How many steps an item has."""
        return self.front.steps(record, self.facts)

    def measured(self, network: Net) -> "Validation":
        """Answer every held-out item."""
        from trasluz.torchkit.checking import held_out, looked_at, shown
        from trasluz.torchkit.plan import Validation

        records = held_out(self.context)
        device = next(network.parameters()).device
        rows: list[tuple[Record, str]] = []
        loss = weight = 0.0
        batches = looked_at(
            records,
            self.kept,
            at_once=CHECKED_AT_ONCE,
            plural=self.plural,
            lengths=[self.steps(record) for record in records],
        )
        for batch in batches:
            plain = [self.front.plain(kept, self.facts) for _, kept in batch]
            x, steps = self.front.together(plain, self.facts)
            found = self.answers(network, x.to(device), steps.to(device), [record for record, _ in batch])
            rows += zip((record for record, _ in batch), found.texts, strict=True)
            loss, weight = loss + found.loss, weight + found.weight
        metrics = self.metrics([text for _, text in rows], [record.target for record, _ in rows])
        return Validation(
            {**metrics, "loss": loss / max(weight, 1.0)},
            [
                Previewed(path=r.path, part=r.part, target=r.target, text=text, lines=self.front.sketch(self.kept(r)))
                for r, text in shown(rows)
            ],
        )

    def reference(self, network: Net) -> Callable[[Sequence[Sample]], list[Outputs]]:
        """Every output of the graph, by torch, each item alone and prepared as the graph prepares it."""
        import torch

        def outputs(samples: Sequence[Sample]) -> list[Outputs]:
            found: list[Outputs] = []
            with torch.inference_mode():
                for sample in samples:
                    features = network.stem(self.front.exactly(sample, self.facts))
                    seen = network.layers_seen(features, torch.tensor([features.shape[1]]))
                    found.append({name: values[0].numpy() for name, values in seen.items()})
            return found

        return outputs

    def write(self, network: Net, folder: Path) -> Mapping[str, str]:
        """Write one graph: the front end, the recurrent layers with their outputs named, the task's answer."""
        from trasluz.torchkit.graph import GraphWriter

        writer = GraphWriter()
        features = self.front.write(writer, network.stem, self.facts)
        remembered = write_core(writer, network.core, features, handed_on=self.streaming is not None)
        self.write_answer(writer, network, features, remembered)
        writer.save(folder / GRAPH_FILE, self.title)
        return {"model": GRAPH_FILE}

    def preprocessing(self) -> Mapping[str, Any]:
        """As the front end says."""
        return self.front.preprocessing(self.facts)

    def extra(self, network: Net) -> Mapping[str, Any]:
        """What the front end must know, and how the graph is run in chunks where it can be."""
        if self.streaming is None:
            return {"facts": dict(self.facts)}
        states = {**self.streaming["states"], **core_states(network.core), **self.head_states(network)}
        return {"facts": dict(self.facts), "streaming": {**self.streaming, "states": states}}

    @property
    def streaming(self) -> Mapping[str, Any] | None:
        """How the front end hears a sequence in chunks; None where it needs the whole."""
        return self.facts.get("streaming")

    def head_states(self, network: Net) -> Mapping[str, list[int]]:
        """What the head hands from chunk to chunk: name → shape with one item."""
        return {}


def write_core(writer: "GraphWriter", core: "RecurrentCore", features: str, *, handed_on: bool = False) -> str:
    """Write the recurrent layers.

    Args:
        writer: The graph.
        core: The layers.
        features: (B, T, D).
        handed_on: Whether the state is an input of the graph (`core_states`), and an output under the same name with
            `_after` behind it; for one direction only.

    Returns:
        The last layer's outputs (B, T, N·H); those of all layers are declared outputs.
    """
    x = writer.node("Transpose", features, perm=[1, 0, 2])  # (T, B, D)
    name = ""
    for depth, ways in enumerate(core.layers, start=1):
        before = [n for n in core_states(core) if handed_on and n.endswith(f"_{depth}")]
        after = [f"{n}_after" for n in before]
        for n in before:
            writer.input(n, np.float32, (1, "items", core.units))
        x = writer.recurrent(list(ways), x, state=before, last=after)  # type: ignore[arg-type]
        for n in after:
            writer.output(n, (1, "items", core.units))
        name = writer.node("Transpose", x, result=f"hidden_{depth}", perm=[1, 0, 2])
        writer.output(name, ("items", "steps", core.outputs))
    return name


def core_states(core: "RecurrentCore") -> dict[str, list[int]]:
    """What the recurrent layers hand from chunk to chunk: name → shape with one item, layer by layer."""
    parts = ("state", "memory") if core.cell == "lstm" else ("state",)
    return {f"{part}_{depth}": [1, 1, core.units] for depth in range(1, len(core.layers) + 1) for part in parts}
