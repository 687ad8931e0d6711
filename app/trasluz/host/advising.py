"""Asking a family for advice on some data: the strategy table, measured."""

import contextlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trasluz.api import DataError, Event, Graph, ModelFamily, Note, Progress, TrainConfig, TrainingStopped
from trasluz.core import places
from trasluz.core.runs.beside import models_in

from .calls import Cancelled, Cancels, Reports, UsageError, check_cancelled
from .context import open_graph
from .troubles import check_settings

if TYPE_CHECKING:
    from trasluz.core.data.index import Index
    from trasluz.core.plugins.registry import Registry


class AdvisingContext:
    """`trasluz.api.AdviceContext` outside a run."""

    def __init__(
        self,
        *,
        config: TrainConfig,
        dataset: "Index",
        cache_folder: Path,
        device: str,
        progress: Reports,
        cancelled: Cancels,
        runs: Path | None = None,
    ) -> None:
        self.config = config
        self._runs = runs
        self.dataset = dataset
        self.notes: list[str] = []
        self._cache = cache_folder
        self._device = device
        self._progress = progress
        self._cancelled = cancelled

    @property
    def cache_folder(self) -> Path:
        """For results worth keeping."""
        self._cache.mkdir(parents=True, exist_ok=True)
        return self._cache

    @property
    def library_folder(self) -> Path:
        """For what later runs start from."""
        return places.library_folder()

    def models(self) -> list[Path]:
        """The models of the project's runs; none where the data is in no project."""
        return models_in(self._runs) if self._runs is not None else []

    def emit(self, event: Event) -> None:
        """Hand on progress, keep what is worth reading."""
        if isinstance(event, Progress):
            self._progress(event)
        elif isinstance(event, Note):
            self.notes.append(event.sentence)

    def stopping(self) -> bool:
        """Whether nobody waits any more."""
        return self._cancelled()

    def open_graph(self, path: Path, *, at_once: int = 1) -> Graph:
        """Open an ONNX file by ONNX Runtime."""
        return open_graph(path, self._device, at_once=at_once)


def gives_advice(family: ModelFamily) -> bool:
    """Whether the family has advice at all."""
    return type(family).advise is not ModelFamily.advise


def advise(
    registry: "Registry",
    data: Path,
    *,
    family: str | None,
    settings: Mapping[str, Any],
    index: Path | None,
    cache: Path,
    seed: int,
    device: str,
    progress: Reports,
    cancelled: Cancels,
) -> dict[str, Any]:
    """Ask a family what suits the data; the result is what `advise --json` prints.

    Raises:
        DataError: If the data cannot be used, or the family does not learn from its kind.
        FamilyError: If there is no such family or setting.
        UsageError: If the family has no advice to give.
    """
    from trasluz.core.data.index import Index

    with contextlib.ExitStack() as stack:
        if index is not None:
            dataset = Index.open(index, registry.sources)
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="trasluz-", ignore_cleanup_errors=True))
            at = Path(folder) / "index.sqlite"
            dataset = Index.build(data, at, registry.sources, seed=seed, progress=progress, cancelled=cancelled)
        stack.enter_context(contextlib.closing(dataset))
        chosen = _family(registry, family, dataset.kind).for_kind(str(dataset.kind))
        config = check_settings(chosen.config, {"seed": seed, **settings}, title=chosen.title)
        if not dataset.count("train"):
            raise DataError(f"“{data}” has nothing to learn from: its train part is empty.")
        context = AdvisingContext(
            config=config,
            dataset=dataset,
            cache_folder=cache,
            device=device,
            progress=progress,
            cancelled=cancelled,
            runs=index.parent / "runs" if index is not None else None,
        )
        try:
            advice = chosen.advise(context)
        except TrainingStopped as stopped:
            raise Cancelled from stopped
        check_cancelled(cancelled)
        if advice is None:
            raise UsageError(f"“{chosen.title}” has no advice to give for “{data}”.")
        return {
            "data": str(data),
            "name": dataset.root.name,
            "family": chosen.id,
            "title": chosen.title,
            "fingerprint": dataset.fingerprint,
            **advice.to_json(),
            "notes": context.notes,
        }


def _family(registry: "Registry", asked: str | None, kind: str) -> ModelFamily:
    """The family that was asked for, or the first one that has advice for this kind of data."""
    if asked is not None:
        family = registry.family(asked)
        if not gives_advice(family):
            raise UsageError(f"“{family.title}” has no advice to give; leave --family out.")
        if kind not in [str(k) for k in family.kinds]:
            raise DataError(
                f"“{family.title}” learns from {', '.join(str(k) for k in family.kinds)}, and this data is {kind}."
            )
        return family
    for family in registry.families.values():
        if gives_advice(family) and kind in [str(k) for k in family.kinds]:
            return family
    raise UsageError(f"No model family has advice to give for data of the kind {kind}.")
