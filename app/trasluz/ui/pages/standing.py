"""What the pages that need a model say while there is none, and the one next step."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from trasluz.ui.session import Session


class Standing(NamedTuple):
    """A friendly empty state in words: what is missing, why, and where the one button leads."""

    title: str
    sentence: str
    action: str
    goes: str


def missing(session: "Session | None", *, what: str) -> Standing | None:
    """Say what is missing for a page that needs a finished run, or None where there is one.

    Args:
        what: What the page would do with it, as the end of a sentence: `judge`, `use`, `export`.
    """
    if session is None or session.project is None:
        return Standing(
            "No data yet",
            f"Open a folder of data and train a model; then you can {what} it here.",
            "Open your data →",
            "start",
        )
    if session.run is None:
        return Standing(
            f"Nothing to {what} yet",
            f"As soon as a model is trained, you can {what} it here.",
            "Choose a model →",
            "model",
        )
    if session.run.state in {"running", "waiting", ""}:
        return Standing(
            "Still learning",
            f"You can {what} the model when the run is done, and watch it learn until then.",
            "Watch it learn →",
            "train",
        )
    if session.run.state == "queued":
        return Standing(
            "It waits for its turn",
            f"You can {what} its model when those before it have ended and it has learned.",
            "Look at the queue →",
            "train",
        )
    if session.run.state != "finished":
        return Standing(
            "This run has no model",
            f"It ended before there was one to {what}. Resume it, or train another.",
            "Look at the run →",
            "train",
        )
    return None
