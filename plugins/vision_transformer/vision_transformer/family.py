"""The family: from a folder of photos to a Vision Transformer as one ONNX graph."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api import (
    Advice,
    AdviceContext,
    Explainer,
    Kind,
    LoadedModel,
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
)
from trasluz.api.scores import classification
from trasluz.torchkit.photos import neighbours
from trasluz.torchkit.photos.graph import FEATURES, IMAGE, PROBABILITIES, preprocessing
from trasluz.torchkit.photos.kept import KeepsBackbones
from trasluz.torchkit.photos.said_of_sounds import SpeaksOfRecordings
from trasluz.torchkit.photos.script import PREDICT
from trasluz.torchkit.photos.sounds import AS_PICTURE, spectrogram_script

from . import keeping
from .attending import RELEVANCE
from .config import OWN_SIDE, SpectrogramVitConfig, VisionTransformerConfig
from .explain import EXPLAINERS
from .predict import VisionTransformerPredictor

if TYPE_CHECKING:
    from .network import VisionTransformer
    from .ways import Learned

GRAPH_FILE = "model.onnx"
REFERENCE_BATCH = 16


class VisionTransformerFamily(KeepsBackbones):
    """A Vision Transformer, taught one's own classes in one of four ways."""

    id = "vision-transformer"
    title = "Vision Transformer"
    sentence = (
        "Tells photos apart by patches that look at each other: learned from nothing, from a checkpoint, or from your "
        "own CNN."
    )
    kinds = (Kind.IMAGE_CLASSES, Kind.SOUND_CLASSES)
    config = VisionTransformerConfig
    headline = "accuracy"
    kept_kinds = (keeping.KIND,)

    def for_kind(self, kind: str) -> ModelFamily:
        """For sounds with settings and words of their own."""
        return VisionTransformerOfSounds() if kind == Kind.SOUND_CLASSES else self

    def train(self, context: TrainContext) -> Trained:
        """Learn in the way that was chosen, or that suits what is at hand."""
        import torch

        from trasluz.torchkit import device
        from trasluz.torchkit.photos.linear import two_classes

        from . import relevance
        from .drawing import export_model
        from .network import trained_parts
        from .seen import FILE as SEEN_FILE
        from .seen import write_seen
        from .starting import chosen
        from .ways import WAYS

        config = context.config
        assert isinstance(config, VisionTransformerConfig)
        labels = two_classes(context)
        device.tune()
        torch.manual_seed(config.seed)
        plan = chosen(context, self)
        context.emit(Note(sentence=f"{plan.title} {plan.sentence}", facts={"start": plan.start, "learn": plan.learn}))
        learned: Learned = WAYS[plan.start](context, plan, labels)
        network = learned.network.cpu().eval()
        context.emit(Progress(stage="Writing the model", done=0))
        graph_path = context.model_folder / GRAPH_FILE
        export_model(network, graph_path)
        graphs = {"model": GRAPH_FILE, **learned.graphs}
        if sum(parameter.numel() for parameter in network.parameters()) <= relevance.WEIGHTS_AT_MOST:
            relevance.export_relevance(network, context.model_folder / relevance.FILE)
            graphs[RELEVANCE] = relevance.FILE
        extra: dict[str, Any] = {
            "start": plan.start,
            "learn": plan.learn,
            "why": plan.sentence,
            "network": asdict(network.shape),
            "stages": trained_parts(network, learned.learning),
            **learned.extra,
        }
        if plan.advice is not None:
            extra["advice"] = plan.advice.to_json()
        private = dict(neighbours.look_and_keep(context, graph_path))
        if len(learned.learning) > 1:  # not the classifier alone
            title, licence = learned.title, learned.licence
            private |= keeping.write(context.model_folder, network, title=title, licence=licence)
        return Trained(
            title=f"{learned.title}, {plan.title.rstrip('.')[0].lower()}{plan.title.rstrip('.')[1:]}",
            graphs=graphs,
            reference=_reference(network),
            labels=tuple(labels),
            preprocessing=preprocessing(network.preparation)
            | (AS_PICTURE if context.dataset.kind == Kind.SOUND_CLASSES else {}),
            files=write_seen(network, context.model_folder),
            private=private,
            meanings={
                relevance.FILE: "The same network, made to tell what speaks for a class; only looking inside needs it.",
                SEEN_FILE: "What it knows of places, and what its patches look for; only looking inside needs it.",
            },
            extra=extra,
            licence=learned.licence,
            compared=(PROBABILITIES, FEATURES),
        )

    def advise(self, context: AdviceContext) -> Advice:
        """Say which start suits the data and what is at hand."""
        from .advice import advise

        return advise(context)

    def predictor(self, model: LoadedModel) -> Predictor:
        """Make the predictor of a loaded model."""
        return VisionTransformerPredictor(model)

    def score(self, predictions: Sequence[Prediction], targets: Sequence[str]) -> Mapping[str, float]:
        """Score answers: `accuracy`, `macro_f1` and, with more than five classes, `top5_accuracy`."""
        return classification(predictions, targets)

    def script(self, card: ModelCard) -> str:
        """The source of `predict.py`."""
        return spectrogram_script() if card.kind == Kind.SOUND_CLASSES else PREDICT

    def varied(
        self, samples: Sequence[Sample], config: TrainConfig, draws: Sequence[np.random.Generator]
    ) -> Sequence[np.ndarray] | None:
        """What learning makes of photos; a linear classifier sees them as they are."""
        from trasluz.torchkit.photos.preview import altered

        assert isinstance(config, VisionTransformerConfig)
        if config.start == "pretrained" and config.learn == "linear":
            return None
        if config.start == "distil":
            from .viewing import viewed

            return viewed(samples, config, draws)
        return altered(samples, config, draws, config.resolution or OWN_SIDE)

    def explainers(self) -> Sequence[Explainer]:
        """The patches, what looked at what, what it learned of places and patterns."""
        return EXPLAINERS


class VisionTransformerOfSounds(SpeaksOfRecordings, VisionTransformerFamily):
    """The same by the spectrograms of sounds, which are not mirrored."""

    sentence = (
        "Tells sounds apart by patches of their spectrograms that look at each other: learned from nothing, from a "
        "checkpoint, or from your own CNN."
    )
    config = SpectrogramVitConfig


def _reference(network: "VisionTransformer") -> Callable[[Sequence[Sample]], Sequence[Outputs]]:
    """PyTorch's own outputs, for the house to hold the graph against."""

    def outputs(samples: Sequence[Sample]) -> list[Outputs]:
        import torch

        from trasluz.torchkit.photos.squares import as_batch

        found: list[Outputs] = []
        with torch.inference_mode():
            for start in range(0, len(samples), REFERENCE_BATCH):
                photos = [sample.array(IMAGE) for sample in samples[start : start + REFERENCE_BATCH]]
                features = network.features(as_batch(photos, network))
                shares = network.classifier(features).softmax(dim=1)
                found += [
                    {PROBABILITIES: p, FEATURES: f} for p, f in zip(shares.numpy(), features.numpy(), strict=True)
                ]
        return found

    return outputs
