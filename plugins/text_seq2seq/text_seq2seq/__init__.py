"""Text to text by encoders and decoders, and vectors of words."""

from collections.abc import Iterable

from trasluz.api import ModelFamily, hookimpl


@hookimpl
def trasluz_families() -> Iterable[ModelFamily]:
    """Bring the encoder–decoders and the word vectors."""
    from .family import TextSeq2Seq
    from .words.family import WordVectorsFamily

    return [TextSeq2Seq(), WordVectorsFamily()]
