"""Draw how the strategy table's two axes were calibrated, from the figures in docs/measured.md.

    python packaging/calibration.py    # writes docs/pictures/distance.svg and docs/pictures/cells.svg

An SVG is text: it needs nothing but this file, and a changed figure shows as a changed line.
"""

import math
import re
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
INK, MUTED, LINE, NEAR, FAR = "#1c2330", "#5d6675", "#d9dde4", "#2f6fde", "#c2571a"
FONT = "font-family='Inter,Segoe UI,Helvetica,Arial,sans-serif' font-size='13'"
WIDTH, ROW, LEFT, TOP = 860, 24, 400, 56
FURTHEST = 0.8

PLACED = (
    ("clothing-small", 278, 0.27),
    ("clothing-small, 20 a class", 20, 0.27),
    ("clothing-small, 100 a class", 100, 0.27),
    ("sign-digits", 136, 0.45),
    ("sign-digits, 20 a class", 20, 0.45),
    ("blood-cells", 272, 0.45),
    ("blood-cells, 20 a class", 20, 0.45),
)
"""Set, photos to learn from in a class, distance: what `trasluz advise` prints of them."""


def rows(text: str) -> list[tuple[str, list[tuple[float, float]]]]:
    """The table of distances: the set, and the least and greatest distance of each of its copies."""
    table = text.split("| set | distance |", 1)[1].split("\n\n", 1)[0]
    found = []
    for line in table.splitlines()[2:]:
        name, distances = (cell.strip(" *") for cell in line.split("|")[1:3])
        spans = []
        for one in distances.split(";"):
            low, *high = (float(number) for number in re.findall(r"\d\.\d+", one))
            spans.append((low, high[0] if high else low))
        found.append((name, spans))
    return found


def distance_picture(found: list[tuple[str, list[tuple[float, float]]]], threshold: float) -> str:
    """A line for each set, a dot for each of its copies, and the threshold."""
    height = TOP + ROW * len(found) + 32

    def at(distance: float) -> float:
        return LEFT + (WIDTH - LEFT - 24) * distance / FURTHEST

    parts = _begin(height)
    for tenth in range(0, 9, 2):
        x = at(tenth / 10)
        parts.append(f"<line x1='{x:.0f}' x2='{x:.0f}' y1='{TOP - 8}' y2='{height - 16}' stroke='{LINE}'/>")
        parts.append(_text(x, TOP - 16, f"{tenth / 10:.1f}", MUTED, "middle"))
    parts.append(_text(16, TOP - 16, "Distance from ImageNet", MUTED))
    y = TOP
    for name, spans in found:
        middle = y + ROW / 2
        parts.append(_text(16, middle + 4, name if len(name) < 58 else f"{name[:56]}…", INK))
        for low, high in spans:
            colour = NEAR if high < threshold else FAR
            if high > low:
                parts.append(
                    f"<line x1='{at(low):.1f}' x2='{at(high):.1f}' y1='{middle}' y2='{middle}' stroke='{colour}' "
                    "stroke-width='8' stroke-linecap='round' opacity='0.45'/>"
                )
            else:
                parts.append(f"<circle cx='{at(low):.1f}' cy='{middle}' r='5' fill='{colour}'/>")
        y += ROW
    x = at(threshold)
    parts.append(
        f"<line x1='{x:.0f}' x2='{x:.0f}' y1='{TOP - 8}' y2='{height - 16}' stroke='{INK}' stroke-dasharray='5 4'/>"
    )
    parts.append(_text(x - 8, height - 18, "similar", INK, "end"))
    parts.append(_text(x + 8, height - 18, "different", INK))
    return "\n".join([*parts, "</svg>\n"])


def cells_picture(threshold: float, many: int) -> str:
    """The table with the sets in it: photos in a class (logarithmic) against the distance."""
    height, left, right, top, bottom = 440, 90, WIDTH - 24, 30, 380

    def across(photos: float) -> float:
        return left + (right - left) * math.log(photos / 5) / math.log(1000 / 5)

    def up(distance: float) -> float:
        return bottom - (bottom - top) * (distance - 0.1) / 0.5

    x, y = across(many), up(threshold)
    parts = _begin(height)
    size = f"width='{right - left}' height='{bottom - top}'"
    parts.append(f"<rect x='{left}' y='{top}' {size} fill='none' stroke='{LINE}'/>")
    parts.append(f"<line x1='{x:.0f}' x2='{x:.0f}' y1='{top}' y2='{bottom}' stroke='{INK}' stroke-dasharray='5 4'/>")
    parts.append(f"<line x1='{left}' x2='{right}' y1='{y:.0f}' y2='{y:.0f}' stroke='{INK}' stroke-dasharray='5 4'/>")
    cells = (
        (left + 12, top + 22, "few, different: a linear classifier on the best stage"),
        (x + 12, top + 22, "many, different: finetune many layers"),
        (left + 12, bottom - 12, "few, similar: a linear classifier on the top"),
        (x + 12, bottom - 12, "many, similar: finetune a few layers"),
    )
    parts += [_text(cx, cy, words, MUTED) for cx, cy, words in cells]
    taken: list[tuple[float, float]] = []
    for name, photos, distance in PLACED:
        cx, cy = across(photos), up(distance)
        parts.append(f"<circle cx='{cx:.1f}' cy='{cy:.1f}' r='5' fill='{NEAR if distance < threshold else FAR}'/>")
        below = cy + 4
        while any(abs(cx - ox) < 190 and abs(below - oy) < 16 for ox, oy in taken):
            below += 18
        taken.append((cx, below))
        parts.append(_text(cx + 10, below, name, INK))
    for photos in (5, 10, 20, 50, 100, 200, 500, 1000):
        parts.append(_text(across(photos), bottom + 20, str(photos), MUTED, "middle"))
    for tenth in range(1, 7):
        parts.append(_text(left - 10, up(tenth / 10) + 4, f"{tenth / 10:.1f}", MUTED, "end"))
    parts.append(_text((left + right) / 2, bottom + 46, "Photos to learn from in a class", MUTED, "middle"))
    parts.append(f"<g transform='rotate(-90 24 {(top + bottom) / 2})'>")
    parts.append(_text(24, (top + bottom) / 2, "Distance from ImageNet", MUTED, "middle") + "</g>")
    return "\n".join([*parts, "</svg>\n"])


def _begin(height: int) -> list[str]:
    return [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' {FONT}>",
        f"<rect width='{WIDTH}' height='{height}' fill='#ffffff'/>",
    ]


def _text(x: float, y: float, words: str, colour: str, anchor: str = "start") -> str:
    words = words.replace("&", "&amp;").replace("<", "&lt;")
    return f"<text x='{x:.0f}' y='{y:.0f}' fill='{colour}' text-anchor='{anchor}'>{words}</text>"


def main() -> None:
    """Write both pictures."""
    from trasluz.torchkit.photos import axes

    found = [row for row in rows((DOCS / "measured.md").read_text("utf-8")) if row[0] != "threshold"]
    (DOCS / "pictures" / "distance.svg").write_text(distance_picture(found, axes.FAR), "utf-8")
    (DOCS / "pictures" / "cells.svg").write_text(cells_picture(axes.FAR, axes.MANY_PHOTOS), "utf-8")


if __name__ == "__main__":
    main()
