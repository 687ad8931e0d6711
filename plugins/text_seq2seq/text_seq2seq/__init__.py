"""Text to text by encoders and decoders."""

from collections.abc import Iterable

from trasluz.api import ModelFamily, hookimpl


@hookimpl
def trasluz_families() -> Iterable[ModelFamily]:
    """Bring the encoder–decoders."""
    from .family import TextSeq2Seq

    return [TextSeq2Seq()]
