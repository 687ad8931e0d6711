"""Sounds by class: class folders with or without splits, or a manifest."""

from collections.abc import Iterator
from pathlib import Path

from trasluz.api import DataError, Detection, Kind, Problem, Record, Severity
from trasluz.core.data.names import quoted, shown

from .class_folders import ClassFolderWalk, find_class_folders
from .manifest import SUFFIXES as MANIFESTS
from .manifest import class_records, lists_files, manifest_in
from .recordings import Recordings, counted, is_sound, one_speaker_is_none

_SENTENCES = {
    "classes": "a folder for each class",
    "splits/classes": "split folders with a folder for each class",
    "classes/splits": "class folders with a folder for each split",
}


class SoundClasses(Recordings):
    """Reads `DATA/<class>/*`, `DATA/<split>/<class>/*`, `DATA/<class>/<split>/*` and manifests `path,label[,…]`."""

    id = "sound-classes"
    kind = Kind.SOUND_CLASSES
    title = "Sounds by class"

    def detect(self, root: Path) -> Detection | None:
        """Look for a manifest, then for class folders with more recordings than photos.

        Raises:
            DataError: If there are recordings, but in no layout that names their classes.
        """
        if root.is_file():
            return _detected_file(root)
        manifest = manifest_in(root, "label", is_sound)
        if manifest is not None:
            return Detection("manifest", 0.95, f"Recordings listed in {quoted(manifest.name)}")
        plan = find_class_folders(root, is_sound)
        sounds, photos = counted(root)
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
        manifest = root if root.is_file() else manifest_in(root, "label", is_sound)
        if manifest is not None:
            yield from one_speaker_is_none(lambda: class_records(manifest))
            return
        plan = find_class_folders(root, is_sound)
        if plan is None:
            raise DataError(f"{quoted(root)} has no class folders with recordings; was it changed just now?")
        yield from ClassFolderWalk(root, plan, is_sound, _other, "recording").records()


def _other(_place: Path, path: str) -> Problem | None:
    sentence = f"{quoted(path)} is not a recording (WAV, FLAC, MP3 or OGG); it is left out."
    return Problem("not-a-recording", sentence, Severity.NOTE, (shown(path),))


def _detected_file(path: Path) -> Detection | None:
    if is_sound(path.name):
        raise DataError(
            f"{quoted(path.name)} is one recording; choose the folder that holds the folders of the classes."
        )
    if path.suffix.lower() in MANIFESTS and lists_files(path, "label", is_sound):
        return Detection("manifest", 0.95, f"Recordings listed in {quoted(path.name)}")
    return None
