"""A run's judgement as the Judge page shows it: read in a thread, without widgets."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api import DataError, Interval, Matrix, ModelCard
from trasluz.api.model import CARD_NAME
from trasluz.api.scores import wilson
from trasluz.core.corrections import Corrections, Relabelled
from trasluz.core.differences import BETWEEN
from trasluz.core.inference.doubt import RiskCoverage
from trasluz.core.nouns import plurals
from trasluz.core.runs.comparison import applied, key_of
from trasluz.ui.kinds import MEASURED, KindWords, words_for
from trasluz.ui.steps import plural

from .readings import Readings
from .steps import STEPWISE, counted, wrong_steps

if TYPE_CHECKING:
    from trasluz.core.runs.folder import RunFolder
    from trasluz.ui.session import Session


@dataclass(frozen=True, slots=True)
class Judged:
    """One item: what it is, what the model says.

    Attributes:
        told: What it was when the model was judged, where the person says another class now; empty otherwise.
        length: Of the item, in its source's own measure.
        group: The speaker, the writer, the page that it belongs to.
        asked: What was asked, where that was a text.
    """

    path: str
    target: str
    answer: str
    score: float | None = None
    top: tuple[tuple[str, float], ...] = ()
    part: str = ""
    told: str = ""
    length: float | None = None
    group: str = ""
    asked: str = ""

    @property
    def key(self) -> str:
        """One word for it, as `core.runs.comparison` has it."""
        return key_of(self.path, self.part)

    @property
    def right(self) -> bool:
        """Whether the answer is the target, or one of several right ones."""
        return self.answer == self.target or (BETWEEN in self.target and self.answer in self.target.split(BETWEEN))


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class: how many there are, how many are found, how many others are taken for it.

    The intervals are Wilson's, 95 %. For F1 it is that of the share of right answers among all items that are the
    class or are called it, J, turned by F1 = 2J / (1 + J): given how many those are, their number is binomial.
    """

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

    @property
    def f1(self) -> float | None:
        """The harmonic mean of the two; None where nothing is it and nothing is called it."""
        named = self.items + self.right + self.others
        return 2 * self.right / named if named else None

    @property
    def recall_interval(self) -> tuple[float, float]:
        """Of the recall."""
        return wilson(self.right, self.items)

    @property
    def precision_interval(self) -> tuple[float, float]:
        """Of the precision."""
        return wilson(self.right, self.right + self.others)

    @property
    def f1_interval(self) -> tuple[float, float]:
        """Of F1."""
        low, high = wilson(self.right, self.items + self.others)
        return 2 * low / (1 + low), 2 * high / (1 + high)


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
    relabelled: int = 0
    """How many items count as another class than when the model was judged."""
    left_out: int = 0
    """How many that were judged are left out now."""
    before_test: float | None = None
    """Of a test: the score on the part that the model was chosen by."""
    curve: RiskCoverage | None = None
    """What each threshold of confidence leaves; None where the model tells no confidence."""
    readings: Readings | None = None
    """How the answers differ from the truth, where they are texts."""

    @property
    def by_steps(self) -> bool:
        """Whether each step of an item has an answer of its own; counts are of steps then."""
        return self.card.kind in STEPWISE

    @property
    def has_truth(self) -> bool:
        """Whether answers can be right or wrong; a text is only foreseen, well or badly."""
        return not self.items or any(item.target for item in self.items)

    @property
    def judged_score(self) -> float | None:
        """The headline metric of the ONNX model, by the labels of its own time."""
        return self.card.metrics.get(self.card.headline)

    @property
    def changed(self) -> bool:
        """Whether the labels count otherwise now, so that the score is another than that of the card."""
        return bool(self.relabelled or self.left_out) and self._by_items and bool(self.items)

    @property
    def _by_items(self) -> bool:
        """Whether the score is the share of right items."""
        return self.card.headline == "accuracy" and not self.by_steps

    @property
    def score(self) -> float | None:
        """The headline metric by the labels that count now."""
        if not self.changed:
            return self.judged_score
        return sum(item.right for item in self.items) / len(self.items)

    @property
    def interval(self) -> Interval | None:
        """The 95 % interval of the score."""
        if not self.changed:
            return self.card.interval
        low, high = wilson(sum(item.right for item in self.items), len(self.items))
        return Interval(low=low, high=high, method="Wilson score, 95 %")

    def unsure(self, threshold: float) -> list[Judged]:
        """The items that stay without an answer at a threshold, the wrong ones first."""
        found = [item for item in self.items if item.score is not None and item.score < threshold]
        return sorted(found, key=lambda item: (item.right, item.score or 0.0))

    def of_class(self, label: str, which: str) -> list[Judged]:
        """The items behind a number of a class: `all` of it, the `missed` ones, those `taken` for it, or `mistakes`."""
        if self.by_steps:
            return self._with_steps_of(label, which)
        if which == "all":
            return surest([i for i in self.items if i.target == label])
        wrong = self.mistakes()
        if which == "missed":
            return [i for i in wrong if i.target == label]
        if which == "taken":
            return [i for i in wrong if i.answer == label]
        return [i for i in wrong if label in (i.target, i.answer)]

    def _with_steps_of(self, label: str, which: str) -> list[Judged]:
        """The items in which a step of this label is seen, missed, or another one taken for it."""
        number, found = self.labels.index(label), set[int]()
        for (row, column), items in self.cells.items():
            missed, taken = row == number != column, row != number == column
            if {"all": row == number, "missed": missed, "taken": taken}.get(which, missed or taken):
                found.update(items)
        return worst_steps([self.items[i] for i in sorted(found)])

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
        """All wrong answers, the surest first; of those by steps the ones with the most wrong steps."""
        if self.by_steps:
            return worst_steps([item for item in self.items if not item.right])
        return surest([item for item in self.items if not item.right])

    def mistakes_title(self, count: int) -> tuple[str, str]:
        """Title and order of the list of mistakes."""
        if self.by_steps:
            return f"{count:,} of {len(self.items):,} series with a wrong step", "the worst first"
        return plural(count, "mistake"), "surest mistakes first"

    def behind(self, row: int, column: int) -> list[Judged]:
        """The items of a cell: mistakes surest first, right answers least sure first."""
        found = [self.items[i] for i in self.cells.get((row, column), [])]
        if self.by_steps:
            return worst_steps(found)
        return surest(found) if row != column else surest(found)[::-1]

    def cell_title(self, row: int, column: int) -> tuple[str, str]:
        """Title and order of a cell in words: `5 longsleeves taken for t-shirts`, `surest mistakes first`."""
        count = int(self.counts[row, column])
        if self.by_steps:
            seen = "seen as such" if row == column else f"taken for {self.labels[column]}"
            return (
                f"{plural(count, 'step') if count else 'No steps'} of {self.labels[row]} {seen}",
                "the series with the most wrong steps first",
            )
        what = self.labels[row] if count == 1 else plurals(self.labels[row])
        if row == column:
            return f"{count} {what} seen as such", "least sure first"
        other = self.labels[column] if count == 1 else plurals(self.labels[column])
        return f"{count or 'No'} {what} taken for {other}", "surest mistakes first" if count else ""


