"""The front end of a task: how an item comes to be features for the recurrent core, in training and in the graph.

Shapes: B items, T steps, D features.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api import PreviewLine, Record, Sample, TrainContext

if TYPE_CHECKING:
    from torch import Tensor, nn

    from trasluz.torchkit.graph import GraphWriter

    from .settings import CoreConfig


KEPT_BYTES = 2 << 30
"""Of prepared items that stay in memory between passes."""


class FrontEnd(ABC):
    """From an item to what the stem takes; the same steps in training and in the exported graph."""

    plural: str
    """What the items are called: `lines`."""

    @abstractmethod
    def facts(self, context: TrainContext) -> dict[str, Any]:
        """What the front end must know of the train data and the settings, as JSON values for the card."""

    @abstractmethod
    def stem(self, facts: Mapping[str, Any]) -> "nn.Module":
        """The network before the recurrent layers; it has `outputs`, the features that it gives."""

    @abstractmethod
    def steps(self, record: Record, facts: Mapping[str, Any]) -> int:
        """How many steps an item will have."""

    @abstractmethod
    def prepared(self, sample: Sample, facts: Mapping[str, Any]) -> np.ndarray:
        """An item as it is kept between passes."""

    @abstractmethod
    def varied(
        self, kept: np.ndarray, facts: Mapping[str, Any], strength: float, draw: np.random.Generator
    ) -> np.ndarray:
        """A kept item, altered, as `together` takes it."""

    def plain(self, kept: np.ndarray, facts: Mapping[str, Any]) -> np.ndarray:
        """A kept item as it is, as `together` takes it; the same unless the two differ."""
        return kept

    def sketch(self, kept: np.ndarray) -> tuple[PreviewLine, ...]:
        """A small drawing of a kept item, for those who watch; none where its picture says more."""
        return ()

    def pictured(
        self, samples: Sequence[Sample], config: "CoreConfig", draws: Sequence[np.random.Generator]
    ) -> Sequence[np.ndarray | Sequence[PreviewLine]] | None:
        """Pictures (H, W, 3) uint8, or drawings, of samples as `varied` alters them; None where there are none to show.

        Without the data, what `facts` measures of all of it is measured of these samples.
        """
        return None

    @abstractmethod
    def together(self, several: Sequence[np.ndarray], facts: Mapping[str, Any]) -> "tuple[Tensor, Tensor]":
        """Items as one batch: what the stem takes, and (B,) the steps of each."""

    @abstractmethod
    def exactly(self, sample: Sample, facts: Mapping[str, Any]) -> "Tensor":
        """One item as the graph prepares it: a batch of one for the stem."""

    @abstractmethod
    def write(self, writer: "GraphWriter", stem: "nn.Module", facts: Mapping[str, Any]) -> str:
        """Write the way from the graph's input to the stem's features (B, T, D)."""

    @abstractmethod
    def feed(self, sample: Sample, facts: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """What the graph takes of one item, with the batch axis."""

    @abstractmethod
    def preprocessing(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """For the card."""


def keeper(front: FrontEnd, context: TrainContext, facts: Mapping[str, Any]) -> Callable[[Record], np.ndarray]:
    """Reads and prepares items, and remembers them."""
    from trasluz.torchkit.batches import Kept
    from trasluz.torchkit.device import free_memory

    return Kept(
        lambda record: front.prepared(context.dataset.read(record), facts),
        key=lambda record: (record.path, record.part),
        size=lambda kept: kept.nbytes,
        at_most=min(KEPT_BYTES, free_memory() // 4),
    )
