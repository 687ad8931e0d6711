"""Vision Transformers that a person kept (see `trasluz.torchkit.photos.kept`)."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trasluz.api import FamilyError
from trasluz.torchkit.photos import kept
from trasluz.torchkit.photos.facts import Preparation

if TYPE_CHECKING:
    from .network import VisionTransformer

KIND = "vision-transformer"


def write(folder: Path, network: "VisionTransformer", *, title: str, licence: str) -> dict[str, str]:
    """Write a network into a model's folder as a backbone; returns it as `Trained.private`."""
    said: dict[str, Any] = {"kind": KIND, "title": title, "licence": licence}
    said |= {"network": asdict(network.shape), "preparation": asdict(network.preparation)}
    return kept.write(folder, network.state_dict(), said)


def read(folder: Path) -> "VisionTransformer":
    """The network of a kept backbone, with the classifier that it had.

    Raises:
        FamilyError: If a file is missing or damaged, or holds another family's network.
    """
    from .network import Shape, VisionTransformer

    facts = kept.facts_of(folder)
    if facts.get("kind") != KIND:
        raise FamilyError(f"“{folder.name}” is no Vision Transformer: {facts.get('title', 'another network')}.")
    weights = kept.weights_of(folder)
    try:
        shape, prepared = Shape(**facts["network"]), facts["preparation"]
        preparation = Preparation(**{name: _tuple(value) for name, value in prepared.items()})
        network = VisionTransformer(shape, len(weights["classifier.weight"]), preparation)
        network.load_state_dict(weights)
    except (KeyError, TypeError, RuntimeError) as error:
        raise kept.other_weights(folder) from error
    return network.eval()


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
