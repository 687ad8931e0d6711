"""Two runs on the items that both were judged on, read from their folders."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from trasluz.api import DataError
from trasluz.core.corrections import Corrections, Relabelled
from trasluz.core.inference.judge import JudgedItem, Judgement

from .folder import RunFolder
from .paired import Pair, Told, pair


def paired_runs(first: RunFolder, second: RunFolder, *, now: Corrections | None = None) -> Pair | None:
    """Hold the judgements of two runs against each other, by the labels that count now.

    Args:
        first: A run.
        second: The other.
        now: The project's corrections; read from the project of the runs where None.

    Returns:
        None where they were not judged on the same items: one has no judgement, their data is another, or their
        answers are scored by more than right and wrong.
    """
    if not first.judgement_path.exists() or not second.judgement_path.exists() or not same_items(first, second):
        return None
    judgements = [Judgement.load(run.judgement_path) for run in (first, second)]
    if {j.headline for j in judgements} != {"accuracy"}:
        return None
    now = now if now is not None else _current(second) or _current(first)
    found = pair(*(told(j.items, run, now) for j, run in zip(judgements, (first, second), strict=True)))
    return found if found.items else None


def told(items: Iterable[JudgedItem], run: RunFolder, now: Corrections | None) -> list[Told]:
    """The judged items of a run with the targets that count now; those that are left out now are not among them.

    Args:
        now: The project's corrections; None where there is no project, and the judgement's own targets count.
    """
    relabelled = Relabelled(now, applied(run)) if now is not None else None
    rows = []
    for item in items:
        target = relabelled.target(item.path, item.part, item.target) if relabelled else item.target
        if target is not None:
            rows.append(Told(key_of(item.path, item.part), target, item.label or item.text))
    return rows


def key_of(path: str, part: str = "") -> str:
    """One word for an item: its path, and its part where the file holds several."""
    return f"{path}\0{part}" if part else path


def applied(run: RunFolder) -> Corrections:
    """What had been corrected when the run took its data; nothing where that cannot be read."""
    with suppress(DataError):
        return Corrections.read(run.corrections_path)
    return Corrections()


def same_items(first: RunFolder, second: RunFolder) -> bool:
    """Whether the paths of two runs name the same items: one place, or one content."""
    if _root(first) == _root(second):
        return True
    from trasluz.core.inference.model import find_model, read_card

    prints = []
    for run in (first, second):
        data = read_card(find_model(run.path)).data
        prints.append(data.uncorrected or data.fingerprint)
    return prints[0] == prints[1]


def _current(run: RunFolder) -> Corrections | None:
    asked = run.request.corrections
    return Corrections.read(run.inside(asked)) if asked else None


def _root(run: RunFolder) -> Path:
    return run.inside(run.request.data)
