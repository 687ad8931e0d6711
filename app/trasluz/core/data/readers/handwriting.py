"""Lines of handwriting with their text: pictures beside transcripts, a manifest, or pages with PAGE or ALTO XML."""

import itertools
import statistics
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from trasluz.api import DataError, DatasetSource, Detection, Kind, Problem, Record, Sample, Severity
from trasluz.core.data.images import SUFFIXES, look, read_image
from trasluz.core.data.line_cut import cut_line
from trasluz.core.data.names import located, place_of, quoted, shown
from trasluz.core.data.walk import files_below

from .manifest import answer_records, lists_files, manifest_in
from .page_xml import Page, TextLine, read_page, xml_files
from .transcripts import composed, has_pairs, paired_records, split_of, tidied

ENDINGS: Final = (".gt.txt", ".txt")
LONGEST_LINE: Final = 16_384
"""Pixels; a longer picture is halved until it is not."""
TALLEST_LINE: Final = 256
"""Pixels of height that are kept of a line; every recogniser looks at fewer."""
_PAGES_KEPT: Final = 4
_PROBED: Final = 5
_PAGES_TO_SPLIT_BY: Final = 5
"""From so many pages on, the lines of a page stay on one side of the split: they share a hand, a pen and a subject."""


class HandwrittenLines(DatasetSource):
    """Reads line pairs, manifests `path,text[,split]`, and page pictures with PAGE or ALTO XML."""

    id = "handwritten-lines"
    kind = Kind.HANDWRITING
    title = "Lines of handwriting"
    suffixes = SUFFIXES
    input_name = "line"

    def detect(self, root: Path) -> Detection | None:
        """Look for a manifest, for transcripts beside pictures, then for pages."""
        if root.is_file():
            if root.suffix.lower() == ".xml":
                return _detected_page(root)
            if lists_files(root, "text", _is_picture):
                return Detection("manifest", 0.95, f"Lines of text listed in {quoted(root.name)}")
            return None
        manifest = manifest_in(root, "text", _is_picture)
        if manifest is not None:
            return Detection("manifest", 0.94, f"Lines of text listed in {quoted(manifest.name)}")
        if has_pairs(root, _is_picture, ENDINGS):
            return Detection("line pairs", 0.95, "Pictures of lines with their text beside them")
        if _has_pages(root):
            return Detection("page XML", 0.95, "Pictures of pages with PAGE or ALTO XML beside them")
        return None

    def records(self, root: Path) -> Iterator[Record | Problem]:
        """Walk the layout that was detected."""
        found = self.detect(root)
        if found is None:
            raise DataError(f"{quoted(root)} has no lines of text with their transcripts; was it changed just now?")
        if found.layout == "manifest":
            manifest = root if root.is_file() else manifest_in(root, "text", _is_picture)
            assert manifest is not None
            yield from tidied(answer_records(manifest, "text"))
        elif found.layout == "line pairs":
            yield from paired_records(root, _is_picture, ENDINGS, noun="line")
        else:
            yield from _page_records(root)

    def check(self, root: Path, record: Record) -> Record:
        """Decode the line small; its length is its width where its height is 1.

        Raises:
            DataError: If it cannot be decoded, or its outline lies outside the page.
        """
        if "polygon" in record.extra:
            height, width = self.read(root, record).array("line").shape
            return replace(record, length=width / height)
        facts = look(place_of(root, record.path))
        extra: dict[str, Any] = {**record.extra, "width": facts.width, "height": facts.height}
        notes = [list(note) for note in facts.notes if note[0] != "huge"]
        if facts.height > facts.width * 2:
            notes.append(
                ["upright", f"{quoted(record.path)} is far taller than wide; is it a line, and the right way up?"]
            )
        if notes:
            extra["notes"] = notes
        return replace(record, length=facts.width / facts.height, extra=extra)

    def read(self, root: Path, record: Record) -> Sample:
        """Decode the line: `line` (H, W) uint8 grey.

        Raises:
            DataError: If it cannot be read.
        """
        place = place_of(root, record.path)
        if "polygon" not in record.extra:
            return Sample(record, {"line": _line(read_image(place, at_most=LONGEST_LINE))})
        page = _page_pixels(str(place), place.stat().st_mtime_ns if place.exists() else 0)
        line = cut_line(
            page,
            [tuple(p) for p in record.extra["polygon"]],
            [tuple(p) for p in record.extra.get("baseline", ())],
            spacing=float(record.extra.get("spacing", 0.0)),
        )
        if line is None:
            raise DataError(f"The line {quoted(record.part)} of {quoted(record.path)} lies outside its page.")
        return Sample(record, {"line": _lowered(line)})

    def open(self, given: str) -> Sample:
        """Decode the picture of one line from anywhere, exactly as `read` does.

        Raises:
            DataError: If it cannot be read.
        """
        return Sample(Record(path=shown(given)), {"line": _line(read_image(given, at_most=LONGEST_LINE))})


