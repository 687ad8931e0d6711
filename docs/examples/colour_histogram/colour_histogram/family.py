"""The model family: settings, training, the predictor, and one thing to be seen in its models.

Read it from the bottom up if you like: `ColourHistogram` is what Trasluz asks, the rest is what it hands out.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from trasluz.api import (
    Bars,
    DataError,
    Explainer,
    FamilyError,
    Kind,
    LoadedModel,
    Metric,
    ModelCard,
    ModelFamily,
    Note,
    Outputs,
    Prediction,
    Predictor,
    Progress,
    Sample,
    TrainConfig,
    TrainContext,
    Trained,
    TrainingStopped,
    setting,
)
from trasluz.api.scores import classification

from .colours import colours_of, name_of, softmax, step, write_graph


class Settings(TrainConfig):
    """Each setting once. The form, `trasluz train --set`, the checks and the help all come from here.

    `seed` and `minutes` come with `TrainConfig`. Nothing here is random, so the seed changes nothing.
    """

    shades: int = setting(
        4,
        title="Shades",
        sentence="Into how many steps red, green and blue are cut; more tell finer colours apart and need more photos.",
        ge=2,
        le=8,
    )
    epochs: int = setting(300, title="Passes", sentence="Steps of the fit, each over all photos.", ge=1, le=10_000)
    learning_rate: float = setting(
        2.0, title="Learning rate", sentence="How far each step goes.", advanced=True, gt=0, le=10
    )
    decay: float = setting(
        1e-4,
        title="Caution",
        sentence="How much large weights are held back; more for few photos.",
        advanced=True,
        ge=0,
        le=1,
    )


class ColourPredictor(Predictor):
    """Runs the graph. It knows ONNX outputs and numpy; what trained the model is out of sight here."""

    def outputs(self, samples: Sequence[Sample]) -> Sequence[Outputs]:
        """Run the graph for each photo; their sizes differ, so each is run alone."""
        graph = self.model.graph("model")
        return [graph.run({"image": sample.array("image")}, ["probabilities"]) for sample in samples]

    def explaining_outputs(self, sample: Sample) -> Outputs:
        """Run it for everything that it can show."""
        return self.model.graph("model").run({"image": sample.array("image")})

    def interpret(self, sample: Sample, outputs: Outputs) -> Prediction:
        """Name the likeliest class."""
        scores = outputs["probabilities"]
        order = np.argsort(-scores)[:10]
        top = tuple((self.card.labels[i], float(scores[i])) for i in order)
        return Prediction(text=top[0][0], label=top[0][0], score=top[0][1], top=top)


class TellingColours(Explainer):
    """Which colours of a photo spoke for a class. Explainers return plain data; the window paints it."""

    id = "telling-colours"
    title = "Telling colours"
    sentence = "The colours of this photo that speak most for a class, and those that speak against it."

    def applies(self, card: ModelCard) -> bool:
        """Only to this family's models."""
        return card.family == ColourHistogram.id

    def choices(self, card: ModelCard) -> Sequence[str]:
        """A class each."""
        return card.labels

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Bars:
        """Show the eight colours that weigh most, for the likeliest class where none is chosen."""
        found = predictor.explaining_outputs(sample)
        label = choice or predictor.card.labels[int(found["probabilities"].argmax())]
        weights = found["evidence"][:, predictor.card.labels.index(label)]  # (B,)
        strongest = [i for i in np.argsort(-np.abs(weights))[:8] if weights[i]]  # the photo may have fewer colours
        order = sorted(strongest, key=lambda i: -weights[i])
        shades = int(predictor.card.preprocessing["shades"])
        return Bars(
            title=f"What speaks for “{label}”",
            labels=[name_of(int(i), shades) for i in order],
            values=[float(weights[i]) for i in order],
            unit="",
        )


