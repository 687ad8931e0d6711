"""The pairs as the model sees them: which column is asked, which is answered, and all right answers together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, overload

from trasluz.api import SPLITS, ArrangedDataset, DataError, Dataset, Record, Sample, Split

BETWEEN = "\n"
"""Between the right answers to one source, in `Record.target`: no text holds a line end."""


class Directed(ArrangedDataset):
    """A `trasluz.api.Dataset` with one item for each different source of a split; its target is all right answers.

    Raises:
        DataError: If a column is not there.
    """

    def __init__(self, dataset: Dataset, settings: Mapping[str, Any]) -> None:
        super().__init__(dataset)
        first = next((r for split in SPLITS for r in dataset.records(split)[:1]), None)
        columns = list(first.extra["texts"]) if first is not None else ["1", "2"]
        for name in ("source", "target"):
            given = settings.get(name) or ""
            if given and given not in columns:
                raise DataError(f"There is no column “{given}” in “{dataset.root.name}”; it has {', '.join(columns)}.")
        asked = settings.get("source") or next(c for c in columns if c != (settings.get("target") or ""))
        self.source = str(asked)
        self.target = str(settings.get("target") or next(c for c in columns if c != self.source))
        if self.source == self.target:
            raise DataError(f"Source and target are the same column, “{self.source}”; choose two.")
        self._groups: dict[Split, list[tuple[int, ...]]] = {}

    def count(self, split: Split) -> int:
        """How many different sources the split has."""
        return len(self._grouped(split))

    def records(self, split: Split) -> "Sequence[Record]":
        """An item for each different source, in the order in which they come."""
        return _Grouped(self, split, self._grouped(split))

    def read(self, record: Record) -> Sample:
        """Give the source as `text`."""
        return Sample(record, {"text": record.extra["texts"][self.source]})

    def pairs(self, split: Split) -> Iterator[tuple[str, str]]:
        """All pairs of a split, one by one."""
        for record in self._dataset.records(split):
            texts = record.extra["texts"]
            yield texts[self.source], texts[self.target]

    def together(self, split: Split, positions: Sequence[int]) -> Record:
        """One item of several pairs."""
        records = self._dataset.records(split)
        found = [records[p] for p in positions]
        answers = dict.fromkeys(str(record.extra["texts"][self.target]) for record in found)
        return replace(found[0], target=BETWEEN.join(answers))

    def _grouped(self, split: Split) -> list[tuple[int, ...]]:
        if split not in self._groups:
            groups: dict[int, list[int]] = {}
            for position, (source, _) in enumerate(self.pairs(split)):
                groups.setdefault(hash(source), []).append(position)
            self._groups[split] = [tuple(each) for each in groups.values()]
        return self._groups[split]


class _Grouped(Sequence[Record]):
    def __init__(self, data: Directed, split: Split, groups: Sequence[tuple[int, ...]]) -> None:
        self._data, self._split, self._groups = data, split, groups

    def __len__(self) -> int:
        return len(self._groups)

    @overload
    def __getitem__(self, at: int) -> Record: ...
    @overload
    def __getitem__(self, at: slice) -> "_Grouped": ...
    def __getitem__(self, at: int | slice) -> "Record | _Grouped":
        if isinstance(at, slice):
            return _Grouped(self._data, self._split, self._groups[at])
        return self._data.together(self._split, self._groups[at])
