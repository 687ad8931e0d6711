"""Lines of text in PAGE XML (2013 and later) and in ALTO XML (2 to 4): where they lie on the page, and what they say.

PAGE: Pletschacher and Antonacopoulos, “The PAGE format framework”, ICPR 2010. ALTO: Library of Congress. Both are read
by the names of their elements, whatever the version of their name space.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from trasluz.api import DataError
from trasluz.core.data.names import quoted
from trasluz.core.data.walk import unopened

_LARGEST: Final = 64 << 20
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")

Outline = tuple[tuple[float, float], ...]
"""Points (x, y) in pixels of the page."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of a page.

    Attributes:
        id: Its name in the file, or its number.
        text: What it says.
        polygon: Its outline; empty where the file gives none.
        baseline: The line that its letters stand on, from the first letter to the last; empty where not given.
    """

    id: str
    text: str
    polygon: Outline
    baseline: Outline


@dataclass(frozen=True, slots=True)
class Page:
    """A page: the name of its picture as the file has it, and its lines in their order."""

    image: str
    lines: tuple[TextLine, ...]


def read_page(path: Path) -> Page | None:
    """Read a page; None where the file is XML of another kind.

    Raises:
        DataError: If it cannot be read, is damaged, or declares entities (which could fill the memory).
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise DataError(f"{quoted(path.name)} is too large for the description of one page; it is left out.")
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(unopened(path.name, error)) from error
    # A declared entity may name another a thousand times, and that one another (“billion laughs”); no page has any.
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw or _hidden_doctype(raw):
        raise DataError(f"{quoted(path.name)} declares entities, which no page needs; it is left out.")
    try:
        root = ElementTree.fromstring(raw)
    except (ElementTree.ParseError, ValueError, RecursionError, LookupError) as error:
        raise DataError(f"{quoted(path.name)} is not well-formed XML ({error}); export it again.") from error
    name = _name(root)
    if name == "PcGts":
        return _page(root)
    return _alto(root) if name == "alto" else None


def _hidden_doctype(raw: bytes) -> bool:
    """Whether a file in UTF-16 or UTF-32 declares a document type."""
    return b"\0" in raw[:64] and b"!DOCTYPE" in raw.replace(b"\0", b"")


def _page(root: ElementTree.Element) -> Page:
    page = next((e for e in root.iter() if _name(e) == "Page"), None)
    lines = []
    for number, line in enumerate((e for e in root.iter() if _name(e) == "TextLine"), start=1):
        coords, baseline = _child(line, "Coords"), _child(line, "Baseline")
        lines.append(
            TextLine(
                id=line.get("id") or f"line {number}",
                text=_page_text(line),
                polygon=_outline(_points_of(coords)),
                baseline=_outline(_points_of(baseline)),
            )
        )
    return Page((page.get("imageFilename") or "") if page is not None else "", tuple(lines))


def _points_of(element: ElementTree.Element | None) -> str:
    if element is None:
        return ""
    if element.get("points"):
        return element.get("points") or ""
    # The first versions of PAGE wrote each point as an element.
    return " ".join(f"{p.get('x')},{p.get('y')}" for p in element if _name(p) == "Point")


def _page_text(line: ElementTree.Element) -> str:
    """The line's own transcription; without one, those of its words."""
    direct = _equiv(line)
    if direct:
        return direct
    return " ".join(filter(None, (_equiv(word) for word in line if _name(word) == "Word")))


def _equiv(element: ElementTree.Element) -> str:
    found = [e for e in element if _name(e) == "TextEquiv"]
    # Several readings are numbered; the lowest number is the best.
    found.sort(key=lambda e: int(e.get("index") or 0) if (e.get("index") or "0").isdecimal() else 0)
    for each in found:
        unicode = _child(each, "Unicode")
        if unicode is not None and unicode.text:
            return unicode.text
    return ""


def _alto(root: ElementTree.Element) -> Page:
    image = next((e.text or "" for e in root.iter() if _name(e) == "fileName"), "")
    lines = []
    for number, line in enumerate((e for e in root.iter() if _name(e) == "TextLine"), start=1):
        shape = _child(line, "Shape")
        polygon = _child(shape, "Polygon") if shape is not None else None
        outline = _outline(polygon.get("POINTS") or "") if polygon is not None else ()
        lines.append(
            TextLine(
                id=line.get("ID") or f"line {number}",
                text=_alto_text(line),
                polygon=outline or _box(line),
                baseline=_alto_baseline(line.get("BASELINE") or ""),
            )
        )
    return Page(image, tuple(lines))


def _alto_text(line: ElementTree.Element) -> str:
    pieces: list[str] = []
    for each in line:
        name = _name(each)
        if name == "String":
            pieces.append(each.get("CONTENT") or "")
        elif name == "SP":
            pieces.append(" ")
        elif name == "HYP":
            pieces.append(each.get("CONTENT") or "-")
    if any(p == " " for p in pieces):
        return "".join(pieces)
    return " ".join(filter(None, pieces))


def _alto_baseline(given: str) -> Outline:
    """Points; before ALTO 4 a baseline was one number, which says nothing of where it begins."""
    return _outline(given) if len(_NUMBER.findall(given)) >= 4 else ()


def _box(element: ElementTree.Element) -> Outline:
    try:
        x, y, w, h = (float(element.get(name) or "") for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
    except ValueError:
        return ()
    return ((x, y), (x + w, y), (x + w, y + h), (x, y + h)) if w > 0 and h > 0 else ()


def _outline(given: str) -> Outline:
    numbers = [float(n) for n in _NUMBER.findall(given)]
    return tuple(zip(numbers[::2], numbers[1::2], strict=False)) if len(numbers) >= 4 else ()


def _child(element: ElementTree.Element, name: str) -> ElementTree.Element | None:
    return next((e for e in element if _name(e) == name), None)


def _name(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def xml_files(names: Iterator[str]) -> Iterator[str]:
    """The names that may be pages."""
    return (name for name in names if name.lower().endswith(".xml") and not name.lower().endswith("mets.xml"))
