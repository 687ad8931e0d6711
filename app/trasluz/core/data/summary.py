"""What is told about indexed data: plain values for pages, commands and the wire."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field


class ProblemRow(BaseModel):
    """One kind of problem with all that it is about.

    Attributes:
        rule: The short word, e.g. `duplicate`; the filter of `Index.page`.
        sentence: What is wrong and what to do, for all of them together.
        severity: `note`, `warning`, or `error` where the items are set aside.
        paths: The first twenty files.
        count: How many files or places in all.
    """

    model_config = ConfigDict(frozen=True)

    rule: str
    sentence: str
    severity: str
    paths: tuple[str, ...] = ()
    count: int = 1


class DataSummary(BaseModel):
    """The data at a glance.

    Attributes:
        root: The folder or file that the person pointed at.
        name: Its last part.
        layout: The layout that was recognised.
        sentence: What was found, for the person.
        input_name: What one item is called: `photo`.
        total: How many items can be used.
        counts: Split → label → items; the label is empty where targets are free text.
        split_given: Whether the layout said which items are for judging; otherwise they were drawn.
        labels: The classes of the train split.
        fingerprint: The hash of paths, targets, splits and contents.
        seed: What the drawn splits were drawn with.
        columns: Of items that are rows of texts, in the order of the table.
    """

    model_config = ConfigDict(frozen=True)

    root: str
    name: str
    kind: str
    layout: str
    sentence: str
    input_name: str
    total: int
    counts: dict[str, dict[str, int]]
    split_given: bool
    problems: tuple[ProblemRow, ...] = ()
    fingerprint: str
    labels: tuple[str, ...] = ()
    seed: int = 0
    suffixes: tuple[str, ...] = Field(default=())
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One item as the gallery shows it.

    Attributes:
        path: Relative to the root; `Index.absolute` gives the place on disk.
        split: None where the item is set aside.
        problem: The gravest problem it has, or empty.
        bytes: The file's size.
        part: Of the file, where it holds several items.
        length: Of the item, in the source's own measure; None where it has none.
        texts: Of an item that is a row of texts: column and text, in the order of the columns.
    """

    id: int
    path: str
    label: str
    split: str | None
    problem: str
    width: int | None
    height: int | None
    bytes: int
    part: str = ""
    length: float | None = None
    texts: tuple[tuple[str, str], ...] = ()


def has_classes(kind: str) -> bool:
    """Whether targets of this kind are classes, by its name: `image-classes`, `sound-classes`."""
    return str(kind).endswith("-classes")
