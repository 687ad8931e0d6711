"""What later runs can start from: whether a model has something of the kind, and keeping it under a name."""

from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trasluz.api import ModelCard
    from trasluz.core.plugins.registry import Registry


def keepable(registry: "Registry", model: Path) -> str:
    """What of a model can be kept, in a word; nothing where nothing can."""
    from trasluz.core.inference.model import find_model, read_card

    return _word(registry, read_card(find_model(model)))


def keep(registry: "Registry", model: Path, name: str) -> dict[str, Any]:
    """Keep it.

    Args:
        registry: The plugins.
        model: A model folder, or a run folder with one.
        name: The name.

    Returns:
        `value`, `title`, `sentence`: how a setting names it from now on; and `what` it is.
    """
    from trasluz.core import places
    from trasluz.core.inference.model import find_model, read_card

    folder = find_model(model)
    card = read_card(folder)
    family = registry.family(card.family)
    kept = family.keep(folder, card, name=name, library=places.library_folder())
    return {**asdict(kept), "what": _word(registry, card)}


def _word(registry: "Registry", card: "ModelCard") -> str:
    """What can be kept; a plugin that cannot say so costs only that."""
    with suppress(Exception):
        return str(registry.family(card.family).keepable(card))
    return ""
