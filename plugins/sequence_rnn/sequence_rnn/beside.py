"""A training beside the one that a run is for: by the same rules, under the run's own voice."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trasluz.api import Event, Metric, Note, Progress, TrainContext


class Beside:
    """The run, for a network that learns beside the chosen one: its own checkpoints, its own names of the numbers.

    Args:
        context: The run's.
        key: What its checkpoints and its numbers are called: `gru`.
        title: What the person reads: `GRU`.
        share: It takes one of so many parts of the time that is left.
        changed: Settings that are others than the run's.
        quiet: Whether only its progress is told.
    """

    def __init__(
        self,
        context: TrainContext,
        key: str,
        title: str,
        *,
        share: int,
        changed: Mapping[str, Any],
        quiet: bool = False,
    ) -> None:
        self._context, self._key, self._title, self._quiet = context, key, title, quiet
        self.config = context.config.model_copy(update=dict(changed))
        self.dataset, self.device = context.dataset, context.device
        self.checkpoint_folder = context.checkpoint_folder / key
        self.checkpoint_folder.mkdir(parents=True, exist_ok=True)
        self.cache_folder, self.library_folder = context.cache_folder, context.library_folder
        self.stopping, self.pausing, self.open_graph = context.stopping, context.pausing, context.open_graph
        left = context.seconds_left()
        self._until = None if left is None else time.monotonic() + left / share

    @property
    def model_folder(self) -> Path:
        """The run's own."""
        return self._context.model_folder

    def seconds_left(self) -> float | None:
        """What is left of its share."""
        return None if self._until is None else max(0.0, self._until - time.monotonic())

    def emit(self, event: Event) -> None:
        """Say it under its own name."""
        if isinstance(event, Progress):
            event = event.model_copy(update={"stage": f"{event.stage}, {self._title}"})
        elif self._quiet:
            return
        elif isinstance(event, Metric):
            event = event.model_copy(update={"name": f"{event.name}_{self._key}", "best": False})
        elif isinstance(event, Note):
            event = event.model_copy(
                update={"sentence": f"{self._title[:1].upper()}{self._title[1:]}: {event.sentence}"}
            )
        self._context.emit(event)
