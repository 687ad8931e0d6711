"""What can be seen, as plain data. Families return these; only the window paints them, and files can hold them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Bars:
    """Labelled bars, longest first or in their own order.

    Attributes:
        values: One number for each label.
        highlight: The label to mark, if any.
        unit: `%` shows fractions as percent.
    """

    title: str
    labels: Sequence[str]
    values: Sequence[float]
    highlight: str | None = None
    unit: str = "%"


@dataclass(frozen=True, slots=True)
class Heatmap:
    """Numbers as colour, (rows, columns); rows are drawn from the top."""

    title: str
    values: np.ndarray
    row_labels: Sequence[str] = ()
    column_labels: Sequence[str] = ()
    row_title: str = ""
    column_title: str = ""


@dataclass(frozen=True, slots=True)
class Overlay:
    """Heat over a picture.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        heat: (h, w) float from 0 to 1, stretched over the picture; of no size where the picture is shown bare.
        caption: A sentence that reads it.
        cells: Into how many rows and columns the square in the middle of the picture is cut, where the person may
            click on one; the explainer's choices are these cells, row by row. 0 where there is nothing to click on.
    """

    title: str
    image: np.ndarray
    heat: np.ndarray
    caption: str = ""
    cells: int = 0


@dataclass(frozen=True, slots=True)
class Matrix:
    """Counts, (rows, columns): how many items of a row were answered with a column."""

    title: str
    values: np.ndarray
    rows: Sequence[str]
    columns: Sequence[str]
    row_title: str = "what it is"
    column_title: str = "what the model says"


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a plot: `x` and `y` of equal length, (N,)."""

    name: str
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True, slots=True)
class Band:
    """The room between two lines, in a light tone of the line it belongs to: `x`, `low` and `high` of length (N,).

    Attributes:
        of: The number of that line.
    """

    name: str
    x: np.ndarray
    low: np.ndarray
    high: np.ndarray
    of: int = 0


@dataclass(frozen=True, slots=True)
class Curve:
    """Lines over a shared axis, labelled at their ends; `baselines` are dashed horizontal lines by name.

    Attributes:
        caption: A sentence that reads it.
        bands: Behind the lines, as intervals are drawn.
    """

    title: str
    series: Sequence[Series]
    x_title: str = ""
    y_title: str = ""
    unit: str = ""
    baselines: Mapping[str, float] | None = None
    caption: str = ""
    bands: Sequence[Band] = ()


@dataclass(frozen=True, slots=True)
class Points:
    """A map: `xy` (N, 2), with a label and a group (its colour) for each point where given.

    Attributes:
        marked: Points that stand out, e.g. the words that were asked about.
    """

    title: str
    xy: np.ndarray
    labels: Sequence[str] = ()
    groups: Sequence[str] = ()
    marked: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Alignment:
    """Which source token each target token looked at: `weights` (targets, sources), rows sum to 1."""

    title: str
    sources: Sequence[str]
    targets: Sequence[str]
    weights: np.ndarray


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time with a word: seconds from the start."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Audio:
    """Sound that can be played: `samples` (T,) float32 from -1 to 1 at `rate` Hz, with marked stretches."""

    title: str
    samples: np.ndarray
    rate: int
    spans: Sequence[Span] = ()


@dataclass(frozen=True, slots=True)
class RichText:
    """Text in pieces, each with a strength from -1 to 1 shown as colour under it."""

    title: str
    pieces: Sequence[str]
    strengths: Sequence[float]
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Stages:
    """A network as a row of stages: `sizes` are relative heights, `learning` says which of them were trained."""

    title: str
    names: Sequence[str]
    sizes: Sequence[float]
    learning: Sequence[bool]
    caption: str = ""


@dataclass(frozen=True, slots=True)
class SampleItem:
    """One item of a row of samples.

    Attributes:
        name: The file, relative to its data, or whatever the person knows the item by.
        label: What it is.
        value: How it stands to what was asked (a similarity, a confidence), in the unit of the view.
        image: (h, w, 3) uint8 RGB, small; None where it cannot be shown.
        note: Why it cannot be shown, in a few words, or anything else to be said of it.
    """

    name: str
    label: str = ""
    value: float | None = None
    image: np.ndarray | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Samples:
    """Items of the data side by side, the first one first.

    Attributes:
        unit: Of the items' values; `%` shows fractions as percent.
        caption: A sentence that reads them.
    """

    title: str
    items: Sequence[SampleItem]
    unit: str = ""
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Axis:
    """One measured side of a table: where a value lies between two ends, and which half that is.

    Attributes:
        name: A short stable word: `size`, `distance`.
        title: What is measured, in a few words.
        value: What was measured, or None where it could not be.
        threshold: The low half ends below it; the value itself belongs to the high half.
        low: What the low half is called, and `high` the other.
        ends: What is drawn, from the least to the greatest; both above 0 where the axis is drawn by magnitudes.
        unit: What the value counts.
        sentence: How it was measured, or why it could not be.
    """

    name: str
    title: str
    value: float | None
    threshold: float
    low: str
    high: str
    ends: tuple[float, float]
    unit: str = ""
    sentence: str = ""

    @property
    def is_high(self) -> bool:
        """Whether the value lies in the high half; what could not be measured lies in the low one."""
        return self.value is not None and self.value >= self.threshold

    @property
    def word(self) -> str:
        """What the half is called in which the value lies."""
        return self.high if self.is_high else self.low