def _is_picture(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _line(image: np.ndarray) -> np.ndarray:
    """RGB to grey, by what each colour adds to brightness (ITU-R BT.601): (H, W) uint8."""
    grey = image.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return _lowered(np.rint(grey).clip(0, 255).astype(np.uint8))


def _lowered(line: np.ndarray) -> np.ndarray:
    from PIL import Image

    height, width = line.shape
    if height <= TALLEST_LINE:
        return line
    size = (max(1, round(width * TALLEST_LINE / height)), TALLEST_LINE)
    return np.asarray(Image.fromarray(line).resize(size, Image.Resampling.BOX))


@lru_cache(maxsize=_PAGES_KEPT)
def _page_pixels(path: str, _changed: int) -> np.ndarray:
    """A page in grey; the last ones are remembered, since their lines are read one after another."""
    image = read_image(path)
    return np.rint(image.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)).astype(np.uint8)


def _detected_page(path: Path) -> Detection | None:
    try:
        return Detection("page XML", 0.95, "One page with its lines") if read_page(path) else None
    except DataError:
        return None


def _has_pages(root: Path) -> bool:
    names = xml_files(n for n in files_below(root) if isinstance(n, str))
    for name in itertools.islice(names, _PROBED):
        try:
            if read_page(root / name) is not None:
                return True
        except DataError:
            continue
    return False


def _page_records(root: Path) -> Iterator[Record | Problem]:
    folder = root if root.is_dir() else root.parent
    names = [root.name] if root.is_file() else list(xml_files(n for n in files_below(root) if isinstance(n, str)))
    for name in names:
        try:
            page = read_page(folder / name)
        except DataError as error:
            yield Problem("bad-xml", str(error), Severity.WARNING, (shown(name),))
            continue
        if page is not None:
            yield from _lines_of(folder, name, page, grouped=len(names) >= _PAGES_TO_SPLIT_BY)


def _lines_of(folder: Path, name: str, page: Page, *, grouped: bool) -> Iterator[Record | Problem]:
    picture = _picture_of(folder, name, page)
    if picture is None:
        said = f" ({quoted(page.image)})" if page.image else ""
        sentence = f"The picture{said} of the page {quoted(name)} is not there; put it beside the XML."
        yield Problem("no-picture", sentence, Severity.WARNING, (shown(name),))
        return
    if not page.lines:
        yield Problem("no-lines", f"{quoted(name)} has no lines; it is left out.", Severity.NOTE, (shown(name),))
    spacing = _spacing(page.lines)
    for line in page.lines:
        text = composed(line.text)
        if not text:
            sentence = f"The line {quoted(line.id)} of {quoted(name)} has no text; it is left out."
            yield Problem("empty-transcript", sentence, Severity.NOTE, (shown(name),))
        elif len(line.polygon) < 3 and len(line.baseline) < 2:
            sentence = f"The line {quoted(line.id)} of {quoted(name)} has no coordinates; it is left out."
            yield Problem("no-coordinates", sentence, Severity.WARNING, (shown(name),))
        else:
            yield Record(
                path=shown(picture),
                target=text,
                part=line.id,
                split=split_of(name),
                group=shown(picture) if grouped else "",
                extra={
                    "polygon": [list(p) for p in line.polygon],
                    "baseline": [list(p) for p in line.baseline],
                    "spacing": spacing,
                },
            )


def _picture_of(folder: Path, name: str, page: Page) -> str | None:
    """The page's picture, relative to `folder`: as the XML names it, else of the XML's own name."""
    above, _, own = name.rpartition("/")
    stem = own.rpartition(".")[0]
    said = page.image.replace("\\", "/").rpartition("/")[2]
    candidates = [said, f"../{said}", *(stem + s for s in SUFFIXES), *(f"../{stem}{s}" for s in SUFFIXES)]
    for each in filter(_is_picture, candidates):
        found = f"{above}/{each}" if above else each
        if each.startswith("../"):
            # PAGE XML often lies in a folder `page` beside the pictures; never above the data itself.
            if not above:
                continue
            up = above.rpartition("/")[0]
            found = f"{up}/{each[3:]}" if up else each[3:]
        if (folder / located(found)).is_file():
            return found
    return None


def _spacing(lines: tuple[TextLine, ...]) -> float:
    """The middle distance from a baseline to the next one below it; 0 where there are none."""
    heights = sorted(statistics.mean(y for _, y in line.baseline) for line in lines if line.baseline)
    gaps = [b - a for a, b in itertools.pairwise(heights) if b - a > 5]
    return float(statistics.median(gaps)) if gaps else 0.0
