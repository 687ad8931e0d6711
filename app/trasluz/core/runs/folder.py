"""One run folder: what was asked, what was said since, and in which state it is.

```
run.json         what was asked; written whole before the start, never changed
events.jsonl     what the run says, a line each; only the process that holds the lock appends
run.lock         held by the process that trains; the system lets go of it when that process dies
launched         there from the launch until the process has taken the lock
queued           there while the run waits for others; holds its place (`core/runs/queue.py`)
stop             there when the person asked to stop
pause            there when the person asked to pause
run.log          what the process printed
checkpoint/      the family's; complete ones only
model.part/      the model while it is being made
model/           the model; has this name only when it is whole
judgement.json   how each validation item was answered
corrections.json what the person had corrected about the data when the run took it; absent where nothing
```
"""

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic_core import PydanticSerializationError

from trasluz.api import DataError, Event, Failed, Finished, ModelCard, Note, Started, Stopped, parse_event
from trasluz.api.model import CARD_NAME
from trasluz.core.atomic import remove_folder, rename, sync_folder, write_whole
from trasluz.core.corrections import CORRECTIONS_NAME

from .lock import RunBusy, held, is_held
from .request import REQUEST_NAME, RunRequest

EVENTS_NAME = "events.jsonl"
QUEUED_NAME = "queued"
_LAUNCH_SECONDS = 60.0
_TAIL_BYTES = 1 << 16
_DURABLE = (Started, Note, Finished, Failed, Stopped)


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    PAUSED = "paused"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class RunFolder:
    """The folder of one run; any number of processes may look at it, one may write."""

    def __init__(self, path: "Path | str | RunFolder") -> None:
        self.path: Path = path.path if isinstance(path, RunFolder) else Path(path)
        self._request: RunRequest | None = None
        self._events: int | None = None
        self._torn = False

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f"RunFolder({str(self.path)!r})"

    @classmethod
    def create(cls, path: "Path | str", request: RunRequest) -> Self:
        """Make the folder of a new run.

        Raises:
            DataError: If there is a run already or the folder cannot be written.
        """
        folder = cls(path)
        try:
            folder.path.mkdir(parents=True, exist_ok=True)
            if folder.request_path.exists():
                raise DataError(f"There is a run in “{path}” already; choose another folder.")
            request = request.model_copy(
                update={name: folder._as_written(getattr(request, name)) for name in ("index", "cache", "corrections")}
            )
            write_whole(folder.request_path, request.model_dump_json(indent=2) + "\n")
        except OSError as error:
            raise DataError(
                f"The run cannot be written to “{path}”: {error.strerror or error}. "
                "Choose another folder, or make room for it."
            ) from error
        return folder

    @classmethod
    def is_one(cls, path: "Path | str") -> bool:
        """Whether there is a run in `path`."""
        try:
            return (Path(path) / REQUEST_NAME).is_file()
        except OSError:
            return False

    # what is where

    @property
    def request_path(self) -> Path:
        """What was asked."""
        return self.path / REQUEST_NAME

    @property
    def events_path(self) -> Path:
        """What the run said."""
        return self.path / EVENTS_NAME

    @property
    def checkpoint_folder(self) -> Path:
        """Where the family keeps what it needs to go on."""
        return self.path / "checkpoint"

    @property
    def model_folder(self) -> Path:
        """Where the model is when it is whole."""
        return self.path / "model"

    @property
    def unfinished_model_folder(self) -> Path:
        """Where the model is while it is being made."""
        return self.path / "model.part"

    @property
    def previous_model_folder(self) -> Path:
        """Where the model of a run that goes on waits for its successor."""
        return self.path / "model.previous"

    @property
    def judgement_path(self) -> Path:
        """How each validation item was answered."""
        return self.path / "judgement.json"

    @property
    def corrections_path(self) -> Path:
        """What the person had corrected about the data that this run learned from."""
        return self.path / CORRECTIONS_NAME

    @property
    def log_path(self) -> Path:
        """What the process printed."""
        return self.path / "run.log"

    @property
    def index_path(self) -> Path:
        """The index, where the run makes one of its own."""
        return self.path / "index.sqlite"

    @property
    def request(self) -> RunRequest:
        """What was asked.

        Raises:
            DataError: If it cannot be read.
        """
        if self._request is None:
            self._request = RunRequest.read(self.request_path)
        return self._request

    def inside(self, path: str) -> Path:
        """A path of the request as an absolute one; relative ones start at the run folder."""
        return Path(os.path.normpath(self.path.absolute() / Path(path).expanduser()))

    def _as_written(self, path: str | None) -> str | None:
        """A path inside the project of the run, relative to the run, so that the project can be moved."""
        project = self.path.absolute().parent.parent
        if path is None or not Path(path).is_absolute() or not Path(path).is_relative_to(project):
            return path
        return Path(os.path.relpath(path, self.path.absolute())).as_posix()

    # what it says

    def append(self, event: Event) -> None:
        """Write one event; it outlives this process when this returns, and a power cut if it matters.

        Raises:
            OSError: If the disk takes no more; nothing half-written stays behind.
        """
        line = _line(event)
        if self._events is None:
            self._events = os.open(
                self.events_path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666
            )
            self._drop_half_line(self._events)
        elif self._torn:
            self._drop_half_line(self._events)
        self._torn = True
        written = os.write(self._events, line)
        if written < len(line):
            self._drop_half_line(self._events)
            os.fsync(self._events)
            raise OSError(28, "No space left on device", str(self.events_path))
        self._torn = False
        if isinstance(event, _DURABLE):
            os.fsync(self._events)

    def _drop_half_line(self, handle: int) -> None:
        """Cut what a killed process or a full disk left after the last whole line."""
        size = os.lseek(handle, 0, os.SEEK_END)
        end = size
        while end > 0:
            start = max(0, end - 4096)
            os.lseek(handle, start, os.SEEK_SET)
            found = os.read(handle, end - start).rfind(b"\n")
            if found >= 0:
                end = start + found + 1
                break
            end = start
        if end < size:
            os.ftruncate(handle, end)

    def close(self) -> None:
        """Let go of the event file; `append` opens it again."""
        if self._events is not None:
            os.close(self._events)
            self._events = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def events(self) -> Iterator[Event]:
        """Everything that the run said, in order; lines that are no events are left out."""
        try:
            file = self.events_path.open("rb")
        except FileNotFoundError:
            return
        with file:
            for line in file:
                if line.endswith(b"\n"):
                    with contextlib.suppress(ValueError):
                        yield parse_event(line)

    def last_events(self) -> list[Event]:
        """The last events, oldest first: enough to know how it ended, without reading hours of progress."""
        try:
            with self.events_path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                start = file.seek(max(0, size - _TAIL_BYTES))
                lines = file.read().split(b"\n")
        except FileNotFoundError:
            return []
        found: list[Event] = []
        for line in lines[1 if start else 0 : -1]:
            with contextlib.suppress(ValueError):
                found.append(parse_event(line))
        return found

    def last_words(self, lines: int = 12) -> str:
        """The end of what the process printed, for a run that ended without a word."""
        try:
            with self.log_path.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 8192))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return ""
        return "\n".join(text.rstrip().splitlines()[-lines:])

    # in which state it is

    def state(self) -> RunState:
        """Where the run stands now."""
        # In this order: a process takes the lock before it forgets the launch, so one of the two is always seen.
        launched = self._just_launched()
        if self.locked():
            return RunState.RUNNING
        if launched:
            return RunState.WAITING
        if self.queued():
            return RunState.QUEUED
        ended = self.last_turn()
        if self.has_model() and (not isinstance(ended, Started) or self.model_made() >= ended.time):
            return RunState.FINISHED
        match ended:
            case Stopped(paused=True):
                return RunState.PAUSED
            case Stopped():
                return RunState.STOPPED
            case Failed():
                return RunState.FAILED
            case None if not self.last_events():
                return RunState.WAITING
            case _:
                # killed on its way to a pause: that is what the person wanted, too
                return RunState.PAUSED if self.pause_asked() else RunState.INTERRUPTED

    def last_turn(self) -> Started | Finished | Stopped | Failed | None:
        """The last event that says in which state the run is; None before it ever started."""

        def last(events: Iterable[Event]) -> Started | Finished | Stopped | Failed | None:
            found = None
            for event in events:
                if isinstance(event, Started | Finished | Stopped | Failed):
                    found = event
            return found

        return last(self.last_events()) or last(self.events())

    def has_model(self) -> bool:
        """Whether there is a whole model."""
        return (self.model_folder / CARD_NAME).is_file()

    def has_checkpoint(self) -> bool:
        """Whether there is something to go on from."""
        try:
            return any(self.checkpoint_folder.iterdir())
        except OSError:
            return False

    def model_made(self) -> float:
        """When the model was made, in seconds since 1970; 0 where there is none."""
        try:
            card = ModelCard.model_validate_json((self.model_folder / CARD_NAME).read_bytes())
        except (OSError, ValueError):
            return 0.0
        return card.created.timestamp()

    def stopped_early(self) -> bool:
        """Whether the person stopped it and it kept its best, so that it can go on."""
        if not isinstance(self.last_turn(), Finished):
            return False
        return any(isinstance(e, Note) and "stopped_early" in e.facts for e in self.last_events()[-8:])

    def _just_launched(self) -> bool:
        try:
            age = time.time() - (self.path / "launched").stat().st_mtime
        except OSError:
            return False
        return age < _LAUNCH_SECONDS

    def mark_launched(self, by: str = "somebody") -> None:
        """Say that a process was started that will take the lock; `by` tells this launch from others."""
        (self.path / "launched").write_text(by)

    def launched_by(self) -> str:
        """Whose launch is still on its way; empty where none is."""
        try:
            return (self.path / "launched").read_text()
        except OSError:
            return ""

    def forget_launch(self) -> None:
        """Say that the process has taken the lock, or died before."""
        (self.path / "launched").unlink(missing_ok=True)

    def queued(self) -> bool:
        """Whether it waits for others to end."""
        return (self.path / QUEUED_NAME).exists()

    def busy(self) -> bool:
        """Whether a process works on it, or is about to."""
        # In the order of `state`.
        launched = self._just_launched()
        return self.locked() or launched

    def locked(self) -> bool:
        """Whether a process works on it now."""
        return is_held(self.path / "run.lock")

    def lock(self, *, wait: float = 3.0) -> AbstractContextManager[None]:
        """Hold the run, alone; to be used by `with`.

        Args:
            wait: Seconds to try; a look at the state by another process gets in the way for a blink.

        Raises:
            RunBusy: If another process holds it.
        """
        return held(self.path / "run.lock", wait=wait)

    # stopping it

    def ask_pause(self) -> None:
        """Ask the run to leave a checkpoint and end, so that it can go on later from there."""
        (self.path / "pause").touch()

    def pause_asked(self) -> bool:
        """Whether the person asked to pause."""
        return (self.path / "pause").exists()

    def ask_stop(self) -> None:
        """Ask the run to stop and to keep its best; it does so within a batch or two."""
        (self.path / "stop").touch()  # empty, so never half; a run that begins sweeps what is on its way to a name

    def stop_asked(self) -> bool:
        """Whether the person asked to stop."""
        return (self.path / "stop").exists()

    def clear_stop(self) -> None:
        """Forget that the person asked to stop or to pause, for a run that is taken up again."""
        (self.path / "stop").unlink(missing_ok=True)
        (self.path / "pause").unlink(missing_ok=True)

    # the model

    def keep_model(self) -> None:
        """Give the finished model its name; an earlier one of the same run makes way for it.

        Raises:
            OSError: If it cannot be done.
        """
        if self.model_folder.exists():
            remove_folder(self.previous_model_folder)
            rename(self.model_folder, self.previous_model_folder)
        rename(self.unfinished_model_folder, self.model_folder)
        sync_folder(self.path)
        remove_folder(self.previous_model_folder)

    def restore_model(self) -> None:
        """Undo the first half of `keep_model`, where a process was killed between its halves."""
        if self.previous_model_folder.exists() and not self.model_folder.exists():
            rename(self.previous_model_folder, self.model_folder)


def _line(event: Event) -> bytes:
    try:
        return event.model_dump_json().encode() + b"\n"
    except PydanticSerializationError:
        # Names of files may hold bytes that are no text; they are shown as the shell shows them.
        return type(event).model_validate(_spelt(event.model_dump())).model_dump_json().encode() + b"\n"


def _spelt(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_spelt(k): _spelt(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_spelt(v) for v in value]
    return value


__all__ = ["EVENTS_NAME", "RunBusy", "RunFolder", "RunState"]
