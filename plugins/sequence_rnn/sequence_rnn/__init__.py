"""Recurrent networks for a person's own handwriting, recordings and texts."""

from collections.abc import Iterable

from trasluz.api import DatasetSource, ModelFamily, hookimpl


@hookimpl
def trasluz_families() -> Iterable[ModelFamily]:
    """Bring the recurrent family."""
    from .family import SequenceRnn

    return [SequenceRnn()]


@hookimpl
def trasluz_sources() -> Iterable[DatasetSource]:
    """Bring the reader of problems of long memory."""
    from .memory.source import LongMemory

    return [LongMemory()]
