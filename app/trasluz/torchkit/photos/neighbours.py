"""The photos that a model learned from, kept with their features in its own feature space."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from trasluz.api import DataError, Progress, Record, TrainContext
from trasluz.api.neighbours import Neighbours

from .graph import FEATURES, IMAGE

NEIGHBOURS, FILE = "neighbours", "neighbours.npz"
KEPT_AT_MOST = 10_000
"""Photos that are kept, drawn by the run's seed where there are more: 26 MB."""
LOOKED_SECONDS = 30.0
"""How long photos are looked at again for this; what was seen by then is kept."""
STAGE = "Remembering the photos"


def keep(context: TrainContext, records: Sequence[Record], vectors: np.ndarray) -> dict[str, str]:
    """Write the features of `records` (n, C) beside the model; returns it as `Trained.private`."""
    chosen = np.sort(_drawn(context, len(records))[:KEPT_AT_MOST])
    kept = [records[int(i)] for i in chosen]
    if not kept:
        return {}
    Neighbours.of(
        str(context.dataset.root),
        [record.path for record in kept],
        [record.target for record in kept],
        [context.dataset.content_hash(record) for record in kept],
        vectors[chosen],
    ).save(context.model_folder / FILE)
    return {NEIGHBOURS: FILE}


def look_and_keep(context: TrainContext, graph_path: Path) -> dict[str, str]:
    """The same for a model whose features nobody has computed yet: photos are looked at for half a minute at most."""
    everything = context.dataset.records("train")
    order = _drawn(context, len(everything))[:KEPT_AT_MOST]
    graph = context.open_graph(graph_path)
    until = time.monotonic() + LOOKED_SECONDS
    records, vectors, told = list[Record](), list[np.ndarray](), 0.0
    for number, i in enumerate(order):
        now = time.monotonic()
        if now > until or context.stopping():
            break
        if now - told > 0.3:
            told = now
            context.emit(Progress(stage=STAGE, done=number, total=len(order), unit="photos"))
        record = everything[int(i)]
        try:
            image = context.dataset.read(record).array(IMAGE)
        except DataError:
            continue  # it was told of when the features were computed
        records.append(record)
        vectors.append(graph.run({IMAGE: image[None]}, [FEATURES])[FEATURES][0])
    return keep(context, records, np.array(vectors)) if records else {}


def _drawn(context: TrainContext, count: int) -> np.ndarray:
    return np.random.default_rng(context.config.seed).permutation(count)
