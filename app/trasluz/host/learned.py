"""The data that a model learned from, found again: by the run that made the model, or where a person says it is now."""

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from trasluz.api import DataError, ModelCard
from trasluz.core.corrections import CORRECTIONS_NAME, Corrections
from trasluz.core.runs.folder import RunFolder

from .calls import Cancels, Reports
from .scoring import given_data, is_same

if TYPE_CHECKING:
    from trasluz.core.data.index import Index
    from trasluz.core.plugins.registry import Registry

_SAY = "Say where it is now: `--data FOLDER` on the command line."


@contextmanager
def learned_from(
    model: Path,
    card: ModelCard,
    registry: "Registry",
    data: Path | None,
    *,
    progress: Reports,
    cancelled: Cancels,
) -> "Iterator[Index]":
    """Open the data that a model learned from, divided as it was then.

    Args:
        model: The model folder; that of a run has the run's own list of the data beside it.
        card: The model's card.
        data: Where the data is now, or a project's folder; None where it has not moved.

    Raises:
        DataError: If it is not to be found, or is other data.
    """
    from trasluz.core.data.index import Index

    run = RunFolder(model.absolute().parent)
    given, corrections = given_data(data) if data is not None else (None, Corrections())
    if given is not None and not given.exists():
        raise DataError(f"There is nothing at “{given}”; check the path of the data.")
    if run.model_folder == model.absolute() and run.request_path.is_file():
        if (found := _own_list(run, registry, given)) is not None:
            with closing(found):
                yield found
            return
        if given is None:
            given, corrections = Path(run.request.data), Corrections.read(run.path / CORRECTIONS_NAME)
        if not given.exists():
            raise DataError(
                f"The data that the model learned from is not at “{given}” any more; without it the smaller model "
                f"cannot be measured. {_SAY}"
            )
    if given is None:
        raise DataError(
            f"“{model}” does not know where the data is that it learned from (“{card.data.name}”); without it the "
            f"smaller model cannot be measured. {_SAY}"
        )
    with tempfile.TemporaryDirectory(prefix="trasluz-", ignore_cleanup_errors=True) as scratch:
        built = Index.build(
            given,
            Path(scratch) / "index.sqlite",
            registry.sources,
            seed=card.seed,
            corrections=corrections,
            progress=progress,
            cancelled=cancelled,
        )
        with closing(built):
            if not is_same(card, built):
                raise DataError(
                    f"“{given}” is not the data that the model learned from (“{card.data.name}”), so a score on it "
                    "could not be held against the model's own. Give the same data, unchanged."
                )
            yield built


def _own_list(run: RunFolder, registry: "Registry", given: Path | None) -> "Index | None":
    """The run's own list of the data, where it can be read and the data is there."""
    from trasluz.core.data.index import Index

    for root in [given] if given is not None else [None, Path(run.request.data)]:
        with suppress(DataError):  # of an older version, or not there: then the data is looked at again
            found = Index.open(run.index_path, registry.sources, root=root)
            if found.root.exists():
                return found
            found.close()
    return None
