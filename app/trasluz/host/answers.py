"""What a model makes of inputs: rows for a window, a table for a spreadsheet, a view of one of them."""

import csv
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trasluz.api import (
    DataError,
    DatasetSource,
    Explainer,
    FamilyError,
    Prediction,
    Progress,
    Record,
    Sample,
    view_to_json,
)
from trasluz.core.atomic import rename
from trasluz.core.inference.batch import Answered, answer_together, answers
from trasluz.core.nouns import plurals

from .calls import Cancels, Reports, Rows, UsageError, check_cancelled

if TYPE_CHECKING:
    import numpy as np

    from trasluz.core.inference.doubt import Answering
    from trasluz.core.inference.model import OpenModel

MICROPHONE = "microphone"
_AT_ONCE = 64
_EVERY = 0.2
_COLUMNS = (
    "input",
    "text",
    "label",
    "score",
    "second",
    "second_score",
    "third",
    "third_score",
    "milliseconds",
    "error",
    "unsure",
)


def rows(
    model: "OpenModel",
    source: DatasetSource,
    inputs: Sequence[str],
    *,
    texts: bool,
    progress: Reports,
    cancelled: Cancels,
) -> Iterator[dict[str, Any]]:
    """Answer inputs in their order, the files of folders among them, as `predict --json` prints them."""
    from trasluz.core.inference.doubt import Answering

    answering = Answering.read(model.folder)
    given = list(inputs) if texts else list(_files(inputs, source))
    start = time.monotonic()
    for done, row in enumerate(answers(model.predictor, given, source.open, cancelled=cancelled), start=1):
        rate = done / max(time.monotonic() - start, 1e-9)
        progress(
            Progress(
                stage="Answering",
                done=done,
                total=len(given),
                unit=plurals(source.input_name),
                rate=rate,
                seconds_left=(len(given) - done) / rate,
            )
        )
        yield _row(row, answering)
    check_cancelled(cancelled)


def picture(model: "OpenModel", image: "np.ndarray") -> dict[str, Any]:
    """Answer one picture, (H, W, 3) uint8 RGB, as `predict --json` prints it."""
    from trasluz.core.inference.doubt import Answering

    sample = Sample(Record(path="camera"), {"image": image})
    (row,) = answer_together(model.predictor, [("camera", sample)])
    return _row(row, Answering.read(model.folder))


def recording(model: "OpenModel", samples: "np.ndarray", rate: int) -> dict[str, Any]:
    """Answer a sound that is in no file, (S,) float32 from -1 to 1 at `rate` Hz."""
    from trasluz.core.data.readers.recordings import Heard
    from trasluz.core.inference.doubt import Answering

    sample = Sample(Record(path=MICROPHONE), Heard(samples, rate))
    (row,) = answer_together(model.predictor, [(MICROPHONE, sample)])
    return _row(row, Answering.read(model.folder))


def answered(model: "OpenModel", prediction: Prediction, seconds: float) -> dict[str, Any]:
    """An answer that took so long to what the microphone heard, as `predict --json` prints it."""
    from trasluz.core.inference.doubt import Answering

    return _row(Answered(MICROPHONE, prediction=prediction, milliseconds=1000 * seconds), Answering.read(model.folder))


def table(
    model: "OpenModel",
    source: DatasetSource,
    inputs: Sequence[str],
    *,
    out: Path | None,
    progress: Reports,
    cancelled: Cancels,
) -> dict[str, Any]:
    """Answer many files; the rows come with the progress as they are there, and a table is written at the end.

    Raises:
        UsageError: If the table would take the place of a folder or of what is to be answered.
        FamilyError: If the table cannot be written.
        Cancelled: If nobody waits any more; there is no table then.
    """
    latest = Progress(stage="Answering", done=0)
    waiting: list[dict[str, Any]] = []
    said = time.monotonic()

    def note(step: Progress) -> None:
        nonlocal latest
        latest = step

    def hand_over() -> None:
        progress(Rows(**latest.model_dump(exclude={"type"}), rows=tuple(waiting)))
        waiting.clear()

    found: list[dict[str, Any]] = []
    _check_out(out, inputs, source)
    try:
        with _Table(out) as written:
            for row in rows(model, source, inputs, texts=False, progress=note, cancelled=cancelled):
                found.append(row)
                written.add(row)
                waiting.append(row)
                if len(waiting) >= _AT_ONCE or time.monotonic() - said > _EVERY:
                    hand_over()
                    said = time.monotonic()
            hand_over()
    except OSError as error:
        raise FamilyError(
            f"The table “{out}” cannot be written: {error.strerror or error}. Choose another place for it."
        ) from error
    return {
        "predictions": found,
        "rows": len(found),
        "errors": sum("error" in row for row in found),
        "out": str(out) if out else None,
        "provider": model.provider,
    }


