"""EfficientNet-Lite0, taught a person's own photos."""

from collections.abc import Iterable

from trasluz.api import ModelFamily, hookimpl


@hookimpl
def trasluz_families() -> Iterable[ModelFamily]:
    """Bring the finetuned CNN."""
    from .family import FinetunedCnn

    return [FinetunedCnn()]
