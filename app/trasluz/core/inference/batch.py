"""Many inputs through one model: decoded in threads while ONNX Runtime works, answered in their order."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from trasluz.api import DataError, FamilyError, Outputs, Prediction, Predictor, Sample

T = TypeVar("T")
BATCH = 16
_AHEAD = 4 * BATCH


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

    An input that cannot be read is answered by its error and does not stop the others.

    Args:
        predictor: Of the open model.
        inputs: Anything that `read` reads; may be endless.
        read: Decodes one input; called from several threads.
        workers: Decoding threads; 0 takes one for each core.
        cancelled: Asked between batches; ends the iteration.
    """
    waiting: deque[tuple[T, Future[Sample]]] = deque()
    source = iter(inputs)
    with ThreadPoolExecutor(workers or max(2, os.cpu_count() or 2), "decode") as pool:
        try:
            while not cancelled():
                for given in islice(source, max(0, _AHEAD - len(waiting))):
                    waiting.append((given, pool.submit(read, given)))
                if not waiting:
                    return
                ready = [waiting.popleft() for _ in range(min(BATCH, len(waiting)))]
                yield from answer_together(predictor, [(given, _read(future)) for given, future in ready])
        finally:
            for _, future in waiting:
                future.cancel()


def answer_together(predictor: Predictor, batch: Sequence[tuple[T, Sample | str]]) -> list[Answered[T]]:
    """Answer what was read; a string in place of a sample is the reason why there is none."""
    samples = [content for _, content in batch if isinstance(content, Sample)]
    start = time.perf_counter()
    found = iter(_outputs(predictor, samples))
    each = (time.perf_counter() - start) * 1000 / max(1, len(samples))
    rows: list[Answered[T]] = []
    for given, content in batch:
        if isinstance(content, str):
            rows.append(Answered(given, error=content))
            continue
        outputs = next(found)
        if isinstance(outputs, str):
            rows.append(Answered(given, content, error=outputs))
        else:
            rows.append(Answered(given, content, outputs, predictor.interpret(content, outputs), milliseconds=each))
    return rows


def _outputs(predictor: Predictor, samples: Sequence[Sample]) -> Sequence[Outputs | str]:
    """The outputs of each sample; when a batch fails, one by one, so that only the culprit has an error."""
    if not samples:
        return []
    try:
        return predictor.outputs(samples)
    except (DataError, FamilyError) as error:
        if len(samples) == 1:
            return [str(error)]
        return [_outputs(predictor, [sample])[0] for sample in samples]


def _read(future: "Future[Sample]") -> Sample | str:
    try:
        return future.result()
    except DataError as error:
        return str(error)
    except Exception as error:  # a reader is a plugin's: whatever it raises costs this one input
        return f"This input could not be read ({type(error).__name__}: {error})."
