"""The six steps and what each can say about itself in a line."""

from typing import TYPE_CHECKING, Any, NamedTuple

from trasluz.core.nouns import plurals

from .pages.words import metric_words

if TYPE_CHECKING:
    from .session import Session

STEPS = (
    ("data", "Data"),
    ("model", "Model"),
    ("train", "Train"),
    ("judge", "Judge"),
    ("use", "Use"),
    ("export", "Export"),
)
FOOT = (("plugins", "Plugins"), ("lessons", "Lessons"))


class StepState(NamedTuple):
    """A line about a step, and whether it is done."""

    line: str = ""
    done: bool = False


def plural(count: float, one: str) -> str:
    """`1 photo`, `3,120 photos`."""
    return f"{count:,.0f} {one if count == 1 else plurals(one)}"


def duration(seconds: float) -> str:
    """A stretch of time in one or two words: `40 s`, `24 min`, `2 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def run_steps(session: "Session") -> dict[str, StepState]:
    """The state of each step from what the session holds."""
    found = {name: StepState() for name, _ in STEPS}
    if session.summary is not None:
        found["data"] = StepState(plural(session.summary.total, session.words.noun), done=True)
    run = session.run
    if run is None:
        return found
    family = session.family(run.folder.request.family)
    found["model"] = StepState(family["title"] if family else run.folder.request.family, done=True)
    found["train"] = _train_line(run.state, run.events)
    finished = _last(run.events, "finished")
    if finished is not None and run.state != "running":
        headline = str(family.get("headline") or "") if family else ""  # unknown until the catalogue has come
        value = finished.metrics.get(headline)
        found["judge"] = StepState(metric_words(headline).write(value) if value is not None else "", done=True)
    return found


def _last(events: list[Any], kind: str) -> Any:
    return next((e for e in reversed(events) if e.type == kind), None)


def _train_line(state: str, events: list[Any]) -> StepState:
    finished, progress = _last(events, "finished"), _last(events, "progress")
    if state == "running":
        if progress is not None and progress.total:
            return StepState(f"{progress.done:,.0f} of {progress.total:,.0f}")
        return StepState(progress.stage if progress is not None else "starting")
    if finished is not None:
        return StepState(duration(finished.seconds), done=True)
    words = {"queued": "in the queue", "failed": "did not work"}
    return StepState(words.get(state, state))
