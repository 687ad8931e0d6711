"""The tasks of the family, one file each: a kind of data with its front end, its head and its views.

A new task is a file with a class derived from `Task`, and a line here.
"""

from collections.abc import Callable
from importlib import import_module

from .task import Task

_TASKS: dict[str, tuple[str, str]] = {
    "handwriting": ("handwriting", "Handwriting"),
    "speech": ("speech", "Speech"),
    "sound-classes": ("sound_classes", "SoundClasses"),
    "text": ("characters", "Characters"),
    "long-memory": ("long_memory", "LongMemoryProblems"),
    "series-classes": ("series_classes", "SeriesClasses"),
    "series-steps": ("series_steps", "SeriesSteps"),
    "forecast": ("forecast", "Forecast"),
}
"""Kind of data → module of this room, class in it."""


def kinds() -> tuple[str, ...]:
    """The kinds of data that there is a task for."""
    return tuple(_TASKS)


def task_for(kind: str) -> Task:
    """The task of a kind of data.

    Raises:
        KeyError: If there is none.
    """
    module, name = _TASKS[str(kind)]
    made: Callable[[], Task] = getattr(import_module(f".{module}", __name__), name)
    return made()
