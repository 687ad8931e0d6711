"""Looking at held-out items between passes: which ones, in which batches, and which few are shown."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from trasluz.api import DataError, Record, TrainContext

from .batches import Batches

Loaded = TypeVar("Loaded")
Row = TypeVar("Row")

PREVIEWS = 8
"""Items that a validation shows."""
FEW = 200


def held_out(context: TrainContext, *, at_most: int = FEW) -> Sequence[Record]:
    """The val items; where there are none, the first `at_most` of those to learn from."""
    records = context.dataset.records("val")
    return records if len(records) else context.dataset.records("train")[:at_most]


def looked_at(
    records: Sequence[Record],
    load: Callable[[Record], Loaded],
    *,
    at_once: int,
    plural: str,
    lengths: Sequence[float] | None = None,
) -> Iterator[list[tuple[Record, Loaded]]]:
    """Yield the items in batches, each with what `load` makes of it; those that cannot be read are left out.

    Args:
        records: The items.
        load: Reads and prepares one; runs in threads.
        at_once: Items of a batch.
        plural: What they are called in the sentence of the error: `lines`.
        lengths: How long each is, so that a batch is of like lengths.

    Raises:
        DataError: If none can be read.
    """

    def paired(record: Record, _draw: Any) -> tuple[Record, Loaded]:
        return record, load(record)

    batches: Batches[Record, tuple[Record, Loaded]] = Batches(
        records, load=paired, collate=list, batch_size=at_once, shuffle=False, lengths=lengths
    )
    found = False
    for batch in batches.epoch(0):
        if batch.items:
            found = True
            yield batch.items
    if not found:
        raise DataError(f"None of the val {plural} could be read; look at the list of problems on the Data page.")


def shown(rows: Sequence[Row], count: int = PREVIEWS) -> Sequence[Row]:
    """A few of many, evenly from all over."""
    return rows[:: max(1, len(rows) // count)][:count]
