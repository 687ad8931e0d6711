"""Backbones of this family that a person kept (see `trasluz.torchkit.photos.kept`)."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trasluz.api import FamilyError
from trasluz.torchkit.photos import kept

if TYPE_CHECKING:
    from trasluz.torchkit.photos.backbone import Backbone

LITE0, CHECKPOINT = "efficientnet-lite0", "checkpoint"
"""The two kinds of network: our own, and one that transformers knows."""
KINDS = (LITE0, CHECKPOINT)


def write(folder: Path, backbone: "Backbone") -> dict[str, str]:
    """Write a backbone's two files into a model's folder; returns them as `Trained.private`."""
    facts = backbone.facts
    said: dict[str, Any] = {"title": facts.title, "licence": facts.licence, "kind": LITE0}
    if hasattr(backbone, "config"):
        said |= {"kind": CHECKPOINT, "config": backbone.config, "preprocessor": backbone.preprocessor}
    return kept.write(folder, backbone.state_dict(), said)


def read(folder: Path, *, id: str, weights: bool = True) -> "Backbone":  # noqa: A002 - the setting's word
    """Read a kept backbone.

    Args:
        folder: With its two files.
        id: What the setting says.
        weights: Whether to load what it learned; without, it is the same network with random weights.

    Raises:
        FamilyError: If a file is missing or damaged.
    """
    backbone = _network(folder, kept.facts_of(folder), id)
    if not weights:
        return backbone
    try:
        backbone.load_state_dict(kept.weights_of(folder))
    except (RuntimeError, KeyError) as error:
        raise kept.other_weights(folder) from error
    return backbone


def _network(folder: Path, facts: Mapping[str, Any], id_: str) -> "Backbone":
    from dataclasses import replace

    from trasluz.torchkit.photos import lite0

    from . import checkpoint

    title, licence = f"{folder.name} ({facts.get('title')})", str(facts.get("licence", ""))
    if facts.get("kind") == LITE0:
        backbone: Backbone = lite0.EfficientNetLite0()
        backbone.facts = replace(backbone.facts, id=id_, title=title, licence=licence)
        return backbone
    if facts.get("kind") != CHECKPOINT:
        raise FamilyError(
            f"“{folder / kept.FACTS_FILE}” is of a kind of network that this family cannot begin with; choose one that "
            "the form offers."
        )
    config, preprocessor = facts.get("config"), facts.get("preprocessor")
    if not isinstance(config, dict) or not isinstance(preprocessor, dict):
        raise FamilyError(f"“{folder / kept.FACTS_FILE}” does not describe a network; keep the backbone again.")
    return checkpoint.untrained(config, preprocessor, where=folder, id=id_, title=title, licence=licence)
