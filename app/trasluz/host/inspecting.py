"""Looking through data, and what was found then where nothing has changed since."""

from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trasluz.api import DataError
from trasluz.core.corrections import Corrections

from .calls import Cancels, Reports

if TYPE_CHECKING:
    from trasluz.core.plugins.registry import Registry


def inspect(
    registry: "Registry",
    root: Path,
    at: Path,
    *,
    seed: int,
    rebuild: bool,
    corrections: Path | None,
    progress: Reports,
    cancelled: Cancels,
) -> dict[str, Any]:
    """Index the data, unless there is an index of it that still holds, and give its summary."""
    from trasluz.core.data.corrected import recorrect
    from trasluz.core.data.index import Index

    corrected = Corrections.read(corrections) if corrections else Corrections()
    if at.exists() and not rebuild:
        # One of an older Trasluz, or a damaged one, is only an index, and made anew.
        with suppress(DataError):
            recorrect(at, corrected)
            with closing(Index.open(at, registry.sources)) as there:
                if there.root == root.absolute() and there.seed == seed:
                    return there.summary().model_dump(mode="json")
    at.parent.mkdir(parents=True, exist_ok=True)
    made = Index.build(
        root, at, registry.sources, seed=seed, corrections=corrected, progress=progress, cancelled=cancelled
    )
    with closing(made):
        return made.summary().model_dump(mode="json")
