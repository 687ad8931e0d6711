"""Reading a run's events while they are written."""

import os
from pathlib import Path

from trasluz.api import Event, parse_event

from .folder import EVENTS_NAME, RunFolder

_AT_MOST = 1 << 20


class Follower:
    """Reads each event once. What it keeps is a position, so a half-written line is simply read again later."""

    def __init__(self, run: RunFolder | Path | str) -> None:
        folder = run.path if isinstance(run, RunFolder) else Path(run)
        self._path = folder / EVENTS_NAME
        self._position = 0
        self._chunk = _AT_MOST

    def poll(self) -> list[Event]:
        """Return the events that came since the last call; at most about a megabyte of them, so call again.

        A folder that is away for a moment gives nothing. A file that was replaced by a shorter one is read anew.
        """
        try:
            size = self._path.stat().st_size
            if size == self._position:
                return []
            if size < self._position:
                self._position = 0
            with self._path.open("rb") as file:
                file.seek(self._position, os.SEEK_SET)
                data = file.read(self._chunk)
        except OSError:
            return []
        end = data.rfind(b"\n") + 1
        if not end:
            # One line that is longer than a chunk is read whole with the next look.
            self._chunk = self._chunk * 2 if len(data) == self._chunk else _AT_MOST
            return []
        self._position += end
        self._chunk = _AT_MOST
        found: list[Event] = []
        for line in data[:end].split(b"\n"):
            if line:
                try:
                    found.append(parse_event(line))
                except ValueError:
                    continue  # a newer Trasluz may say things that this one does not know
        return found
