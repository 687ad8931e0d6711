"""From the value of the setting `backbone` to a network: our own, a kept one, a folder's, or one of the hub."""

from pathlib import Path
from typing import TYPE_CHECKING

from trasluz.api import FamilyError, TrainContext
from trasluz.torchkit.photos import kept as shelf

from . import kept

if TYPE_CHECKING:
    from trasluz.torchkit.photos.backbone import Backbone

HUB = "hub:"


def backbone_for(context: TrainContext, value: str, *, weights: bool = True) -> "Backbone":
    """Make the backbone that the setting names.

    Args:
        context: Of the run, which is told of a download.
        value: `efficientnet-lite0`, the name of a kept backbone, the path of a folder, or `hub:owner/name`.
        weights: Whether it starts from what it learned; from random weights otherwise.

    Raises:
        FamilyError: If there is none, or it cannot or must not be loaded.
        TrainingStopped: If the person stopped a download.
    """
    value = value.strip()
    if value == kept.LITE0:
        from trasluz.torchkit.photos import lite0

        return (lite0.pretrained() if weights else lite0.EfficientNetLite0()).eval()
    if value.startswith(HUB):
        return _of_hub(context, value, weights=weights).eval()
    if value in shelf.names(context.library_folder):
        return kept.read(shelf.folder_of(context.library_folder, value), id=value, weights=weights).eval()
    folder = Path(value).expanduser()
    if (folder / shelf.FACTS_FILE).is_file():
        return kept.read(folder, id=value, weights=weights).eval()
    if folder.is_dir():
        from . import checkpoint

        return checkpoint.pretrained(folder, id=value, title=folder.name, weights=weights).eval()
    names = ", ".join(f"“{name}”" for name in [kept.LITE0, *shelf.names(context.library_folder, kept.KINDS)])
    raise FamilyError(
        f"There is no backbone “{value}”: it is neither a folder nor one of {names}. A model of the hub is written "
        f"{HUB}owner/name."
    )


def _of_hub(context: TrainContext, value: str, *, weights: bool) -> "Backbone":
    from trasluz.torchkit import hub

    from . import checkpoint

    found = hub.fetch_for(context, value, check=checkpoint.check_kind)
    return checkpoint.pretrained(found.place, id=value, title=found.title, licence=found.licence, weights=weights)
