"""Indexed data: what a project knows of its photos, in one SQLite file. Light enough for the window to read."""

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal, Self, overload

from trasluz.api import SPLITS, DataError, DatasetSource, Progress, Record, Sample, Split
from trasluz.core.corrections import Corrections
from trasluz.core.nouns import plurals

from .database import SEVERITIES, VERSION, open_to_read
from .names import located, quoted, shown
from .summary import DataSummary, Item, ProblemRow, has_classes

Order = Literal["path", "label", "split", "size", "problem"]

_PAGE: Final = 512
_RECORD: Final = "path, label, part, split, grp, length, extra, found"
_PROBLEM: Final = (
    "(SELECT p.sentence FROM problems AS p WHERE p.item = i.id ORDER BY p.severity DESC, p.id LIMIT 1) AS problem"
)
_ORDERS: Final[dict[str, str]] = {
    "path": "i.path, i.id",  # the rows of a file in their order, not as “1, 10, 100”
    "label": "i.label, i.id",
    "split": "i.split, i.position",
    "size": "i.size DESC, i.id",
    "problem": "(SELECT max(p.severity) FROM problems AS p WHERE p.item = i.id) DESC, i.id",
}


class Index:
    """An index file, open for reading; implements `trasluz.api.Dataset`.

    It may be used from several threads at once, and copied into another process.
    """

    def __init__(self, at: Path, sources: Sequence[DatasetSource] = (), *, root: Path | None = None) -> None:
        self.at = at.absolute()
        self._local = threading.local()
        self._meta = self._read_meta()
        self._root = root.absolute() if root else Path(located(self._meta["root"]))
        self._folder = self._root if self._root.is_dir() or not self._root.suffix else self._root.parent
        self._source = next((s for s in sources if s.id == self._meta["source"]), None)
        self._labels: tuple[str, ...] | None = None

    @classmethod
    def build(
        cls,
        root: Path,
        at: Path,
        sources: Sequence[DatasetSource],
        *,
        seed: int = 0,
        corrections: Corrections | None = None,
        progress: Callable[[Progress], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Self:
        """Index the data at `root` into the file `at`, all or nothing; files that have not changed are not read again.

        What the person corrected counts in place of what the data says.

        Raises:
            DataError: If the data cannot be used at all, or the index cannot be written; an earlier one stays.
            concurrent.futures.CancelledError: If `cancelled` said so.
        """
        from .building import build_index

        source = build_index(
            Path(root), Path(at), sources, seed=seed, corrections=corrections, progress=progress, cancelled=cancelled
        )
        return cls(Path(at), [source])

    @classmethod
    def open(cls, at: Path, sources: Sequence[DatasetSource] = (), *, root: Path | None = None) -> Self:
        """Open an index; `sources` are needed to `read`, `root` where the data has moved since.

        Raises:
            DataError: If there is none, or it is of another version; then the data is to be looked at again.
        """
        return cls(Path(at), sources, root=root)

    # what a family reads

    @property
    def kind(self) -> str:
        """The kind of the data."""
        return self._meta["kind"]

    @property
    def root(self) -> Path:
        """The folder or file that the person pointed at."""
        return self._root

    @property
    def fingerprint(self) -> str:
        """A hash of what is in the data: paths, targets, splits and contents."""
        return self._meta["fingerprint"]

    @property
    def uncorrected(self) -> str:
        """The same hash as it would be without the person's corrections."""
        return self._meta.get("uncorrected") or self.fingerprint

    @property
    def corrections(self) -> str:
        """The digest of the corrections that it holds; empty where there are none."""
        return self._meta.get("corrections", "")

    @property
    def input_name(self) -> str:
        """What one item is called."""
        return self._meta["input_name"]

    @property
    def seed(self) -> int:
        """What the drawn splits were drawn with."""
        return int(self._meta["seed"])

    @property
    def labels(self) -> Sequence[str]:
        """The classes of the train split, sorted; empty where targets are free text."""
        if self._labels is None:
            rows = []
            if has_classes(self.kind):
                rows = self._rows("SELECT DISTINCT label FROM items WHERE split = 'train' ORDER BY label")
            self._labels = tuple(sorted(row[0] for row in rows))
        return self._labels

    def count(self, split: Split) -> int:
        """How many usable items the split has."""
        return int(self._rows("SELECT count(*) FROM items WHERE split = ?", (split,))[0][0])

    def records(self, split: Split) -> Sequence[Record]:
        """The usable items of a split in a stable order; rows are fetched as they are read, not held."""
        return Records(self, split, range(self.count(split)))

    def content_hash(self, record: Record) -> str:
        """The hash of the item's content, for caches.

        Raises:
            DataError: If the index does not know the record.
        """
        rows = self._rows("SELECT hash FROM items WHERE path = ? AND part = ?", (record.path, record.part))
        if not rows or rows[0][0] is None:
            raise DataError(f"{quoted(record.path)} is not in the list of the data; look at the data again.")
        return bytes(rows[0][0]).hex()

    def read(self, record: Record) -> Sample:
        """Decode one item.

        Raises:
            DataError: If it cannot be read.
        """
        if self._source is None:
            raise DataError(
                f"The data was read by “{self._meta['source']}”, which is not installed; add the plugin that brings it."
            )
        return self._source.read(self._root, record)

    def unlabelled(self, folder: Path) -> Sequence[Record]:
        """Files of this kind in any folder of the person's, without targets; `read` takes these records too.

        They are known by their suffixes, and not looked at before they are read.

        Raises:
            DataError: If the folder holds none.
        """
        from .walk import files_below

        place, suffixes = folder.expanduser().absolute(), tuple(json.loads(self._meta["suffixes"]))
        names = (name for name in files_below(place) if isinstance(name, str))
        found = [Record(path=shown(place / name)) for name in names if name.lower().endswith(suffixes)]
        if not found:
            raise DataError(f"There is no {self.input_name} in the folder {quoted(folder)}; choose another one.")
        return found

    # what a page shows

    def summary(self) -> DataSummary:
        """The data at a glance."""
        counts: dict[str, dict[str, int]] = {}
        for split, label, count in self._rows(
            "SELECT split, CASE ? WHEN 1 THEN label ELSE '' END AS shown, count(*) FROM items WHERE split IS NOT NULL"
            " GROUP BY split, shown ORDER BY shown",
            (int(has_classes(self.kind)),),
        ):
            counts.setdefault(split, {})[label] = count
        return DataSummary(
            root=self._meta["root"],
            name=self._root.name,
            kind=self.kind,
            layout=self._meta["layout"],
            sentence=self._sentence(counts),
            input_name=self._meta["input_name"],
            total=sum(sum(c.values()) for c in counts.values()),
            counts={split: counts[split] for split in SPLITS if split in counts},
            split_given=bool(self._meta["split_given"]),
            problems=tuple(self._problem_rows()),
            fingerprint=self.fingerprint,
            labels=tuple(self.labels),
            seed=self.seed,
            suffixes=tuple(json.loads(self._meta["suffixes"])),
            columns=() if has_classes(self.kind) else self._columns(),
        )

    def _columns(self) -> tuple[str, ...]:
        return tuple(name for item in self.page(limit=1) for name, _ in item.texts)

    def page(
        self,
        *,
        offset: int = 0,
        limit: int = 200,
        label: str | None = None,
        split: str | None = None,
        search: str = "",
        rule: str | None = None,
        holds: str = "",
        order: Order = "path",
    ) -> list[Item]:
        """A stretch of the items for a gallery, with those that are set aside.

        Args:
            offset: How many to skip.
            limit: How many to return.
            label: Only that class.
            split: Only that split.
            search: Only items whose path, or whose text where it is free, contains this, whatever its case.
            rule: Only items with a problem of that rule; `*` for any problem.
            holds: Only items whose text has exactly this in it, such as a character.
            order: What they are sorted by.
        """
        where, values = _where(label, split, search, rule, holds, free=not has_classes(self.kind))
        rows = self._rows(
            f"SELECT i.id, i.path, i.label, i.split, {_PROBLEM}, i.width, i.height, i.size, i.part, i.length,"
            f" json_extract(i.extra, '$.texts') FROM items AS i {where} ORDER BY {_ORDERS[order]} LIMIT ? OFFSET ?",
            (*values, limit, offset),
        )
        return [
            Item(r[0], r[1], r[2], r[3], r[4] or "", r[5], r[6], r[7] or 0, r[8], r[9], _texts(r[10])) for r in rows
        ]

    def page_count(
        self,
        *,
        label: str | None = None,
        split: str | None = None,
        search: str = "",
        rule: str | None = None,
        holds: str = "",
    ) -> int:
        """How many items the same filters of `page` leave."""
        where, values = _where(label, split, search, rule, holds, free=not has_classes(self.kind))
        return int(self._rows(f"SELECT count(*) FROM items AS i {where}", values)[0][0])

    def record_of(self, file: Path, part: str = "") -> Record:
        """The record of an item by its place on disk.

        Raises:
            DataError: If the index does not know it.
        """
        path = shown(file.relative_to(self._folder).as_posix()) if file.is_relative_to(self._folder) else str(file)
        rows = self._rows(f"SELECT {_RECORD} FROM items WHERE path = ? AND part = ?", (path, part))
        if not rows:
            raise DataError(f"{quoted(path)} is not in the list of the data; look at the data again.")
        return _record(rows[0])

    def texts(self) -> Iterator[tuple[str, str]]:
        """The split and the text of every item that can be used, in a stable order; the text is the target."""
        for split in SPLITS:
            for record in self.records(split):
                yield split, record.target

    def absolute(self, path: str) -> Path:
        """Where an item's path lies on disk."""
        return self._folder / located(path)

    def close(self) -> None:
        """Close this thread's connection; the next use opens it again."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_local"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._local = threading.local()

    def _problem_rows(self) -> Iterator[ProblemRow]:
        from .checks import together

        noun = self._meta["input_name"]
        for rule, severity, count, first in self._rows(
            "SELECT rule, max(severity), count(*), sentence FROM problems GROUP BY rule"
            " ORDER BY max(severity) DESC, count(*) DESC, rule"
        ):
            paths = self._rows(
                "SELECT path FROM problems WHERE rule = ? AND path IS NOT NULL ORDER BY id LIMIT 20", (rule,)
            )
            yield ProblemRow(
                rule=rule,
                sentence=together(rule, count, noun, first),
                severity=SEVERITIES[severity],
                paths=tuple(row[0] for row in paths),
                count=count,
            )

    def _sentence(self, counts: dict[str, dict[str, int]]) -> str:
        sizes = {split: sum(c.values()) for split, c in counts.items()}
        total, noun = sum(sizes.values()), self._meta["input_name"]
        text = f"{total:,} {noun if total == 1 else plurals(noun)}"
        labels = {label for c in counts.values() for label in c if label}
        if labels:
            text += f" in {len(labels):,} class{'' if len(labels) == 1 else 'es'}"
        pieces = []
        if sizes.get("train"):
            pieces.append(f"{sizes['train']:,} to learn from")
        if sizes.get("val"):
            pieces.append(f"{sizes['val']:,} {'' if self._meta['split_given'] else 'drawn '}to judge by")
        if sizes.get("test"):
            pieces.append(f"{sizes['test']:,} kept for a last test")
        return f"{text}: {', '.join(pieces)}."

    def _read_meta(self) -> dict[str, str]:
        if not self.at.is_file():
            raise DataError(f"There is no list of the data at {quoted(self.at)}; look at the data first.")
        try:
            meta = dict(self._rows("SELECT key, value FROM meta"))
        except (sqlite3.Error, DataError) as error:
            raise DataError(f"The list of the data at {quoted(self.at)} is damaged; look at the data again.") from error
        if meta.get("version") != str(VERSION):
            raise DataError(f"The list of the data at {quoted(self.at)} is of another version; look at the data again.")
        return meta

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        try:
            return self._connection().execute(sql, values).fetchall()
        except sqlite3.Error as error:
            self.close()
            raise DataError(
                f"The list of the data at {quoted(self.at)} cannot be read ({error}); look at the data again."
            ) from error

    def _connection(self) -> sqlite3.Connection:
        # One for each thread, and a new one after a fork: SQLite's connections survive neither.
        connection = getattr(self._local, "connection", None)
        if connection is None or self._local.process != os.getpid():
            connection = open_to_read(self.at)
            self._local.connection, self._local.process = connection, os.getpid()
        found: sqlite3.Connection = connection
        return found


class Records(Sequence[Record]):
    """The records of a split, fetched as they are read; a slice is another such sequence."""

    def __init__(self, index: Index, split: Split, positions: range) -> None:
        self._index = index
        self._split = split
        self._positions = positions

    def __len__(self) -> int:
        return len(self._positions)

    @overload
    def __getitem__(self, at: int) -> Record: ...
    @overload
    def __getitem__(self, at: slice) -> "Records": ...
    def __getitem__(self, at: int | slice) -> "Record | Records":
        if isinstance(at, slice):
            return Records(self._index, self._split, self._positions[at])
        position = self._positions[at]
        rows = self._index._rows(
            f"SELECT {_RECORD} FROM items WHERE split = ? AND position = ?", (self._split, position)
        )
        return _record(rows[0])

    def __iter__(self) -> Iterator[Record]:
        for start in range(0, len(self._positions), _PAGE):
            stretch = self._positions[start : start + _PAGE]
            low, high = min(stretch[0], stretch[-1]), max(stretch[0], stretch[-1])
            if abs(stretch.step) > 8:  # far apart: one by one is less to read
                yield from (self[i] for i in range(start, start + len(stretch)))
                continue
            rows = self._index._rows(
                f"SELECT {_RECORD}, position FROM items WHERE split = ? AND position BETWEEN ? AND ?",
                (self._split, low, high),
            )
            found = {row["position"]: row for row in rows}
            yield from (_record(found[position]) for position in stretch)


def _record(row: Any) -> Record:
    path, label, part, split, group, length, extra, found = tuple(row)[:8]
    added = json.loads(found).get("extra", {}) if found else {}
    given = json.loads(extra) if extra else {}
    return Record(path, label, part, split, group, length, {**given, **added})


def _texts(found: str | None) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(text)) for name, text in json.loads(found).items()) if found else ()


def _where(
    label: str | None, split: str | None, search: str, rule: str | None, holds: str, *, free: bool
) -> tuple[str, tuple[Any, ...]]:
    clauses: list[str] = []
    values: list[Any] = []
    if label is not None:
        clauses.append("i.label = ?")
        values.append(label)
    if split is not None:
        clauses.append("i.split = ?")
        values.append(split)
    if search:
        escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        anywhere = ["i.path LIKE ? ESCAPE '\\'"]
        if free:
            anywhere.append("i.label LIKE ? ESCAPE '\\'")
            anywhere.append("EXISTS (SELECT 1 FROM json_each(i.extra, '$.texts') WHERE value LIKE ? ESCAPE '\\')")
        clauses.append(f"({' OR '.join(anywhere)})")
        values.extend([f"%{escaped}%"] * len(anywhere))
    if holds:
        clauses.append("instr(i.label, ?) > 0")
        values.append(holds)
    if rule == "*":
        clauses.append("i.id IN (SELECT p.item FROM problems AS p WHERE p.item IS NOT NULL)")
    elif rule is not None:
        clauses.append("i.id IN (SELECT p.item FROM problems AS p WHERE p.rule = ? AND p.item IS NOT NULL)")
        values.append(rule)
    return (f"WHERE {' AND '.join(clauses)}" if clauses else ""), tuple(values)


__all__ = ["DataSummary", "Index", "Item", "Order", "ProblemRow", "Records"]
