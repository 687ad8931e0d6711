"""What the house gives to a run: data, settings, device, folders, a voice, and an ear for “stop”."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from trasluz.api import Dataset, Event, Graph, Progress, Started, TrainConfig, TrainingStopped
from trasluz.core import places
from trasluz.core.runs.beside import models_in
from trasluz.core.runs.folder import RunFolder

_LOOK_EVERY = 0.5


class Voice:
    """Writes a run's events, and hands them to whoever listens in this process. Safe from any thread."""

    def __init__(self, folder: RunFolder, emit_also: Callable[[Event], object] | None) -> None:
        self._folder = folder
        self._also = emit_also
        self._lock = threading.Lock()

    def emit(self, event: Event) -> None:
        """Say something; it is on disk when this returns."""
        with self._lock:
            self._folder.append(event)
            if self._also is not None:
                self._also(event)

    def tell(self, event: Event) -> None:
        """Say something to this process only, where the disk takes no more."""
        with self._lock:
            if self._also is not None:
                self._also(event)


class Stopping:
    """Whether the person asked to stop or to pause, by the window's file or by a signal."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._asked = threading.Event()
        self._pause = False
        self._looked = 0.0

    def __call__(self) -> bool:
        """Whether to stop, for good or for a pause; cheap enough for every step."""
        now = time.monotonic()
        if not self._asked.is_set() and now - self._looked >= _LOOK_EVERY:
            self._looked = now
            if self._folder.stop_asked():
                self._asked.set()
            elif self._folder.pause_asked():
                # settled once: a family that began to pause does not end as stopped
                self._pause = True
                self._asked.set()
        return self._asked.is_set()

    def pausing(self) -> bool:
        """Whether to stop for a pause only."""
        return self() and self._pause

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Take the first Ctrl-C, or the system's request to end, as a request to stop; the second one ends it."""

        def asked(_number: int, _frame: FrameType | None) -> None:
            if self._asked.is_set():
                raise KeyboardInterrupt
            self._asked.set()

        names = [n for n in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, n)]
        before: dict[Any, Any] = {}
        if threading.current_thread() is threading.main_thread():  # signals go to no other
            before = {getattr(signal, n): signal.signal(getattr(signal, n), asked) for n in names}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


OPENING = "Getting ready"
"""The stage that a sitting opens with, before it says that it has started."""


class Clock:
    """How long the run has been trained, all sittings together."""

    def __init__(self, before: float = 0.0) -> None:
        self._before = before
        self._since = time.monotonic()

    @classmethod
    def of(cls, folder: RunFolder) -> "Clock":
        """The clock of a run that may have been trained before: its sittings are read from what it said."""
        total, start, last = 0.0, None, 0.0
        for event in folder.events():
            if isinstance(event, Started):
                total += max(0.0, last - start) if start is not None else 0.0
                start = event.time
            if not (isinstance(event, Progress) and event.stage == OPENING):
                last = event.time  # what opens the next sitting comes after the pause, which does not count
        return cls(total + (max(0.0, last - start) if start is not None else 0.0))

    def seconds(self) -> float:
        """Seconds so far."""
        return self._before + time.monotonic() - self._since


class RunContext:
    """`trasluz.api.TrainContext` over a run folder."""

    def __init__(
        self,
        *,
        folder: RunFolder,
        config: TrainConfig,
        dataset: Dataset,
        device: str,
        cache_folder: Path,
        clock: Clock,
        voice: Voice,
        stopping: Stopping,
    ) -> None:
        self._folder = folder
        self._config = config
        self._dataset = dataset
        self._device = device
        self._cache = cache_folder
        self._clock = clock
        self._voice = voice
        self._stopping = stopping

    @property
    def config(self) -> TrainConfig:
        """The run's settings."""
        return self._config

    @property
    def dataset(self) -> Dataset:
        """The data."""
        return self._dataset

    @property
    def device(self) -> str:
        """The torch device."""
        return self._device

    @property
    def checkpoint_folder(self) -> Path:
        """Where checkpoints live."""
        self._folder.checkpoint_folder.mkdir(exist_ok=True)
        return self._folder.checkpoint_folder

    @property
    def model_folder(self) -> Path:
        """Where the graphs go; a run that pauses exports nothing."""
        if self.pausing():
            raise TrainingStopped
        self._folder.unfinished_model_folder.mkdir(exist_ok=True)
        return self._folder.unfinished_model_folder

    @property
    def cache_folder(self) -> Path:
        """For results worth keeping between runs."""
        self._cache.mkdir(parents=True, exist_ok=True)
        return self._cache

    @property
    def library_folder(self) -> Path:
        """For what later runs start from."""
        return places.library_folder()

    def models(self) -> list[Path]:
        """The models of the runs beside this one."""
        return models_in(self._folder.path.resolve().parent)

    def emit(self, event: Event) -> None:
        """Say something."""
        self._voice.emit(event)

    def stopping(self) -> bool:
        """Whether the person asked to stop."""
        return self._stopping()

    def pausing(self) -> bool:
        """Whether the person asked to pause."""
        return self._stopping.pausing()

    def seconds_left(self) -> float | None:
        """What is left of the time limit."""
        if self._config.minutes is None:
            return None
        return self._config.minutes * 60 - self._clock.seconds()

    def open_graph(self, path: Path, *, at_once: int = 1) -> Graph:
        """Open an ONNX file by ONNX Runtime on the run's device."""
        return open_graph(path, self._device, at_once=at_once)


def inference_device(device: str) -> str:
    """The device of ONNX Runtime for a torch device."""
    return device if device.startswith(("cpu", "cuda")) else "auto"


def open_graph(path: Path, device: str, *, at_once: int) -> Graph:
    """Open an ONNX file for `at_once` threads on the device that goes with a torch device."""
    from trasluz.core.inference import session

    return session.open_graph(path, inference_device(device), at_once=at_once)
