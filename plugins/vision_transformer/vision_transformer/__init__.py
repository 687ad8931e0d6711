"""A Vision Transformer, taught a person's own photos."""

from collections.abc import Iterable

from trasluz.api import ModelFamily, hookimpl


@hookimpl
def trasluz_families() -> Iterable[ModelFamily]:
    """Bring the Vision Transformer."""
    from .family import VisionTransformerFamily

    return [VisionTransformerFamily()]
