"""Data as families see it: a dataset holds records, a source reads a record into a sample.

A `Record` is what the index keeps of an item: where it is, what it is, which split it belongs to. It never
holds pixels. A `Sample` is a record with its content decoded. A `DatasetSource` knows one layout on disk.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import numpy as np

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")


class Kind(StrEnum):
    """The kinds of data that the program knows by name. A plugin may bring another: any lower-case word."""

    IMAGE_CLASSES = "image-classes"
    HANDWRITING = "handwriting"
    SPEECH = "speech"
    SOUND_CLASSES = "sound-classes"
    SERIES_CLASSES = "series-classes"
    SERIES_STEPS = "series-steps"
    FORECAST = "forecast"
    TEXT_PAIRS = "text-pairs"
    TEXT = "text"


class DataError(Exception):
    """Data that cannot be used as it is. The message is one sentence: what, where, what to do."""


class Severity(StrEnum):
    """How much a problem matters."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was found while reading or checking data.

    Attributes:
        rule: A short stable word, e.g. `unreadable`, `duplicate`, `leak`, `few`, `imbalance`.
        sentence: What is wrong, where, and what to do about it.
        severity: An error sets the item aside; a warning and a note do not.
        paths: The files it is about, relative to the root of the data.
    """

    rule: str
    sentence: str
    severity: Severity = Severity.WARNING
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """One labelled item, without its content.

    Attributes:
        path: The file, relative to the root of the data, with forward slashes.
        target: What the model should answer: a class, a transcript, a translation. Empty if unknown.
        part: Which part of the file, in the source's own words (a row, a line's polygon, a series). Often empty.
        split: The part of the data it belongs to, or None where the layout does not say.
        group: Items of one group never straddle splits (a speaker, a writer, a page). Empty: a group of its own.
        length: Extent along the axis that varies (pixels of width, seconds, tokens); batches are made by it.
        extra: Anything else the source needs to read the item again, as JSON values.
    """

    path: str
    target: str = ""
    part: str = ""
    split: Split | None = None
    group: str = ""
    length: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """A record with its content.

    Attributes:
        record: Where it came from.
        inputs: Content by name: `image` (H, W, 3) uint8 RGB; `line` (H, W) uint8; `waveform` (T,) float32 with
            `rate` () int64, and its spectrogram as `image`, which is made when it is asked for; `series` (T, D)
            float32, NaN where there is no value, with `times` (T,) float64 where they are known, in days since 1970;
            `text` str.
    """

    record: Record
    inputs: Mapping[str, np.ndarray | str]

    def array(self, name: str) -> np.ndarray:
        """Return the input `name`, which must be an array.

        Raises:
            DataError: If the sample has no such array.
        """
        value = self.inputs.get(name)
        if not isinstance(value, np.ndarray):
            raise DataError(f"“{self.record.path}” has no {name}; it cannot be used with this model.")
        return value


@dataclass(frozen=True, slots=True)
class Detection:
    """That a source recognises a folder or a file.

    Attributes:
        layout: The layout's name, e.g. `class folders with splits`.
        confidence: From 0 to 1; the most confident source reads the data.
        sentence: What was seen, for the person.
    """

    layout: str
    confidence: float
    sentence: str


class DatasetSource(ABC):
    """A reader of one or more layouts of one kind of data.

    A source is stateless: everything it needs to read an item again is in the record.
    """

    id: ClassVar[str]
    kind: ClassVar[str]
    title: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]] = ()
    """Endings of the files that `open` reads, with the dot, in lower case. Empty where an input is text."""
    input_name: ClassVar[str] = "file"
    """What one input is called in the window: `photo`, `recording`, `sentence`."""

    @abstractmethod
    def detect(self, root: Path) -> Detection | None:
        """Say whether `root` is in a layout of this source, quickly: look at names, not at contents."""

    @abstractmethod
    def records(self, root: Path) -> Iterator[Record | Problem]:
        """Walk `root` once, in a stable order, and yield a record for each item and each problem met."""

    @abstractmethod
    def read(self, root: Path, record: Record) -> Sample:
        """Decode one item.

        Raises:
            DataError: If it cannot be read; the message names the file and what to do.
        """

    @abstractmethod
    def open(self, given: str) -> Sample:
        """Decode one input from outside any dataset: a path of a file or, for kinds of text, the text itself.

        Raises:
            DataError: If it cannot be read.
        """

    def content(self, root: Path, record: Record) -> bytes | None:
        """What tells this item's content from another's, where a file holds many items; None: the whole file.

        Copies and leaks are found by it, and drawn splits follow it. It is asked once for each item, so it should
        cost no more than reading that item.

        Raises:
            DataError: If the item cannot be read.
        """
        return None

    def parts(self, given: str) -> Sequence[str]:
        """The inputs that one file from outside any dataset holds, each as `open` takes it; the file itself here."""
        return [given]

    def check(self, root: Path, record: Record) -> Record:
        """Look at one item's header and return its record completed (`length`, `extra`), without full decoding.

        Raises:
            DataError: If the item cannot be used.
        """
        return record


class Dataset(Protocol):
    """Indexed data: records by split, and how to read them. The index keeps it; families only read."""

    @property
    def kind(self) -> str:
        """The kind of the data."""
        ...

    @property
    def root(self) -> Path:
        """The folder or file that the person pointed at."""
        ...

    @property
    def labels(self) -> Sequence[str]:
        """The classes of the train split, sorted; empty where targets are free text."""
        ...

    @property
    def fingerprint(self) -> str:
        """A hash of what is in the data: paths, targets, splits and contents."""
        ...

    def count(self, split: Split) -> int:
        """How many usable items the split has."""
        ...

    def records(self, split: Split) -> Sequence[Record]:
        """The usable items of a split in a stable order; rows are fetched as they are read, not held."""
        ...

    def content_hash(self, record: Record) -> str:
        """The hash of the item's content, for caches."""
        ...

    def read(self, record: Record) -> Sample:
        """Decode one item; raises `DataError`."""
        ...

    def unlabelled(self, folder: Path) -> Sequence[Record]:
        """Files of this kind in any folder of the person's, without targets; `read` takes these records too.

        Raises:
            DataError: If the folder holds none.
        """
        ...


class ArrangedDataset(ABC):
    """A `Dataset` whose items are made of those of another one: sources with all their answers, places, origins.

    A family derives its own from this in `ModelFamily.arranged`. Its answers are free, so it has no labels.

    Args:
        dataset: The data as it was read.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    @property
    def kind(self) -> str:
        """The kind of the data."""
        return self._dataset.kind

    @property
    def root(self) -> Path:
        """Where it lies."""
        return self._dataset.root

    @property
    def labels(self) -> Sequence[str]:
        """None: answers are free."""
        return ()

    @property
    def fingerprint(self) -> str:
        """Of the data as it was read."""
        return self._dataset.fingerprint

    def count(self, split: Split) -> int:
        """How many items the split has."""
        return len(self.records(split))

    @abstractmethod
    def records(self, split: Split) -> Sequence[Record]:
        """The items of a split in a stable order."""

    def content_hash(self, record: Record) -> str:
        """The hash of what an item is made of."""
        return self._dataset.content_hash(record)

    def unlabelled(self, folder: Path) -> Sequence[Record]:
        """None: what such items are made of does not lie in a folder; raises `DataError`."""
        raise DataError(f"Nothing of this kind can be taken from the folder “{folder}” without targets.")

    @abstractmethod
    def read(self, record: Record) -> Sample:
        """Decode one item; raises `DataError`."""
