"""A run's judgement as the Judge page shows it: read in a thread, without widgets."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api import DataError, Matrix, ModelCard
from trasluz.api.model import CARD_NAME
from trasluz.ui.pages.words import plurals

if TYPE_CHECKING:
    from trasluz.core.runs.folder import RunFolder


@dataclass(frozen=True, slots=True)
class Judged:
    """One item: what it is, what the model says."""

    path: str
    target: str
    answer: str
    score: float | None = None
    top: tuple[tuple[str, float], ...] = ()

    @property
    def right(self) -> bool:
        """Whether the answer is the target."""
        return self.answer == self.target


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class: how many there are, how many are found, how many others are taken for it."""

    label: str
    items: int
    right: int
    others: int

    @property
    def recall(self) -> float | None:
        """Of those that are it, the share that is found."""
        return self.right / self.items if self.items else None

    @property
    def precision(self) -> float | None:
        """Of those that are called it, the share that is it."""
        called = self.right + self.others
        return self.right / called if called else None


@dataclass(slots=True)
class Verdict:
    """Everything on the page."""

    card: ModelCard
    items: list[Judged]
    split: str
    provider: str = ""
    items_per_second: float | None = None
    """Over the whole way: read, decoded, answered in batches."""
    milliseconds: float | None = None
    """Of the model alone for one item, the median."""
    skipped: list[dict[str, Any]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    counts: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), dtype=int))
    cells: dict[tuple[int, int], list[int]] = field(default_factory=dict)

    @property
    def score(self) -> float | None:
        """The headline metric of the ONNX model."""
        return self.card.metrics.get(self.card.headline)

    @property
    def matrix(self) -> Matrix:
        """What is taken for what."""
        return Matrix("What is taken for what", self.counts, self.labels, self.labels)

    def classes(self) -> list[ClassRow]:
        """A row for each class, the least well found first."""
        rows = []
        for i, label in enumerate(self.labels):
            right = int(self.counts[i, i])
            rows.append(ClassRow(label, int(self.counts[i].sum()), right, int(self.counts[:, i].sum()) - right))
        return sorted(rows, key=lambda r: (r.recall if r.recall is not None else 2.0, r.label))

    def mistakes(self) -> list[Judged]:
        """All wrong answers, the surest first."""
        return surest([item for item in self.items if not item.right])

    def behind(self, row: int, column: int) -> list[Judged]:
        """The items of a cell: mistakes surest first, right answers least sure first."""
        found = [self.items[i] for i in self.cells.get((row, column), [])]
        return surest(found) if row != column else surest(found)[::-1]

    def cell_title(self, row: int, column: int) -> tuple[str, str]:
        """Title and order of a cell in words: `5 longsleeves taken for t-shirts`, `surest mistakes first`."""
        count = int(self.counts[row, column])
        what = self.labels[row] if count == 1 else plurals(self.labels[row])
        if row == column:
            return f"{count} {what} seen as such", "least sure first"
        other = self.labels[column] if count == 1 else plurals(self.labels[column])
        return f"{count or 'No'} {what} taken for {other}", "surest mistakes first" if count else ""


def surest(items: Sequence[Judged]) -> list[Judged]:
    """Sort by how sure the model was, the surest first."""
    return sorted(items, key=lambda item: -(item.score if item.score is not None else 0.0))


def read_verdict(run: "RunFolder") -> Verdict:
    """Read the judgement and the card of a finished run.

    Raises:
        DataError: If either is missing or broken; the message says what to do.
    """
    try:
        card = ModelCard.model_validate_json((run.model_folder / CARD_NAME).read_bytes())
        told = json.loads(run.judgement_path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(
            f"The judgement of the run “{run.path.name}” cannot be read ({error}); train again to have it judged anew."
        ) from error
    return verdict_of(card, told)


def verdict_of(card: ModelCard, told: dict[str, Any]) -> Verdict:
    """Make the verdict of a card and a judgement as JSON."""
    items = [
        Judged(
            path=str(raw["path"]),
            target=str(raw.get("target", "")),
            answer=str(raw.get("label") or raw.get("text", "")),
            score=raw.get("score"),
            top=tuple((str(name), float(value)) for name, value in raw.get("top") or ()),
        )
        for raw in told.get("items", ())
    ]
    verdict = Verdict(
        card=card,
        items=items,
        split=str(told.get("split") or card.data.judged_on),
        provider=str(told.get("provider") or ""),
        items_per_second=told.get("items_per_second"),
        milliseconds=told.get("milliseconds"),
        skipped=list(told.get("skipped") or ()),
    )
    if card.labels:
        # a class that is only in the data judged on has no column of its own otherwise
        extra = {t for item in items for t in (item.target, item.answer)} - set(card.labels)
        verdict.labels = [*card.labels, *sorted(extra)]
        place = {label: i for i, label in enumerate(verdict.labels)}
        verdict.counts = np.zeros((len(verdict.labels), len(verdict.labels)), dtype=int)
        cells: dict[tuple[int, int], list[int]] = defaultdict(list)
        for i, item in enumerate(items):
            cell = place[item.target], place[item.answer]
            verdict.counts[cell] += 1
            cells[cell].append(i)
        verdict.cells = dict(cells)
    return verdict
