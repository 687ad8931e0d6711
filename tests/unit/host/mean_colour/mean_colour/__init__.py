"""A family that needs no torch: the softmax of a photo's mean colour, learned by plain gradient descent.

It does everything that a real family does (cache, checkpoints, resume, stop, export, explain) within a second, and
misbehaves in every way that the tests ask for.
"""

import errno
import json
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from trasluz.api import (
    Advice,
    Axis,
    Bars,
    DataError,
    EpochsConfig,
    Explainer,
    FamilyError,
    Metric,
    ModelFamily,
    Note,
    Prediction,
    Predictor,
    Progress,
    Quadrant,
    Quadrants,
    Trained,
    TrainingStopped,
    hookimpl,
    setting,
)
from trasluz.api.scores import classification


class Config(EpochsConfig):
    epochs: int = setting(10, title="Passes", sentence="How often it sees each photo.", ge=1, le=100_000)
    learning_rate: float = setting(2.0, title="Learning rate", sentence="How far each step goes.", gt=0, le=100)
    seconds: float = setting(0.0, title="Slowness", sentence="Seconds that each pass takes.", ge=0, le=60)
    behave: str = setting("well", title="Behaviour", sentence="How it shall misbehave.")
    resume: bool = setting(True, title="Resume", sentence="Whether it goes on from a checkpoint.")


class Colours(Predictor):
    def outputs(self, samples):
        graph = self.model.graph("main")
        found = []
        for sample in samples:
            if self.card.settings.get("behave") == "segfault-later" and os.environ.get("SEGFAULT"):
                signal.raise_signal(signal.SIGSEGV)  # of this thread, now: one to the process may come late
            if self.card.settings.get("behave") == "hang-later" and os.environ.get("HANG"):
                time.sleep(3600)
            found.append(graph.run({"image": sample.array("image")}))
        return found

    def interpret(self, sample, outputs):
        scores = np.asarray(outputs["probabilities"])
        order = np.argsort(-scores)
        top = tuple((self.card.labels[i], float(scores[i])) for i in order[:5])
        return Prediction(text=top[0][0], label=top[0][0], score=top[0][1], top=top)


class Scores(Explainer):
    id = "scores"
    title = "Scores"
    sentence = "How likely each class is."

    def applies(self, card):
        return card.family == "mean-colour"

    def choices(self, card):
        return card.labels

    def explain(self, predictor, sample, choice=None):
        scores = np.asarray(predictor.outputs([sample])[0]["probabilities"])
        return Bars("Scores", predictor.card.labels, [float(s) for s in scores], highlight=choice)


class MeanColour(ModelFamily):
    id = "mean-colour"
    title = "Mean colour"
    sentence = "Tells photos apart by their mean colour."
    kinds = ("image-classes",)
    config = Config
    headline = "accuracy"

    def advise(self, context):
        count = context.dataset.count("train")
        context.emit(Progress(stage="Counting", done=count, total=count, unit="photos"))
        if context.stopping():
            raise TrainingStopped
        size = Axis("size", "Photos", float(count), 100.0, "few", "many", (1.0, 1000.0), "photos")
        speed = Axis("speed", "Speed", None, 2.0, "slow", "fast", (0.1, 10.0), sentence="It has no clock.")
        cells = tuple(Quadrant(f"{passes} passes") for passes in (1, 2, 3, 4))
        table = Quadrants("Passes", speed, size, cells, chosen=0)
        return Advice(table, tuple({"epochs": n} for n in (1, 2, 3, 4)), table.place, "Few photos, few passes.", (2,))

    def train(self, context):
        config, dataset = context.config, context.dataset
        print("a plugin that prints")
        misbehave(config.behave)
        labels = tuple(dataset.labels)
        x, y = features(context, "train"), targets(dataset.records("train"), labels)
        weights, bias, epoch = start(context, len(labels))
        while epoch < config.epochs:
            if context.stopping():
                if config.behave == "keep-nothing":
                    raise TrainingStopped
                break
            left = context.seconds_left()
            if left is not None and left <= 0:
                context.emit(Note(sentence="The time is up."))
                break
            scores = softmax(x @ weights + bias)
            loss = float(-np.log(scores[np.arange(len(y)), y] + 1e-12).mean())
            error = scores - np.eye(len(labels))[y]
            weights = weights - config.learning_rate * x.T @ error / len(y)
            bias = bias - config.learning_rate * error.mean(0)
            epoch += 1
            time.sleep(config.seconds)
            # Said before it is saved: a kill in between says it twice, which is better than never.
            context.emit(Metric(name="loss", split="train", value=loss, step=epoch))
            save(context.checkpoint_folder, weights, bias, epoch)
            context.emit(Progress(stage="Learning", done=epoch, total=config.epochs, unit="passes", seconds_left=0.0))
            if epoch == 2:
                misbehave(config.behave.removesuffix("-in-training"))
        return self.exported(context, labels, weights.astype(np.float32), bias.astype(np.float32))

    def exported(self, context, labels, weights, bias):
        if context.config.behave == "slow-export":
            time.sleep(0.3)
        (context.model_folder / "model.onnx").write_bytes(graph_bytes(weights, bias))
        wrong = 0.5 if context.config.behave == "no-parity" else 0.0

        def reference(samples):
            return [
                {
                    "probabilities": softmax(s.array("image").mean((0, 1)) / 255 @ weights + bias).astype(np.float32)
                    + wrong
                }
                for s in samples
            ]

        return Trained(
            title="Mean colour",
            graphs={"main": "model.onnx"},
            reference=reference,
            labels=labels,
            preprocessing={"inside": "mean over the picture, divided by 255"},
        )

    def predictor(self, model):
        return Colours(model)

    def score(self, predictions, targets):
        return classification(predictions, targets)

    def script(self, card):
        return "print('mean colour')\n"

    def explainers(self):
        return [Scores()]


