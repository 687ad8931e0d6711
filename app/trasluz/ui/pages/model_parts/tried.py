"""What runs gave, in the words of the Model page, wherever several of them are tried side by side."""

from typing import Any

from trasluz.ui.steps import duration

NOT_TRIED = frozenset({"failed", "stopped", "interrupted"})
"""How a run ended from which nothing can be told; it may be tried again."""
UNDER_WAY = {
    "running": "learning now",
    "waiting": "learning now",
    "queued": "waits for its turn",
    "paused": "paused",
}


def speaking(former: Any, run: Any) -> Any:
    """Of two runs of the same, the newer one first, the one that speaks for both: the newest with a model."""
    return run if former is None or (former.score is None and run.score is not None) else former


def result_lines(run: Any) -> tuple[str, ...]:
    """What a run (`RunSummary`) gave, or how it stands."""
    if run.score is not None:
        between = f"  ({run.low:.0%}–{run.high:.0%})" if run.low is not None and run.high is not None else ""
        first = f"{run.score:.1%} right{between}" if run.headline == "accuracy" else f"{run.headline} {run.score:.3g}"
        return (first, f"in {duration(run.seconds)}") if run.seconds else (first,)
    if (words := UNDER_WAY.get(str(run.state))) is not None:
        return (words,)
    return ("did not work", run.sentence) if str(run.state) == "failed" else ("ended without a model",)
