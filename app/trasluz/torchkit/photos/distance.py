"""How far photos are from ImageNet, in the feature space of the network that learned from it.

No photo of ImageNet is needed: a network with batch normalisation carries ImageNet's statistics. The running mean μ
and variance σ² of a normalisation are the mean and the variance of its channel over all places of all photos that
it was trained on (Ioffe & Szegedy, ICML 2015); DeepInversion (Yin et al., CVPR 2020, eq. 4) draws photos from them.
Here they are one side of a Fréchet distance (Dowson & Landau 1982; between features of photos: Heusel et al.,
NeurIPS 2017) between two Gaussians with diagonal covariances, each channel in units of ImageNet's own σ:

    d² = mean over the channels of (m − μ)²/σ² + (1 − s/σ)²

with m and s the mean and standard deviation of the channel over the person's photos. 0: as ImageNet; 1: the average
channel is a whole standard deviation off. Taken are the normalisations that close the bottlenecks, from the first
stage to the last: in the calibration (benchmarks/distance.py) they tell natural photos from others better than all
normalisations together, and their channels are few. The squared mean is corrected for its expected surplus with few
photos (the sample's own variance over n), so that ten photos give the same distance as a hundred.

Shapes: n photos, C channels (1,808 for EfficientNet-Lite0).
"""

import hashlib
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trasluz.api import AdviceContext, DataError, Graph, Progress, Record, TrainingStopped

from .features import FeatureStore
from .graph import IMAGE, Writer, array, preprocessing

SAMPLE = 200
"""How many train photos are looked at, evenly spread over all; with 200 the distance varies by less than 0.01."""
MEANS, SQUARES = "means", "squares"
STAGE = "Comparing the photos with ImageNet"
VERSION = "distance-1"
"""Of the measure; a change of the formula, the layers or the sample needs another."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A distance and how many photos it comes from."""

    distance: float
    photos: int


def distance(means: np.ndarray, squares: np.ndarray) -> float:
    """The Fréchet distance of photos from ImageNet, per channel, in ImageNet's standard deviations.

    Args:
        means: The mean over each photo of each channel, normalised by ImageNet's μ and σ: (n, C).
        squares: The mean over each photo of the square of the same: (n, C).

    Returns:
        0 or more.
    """
    means, squares = means.astype(np.float64), squares.astype(np.float64)
    shift = means.mean(axis=0)
    variance = np.clip(squares.mean(axis=0) - shift**2, 0, None)
    surplus = means.var(axis=0, ddof=1) / len(means) if len(means) > 1 else 0.0
    squared = (shift**2 - surplus + (1 - np.sqrt(variance)) ** 2).mean()
    return float(np.float32(np.sqrt(max(0.0, squared))))  # as the cache keeps it


def measure(context: AdviceContext) -> Measured | None:
    """Measure how far the train photos are from ImageNet; None where not one of the sample could be read.

    The same photos give the same number at once the second time, without a network.

    Raises:
        TrainingStopped: If the person asked to stop.
    """
    records = spread_over(context.dataset.records("train"))
    hashes = [context.dataset.content_hash(record) for record in records]
    key = hashlib.sha256("".join(hashes).encode()).hexdigest()
    results = FeatureStore(context.cache_folder, version=VERSION, length=2)
    try:
        if (known := results.find([key]).get(key)) is not None:
            return Measured(float(known[0]), int(known[1]))
        means, squares = _statistics(context, records, hashes)
        if not len(means):
            return None
        found = Measured(distance(means, squares), len(means))
        if found.photos == len(records):  # a photo that is unreadable now may be back tomorrow
            results.keep(key, np.array([found.distance, found.photos], np.float32))
        return found
    finally:
        results.close()


def spread_over(records: Sequence[Record]) -> list[Record]:
    """The sample: `SAMPLE` records evenly spread over all, or all where there are fewer."""
    count = min(SAMPLE, len(records))
    return [records[int(i)] for i in np.linspace(0, len(records) - 1, count).round()] if count else []


