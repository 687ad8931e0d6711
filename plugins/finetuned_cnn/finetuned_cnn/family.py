"""The family: from a folder of photos to a classifier as one ONNX graph."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api import (
    Advice,
    AdviceContext,
    Explainer,
    FamilyError,
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
from trasluz.torchkit.photos.squares import LOOKS, Look

from .backbones import kept
from .config import FinetunedCnnConfig, SpectrogramConfig, Strategy
from .explain import ClassActivation, LearningStages, NearestPhotos, StageAccuracy, StrategyTable
from .export import export_classifier
from .predict import FinetunedCnnPredictor

if TYPE_CHECKING:
    from trasluz.torchkit.photos.backbone import Backbone, Classifier
    from trasluz.torchkit.photos.linear import Fitted

GRAPH_FILE = "model.onnx"
REFERENCE_BATCH = 8
"""Photos that PyTorch answers at once: of 4, 8 and 16 the quickest, and half the memory to be touched first."""
TITLES: Mapping[Strategy, str] = {
    "linear": "linear classifier",
    "stages": "linear classifier on the best stage",
    "few-layers": "a few layers finetuned",
    "many-layers": "many layers finetuned",
}


class FinetunedCnn(KeepsBackbones):
    """EfficientNet-Lite0 with its ImageNet weights, taught one's own classes."""

    id = "finetuned-cnn"
    title = "Finetuned CNN"
    sentence = "Tells photos apart: a network that knows ImageNet is taught your own classes."
    kinds = (Kind.IMAGE_CLASSES, Kind.SOUND_CLASSES)
    config = FinetunedCnnConfig
    headline = "accuracy"
    kept_kinds = kept.KINDS

    def for_kind(self, kind: str) -> ModelFamily:
        """For sounds with settings and words of their own."""
        return FinetunedCnnOfSounds() if kind == Kind.SOUND_CLASSES else self

    def train(self, context: TrainContext) -> Trained:
        """Fit a linear classifier on the backbone; finetuning, where it is chosen, goes on from there."""
        import torch

        from trasluz.torchkit import device
        from trasluz.torchkit.photos.backbone import Classifier, random_weights, with_classifier
        from trasluz.torchkit.photos.linear import fit_classifier, two_classes

        from .backbones.choosing import backbone_for

        config = context.config
        assert isinstance(config, FinetunedCnnConfig)
        scratch = config.start == "scratch"
        if scratch and config.strategy in ("linear", "stages", "few-layers"):
            raise FamilyError(
                "A network that starts from nothing has no stages worth leaving as they are: choose the strategy "
                "“many-layers” or “auto”, or the start “pretrained”."
            )
        labels = two_classes(context)
        device.tune()
        torch.manual_seed(config.seed)
        backbone = backbone_for(context, config.backbone, weights=not scratch)
        advice = self.advise(context) if config.strategy == "auto" and not scratch else None
        strategy, why = _strategy(config, advice)
        title = TITLES[strategy] if not scratch else "trained from scratch"
        context.emit(
            Note(
                sentence=f"{title.capitalize()}. {why}",
                facts={"strategy": strategy, "backbone": backbone.facts.title},
            )
        )
        fitted = None
        if scratch:
            random_weights(backbone, seed=config.seed)
            backbone.facts = replace(backbone.facts, licence="")  # nothing of anybody's weights is left
            network = Classifier(backbone, len(labels), dropout=config.dropout)
        else:
            fitted = fit_classifier(context, backbone, try_all_parts=strategy == "stages")
            network = with_classifier(backbone, fitted, dropout=config.dropout)
        stages = _stages(network, {"classifier"})
        finetuned = strategy in ("few-layers", "many-layers")
        if finetuned:
            from .finetune import finetune, learning_parts

            stages = _stages(network, set(learning_parts(network, strategy, scratch=scratch)))
            network = finetune(context, network, strategy=strategy)
        else:
            sentence = "The backbone stays as it is; only the classifier on top of it learned."
            context.emit(Note(sentence=sentence, facts={"stages": stages}))
        network.eval()
        graph_path = context.model_folder / GRAPH_FILE
        looks = LOOKS[config.looks]
        context.emit(Progress(stage="Writing the model", done=0))
        export_classifier(network, graph_path, looks)
        if fitted is None or finetuned or len(looks) > 1:
            private = neighbours.look_and_keep(context, graph_path)
        else:
            private = neighbours.keep(context, fitted.records, fitted.features)
        if finetuned:
            private |= kept.write(context.model_folder, backbone)
        return Trained(
            title=f"{backbone.facts.title}, {title}",
            graphs={"model": GRAPH_FILE},
            reference=_reference(network, looks),
            labels=tuple(labels),
            preprocessing=preprocessing(backbone.facts.preparation, looks)
            | (AS_PICTURE if context.dataset.kind == Kind.SOUND_CLASSES else {}),
            private=private,
            extra=_extra(backbone, fitted, strategy=strategy, why=why, stages=stages, advice=advice)
            | {"looks": config.looks},
            licence=backbone.facts.licence,
            compared=(PROBABILITIES, FEATURES),
        )

    def advise(self, context: AdviceContext) -> Advice:
        """Say which strategy suits the data, by how much there is and how far it is from ImageNet."""
        from .advice import advise

        return advise(context)

    def predictor(self, model: LoadedModel) -> Predictor:
        """Make the predictor of a loaded model."""
        return FinetunedCnnPredictor(model)

    def score(self, predictions: Sequence[Prediction], targets: Sequence[str]) -> Mapping[str, float]:
        """Score answers: `accuracy`, `macro_f1` and, with more than five classes, `top5_accuracy`."""
        return classification(predictions, targets)

    def script(self, card: ModelCard) -> str:
        """The source of `predict.py`."""
        return spectrogram_script() if card.kind == Kind.SOUND_CLASSES else PREDICT

    def varied(
        self, samples: Sequence[Sample], config: TrainConfig, draws: Sequence[np.random.Generator]
    ) -> Sequence[np.ndarray] | None:
        """What finetuning makes of photos; the linear classifiers see them as they are."""
        from .preview import varied

        assert isinstance(config, FinetunedCnnConfig)
        return varied(samples, config, draws)

    def explainers(self) -> Sequence[Explainer]:
        """Where it looked, the most similar photos, what learned, which stage knew most, why this strategy."""
        return (ClassActivation(), NearestPhotos(), LearningStages(), StageAccuracy(), StrategyTable())


