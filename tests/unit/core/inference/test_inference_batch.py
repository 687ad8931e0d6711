"""Many inputs: answered in their order, bad ones by a sentence, and no more in memory than a few batches."""

import itertools
import threading
from typing import Any

from trasluz.api import DataError, Sample
from trasluz.core.data.index import Index
from trasluz.core.inference.batch import BATCH, answers
from trasluz.core.inference.model import OpenModel


def test_the_order_is_kept_and_a_bad_input_costs_only_itself(opened: OpenModel, dataset: Index) -> None:
    records = list(dataset.records("val"))
    inputs = [*records[:5], "no such thing", *records[5:], "broken reader"]

    def read(given: Any) -> Sample:
        if given == "no such thing":
            raise DataError("“no such thing” is not there; check its name.")
        if given == "broken reader":
            raise ZeroDivisionError("in a plugin")
        return dataset.read(given)

    rows = list(answers(opened.predictor, inputs, read))
    assert [row.given for row in rows] == inputs
    assert [bool(row.error) for row in rows] == [not hasattr(i, "path") for i in inputs]
    assert "ZeroDivisionError" in rows[-1].error


def test_an_endless_stream_is_read_only_a_little_ahead(opened: OpenModel, dataset: Index) -> None:
    record = next(iter(dataset.records("val")))
    taken = 0

    def endless() -> Any:
        nonlocal taken
        while True:
            taken += 1
            yield record

    for _ in itertools.islice(answers(opened.predictor, endless(), dataset.read), 3 * BATCH):
        pass
    assert taken <= 9 * BATCH


def test_cancelling_ends_it(opened: OpenModel, dataset: Index) -> None:
    stop = threading.Event()
    records = list(dataset.records("val")) * 20
    seen = 0
    for _ in answers(opened.predictor, records, dataset.read, cancelled=stop.is_set):
        seen += 1
        stop.set()
    assert seen <= BATCH
