"""One training on a problem of long memory: the chosen cell, and the two others beside it, all by the same rules.

The delay begins short and grows by a quarter whenever it is mastered (a curriculum: Bengio, Louradour, Collobert and
Weston, ICML 2009), up to the delay of the problem, at which every cell is judged.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from trasluz.api import Note, Outputs, Previewed, Sample, TrainContext, TrainingStopped

from ..beside import Beside
from ..lesson import GRAPH_FILE, Lesson
from ..reach import NAMES, gradient_by_distance, sentence
from ..settings.memory import MemoryConfig
from .network import Endless, MemoryNetwork, loss_of, right, step
from .problems import answer_of, scores
from .source import problem_at

if TYPE_CHECKING:
    from torch import Tensor

    from trasluz.torchkit.batches import Batches
    from trasluz.torchkit.plan import Validation

ANSWERS = "answers"
MEASURED = 64
"""Items over which the gradient is averaged."""
SHOWN = 4


class MemoryLesson(Lesson[MemoryNetwork]):
    """Learns to remember for as long as the problem asks.

    Args:
        context: The run.
        title: What the task is called.
        others: Whether the two other cells learn beside the chosen one.
    """

    metric: ClassVar[str] = "accuracy"
    higher_is_better: ClassVar[bool] = True
    enough: ClassVar[float | None] = 0.998
    plural = "items"
    tolerance: ClassVar[float] = 1e-3
    compared: ClassVar[tuple[str, ...]] = (ANSWERS,)

    def __init__(self, context: TrainContext, title: str, *, others: bool = True) -> None:
        super().__init__(context, title)
        config = context.config
        assert isinstance(config, MemoryConfig)
        self.settings = config
        self.problem = problem_at(context.dataset.root)
        self._others = others
        self.in_and_out = "a series of letters or numbers in, an answer at each of its steps out"
        left = context.seconds_left()
        if others and left is not None:
            self.reserved = left * (len(NAMES) - 1) / len(NAMES)  # or the others would have no time to learn
        self._network: MemoryNetwork | None = None

    def network(self) -> MemoryNetwork:
        """The network; the batches ask it how long it can remember by now."""
        config = self.settings
        self._network = MemoryNetwork(
            self.problem, config.units, layers=config.layers, cell=config.cell, dropout=config.dropout
        )
        return self._network

    def batches(self) -> "Batches[Any, Any]":
        """New items without end."""
        assert self._network is not None
        return Endless(self._network, size=self.settings.batch_size, seed=self.settings.seed)

    def loss(self, network: MemoryNetwork, batch: Any) -> "tuple[Tensor, Mapping[str, float]]":
        """The loss of a batch, the share of right answers, and the delay."""
        return step(network, batch)

    def measured(self, network: MemoryNetwork) -> "Validation":
        """Answer the items that the model is judged by, at the whole delay."""
        import torch

        from trasluz.torchkit.plan import Validation

        device = network.head.weight.device
        items = [self.problem.item("val", number) for number in range(self.problem.items)]
        x = torch.from_numpy(np.stack([self.problem.read(text) for text, _ in items])).to(device)
        found = torch.cat([network(part) for part in x.split(100)]).cpu()
        outputs = self._as_outputs(found).numpy()
        texts = [answer_of(self.problem, each)[0] for each in outputs]
        shown = zip(items[:SHOWN], texts, strict=False)
        return Validation(
            scores(texts, [answer for _, answer in items]),
            [Previewed(path=text[:40], target=answer, text=said) for (text, answer), said in shown],
        )

    def outcome(self, metrics: Mapping[str, float]) -> str:
        """What is right at the whole delay."""
        return f"{metrics['accuracy']:.1%} right at a delay of {self.problem.delay}"

    def reference(self, network: MemoryNetwork) -> Callable[[Sequence[Sample]], Sequence[Outputs]]:
        """The answers by torch, item by item."""
        import torch

        def outputs(samples: Sequence[Sample]) -> list[Outputs]:
            found: list[Outputs] = []
            with torch.inference_mode():
                for sample in samples:
                    x = torch.from_numpy(self.problem.read(str(sample.inputs["text"])))[None]
                    found.append({ANSWERS: self._as_outputs(network(x))[0].numpy()})
            return found

        return outputs

    def _as_outputs(self, found: "Tensor") -> "Tensor":
        import torch

        return torch.log_softmax(found, 2) if self.problem.problem == "copy" else found

    def write(self, network: MemoryNetwork, folder: Path) -> Mapping[str, str]:
        """One graph: `series` (B, T, D) → `answers` (B, T, K) at every step, and each layer's outputs."""
        from trasluz.torchkit.graph import GraphWriter

        writer = GraphWriter()
        series = writer.input("series", np.float32, ("items", "steps", self.problem.features))
        x = writer.node("Transpose", series, perm=[1, 0, 2])
        for depth, layer in enumerate(network.core.one_way_layers(), start=1):
            x = writer.recurrent([layer], x)
            hidden = writer.node("Transpose", x, result=f"hidden_{depth}", perm=[1, 0, 2])
            writer.output(hidden, ("items", "steps", network.core.units))
        if self.problem.problem == "copy":
            answers = writer.node("LogSoftmax", writer.linear(network.head, hidden), axis=2, result=ANSWERS)
        else:
            answers = writer.linear(network.head, hidden, result=ANSWERS)
        writer.output(answers, ("items", "steps", self.problem.answers))
        writer.save(folder / GRAPH_FILE, self.title)
        return {"model": GRAPH_FILE}

    def preprocessing(self) -> Mapping[str, Any]:
        """How an item becomes numbers."""
        copying = "each character is one-hot: the letters in their order, the dot, the question mark"
        adding = "each number is (its value, 1 where it is marked by +, else 0)"
        return {
            "before_the_graph": {"series": copying if self.problem.problem == "copy" else adding},
            "after_the_graph": "letters: the likeliest at each question mark; a sum: the answer at the last step",
        }

    def extra(self, network: MemoryNetwork) -> Mapping[str, Any]:
        """The problem, and how far back each cell learned."""
        extra: dict[str, Any] = {"problem": self.problem.as_json()}
        if self._others and (reach := self._reach(network)):
            extra["reach"] = reach
        return extra

    def _reach(self, network: MemoryNetwork) -> dict[str, Any] | None:
        chosen = str(self.settings.cell)
        cells = {chosen: self._far(network)}
        rest = [cell for cell in NAMES if cell != chosen]
        for number, cell in enumerate(rest):
            if self.context.stopping():
                return None
            context = Beside(self.context, cell, NAMES[cell], share=len(rest) - number, changed={"cell": cell})
            beside = MemoryLesson(context, self.title, others=False)
            try:
                cells[cell] = beside.learned()
            except TrainingStopped:
                return None
        found = {
            "asked": f"at a delay of {self.problem.delay}",
            "measure": "right",
            "cells": {cell: cells[cell] for cell in NAMES},
            "problem": self.problem.as_json(),
        }
        if self.problem.problem == "copy":
            first = self.problem.delay + self.problem.length
            found["where"] = [first, first + self.problem.length - 1]
        self.context.emit(Note(sentence=sentence(found), facts={"reach": found}))
        return found

    def learned(self) -> dict[str, Any]:
        """Learn, and say how far back the gradient reaches and what is right."""
        from trasluz.torchkit.seed import seed_everything

        seed_everything(self.settings.seed)
        network = self.network()
        self._learn(network)
        return self._far(network.cpu().eval())

    def _far(self, network: MemoryNetwork) -> dict[str, Any]:
        import torch

        draw = np.random.default_rng(self.settings.seed)
        x, y = (torch.from_numpy(each) for each in self.problem.arrays(MEASURED, draw))
        norms = gradient_by_distance(x, lambda read: loss_of(self.problem, network(read), y))
        with torch.no_grad():
            many, truth = (torch.from_numpy(each) for each in self.problem.arrays(400, draw))
            share = float(right(self.problem, network(many), truth))
        return {"gradient": [float(v) for v in norms], "score": share}
