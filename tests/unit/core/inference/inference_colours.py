"""A family of three colours: small, but with a real ONNX graph, so that the room is tested without torch."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

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

LABELS = ("blue", "green", "red")
WEIGHTS = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]], np.float32) / 32  # (channels, classes)


SCRIPT = """
import json, sys
from pathlib import Path
import numpy as np, onnxruntime
from PIL import Image
here = Path(__file__).parent
card = json.loads((here / "card.json").read_text(encoding="utf-8"))
session = onnxruntime.InferenceSession(here / card["graphs"][0]["file"], providers=["CPUExecutionProvider"])
for name in sys.argv[1:]:
    [scores] = session.run(["probabilities"], {"image": np.asarray(Image.open(name).convert("RGB"))[None]})
    print(card["labels"][scores[0].argmax()])
"""


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
        return SCRIPT


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