class ColourHistogram(ModelFamily):
    """Softmax regression on the colours of a photo."""

    id = "colour-histogram"
    title = "Colour histogram"
    sentence = "Counts the colours of a photo and learns which speak for which class; seconds, and a good baseline."
    kinds = (Kind.IMAGE_CLASSES,)
    config = Settings
    headline = "accuracy"

    def train(self, context: TrainContext) -> Trained:
        """Train on the data, write the graph into the model folder, and say what was made.

        A longer training keeps checkpoints in `context.checkpoint_folder` and goes on from them. This one takes
        seconds: after a power cut it starts over.
        """
        config = context.config
        assert isinstance(config, Settings)
        labels = tuple(context.dataset.labels)
        if len(labels) < 2:
            raise FamilyError("There is only one class in the data; put photos of another beside it.")
        x, y = self._read(context, "train", labels)
        val_x, val_y = self._read(context, "val", labels)
        if not len(x):
            raise DataError("Not one photo to learn from could be read; look at the problems on the Data page.")

        weights = np.zeros((x.shape[1], len(labels)), np.float32)
        before = weights
        for epoch in range(1, config.epochs + 1):
            # Nesterov's momentum (1983): look ahead along the last step, then correct.
            ahead = weights + (epoch - 1) / (epoch + 2) * (weights - before)
            slope, loss = step(x, y, ahead, config.decay)
            before, weights = weights, ahead - config.learning_rate * slope
            left = context.seconds_left()
            ending = epoch == config.epochs or context.stopping() or (left is not None and left <= 0)
            if epoch % 10 == 0 or ending:
                context.emit(Progress(stage="Weighing the colours", done=epoch, total=config.epochs, unit="passes"))
                context.emit(Metric(name="loss", value=loss, step=epoch, split="train"))
                if len(val_x):
                    right = float(np.mean((val_x @ weights).argmax(1) == val_y.argmax(1)))
                    context.emit(Metric(name="accuracy", value=right, step=epoch, split="val"))
            if ending:
                break  # stopped by the person or the clock: what there is so far is a whole model

        write_graph(context.model_folder / "model.onnx", weights, config.shades)

        def reference(samples: Sequence[Sample]) -> list[Outputs]:
            # Trasluz runs the graph on the same samples and refuses a model whose outputs differ from these.
            rows = np.stack([np.append(colours_of(s.array("image"), config.shades), 1) for s in samples])
            return [{"probabilities": row} for row in softmax(rows @ weights)]

        return Trained(
            title=f"Colour histogram, {config.shades**3} colours",
            graphs={"model": "model.onnx"},
            reference=reference,
            labels=labels,
            preprocessing={"shades": config.shades, "inside_the_graph": "all of it; give RGB pixels, uint8"},
        )

    def _read(self, context: TrainContext, split: str, labels: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Read a split: colours with a last column of ones for the bias (N, B + 1), and one-hot classes (N, C)."""
        shades = context.config.shades
        rows, targets = [], []
        records = context.dataset.records(split)
        for done, record in enumerate(records):
            if context.stopping():
                raise TrainingStopped
            if done % 50 == 0:
                context.emit(Progress(stage="Looking at the photos", done=done, total=len(records), unit="photos"))
            if record.target not in labels:
                continue  # a class that is in this split alone cannot be answered, and Trasluz has said so
            try:
                rows.append(colours_of(context.dataset.read(record).array("image"), shades))
            except DataError as error:
                context.emit(Note(sentence=str(error), level="warning"))  # one bad file never ends a run
                continue
            targets.append(labels.index(record.target))
        x = np.ones((len(rows), shades**3 + 1), np.float32)
        x[:, :-1] = np.stack(rows) if rows else 0
        return x, np.eye(len(labels), dtype=np.float32)[targets]

    def predictor(self, model: LoadedModel) -> Predictor:
        """Make the predictor of a loaded model."""
        return ColourPredictor(model)

    def score(self, predictions: Sequence[Prediction], targets: Sequence[str]) -> dict[str, float]:
        """Score by the metrics that all families of classes share."""
        return classification(predictions, targets)

    def script(self, card: ModelCard) -> str:
        """Give the script of an exported model: a file of this package, so that it can be read and tested."""
        return Path(__file__).with_name("alone.py").read_text(encoding="utf-8")

    def explainers(self) -> Sequence[Explainer]:
        """What can be seen in a model of this family."""
        return [TellingColours()]
