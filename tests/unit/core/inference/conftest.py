"""A family of three colours: small, but with a real ONNX graph, so that the room is tested without torch."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from trasluz.api import (
    LoadedModel,
    ModelCard,
    ModelFamily,
    Outputs,
    Prediction,
    Predictor,
    Sample,
    TrainConfig,
    TrainContext,
    Trained,
)
from trasluz.api.scores import classification
from trasluz.core.data.index import Index
from trasluz.core.data.readers import builtin_sources
from trasluz.core.inference.finish import finish

LABELS = ("blue", "green", "red")
WEIGHTS = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]], np.float32) / 32  # (channels, classes)


class ColourPredictor(Predictor):
    """One photo at a time, since they differ in size."""

    def outputs(self, samples: Sequence[Sample]) -> Sequence[Outputs]:
        graph = self.model.graph("main")
        found = [graph.run({"image": sample.array("image")[None]}) for sample in samples]
        return [{name: value[0] for name, value in each.items()} for each in found]

    def interpret(self, sample: Sample, outputs: Outputs) -> Prediction:
        scores = outputs["probabilities"]
        order = np.argsort(-scores)
        top = tuple((self.card.labels[i], float(scores[i])) for i in order)
        return Prediction(text=top[0][0], label=top[0][0], score=top[0][1], top=top)


class ColourFamily(ModelFamily):
    """The mean colour decides."""

    id, title, sentence = "colours", "Colours", "The mean colour decides."
    kinds = ("image-classes",)
    config = TrainConfig
    headline = "accuracy"

    def train(self, context: TrainContext) -> Trained:
        raise AssertionError("this family is not trained here")

    def predictor(self, model: LoadedModel) -> Predictor:
        return ColourPredictor(model)

    def score(self, predictions: Sequence[Prediction], targets: Sequence[str]) -> Mapping[str, float]:
        return classification(predictions, targets)

    def script(self, card: ModelCard) -> str:
        return f"print({card.title!r})\n"


def write_graph(path: Path, weights: np.ndarray = WEIGHTS) -> None:
    """Image → mean colour → scores → softmax."""
    nodes = [
        helper.make_node("Cast", ["image"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["x", "axes"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "w"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", "h", "w", 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 3])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(np.array([1, 2]), "axes")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), str(path))


def reference(samples: Sequence[Sample]) -> Sequence[Outputs]:
    """The same in numpy."""
    found = []
    for sample in samples:
        scores = sample.array("image").astype(np.float64).mean(axis=(0, 1)) @ WEIGHTS
        powers = np.exp(scores - scores.max())
        found.append({"probabilities": powers / powers.sum()})
    return found


@pytest.fixture
def family() -> ColourFamily:
    return ColourFamily()


@pytest.fixture
def dataset(tmp_path: Path) -> Index:
    """Thirty photos of three colours, of which one blue is green and one file is broken after indexing."""
    root = tmp_path / "colours"
    rng = np.random.default_rng(3)
    for split, count in (("train", 4), ("val", 6)):
        for at, label in enumerate(LABELS):
            folder = root / split / label
            folder.mkdir(parents=True)
            for i in range(count):
                pixels = rng.integers(0, 90, (int(rng.integers(8, 40)), int(rng.integers(8, 40)), 3), np.uint8)
                channel = 1 if (split, label, i) == ("val", "blue", 0) else 2 - at
                pixels[..., channel] += 150
                Image.fromarray(pixels).save(folder / f"{i}.png")
    return Index.build(root, tmp_path / "index.sqlite", builtin_sources())


@pytest.fixture
def make(family: ColourFamily, dataset: Index, tmp_path: Path) -> Callable[..., Any]:
    """Finish a model: `make(weights=…, reference=…)` gives (folder, card, judgement)."""

    def made(**changes: Any) -> tuple[Path, ModelCard, Any]:
        folder = tmp_path / "model"
        folder.mkdir(exist_ok=True)
        write_graph(folder / "main.onnx", changes.pop("weights", WEIGHTS))
        given: dict[str, Any] = {
            "title": "Three colours",
            "graphs": {"main": "main.onnx"},
            "reference": reference,
            "labels": LABELS,
        }
        trained = Trained(**given | changes)
        card, judgement = finish(
            trained, family=family, dataset=dataset, folder=folder, config=TrainConfig(seed=7), run_id="a-run"
        )
        return folder, card, judgement

    return made
