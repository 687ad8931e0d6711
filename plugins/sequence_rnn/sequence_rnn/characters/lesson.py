"""One training of a model of the next character: streams, loss, measure, graph, and what is to be seen in it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from trasluz.api import DataError, Metric, Note, Outputs, Progress, Sample, TrainContext

from ..lesson import GRAPH_FILE, Lesson
from ..settings.characters import CharactersConfig
from .export import write_graph
from .learning import Check, read_symbols, read_text
from .network import CharacterNetwork, step
from .predict import measured, text_of
from .reach import STEPS, reach_of_cells
from .streams import Streams
from .symbols import START, continued
from .units import followers

if TYPE_CHECKING:
    from torch import Tensor

    from trasluz.torchkit.batches import Batches
    from trasluz.torchkit.plan import Validation

FOLLOWED = 20_000
"""Characters of the val text on which the units are sorted."""


class CharacterLesson(Lesson[CharacterNetwork]):
    """Learns to foresee the next character.

    Args:
        context: The run.
        title: What the task is called.
    """

    metric: ClassVar[str] = "bits_per_character"
    plural = "characters"
    tolerance: ClassVar[float] = 1e-3
    """Of nats, along passages of thousands of steps."""
    compared: ClassVar[tuple[str, ...]] = ("nats", "next_log_probabilities")

    def __init__(self, context: TrainContext, title: str) -> None:
        super().__init__(context, title)
        config = context.config
        assert isinstance(config, CharactersConfig)
        self.settings = config
        self.symbols = read_symbols(context)
        self.train = read_text(context, "train", self.symbols)
        if len(self.train.numbers) < 2:
            raise DataError("The text to learn from has fewer than two characters; give a longer one.")
        val = read_text(context, "val", self.symbols)
        self.val = val if len(val.numbers) else self.train
        self.in_and_out = "characters and what it has in mind in, how likely each next one is out"
        self.streams = Streams(
            self.train.numbers, self.train.starts, rows=config.batch_size, steps=config.truncation, seed=config.seed
        )
        context.emit(
            Note(
                sentence=f"{len(self.train.numbers):,} characters to learn from, in {self.streams.rows} streams; "
                f"the gradient reaches back {self.streams.steps} of them at the most, the state all the way.",
                facts={"characters": len(self.train.numbers), "streams": self.streams.rows},
            )
        )
        known = len(self.symbols.characters)
        self.worth = f"Whoever knows nothing but its {known} characters needs {np.log2(known):.2f} bits for each"
        self._check = Check(self.val, self.symbols, config.seed)

    def network(self) -> CharacterNetwork:
        """A network for the text's symbols, with a place for what each stream has in mind."""
        config = self.settings
        return CharacterNetwork(
            self.symbols.size,
            config.units,
            layers=config.layers,
            cell=config.cell,
            dropout=config.dropout,
            rows=self.streams.rows,
        )

    def batches(self) -> "Batches[Any, Any]":
        """The streams."""
        return self.streams

    def loss(self, network: CharacterNetwork, batch: Any) -> "tuple[Tensor, Mapping[str, float]]":
        """Nats of a character, the state carried on."""
        return step(network, batch)

    def measured(self, network: CharacterNetwork) -> "Validation":
        """How well the val text is foreseen."""
        return self._check(network)

    def outcome(self, metrics: Mapping[str, float]) -> str:
        """In bits, and as a choice among so many."""
        return (
            f"{metrics['bits_per_character']:.3f} bits a character ({metrics['loss']:.3f} nats), as if each were "
            f"chosen among {metrics['perplexity']:.2f}"
        )

    def reference(self, network: CharacterNetwork) -> Callable[[Sequence[Sample]], Sequence[Outputs]]:
        """The nats of each character of a text and the log-probabilities of the next one, by torch."""
        import torch

        def outputs(samples: Sequence[Sample]) -> list[Outputs]:
            found: list[Outputs] = []
            with torch.inference_mode():
                for sample in samples:
                    numbers = continued(self.symbols, text_of(sample))
                    scores, _ = network(torch.from_numpy(numbers)[None])
                    found.append(measured(torch.log_softmax(scores[0], 1).numpy(), numbers[1:]))
            return found

        return outputs

    def write(self, network: CharacterNetwork, folder: Path) -> Mapping[str, str]:
        """One graph, with the state in and out."""
        write_graph(network, folder / GRAPH_FILE, self.title)
        return {"model": GRAPH_FILE}

    def preprocessing(self) -> Mapping[str, Any]:
        """What a text goes through."""
        return {
            "before_the_graph": {
                "text": "Unicode NFC; each character by its number: 0 is the start, which stands before every text, "
                "1 any character that is not in `characters`, 2 the first of `characters`",
                "state": "`state_1`, … and, for the LSTM, `memory_1`, … are zeros at the start, then what the graph "
                "gave last",
            }
        }

    def extra(self, network: CharacterNetwork) -> Mapping[str, Any]:
        """The characters, the units by what they follow, and how far back each cell learned where that was asked."""
        extra: dict[str, Any] = {
            "characters": list(self.symbols.characters),
            "units": self._units(network),
            "truncation": self.streams.steps,
        }
        if self.settings.how_far and (reach := self._reach()):
            extra["reach"] = reach
        return extra

    def _units(self, network: CharacterNetwork) -> dict[str, list[list[Any]]]:
        import torch

        numbers = self.val.numbers[:FOLLOWED].astype(np.int64)
        seen: dict[str, torch.Tensor] = {}
        with torch.inference_mode():
            network(torch.from_numpy(np.concatenate([[START], numbers]))[None], seen=seen)
        names = self.symbols.names
        hidden = {name: value[0, 1:].numpy() for name, value in seen.items()}
        return followers("".join(names[n] for n in numbers.tolist()), hidden)

    def _reach(self) -> dict[str, Any] | None:
        context = self.context
        order = {cell: n for n, cell in enumerate(("rnn", "gru", "lstm"))}

        def told(cell: str, done: int, loss: float) -> None:
            context.emit(Metric(name=f"loss_{cell}", value=loss, step=done, split="train"))
            context.emit(
                Progress(
                    stage="How far back can it learn?",
                    done=order[cell] * STEPS + done,
                    total=len(order) * STEPS,
                    unit="steps",
                )
            )

        found = reach_of_cells(
            self.train, self.val, self.symbols, seed=self.config.seed, told=told, stopping=context.stopping
        )
        if found is not None:
            from ..reach import sentence

            context.emit(Note(sentence=sentence(found), facts={"reach": found}))
        elif not context.stopping():
            words = "The text is too short to measure how far back each cell learns; give some thousand characters."
            context.emit(Note(sentence=words, level="warning"))
        return found
