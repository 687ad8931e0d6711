"""The history: what was run, how it ended, how two runs differ."""

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trasluz.api import DataError, Failed, Finished, ModelCard, Stopped
from trasluz.api.model import CARD_NAME
from trasluz.core.atomic import remove_folder
from trasluz.core.recent import RecentList

from . import queue
from .folder import RunFolder, RunState

_RECENT = RecentList("runs.json", kept=500)


class RunSummary(BaseModel):
    """One line of the history.

    Attributes:
        folder: The run folder.
        place: Where in the queue it waits, from 1; None where it does not.
        title: The model in a few words, where there is one.
        kind: Of the data, where there is a model.
        headline: The metric that the model is judged by; empty while there is no model.
        score: Its value.
        metrics: All metrics of the ONNX model on the validation data.
        sentence: How it ended where it did not finish, in words.
        seconds: How long it trained, all sittings together.
        fingerprint: Of the data, so that two runs can be compared fairly.
        uncorrected: The same without what the person corrected.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    family: str
    folder: Path
    data: str = ""
    device: str = ""
    created: datetime
    state: RunState
    place: int | None = None
    title: str = ""
    kind: str = ""
    headline: str = ""
    score: float | None = None
    low: float | None = None
    high: float | None = None
    metrics: dict[str, float] = Field(default_factory=dict)
    settings: dict[str, Any] = Field(default_factory=dict)
    sentence: str = ""
    seconds: float | None = None
    fingerprint: str = ""
    uncorrected: str = ""


def summarise(run: RunFolder | Path | str) -> RunSummary:
    """Read the line of one run.

    Raises:
        DataError: If there is no readable run.
    """
    folder = RunFolder(run)
    request = folder.request
    state = folder.state()
    card = _card(folder) if folder.has_model() else None
    events = folder.last_events()
    finished = next((e for e in reversed(events) if isinstance(e, Finished)), None)
    ended = next((e for e in reversed(events) if isinstance(e, Failed | Stopped | Finished)), None)
    sentence = ""
    if state in (RunState.FAILED, RunState.STOPPED, RunState.PAUSED) and isinstance(ended, Failed | Stopped):
        sentence = ended.sentence
    elif state is RunState.QUEUED:
        sentence = "It starts when those before it have ended."
    elif state is RunState.INTERRUPTED:
        sentence = "Its process was ended from outside; it can go on from where it was."
    metrics = dict(card.metrics) if card else dict(finished.metrics) if finished else {}
    interval = card.interval if card else None
    return RunSummary(
        id=request.id,
        name=request.name or request.id,
        family=request.family,
        folder=folder.path,
        data=request.data,
        device=request.device,
        created=request.created,
        state=state,
        place=queue.place(folder) if state is RunState.QUEUED else None,
        title=card.title if card else "",
        kind=card.kind if card else "",
        headline=card.headline if card else "",
        score=metrics.get(card.headline) if card else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        metrics=metrics,
        settings=dict(card.settings) if card and card.settings else request.settings,
        sentence=sentence,
        seconds=finished.seconds if finished else card.seconds if card else None,
        fingerprint=card.data.fingerprint if card else "",
        uncorrected=(card.data.uncorrected or card.data.fingerprint) if card else "",
    )


def _card(folder: RunFolder) -> ModelCard | None:
    try:
        return ModelCard.model_validate_json((folder.model_folder / CARD_NAME).read_bytes())
    except (OSError, ValidationError):
        return None


def runs_in(folder: Path | str) -> list[RunSummary]:
    """The runs of a folder, newest first. A run that cannot be read is listed as failed, with the reason."""
    try:
        inside = sorted(p for p in Path(folder).iterdir() if not p.name.startswith(".") and p.is_dir())
    except OSError:
        return []
    return _newest_first([_line(path) for path in inside if _looks_like_a_run(path)])


def _looks_like_a_run(path: Path) -> bool:
    return RunFolder.is_one(path) or (path / "events.jsonl").exists()


def _line(path: Path) -> RunSummary:
    try:
        return summarise(path)
    except (DataError, OSError) as error:
        return RunSummary(
            id=path.name,
            name=path.name,
            family="",
            folder=path,
            created=datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.exists() else datetime.now(UTC),
            state=RunState.FAILED,
            sentence=str(error),
        )


def _newest_first(runs: list[RunSummary]) -> list[RunSummary]:
    def when(run: RunSummary) -> float:
        created = run.created if run.created.tzinfo else run.created.replace(tzinfo=UTC)
        return created.timestamp()

    return sorted(runs, key=when, reverse=True)


def compare(first: RunSummary, second: RunSummary) -> dict[str, Any]:
    """Hold two runs against each other.

    Returns:
        `metrics` {name: [first, second]}, `settings` {name: [first, second]} (those that differ), `same_data`
        (None where unknown), `sentence`.
    """
    names = [*first.metrics, *(n for n in second.metrics if n not in first.metrics)]
    metrics = {n: [first.metrics.get(n), second.metrics.get(n)] for n in names}
    keys = [*first.settings, *(k for k in second.settings if k not in first.settings)]
    settings = {
        k: [first.settings.get(k), second.settings.get(k)]
        for k in keys
        if first.settings.get(k) != second.settings.get(k)
    }
    if first.family != second.family:
        settings = {"family": [first.family, second.family], **settings}
    same = first.fingerprint == second.fingerprint if first.fingerprint and second.fingerprint else None
    return {"metrics": metrics, "settings": settings, "same_data": same, "sentence": _verdict(first, second, same)}


def _verdict(first: RunSummary, second: RunSummary, same: bool | None) -> str:
    if first.score is None or second.score is None:
        return "They cannot be compared before both have finished."
    if first.headline != second.headline:
        return f"They are judged by different measures: {first.headline} and {second.headline}."
    if same is False:
        return "They learned from different data, so their scores do not compare."
    difference = abs(first.score - second.score)
    if math.isclose(difference, 0.0, abs_tol=1e-12):
        return f"They are equal in {first.headline}."
    bounds = (first.low, first.high, second.low, second.high)
    if None not in bounds and first.low <= second.high and second.low <= first.high:  # type: ignore[operator]
        return f"They differ by {difference:.3g} in {first.headline}, which may be chance: their intervals overlap."
    return f"They differ by {difference:.3g} in {first.headline}."


def remove(run: RunFolder | Path | str) -> None:
    """Delete a run with its model.

    Raises:
        DataError: If it is being trained, or there is no run, or it cannot be deleted.
    """
    folder = RunFolder(run)
    if not _looks_like_a_run(folder.path):
        raise DataError(f"There is no run in “{folder.path}”.")
    queue.leave(folder)
    if folder.busy():
        raise DataError(f"The run “{folder.path.name}” is being trained; stop it first.")
    try:
        remove_folder(folder.path)
    except OSError as error:
        raise DataError(f"“{folder.path}” cannot be deleted: {error.strerror or error}.") from error
    _RECENT.leave_out(folder.path.absolute())


def remember(run: RunFolder | Path | str) -> None:
    """Put a run on the list of this person's runs, wherever its folder is; without a word where that fails."""
    _RECENT.put_first(RunFolder(run).path.absolute())


def recent() -> list[RunSummary]:
    """This person's runs, newest first, as far as their folders are still there."""
    return _newest_first([_line(Path(p)) for p in _RECENT.paths() if RunFolder.is_one(p)])
