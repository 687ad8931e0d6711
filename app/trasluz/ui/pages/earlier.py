"""What a run is held against: the best one before it."""

from typing import TYPE_CHECKING, Any

from .words import metric_words

if TYPE_CHECKING:
    from trasluz.ui.session import Session


def best_earlier(session: "Session | None", headline: str) -> Any:
    """The best run before the chosen one that was judged by the same measure, or None."""
    if session is None or session.run is None:
        return None
    mine = session.run.folder.request
    earlier = [
        run
        for run in session.runs
        if run.id != mine.id and run.created < mine.created and run.score is not None and run.headline == headline
    ]
    better = 1 if metric_words(headline).higher else -1
    return max(earlier, key=lambda run: better * run.score, default=None)