def worst_steps(items: Sequence[Judged]) -> list[Judged]:
    """Sort by how many steps are called otherwise than they are."""
    return sorted(items, key=lambda item: -wrong_steps(item.target, item.answer))


def surest(items: Sequence[Judged]) -> list[Judged]:
    """Sort by how sure the model was, the surest first."""
    return sorted(items, key=lambda item: -(item.score if item.score is not None else 0.0))


def read_verdict(run: "RunFolder", now: Corrections | None = None) -> Verdict:
    """Read the judgement and the card of a finished run, by the labels that count now.

    Args:
        now: The project's corrections; None where the labels of the judgement count.

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
    return verdict_of(card, told, Relabelled(now, applied(run)) if now is not None else None)


def verdict_of(card: ModelCard, told: dict[str, Any], relabelled: Relabelled | None = None) -> Verdict:
    """Make the verdict of a card and a judgement as JSON."""
    items, left_out = [], 0
    for raw in told.get("items", ()):
        path, part, judged = str(raw["path"]), str(raw.get("part") or ""), str(raw.get("target", ""))
        target = relabelled.target(path, part, judged) if relabelled is not None else judged
        if target is None:
            left_out += 1
            continue
        items.append(
            Judged(
                path=path,
                part=part,
                target=target,
                told=judged if target != judged else "",
                answer=str(raw.get("label") or raw.get("text", "")),
                score=raw.get("score"),
                top=tuple((str(name), float(value)) for name, value in raw.get("top") or ()),
                length=raw.get("length"),
                group=str(raw.get("group") or ""),
                asked=str(raw.get("asked") or ""),
            )
        )
    verdict = Verdict(
        card=card,
        items=items,
        split=str(told.get("split") or card.data.judged_on),
        provider=str(told.get("provider") or ""),
        items_per_second=told.get("items_per_second"),
        milliseconds=told.get("milliseconds"),
        skipped=list(told.get("skipped") or ()),
        relabelled=sum(bool(item.told) for item in items),
        left_out=left_out,
    )
    look = words_for(card.kind).look
    # a text that is foreseen has no truth beside it; places in a text where a word was to be chosen have
    if not card.labels and items and look not in ("photos", "curves") and (look != "texts" or verdict.has_truth):
        fewest = {"fewest": 1.0} if look == "texts" else {}
        verdict.readings = Readings.of(items, by_words=look in ("pairs", "texts"), **fewest)
    if verdict.by_steps:
        told_labels = list(card.extra.get("step_labels", ()))
        verdict.labels, verdict.counts, verdict.cells = counted([(i.target, i.answer) for i in items], told_labels)
        return verdict
    if known := [item for item in items if item.score is not None and (item.target or card.labels)]:
        verdict.curve = RiskCoverage([item.score or 0.0 for item in known], [item.right for item in known])
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


def in_a_sentence(verdict: Verdict, noun: str) -> str:
    """What was judged on, how many could not be read, and what the family says of its model's worth."""
    part = {"val": "it never learned from", "test": "kept apart for the test"}.get(verdict.split, "judged")
    part = f"of what {part}" if verdict.card.kind in MEASURED and verdict.split == "val" else part
    left_out = f" · {len(verdict.skipped)} could not be read" if verdict.skipped else ""
    subtitle = f"The ONNX model, on {len(verdict.items):,} {plurals(noun)} {part}{left_out}"
    return f"{subtitle}. {verdict.card.worth}" if verdict.card.worth else subtitle


def root_of(run: "RunFolder") -> Path:
    """The folder that the paths of a run's items start from: its data, or what a list or table of it lies in."""
    data = run.inside(run.request.data)
    return data if data.is_dir() else data.parent


def words_of(session: "Session | None", verdict: Verdict | None) -> KindWords:
    """What the items are called: as in the data at hand, or as the model's card says where that is away.

    Where a family is judged on other items than the data has, its card's `extra["item"]` names one of them.
    """
    if session is not None and session.summary is None and verdict is not None:
        words = words_for(verdict.card.kind)
    else:
        words = session.words if session is not None else words_for("")
    named = verdict.card.extra.get("item") if verdict is not None else None
    return replace(words, noun=named) if isinstance(named, str) and named else words