def _statistics(
    context: AdviceContext, records: Sequence[Record], hashes: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """The two means of each photo that could be read, from the store where it has them: (n, C) twice."""
    context.emit(Progress(stage=STAGE, done=0, total=len(records), unit="photos"))
    path, version, channels = export_statistics(context.cache_folder)
    store = FeatureStore(context.cache_folder, version=version, length=2 * channels)
    try:
        rows = dict(enumerate(store.find(hashes).get(name) for name in hashes))
        missing = [i for i, row in rows.items() if row is None]
        if missing:
            for i, row in _computed(context, context.open_graph(path), records, missing):
                rows[i] = row
                if row is not None:
                    store.keep(hashes[i], row)
        found = np.array([row for row in rows.values() if row is not None], np.float32).reshape(-1, 2 * channels)
        return found[:, :channels], found[:, channels:]
    finally:
        store.close()


def _computed(
    context: AdviceContext, graph: Graph, records: Sequence[Record], missing: Sequence[int]
) -> list[tuple[int, np.ndarray | None]]:
    def look(i: int) -> tuple[int, np.ndarray | None]:
        if context.stopping():
            return i, None
        try:
            image = context.dataset.read(records[i]).array(IMAGE)
        except DataError:
            return i, None  # the check of the data and the training say so
        found = graph.run({IMAGE: image[None]}, (MEANS, SQUARES))
        return i, np.concatenate([found[MEANS][0], found[SQUARES][0]])

    done = len(records) - len(missing)
    result = []
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1), thread_name_prefix="distance") as pool:
        for each in pool.map(look, missing):
            result.append(each)
            done += 1
            context.emit(Progress(stage=STAGE, done=done, total=len(records), unit="photos"))
    if context.stopping():
        raise TrainingStopped("Stopped while comparing the photos with ImageNet.")
    return result


def export_statistics(folder: Path) -> tuple[Path, str, int]:
    """Write the graph from a photo to the statistics of its channels.

    `image` (images, height, width, 3) uint8 → `means`, `squares`: (images, C) each, normalised by ImageNet's own.

    Returns:
        The file, a hash that stands for weights and preprocessing, and C.
    """
    from . import lite0

    backbone = lite0.pretrained().eval()
    writer = Writer()
    before_head = len(backbone.channels) - 1  # nothing is measured after the last bottleneck
    backbone.draw(writer, writer.photo(backbone.facts.preparation), before_head)
    # The convolution that closes a bottleneck is the one that no activation follows.
    clipped = {node.input[0] for node in writer.written if node.op_type == "Clip"}
    closing = [node.output[0] for node in writer.written if node.op_type == "Conv" and node.output[0] not in clipped]
    means, squares, channels = [], [], 0
    for y, block in zip(closing, backbone.blocks(), strict=True):
        norm = block.project.norm
        # y = γ (x − μ)/σ + β, so (y − β)/γ is the channel before it in ImageNet's units
        weight, bias = (writer.constant(array(value)[:, None, None]) for value in (norm.weight, norm.bias))
        z = writer.node("Div", writer.node("Sub", y, bias), weight)
        for value, into in ((z, means), (writer.node("Mul", z, z), squares)):
            into.append(writer.node("Flatten", writer.node("GlobalAveragePool", value), axis=1))
        channels += norm.num_features
    for name, pooled in ((MEANS, means), (SQUARES, squares)):
        writer.node("Concat", *pooled, result=name, axis=1)
        writer.output(name, ("images", channels))
    unfinished = folder / f"statistics.{os.getpid()}-{threading.get_ident()}.onnx"
    writer.save(unfinished, f"{backbone.facts.title} statistics")
    done_to_it = repr(preprocessing(backbone.facts.preparation))
    digest = hashlib.sha256(unfinished.read_bytes() + done_to_it.encode()).hexdigest()[:16]
    path = folder / f"statistics-{digest}.onnx"
    unfinished.replace(path)
    return path, digest, channels
