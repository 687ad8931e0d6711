"""What long work takes along: a way to say how far it is, and a way to ask whether it is still wanted."""

from collections.abc import Callable
from typing import Any

from trasluz.api import Progress

Reports = Callable[[Progress], None]
Cancels = Callable[[], bool]


class Cancelled(Exception):  # noqa: N818 - it is a request, not an error
    """Nobody waits for this any more."""


class UsageError(Exception):
    """Something was asked that there is not, in a sentence."""


class Rows(Progress):
    """Progress of work that answers item by item, with the answers since the last piece.

    Attributes:
        rows: Answers, as `predict` gives them.
    """

    rows: tuple[dict[str, Any], ...] = ()


def silent(_step: Progress) -> None:
    """Report to nobody."""


def undisturbed() -> bool:
    """Never cancelled."""
    return False


def check_cancelled(cancelled: Cancels) -> None:
    """Raise `Cancelled` where nobody waits any more."""
    if cancelled():
        raise Cancelled
