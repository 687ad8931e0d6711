"""What every reader of recordings does: look at a file, decode it, and know it by its name."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from trasluz.api import DatasetSource, Problem, Record, Sample
from trasluz.api.spectrogram import picture, rate_for
from trasluz.core.data import images
from trasluz.core.data.names import place_of, shown
from trasluz.core.data.sounds import SUFFIXES, look, read_sound, resampled
from trasluz.core.data.walk import files_below

_PROBED: Final = 2_000


class Recordings(DatasetSource):
    """Reads one recording a record; a source says in which layouts, and what is to be answered."""

    suffixes = SUFFIXES
    input_name = "recording"

    def check(self, root: Path, record: Record) -> Record:
        """Read the header and listen to the first minute; the length is in seconds.

        Raises:
            DataError: If it cannot be used.
        """
        facts = look(place_of(root, record.path), record.path)
        extra: dict[str, Any] = {**record.extra, "rate": facts.rate, "channels": facts.channels}
        if facts.notes:
            extra["notes"] = [list(note) for note in facts.notes]
        return replace(record, length=facts.seconds, extra=extra)

    def read(self, root: Path, record: Record) -> Sample:
        """Decode: `waveform` (T,) float32 at its own `rate` () int64, the channels mixed, at most its first minute.

        Raises:
            DataError: If it cannot be read.
        """
        return _sample(record, place_of(root, record.path))

    def open(self, given: str) -> Sample:
        """Decode a recording from anywhere, exactly as `read` does.

        Raises:
            DataError: If it cannot be read.
        """
        return _sample(Record(path=shown(given)), Path(given))


def is_sound(name: str) -> bool:
    """Whether a name is that of a recording."""
    return name.lower().endswith(SUFFIXES)


def counted(root: Path) -> tuple[int, int]:
    """How many of the first names below a folder are recordings, and how many are photos."""
    names = list(itertools.islice((n for n in files_below(root) if isinstance(n, str)), _PROBED))
    return sum(map(is_sound, names)), sum(n.lower().endswith(images.SUFFIXES) for n in names)


def one_speaker_is_none(rows: Callable[[], Iterator[Record | Problem]]) -> Iterator[Record | Problem]:
    """Yield the rows, without their groups where all are of one: a single speaker cannot be on both sides of a split.

    Args:
        rows: Gives them anew each time; they are gone through twice.
    """
    groups: set[str] = set()
    for row in rows():
        if isinstance(row, Record):
            groups.add(row.group)
            if len(groups) > 1:
                break
    alone = len(groups) == 1
    for row in rows():
        yield replace(row, group="") if alone and isinstance(row, Record) else row


class Heard(Mapping[str, np.ndarray | str]):
    """`waveform` and `rate`; who asks for an `image` gets the spectrogram as a picture, made then and not before."""

    def __init__(self, waveform: np.ndarray, rate: int) -> None:
        self._there: dict[str, np.ndarray] = {"waveform": waveform, "rate": np.array(rate, np.int64)}

    def __getitem__(self, name: str) -> np.ndarray:
        if name == "image":
            rate = int(self._there["rate"])
            wanted = rate_for([rate])
            return picture(resampled(self._there["waveform"], rate, wanted), wanted)
        return self._there[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._there)

    def __len__(self) -> int:
        return len(self._there)


def _sample(record: Record, place: Path) -> Sample:
    return Sample(record, Heard(*read_sound(place, record.path)))
