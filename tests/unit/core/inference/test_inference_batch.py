"""Many inputs: answered in their order, bad ones by a sentence, and no more in memory than a few batches."""

import itertools
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from inference_colours import ColourPredictor

from trasluz.api import DataError, FamilyError, Outputs, Prediction, Record, Sample
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


class _Fussy(ColourPredictor):
    """Cannot take photos that are eight pixels high, and says so in its own way."""

    def outputs(self, samples: Sequence[Sample]) -> Sequence[Outputs]:
        if any(sample.array("image").shape[0] == 8 for sample in samples):
            raise IndexError("in a plugin")
        return super().outputs(samples)

    def interpret(self, sample: Sample, outputs: Outputs) -> Prediction:
        if sample.array("image").shape[1] == 9:
            raise FamilyError("Nine is too wide.")
        return super().interpret(sample, outputs)


def test_what_the_model_cannot_take_costs_only_itself(opened: OpenModel) -> None:
    sizes = [(5, 5), (8, 5), (5, 9), (6, 6), (8, 9)]

    def read(size: tuple[int, int]) -> Sample:
        return Sample(Record(path=str(size)), {"image": np.zeros((*size, 3), np.uint8)})

    rows = list(answers(_Fussy(opened), sizes, read))
    assert [row.prediction is not None for row in rows] == [True, False, False, True, False]
    assert "IndexError" in rows[1].error
    assert rows[2].error == "Nine is too wide."
    assert all(row.sample is not None for row in rows)


def test_large_contents_are_not_read_far_ahead(opened: OpenModel, monkeypatch: pytest.MonkeyPatch) -> None:
    from trasluz.core.inference import batch

    monkeypatch.setattr(batch, "_HELD", 4 << 20)
    alive, most = 0, 0
    lock = threading.Lock()

    class Photo(np.ndarray):
        def __del__(self) -> None:
            nonlocal alive
            if self.base is None:
                with lock:
                    alive -= 1

    def read(number: int) -> Sample:
        nonlocal alive, most
        with lock:
            alive += 1
            most = max(most, alive)
        image = np.ndarray.__new__(Photo, (512, 683, 3), np.uint8)  # a megabyte
        image[:] = number
        return Sample(Record(path=str(number)), {"image": image})

    count = 0
    for row in answers(opened.predictor, range(60), read, workers=2):
        assert row.given == count
        count += 1
    assert count == 60
    assert most <= 12  # two batches of four megabytes, at work and just done, and four read ahead; and not sixty