class FinetunedCnnOfSounds(SpeaksOfRecordings, FinetunedCnn):
    """The same by the spectrograms of sounds, which are not mirrored."""

    sentence = "Tells sounds apart by their spectrograms: a network that knows ImageNet is taught your own classes."
    config = SpectrogramConfig


def _strategy(config: FinetunedCnnConfig, advice: Advice | None) -> tuple[Strategy, str]:
    """How much learns, and why."""
    if config.start == "scratch":
        return "many-layers", "It starts from random weights, so all of it learns."
    if advice is not None:
        return advice.advised["strategy"], advice.sentence
    return config.strategy, "Chosen in the settings."


def _reference(network: "Classifier", looks: Sequence[Look]) -> Callable[[Sequence[Sample]], Sequence[Outputs]]:
    """PyTorch's own outputs, from the same photos, by the same steps, on the CPU."""
    import torch

    from trasluz.torchkit.photos.squares import as_batch

    network = network.cpu().eval().to(memory_format=torch.channels_last)

    def outputs(samples: Sequence[Sample]) -> Sequence[Outputs]:
        found: list[dict[str, np.ndarray]] = []
        for at in range(0, len(samples), REFERENCE_BATCH):
            images = [sample.array(IMAGE) for sample in samples[at : at + REFERENCE_BATCH]]
            with torch.inference_mode():
                seen = [network.features(as_batch(images, network.backbone, look)) for look in looks]
                features = torch.stack(seen).mean(dim=0)
                probabilities = torch.softmax(network.classifier(features), dim=1)
            rows = zip(probabilities.numpy(), features.numpy(), strict=True)
            found += [{PROBABILITIES: p, FEATURES: f} for p, f in rows]
        return found

    return outputs


def _stages(network: "Classifier", learning: Collection[str]) -> list[dict[str, Any]]:
    """The parts in the order of the photo's way, with their channels, their weights, and whether they learn."""
    channels = [*network.backbone.channels[: network.depth], network.classifier.out_features]
    stages = []
    for (name, part), count in zip(network.parts(), channels, strict=True):
        size = sum(parameter.numel() for parameter in part.parameters())
        stages.append({"name": name, "channels": count, "size": size, "learning": name in learning})
    return stages


def _extra(
    backbone: "Backbone",
    fitted: "Fitted | None",
    *,
    strategy: Strategy,
    why: str,
    stages: list[dict[str, Any]],
    advice: Advice | None,
) -> dict[str, Any]:
    extra: dict[str, Any] = {"strategy": strategy, "why": why, "backbone": backbone.facts.id, "stages": stages}
    if fitted is None:
        return extra
    extra["linear"] = {"c": fitted.choice.c, "photos": len(fitted.records)}
    if not np.isnan(fitted.choice.accuracy):
        extra["linear"]["held_out_accuracy"] = fitted.choice.accuracy
    if advice is not None:
        extra["advice"] = advice.to_json()
    if fitted.compared:
        extra["stage_accuracy"] = fitted.compared
    return extra
