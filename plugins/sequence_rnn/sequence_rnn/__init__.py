"""Recurrent networks for a person's own handwriting and recordings."""

from collections.abc import Iterable

from trasluz.api import ModelFamily, hookimpl


@hookimpl
def trasluz_families() -> Iterable[ModelFamily]:
    """Bring the recurrent family."""
    from .family import SequenceRnn

    return [SequenceRnn()]
