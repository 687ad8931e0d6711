"""Answers photos with an exported graph."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import numpy as np

from trasluz.api import Graph, LoadedModel, Outputs, Prediction, Predictor, Sample

from .graph import FEATURES, IMAGE, PROBABILITIES

TOP = 10
BATCH, BATCH_BYTES = 16, 64 * 2**20
THREADS = min(8, os.cpu_count() or 1)
"""On a CPU a photo in each of a few threads is faster than a batch, and the photos may have any sizes."""


class PhotoPredictor(Predictor):
    """One photo in, a class with its probability out.

    Its graph `model` gives `probabilities` and `features`; what else the explainers look at stands in `explaining`.
    """

    explaining: ClassVar[Sequence[str]] = ()

    def __init__(self, model: LoadedModel) -> None:
        super().__init__(model)
        self.graph = model.graph("model")
        self._pool = ThreadPoolExecutor(THREADS, "photos")  # without a thread until there is work

    def outputs(self, samples: Sequence[Sample]) -> Sequence[Outputs]:
        """Give `probabilities` (classes,) and `features` (C,) of each photo."""
        images = [sample.array(IMAGE) for sample in samples]
        if self.graph.provider == "CPUExecutionProvider":
            if len(images) == 1:
                return [self._run(images)[0]]
            graph = self.model.graph("model", at_once=THREADS)
            return list(self._pool.map(lambda image: self._run([image], graph=graph)[0], images))
        return [out for batch in _of_one_size(images) for out in self._run(batch)]

    def explaining_outputs(self, sample: Sample) -> Outputs:
        """Give what the explainers look at as well."""
        return self._run([sample.array(IMAGE)], (PROBABILITIES, FEATURES, *self.explaining))[0]

    def interpret(self, sample: Sample, outputs: Outputs) -> Prediction:
        """Name the likeliest class."""
        probabilities = outputs[PROBABILITIES]
        order = np.argsort(-probabilities, kind="stable")[:TOP]
        top = tuple((self.card.labels[i], float(probabilities[i])) for i in order)
        return Prediction(text=top[0][0], label=top[0][0], score=top[0][1], top=top)

    def _run(
        self,
        images: Sequence[np.ndarray],
        wanted: Sequence[str] = (PROBABILITIES, FEATURES),
        graph: Graph | None = None,
    ) -> list[dict[str, np.ndarray]]:
        batch = images[0][None] if len(images) == 1 else np.stack(images)
        found = (graph or self.graph).run({IMAGE: batch}, wanted)
        return [{name: values[i] for name, values in found.items()} for i in range(len(images))]


def _of_one_size(images: Sequence[np.ndarray]) -> Iterator[list[np.ndarray]]:
    """Neighbours of the same size together, for a GPU; in their order."""
    batch: list[np.ndarray] = []
    for image in images:
        full = len(batch) >= BATCH or (len(batch) + 1) * image.nbytes > BATCH_BYTES
        if batch and (full or image.shape != batch[0].shape):
            yield batch
            batch = []
        batch.append(image)
    if batch:
        yield batch
