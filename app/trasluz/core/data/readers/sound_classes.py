"""Sounds by class: class folders with or without splits, or a manifest."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from trasluz.api import DataError, DatasetSource, Detection, Kind, Problem, Record, Sample, Severity
from trasluz.core.data import images
from trasluz.core.data.names import place_of, quoted, shown
from trasluz.core.data.sounds import SUFFIXES, look, read_sound
from trasluz.core.data.walk import files_below

from .class_folders import ClassFolderWalk, find_class_folders
from .manifest import SUFFIXES as MANIFESTS
from .manifest import class_records, lists_files, manifest_in

_SENTENCES = {
    "classes": "a folder for each class",
    "splits/classes": "split folders with a folder for each class",
    "classes/splits": "class folders with a folder for each split",
}
_PROBED = 2_000


class SoundClasses(DatasetSource):
    """Reads `DATA/<class>/*`, `DATA/<split>/<class>/*`, `DATA/<class>/<split>/*` and manifests `path,label[,…]`."""

    id = "sound-classes"
    kind = Kind.SOUND_CLASSES
    title = "Sounds by class"
    suffixes = SUFFIXES
    input_name = "recording"

    def detect(self, root: Path) -> Detection | None:
        """Look for a manifest, then for class folders with more recordings than photos.

        Raises:
            DataError: If there are recordings, but in no layout that names their classes.
        """
        if root.is_file():
            return _detected_file(root)
        manifest = manifest_in(root, "label", _is_sound)
        if manifest is not None:
            return Detection("manifest", 0.95, f"Recordings listed in {quoted(manifest.name)}")
        plan = find_class_folders(root, _is_sound)
        sounds, photos = _counted(root)
        if plan is None:
            if sounds > photos:
                raise DataError(
                    f"The recordings in {quoted(root.name)} lie in no class folders; make a folder for each class, "
                    "named after it, and move the recordings into them, or list them as “path,label” in a CSV file."
                )
            return None
        sentence = f"Recordings in {_SENTENCES[plan.form]}"
        if plan.base:
            sentence += f" inside {quoted(plan.base)}"
        # A cover picture among recordings makes them no photos, nor does a clip among photos make those recordings.
        return Detection(plan.form, 0.92 if sounds > photos else 0.3, sentence)

    def records(self, root: Path) -> Iterator[Record | Problem]:
        """Walk the layout."""
        manifest = root if root.is_file() else manifest_in(root, "label", _is_sound)
        if manifest is not None:
            yield from class_records(manifest)
            return
        plan = find_class_folders(root, _is_sound)
        if plan is None:
            raise DataError(f"{quoted(root)} has no class folders with recordings; was it changed just now?")
        yield from ClassFolderWalk(root, plan, _is_sound, _other, "recording").records()

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


def _sample(record: Record, place: Path) -> Sample:
    waveform, rate = read_sound(place, record.path)
    return Sample(record, {"waveform": waveform, "rate": np.array(rate, np.int64)})


def _is_sound(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _other(_place: Path, path: str) -> Problem | None:
    sentence = f"{quoted(path)} is not a recording (WAV, FLAC, MP3 or OGG); it is left out."
    return Problem("not-a-recording", sentence, Severity.NOTE, (shown(path),))


def _detected_file(path: Path) -> Detection | None:
    if _is_sound(path.name):
        raise DataError(
            f"{quoted(path.name)} is one recording; choose the folder that holds the folders of the classes."
        )
    if path.suffix.lower() in MANIFESTS and lists_files(path, "label", _is_sound):
        return Detection("manifest", 0.95, f"Recordings listed in {quoted(path.name)}")
    return None


def _counted(root: Path) -> tuple[int, int]:
    """How many of the first names are recordings, and how many are photos."""
    names = list(itertools.islice((n for n in files_below(root) if isinstance(n, str)), _PROBED))
    return sum(map(_is_sound, names)), sum(n.lower().endswith(images.SUFFIXES) for n in names)