def view(
    model: "OpenModel",
    source: DatasetSource,
    explainer: Explainer,
    *,
    given: str,
    choice: str | None,
    part: str = "",
    index: str = "",
    target: str = "",
) -> dict[str, Any]:
    """Make a view of one input, as plain data; of what its answer should be, where that is known.

    Raises:
        DataError: If the input cannot be read.
        UsageError: If there is no such choice.
    """
    choices = list(explainer.choices(model.card))
    if choice is not None and choice not in choices:
        raise UsageError(f"There is no “{choice}” to look at; there is {', '.join(choices) or 'nothing to choose'}.")
    if part and index:
        try:
            sample = part_of(source, Path(given), part, Path(index))
        except DataError:  # no part of the list, but of what a family makes of it: the past of a forecast
            sample = source.open(f"{given}#{part}")
    else:
        sample = source.open(given)
    if target:
        sample = replace(sample, record=replace(sample.record, target=target))
    return {"view": view_to_json(explainer.explain(model.predictor, sample, choice))}


def part_of(source: DatasetSource, file: Path, part: str, index: Path) -> Sample:
    """An item that is a part of a file, as the list of the data knows it.

    Raises:
        DataError: If the list does not know it, or it cannot be read.
    """
    from trasluz.core.data.index import Index

    with closing(Index.open(index, [source])) as dataset:
        return dataset.read(dataset.record_of(file, part))


def _row(row: Answered[str], answering: "Answering") -> dict[str, Any]:
    """One line of `predict --json`; `unsure` is in it where the person chose when the model does not know."""
    if row.prediction is None:
        return {"input": row.given, "error": row.error}
    unsure = {} if answering.unsure_below is None else {"unsure": answering.unsure(row.prediction.score)}
    return {
        "input": row.given,
        "text": row.prediction.text,
        "label": row.prediction.label,
        "score": row.prediction.score,
        "top": [[label, score] for label, score in row.prediction.top],
        "milliseconds": round(row.milliseconds, 3),
        **unsure,
    }


def _files(inputs: Sequence[str], source: DatasetSource) -> Iterator[str]:
    """The inputs, with the files that a folder holds in place of the folder; in a stable order."""
    for given in inputs:
        if not Path(given).expanduser().is_dir():
            yield from source.parts(str(Path(given).expanduser()) if given.startswith("~") else given)
            continue
        inside = list(_inside(Path(given).expanduser(), source.suffixes))
        # A folder without any is an input that cannot be answered, and is said as one.
        yield from (part for path in inside for part in source.parts(path)) if inside else [given]


def _inside(folder: Path, suffixes: Sequence[str]) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and (not suffixes or Path(name).suffix.lower() in suffixes):
                yield str(Path(place) / name)


def _check_out(out: Path | None, inputs: Sequence[str], source: DatasetSource) -> None:
    """Refuse a place for the table where it would cost somebody's file, or all the work before it fails."""
    if out is None:
        return
    out = out.expanduser()
    if out.is_dir():
        raise UsageError(
            f"“{out}” is a folder; give the name of a file for the table, such as “{out / 'answers.csv'}”."
        )
    if out.exists() and (out.suffix.lower() in source.suffixes or str(out) in inputs):
        raise UsageError(f"“{out}” is a {source.input_name}, and the table would take its place; give another name.")


class _Table:
    """A CSV file that is there when it is whole; nothing is written where no place is given."""

    def __init__(self, out: Path | None) -> None:
        self._out = out.expanduser().absolute() if out else None

    def __enter__(self) -> "_Table":
        if self._out is not None:
            self._part = self._out.with_name(f".{self._out.name}.part")
            self._file = self._part.open("w", newline="", encoding="utf-8", errors="backslashreplace")
            self._writer = csv.writer(self._file)
            self._writer.writerow(_COLUMNS)
        return self

    def add(self, row: dict[str, Any]) -> None:
        """Write one row."""
        if self._out is None:
            return
        others = [value for pair in row.get("top", [])[1:3] for value in pair]
        others += [""] * (4 - len(others))
        first = (row["input"], row.get("text", ""), row.get("label") or "", row.get("score", ""))
        unsure = ("yes" if row["unsure"] else "no") if "unsure" in row else ""
        self._writer.writerow([*first, *others, row.get("milliseconds", ""), row.get("error", ""), unsure])

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._out is None:
            return
        try:
            self._file.close()
            if kind is None:
                rename(self._part, self._out)
        finally:
            with suppress(OSError):
                self._part.unlink(missing_ok=True)
