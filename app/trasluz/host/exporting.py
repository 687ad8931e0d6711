"""Export as the window and the command line ask for it: the folder, and what a smaller precision costs."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from trasluz.api import Progress

from .calls import Cancelled, Cancels, Reports, UsageError

if TYPE_CHECKING:
    from trasluz.core.plugins.registry import Registry


def export_model(
    registry: "Registry",
    model: Path,
    out: Path,
    *,
    precision: str,
    data: Path | None,
    progress: Reports,
    cancelled: Cancels,
) -> dict[str, Any]:
    """Write the self-contained folder of a model; what it gives back, `Service.export` says.

    Args:
        model: A model folder, or a run folder with one.
        out: The folder to write.
        precision: `fp32`, `fp16` or `int8`.
        data: Where the data that it learned from is now, if it has moved.

    Raises:
        UsageError: If there is no such precision.
        Cancelled: If nobody waits any more; nothing is written then.
    """
    from trasluz.core.inference.export import export
    from trasluz.core.inference.model import find_model, read_card
    from trasluz.core.inference.precision import PRECISIONS, ReductionCancelled

    if precision not in PRECISIONS:
        raise UsageError(f"“{precision}” is not a precision; there are fp32, fp16 and int8.")
    folder = find_model(model)
    card = read_card(folder)
    family = registry.family(card.family)
    progress(Progress(stage="Exporting", done=0, total=1))
    if precision == card.precision:
        written = export(folder, family, out, precision=precision)
    else:
        from .learned import learned_from

        try:
            with learned_from(folder, card, registry, data, progress=progress, cancelled=cancelled) as dataset:
                written = export(
                    folder,
                    family,
                    out,
                    precision=precision,
                    dataset=dataset,
                    progress=progress,
                    cancelled=cancelled,
                )
        except ReductionCancelled as error:
            raise Cancelled from error
    progress(Progress(stage="Exporting", done=1, total=1))
    made = read_card(written)
    files = sorted(p.relative_to(written).as_posix() for p in written.rglob("*") if p.is_file())
    return {
        "folder": str(written),
        "files": files,
        "precision": made.precision,
        "headline": made.headline,
        "score": made.metrics.get(made.headline),
        "reduced": made.reduced.model_dump() if made.reduced else None,
    }
