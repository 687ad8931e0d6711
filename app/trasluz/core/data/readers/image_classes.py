"""Photos by class: class folders with or without splits, or a manifest."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from trasluz.api import DataError, DatasetSource, Detection, Kind, Problem, Record, Sample, Severity
from trasluz.core.data.images import LONGEST_SIDE, SUFFIXES, look, read_image, recognised
from trasluz.core.data.names import place_of, quoted, shown
from trasluz.core.data.walk import files_below

from .class_folders import ClassFolders, ClassFolderWalk, find_class_folders
from .lines import looks_binary
from .manifest import SUFFIXES as MANIFESTS
from .manifest import class_columns, class_records, columns_of, lists_files, manifest_in

_SENTENCES = {
    "classes": "a folder for each class",
    "splits/classes": "split folders with a folder for each class",
    "classes/splits": "class folders with a folder for each split",
}


class ImageClasses(DatasetSource):
    """Reads `DATA/<class>/*`, `DATA/<split>/<class>/*`, `DATA/<class>/<split>/*` and manifests `path,label[,split]`."""

    id = "image-classes"
    kind = Kind.IMAGE_CLASSES
    title = "Photos by class"
    suffixes = SUFFIXES
    input_name = "photo"

    def detect(self, root: Path) -> Detection | None:
        """Look for a manifest, then for class folders.

        Raises:
            DataError: If there are photos, but in no layout that names their classes; the message says what to do.
        """
        if root.is_file():
            return _detected_file(root)
        manifest = manifest_in(root, "label", _is_photo)
        if manifest is not None:
            return Detection("manifest", 0.95, f"Photos listed in {quoted(manifest.name)}")
        plan = find_class_folders(root, _is_photo)
        if plan is None:
            _advise(root)
            return None
        sentence = f"Photos in {_SENTENCES[plan.form]}"
        if plan.base:
            sentence += f" inside {quoted(plan.base)}"
        confidence = 0.9 if plan.form != "classes" or len(plan.classes) > 1 else 0.6
        # Photos of lines of text, by writer perhaps: a reader of handwriting knows better.
        return Detection(plan.form, 0.3 if _has_transcripts(root) else confidence, sentence)

    def records(self, root: Path) -> Iterator[Record | Problem]:
        """Walk the layout; files whose names do not tell are recognised by their first bytes."""
        manifest = root if root.is_file() else manifest_in(root, "label", _is_photo)
        if manifest is not None:
            yield from class_records(manifest)
            return
        plan: ClassFolders | None = find_class_folders(root, _is_photo)
        if plan is None:
            raise DataError(f"{quoted(root)} has no class folders with photos; was it changed just now?")
        yield from ClassFolderWalk(root, plan, _is_photo, _other, "photo").records()

    def check(self, root: Path, record: Record) -> Record:
        """Decode the photo as small as its format allows; its size and what is unusual go into the record.

        Raises:
            DataError: If it cannot be decoded.
        """
        facts = look(place_of(root, record.path))
        extra = {**record.extra, "width": facts.width, "height": facts.height}
        if facts.notes:
            extra["notes"] = [list(note) for note in facts.notes]
        return replace(record, extra=extra)

    def read(self, root: Path, record: Record) -> Sample:
        """Decode the photo: `image` (H, W, 3) uint8, halved until its longer side has at most 2048 pixels.

        Raises:
            DataError: If it cannot be read.
        """
        return Sample(record, {"image": read_image(place_of(root, record.path), at_most=LONGEST_SIDE)})

    def open(self, given: str) -> Sample:
        """Decode a photo from anywhere, exactly as `read` does.

        Raises:
            DataError: If it cannot be read.
        """
        return Sample(Record(path=shown(given)), {"image": read_image(given, at_most=LONGEST_SIDE)})


def _is_photo(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _other(place: Path, path: str) -> Problem | None:
    """A file in a class folder whose name is not a photo's: a photo all the same if its bytes say so."""
    found = recognised(place)
    if found in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"):
        return None
    if found in ("HEIC", "AVIF"):
        sentence = f"{quoted(path)} is a {found} photo, which is not read here; export it as JPEG."
        return Problem("heic", sentence, Severity.WARNING, (shown(path),))
    return Problem("not-a-photo", f"{quoted(path)} is not a photo; it is left out.", Severity.NOTE, (shown(path),))


def _detected_file(path: Path) -> Detection | None:
    if _is_photo(path.name):
        raise DataError(f"{quoted(path.name)} is one photo; choose the folder that holds the folders of the classes.")
    if path.suffix.lower() not in MANIFESTS:
        return None
    with path.open("rb") as file:
        if looks_binary(file.read(2**16)):
            raise DataError(f"{quoted(path.name)} is no text, although its name says so; save it as CSV again.")
    if lists_files(path, "label", _is_photo):
        return Detection("manifest", 0.95, f"Photos listed in {quoted(path.name)}")
    if class_columns(columns_of(path)) is None:
        raise DataError(
            f"{quoted(path.name)} needs a first line with the columns “path” and “label”; add them and try again."
        )
    return None


def _has_transcripts(root: Path) -> bool:
    names = itertools.islice((n for n in files_below(root) if isinstance(n, str)), 400)
    return any(name.lower().endswith((".gt.txt", ".gt")) for name in names)


def _advise(root: Path) -> None:
    names = itertools.islice((n for n in files_below(root) if isinstance(n, str)), 2_000)
    if any(map(_is_photo, names)) and not _has_transcripts(root):
        raise DataError(
            f"The photos in {quoted(root.name)} lie in no class folders; make a folder for each class, "
            "named after it, and move the photos into them."
        )