def misbehave(how: str) -> None:
    match how:
        case "raise":
            raise RuntimeError("a mistake in the plugin")
        case "family-error":
            raise FamilyError("This cannot be learned.")
        case "data-error":
            raise DataError("“a.jpg” cannot be used; remove it.")
        case "disk-full":
            raise OSError(errno.ENOSPC, "No space left on device", "/somewhere/weights")
        case "memory":
            raise MemoryError
        case "exit":
            raise SystemExit(7)
        case "segfault":
            signal.raise_signal(signal.SIGSEGV)  # of this thread, now: one to the process may come late
        case _:
            return


def features(context, split) -> np.ndarray:
    found = []
    records = context.dataset.records(split)
    for number, record in enumerate(records):
        found.append(context.dataset.read(record).array("image").mean((0, 1)) / 255)
        context.emit(Progress(stage="Looking at the photos", done=number + 1, total=len(records), unit="photos"))
    return np.array(found)


def targets(records, labels: Sequence[str]) -> np.ndarray:
    return np.array([labels.index(r.target) for r in records])


def softmax(values: np.ndarray) -> np.ndarray:
    exp = np.exp(values - values.max(-1, keepdims=True))
    return exp / exp.sum(-1, keepdims=True)


def start(context, classes: int):
    path = context.checkpoint_folder / "state.json"
    if context.config.resume and path.exists():
        # No mercy: a half-written checkpoint would raise here and fail the run.
        state = json.loads(path.read_text())
        context.emit(Note(sentence=f"Goes on after pass {state['epoch']}.", facts={"from": state["epoch"]}))
        return np.array(state["weights"]), np.array(state["bias"]), state["epoch"]
    rng = np.random.default_rng(context.config.seed)
    return rng.normal(0, 0.01, (3, classes)), np.zeros(classes), 0


def save(folder: Path, weights: np.ndarray, bias: np.ndarray, epoch: int) -> None:
    # The padding makes the write long enough to be hit by a kill.
    state = {"weights": weights.tolist(), "bias": bias.tolist(), "epoch": epoch, "padding": "x" * 300_000}
    temporary = folder / "state.json.part"
    temporary.write_text(json.dumps(state))
    temporary.replace(folder / "state.json")


def graph_bytes(weights: np.ndarray, bias: np.ndarray) -> bytes:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("Cast", ["image"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats", "axes"], ["mean"], keepdims=0),
        helper.make_node("Div", ["mean", "scale"], ["x"]),
        helper.make_node("MatMul", ["x", "weights"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "mean_colour",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["height", "width", 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [len(bias)])],
        [
            numpy_helper.from_array(np.array([0, 1], np.int64), "axes"),
            numpy_helper.from_array(np.float32(255), "scale"),
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(bias, "bias"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()


@hookimpl
def trasluz_families():
    return [MeanColour()]
