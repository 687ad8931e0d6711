"""Many inputs through one model: decoded in threads while ONNX Runtime works, answered in their order."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from trasluz.api import DataError, FamilyError, Outputs, Prediction, Predictor, Sample

from .session import usable_cores

T = TypeVar("T")
BATCH = 16
_AHEAD = 4 * BATCH
_HELD = 256 << 20
"""Bytes of decoded content that may wait: a few photos of a good camera, or all that are read ahead of small ones."""


@dataclass(frozen=True, slots=True)
class Answered(Generic[T]):
    """What became of one input.

    Attributes:
        given: The input.
        sample: Its content, or None where it could not be read.
        outputs: What the model computed.
        prediction: The answer.
        error: Why there is none, in a sentence; empty where there is one.
        milliseconds: The time of the model for this input (its share of the batch), without decoding.
    """

    given: T
    sample: Sample | None = None
    outputs: Outputs | None = None
    prediction: Prediction | None = None
    error: str = ""
    milliseconds: float = 0.0


def answers(
    predictor: Predictor,
    inputs: Iterable[T],
    read: Callable[[T], Sample],
    *,
    workers: int = 0,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Answered[T]]:
    """Answer inputs in their order; at most a few batches are in memory at once.

    An input that cannot be read, or that the model cannot take, is answered by its error and does not stop the others.

    Args:
        predictor: Of the open model.
        inputs: Anything that `read` reads; may be endless.
        read: Decodes one input; called from several threads.
        workers: Decoding threads; 0 takes one for each core.
        cancelled: Asked between batches; ends the iteration.
    """
    for batch in _batches(inputs, read, workers=workers, cancelled=cancelled):
        yield from answer_together(predictor, batch)


def answer_together(predictor: Predictor, batch: Sequence[tuple[T, Sample | str]]) -> list[Answered[T]]:
    """Answer what was read; a string in place of a sample is the reason why there is none."""
    samples = [content for _, content in batch if isinstance(content, Sample)]
    start = time.perf_counter()
    found = iter(_computed(predictor, samples))
    each = (time.perf_counter() - start) * 1000 / max(1, len(samples))
    rows: list[Answered[T]] = []
    for given, content in batch:
        if isinstance(content, str):
            rows.append(Answered(given, error=content))
            continue
        computed = next(found)
        if isinstance(computed, str):
            rows.append(Answered(given, content, error=computed))
        else:
            rows.append(Answered(given, content, computed[0], computed[1], milliseconds=each))
    return rows


def _computed(predictor: Predictor, samples: Sequence[Sample]) -> Sequence[tuple[Outputs, Prediction] | str]:
    """Outputs and answer of each sample; when a batch fails, one by one, so that only the culprit has an error.

    That also gives a batch that is too large for the memory a second chance.
    """
    if not samples:
        return []
    try:
        found = predictor.outputs(samples)
        if len(found) != len(samples):
            raise FamilyError(f"The model gave {len(found)} answers to {len(samples)} inputs.")
        return [(out, predictor.interpret(sample, out)) for sample, out in zip(samples, found, strict=True)]
    except Exception as error:  # a predictor is a plugin's: whatever it raises costs the input it was raised for
        if len(samples) > 1:
            return [_computed(predictor, [sample])[0] for sample in samples]
        if isinstance(error, DataError | FamilyError):
            return [str(error)]
        return [f"The model could not answer this input ({type(error).__name__}: {error})."]


def _batches(
    inputs: Iterable[T], read: Callable[[T], Sample], *, workers: int, cancelled: Callable[[], bool]
) -> Iterator[list[tuple[T, Sample | str]]]:
    """What was read, in batches, in the order of the inputs; reading goes on in threads in the meantime."""
    source = iter(inputs)
    waiting: deque[tuple[T, Future[Sample]]] = deque()
    workers = workers or usable_cores() or os.cpu_count() or 2
    more, largest = True, 0
    with ThreadPoolExecutor(workers, "decode") as pool:

        def fill() -> None:
            nonlocal more
            # What is still being read has no size yet: it is taken to be as large as the largest so far.
            fitting = min(_AHEAD, _HELD // largest) if largest else 2 * workers
            while more and len(waiting) < max(fitting, workers):
                try:
                    given = next(source)
                except StopIteration:
                    more = False
                    return
                waiting.append((given, pool.submit(read, given)))

        try:
            while not cancelled():
                fill()
                if not waiting:
                    return
                batch: list[tuple[T, Sample | str]] = []
                size = 0
                while waiting and len(batch) < BATCH and size < _HELD:
                    given, future = waiting.popleft()
                    content = _read(future)
                    size += _size(content)
                    largest = max(largest, _size(content))
                    batch.append((given, content))
                    fill()
                yield batch
        finally:
            for _, future in waiting:
                future.cancel()


def _size(content: Sample | str) -> int:
    values = content.inputs.values() if isinstance(content, Sample) else ()
    return sum(v.nbytes for v in values if isinstance(v, np.ndarray))


def _read(future: "Future[Sample]") -> Sample | str:
    try:
        return future.result()
    except (DataError, FamilyError) as error:
        return str(error)
    except Exception as error:  # a reader is a plugin's: whatever it raises costs this one input
        return f"This input could not be read ({type(error).__name__}: {error})."
