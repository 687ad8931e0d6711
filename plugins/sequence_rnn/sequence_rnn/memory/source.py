"""The reader of problems of long memory: a small file says which, and the items are made by formula."""

from collections.abc import Iterator
from pathlib import Path

from trasluz.api import DataError, DatasetSource, Detection, Record, Sample, Severity, Split
from trasluz.api import Problem as Trouble

from .problems import SUFFIX, Problem, read_problem

KIND = "long-memory"
TRAIN = 50
"""Items that stand for what is learned from; learning draws new ones without end."""
SHOWN = 24
"""Characters of the beginning and of the end of an item that are listed."""
_SPLITS: tuple[tuple[Split, str], ...] = (("train", "train"), ("val", "val"))


class LongMemory(DatasetSource):
    """Reads `NAME.memory.json`: `{"problem": "copy", "delay": 100}`."""

    id = "long-memory"
    kind = KIND
    title = "Problem of long memory"
    suffixes = ()
    input_name = "text"

    def detect(self, root: Path) -> Detection | None:
        """Look for the one file."""
        path = _file(root)
        if path is None:
            return None
        return Detection("problem of long memory", 0.9, f"“{path.name}” is a problem of long memory")

    def records(self, root: Path) -> Iterator[Record | Trouble]:
        """Yield the items to judge by, and some of the kind that is learned from."""
        path = _file(root)
        if path is None:
            return
        try:
            problem = read_problem(path)
        except DataError as error:
            yield Trouble("unreadable", str(error), Severity.ERROR, (path.name,))
            return
        for split, word in _SPLITS:
            for number in range(TRAIN if split == "train" else problem.items):
                text, answer = problem.item(word, number)
                yield Record(
                    path=path.name,
                    target=answer,
                    part=f"{word} {number}",
                    split=split,
                    length=float(len(text)),
                    extra={"split": word, "number": number, "texts": {"what is read": _short(text), "answer": answer}},
                )

    def content(self, root: Path, record: Record) -> bytes:
        """Its place: where few different items are possible, the same one may come twice, and is no leak."""
        return record.part.encode()

    def read(self, root: Path, record: Record) -> Sample:
        """Make the item."""
        path = _file(root)
        if path is None:
            raise DataError(f"“{record.path}” is no longer there; look at the data again.")
        text, _ = _problem(path).item(str(record.extra["split"]), int(record.extra["number"]))
        return Sample(record, {"text": text})

    def open(self, given: str) -> Sample:
        """Take an item as it was typed."""
        if not given.strip():
            raise DataError("There is nothing to answer; type an item of the problem, such as “bdca....????”.")
        return Sample(Record(path=given[:200]), {"text": given})


def _short(text: str) -> str:
    """How an item begins and ends; what lies between is waited for."""
    return text if len(text) <= 2 * SHOWN else f"{text[:SHOWN]} … {text[-SHOWN:]}"


def _file(root: Path) -> Path | None:
    if root.is_file():
        return root if root.name.endswith(SUFFIX) else None
    try:
        found = sorted(path for path in root.iterdir() if path.name.endswith(SUFFIX))
    except OSError:
        return None
    return found[0] if len(found) == 1 else None


def problem_at(root: Path) -> Problem:
    """The problem that data is about.

    Raises:
        DataError: If there is none.
    """
    path = _file(root)
    if path is None:
        raise DataError(f"There is no problem of long memory in “{root.name}”.")
    return _problem(path)


def _problem(path: Path) -> Problem:
    return read_problem(path)
