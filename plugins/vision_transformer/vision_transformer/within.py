"""A part of a run that has a checkpoint and a share of the time of its own."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from trasluz.api import TrainContext

if TYPE_CHECKING:
    _Base = TrainContext
else:
    _Base = object


class Within(_Base):
    """The context of a run, with a checkpoint folder inside the run's and a part of what is left of the time.

    Args:
        context: Of the run.
        name: Of the folder.
        share: Of the time that is left now, from 0 to 1.
    """

    def __init__(self, context: TrainContext, name: str, share: float) -> None:
        self._context, self._name = context, name
        left = context.seconds_left()
        self._kept = 0.0 if left is None else left * (1 - share)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    @property
    def checkpoint_folder(self) -> Path:
        """A folder in the run's."""
        place = self._context.checkpoint_folder / self._name
        place.mkdir(exist_ok=True)
        return place

    def seconds_left(self) -> float | None:
        """What is left of the share."""
        left = self._context.seconds_left()
        return None if left is None else left - self._kept