@dataclass(frozen=True, slots=True)
class Quadrant:
    """One cell of a table.

    Attributes:
        title: What it stands for, in a few words.
        sentence: What that means.
        lines: Results, the most telling first.
        badge: A word that marks the cell, e.g. `advised`.
        tip: What is said when the pointer rests on it: the field's term, the reason.
    """

    title: str
    sentence: str = ""
    lines: Sequence[str] = ()
    badge: str = ""
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Quadrants:
    """A table of two by two over two measured axes, with what was measured as a point in it.

    Attributes:
        across: The axis from left to right; its low half is at the left.
        down: The axis from top to bottom; its low half is at the top.
        cells: Four, row by row: low and low, high across, high down, high and high.
        chosen: The cell that is lit, or None.
        caption: A sentence that reads it.
    """

    title: str
    across: Axis
    down: Axis
    cells: Sequence[Quadrant]
    chosen: int | None = None
    caption: str = ""

    @property
    def place(self) -> int:
        """The cell in which the point lies."""
        return 2 * self.down.is_high + self.across.is_high


@dataclass(frozen=True, slots=True)
class Tree:
    """Something that branches, drawn from left to right, e.g. the beginnings that a search followed.

    Attributes:
        labels: A word for each node.
        parents: The number of the node that each comes after, smaller than its own; −1 for a first one.
        scores: How good each is, in the unit; NaN where that is not known.
        marked: Nodes that stand out, e.g. those of the best answer.
        unit: `%` shows fractions as percent.
        caption: A sentence that reads it.
    """

    title: str
    labels: Sequence[str]
    parents: Sequence[int]
    scores: Sequence[float] = ()
    marked: Sequence[int] = ()
    unit: str = ""
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A line of writing with each piece of the answer under the place where it was read.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        pieces: Characters or words, from left to right.
        starts: Where each begins, as a share of the width, and `ends` where it ends.
        strengths: From 0 to 1, how sure it was of each.
        caption: A sentence that reads it.
    """

    title: str
    image: np.ndarray
    pieces: Sequence[str]
    starts: Sequence[float]
    ends: Sequence[float]
    strengths: Sequence[float]
    caption: str = ""


View = (
    Bars
    | Heatmap
    | Overlay
    | Matrix
    | Curve
    | Points
    | Alignment
    | Audio
    | Reading
    | RichText
    | Stages
    | Samples
    | Quadrants
    | Tree
)
_TYPES: dict[str, type] = {
    t.__name__.lower(): t
    for t in (
        Bars,
        Heatmap,
        Overlay,
        Matrix,
        Curve,
        Points,
        Alignment,
        Audio,
        Reading,
        RichText,
        Stages,
        Samples,
        Quadrants,
        Tree,
    )
}


def view_to_json(view: View) -> dict[str, Any]:
    """Take a view apart into JSON values and arrays (arrays are left as they are)."""
    return {"type": type(view).__name__.lower(), **_plain(view)}


def view_from_json(data: Mapping[str, Any]) -> View:
    """Put a view together again from what `view_to_json` gave; lists may stand where arrays were.

    Raises:
        ValueError: If it is not a view.
    """
    kind = _TYPES.get(str(data.get("type")))
    if kind is None:
        raise ValueError(f"“{data.get('type')}” is not a view")
    try:
        return kind(**{k: _restored(kind, k, v) for k, v in data.items() if k != "type"})  # type: ignore[no-any-return]
    except TypeError as error:
        raise ValueError(f"a view of type “{data['type']}” does not fit: {error}") from error


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, np.generic):
        return value.item()
    return value


def _restored(kind: type, name: str, value: Any) -> Any:
    annotation = kind.__annotations__[name]
    if annotation is np.ndarray:
        array = np.asarray(value)
        return array.astype(np.uint8) if name == "image" else array
    if name == "series":
        return tuple(Series(s["name"], np.asarray(s["x"]), np.asarray(s["y"])) for s in value)
    if name == "bands":
        return tuple(
            Band(b["name"], np.asarray(b["x"]), np.asarray(b["low"]), np.asarray(b["high"]), int(b.get("of", 0)))
            for b in value
        )
    if kind is Quadrants and name in ("across", "down"):
        return Axis(**{**value, "ends": tuple(value["ends"])})
    if kind is Quadrants and name == "cells":
        return tuple(Quadrant(**{**cell, "lines": tuple(cell.get("lines", ()))}) for cell in value)
    if name == "spans":
        return tuple(Span(**s) for s in value)
    if name == "items":
        return tuple(SampleItem(**{**item, "image": _pixels(item.get("image"))}) for item in value)
    return tuple(value) if isinstance(value, list) else value


def _pixels(value: Any) -> np.ndarray | None:
    return None if value is None else np.asarray(value).astype(np.uint8)
