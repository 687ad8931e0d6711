"""What can be seen in a finetuned CNN: where it looked, what it was reminded of, which stages learned and knew most."""

from collections.abc import Sequence

import numpy as np

from trasluz.api import (
    Bars,
    Explainer,
    ModelCard,
    Overlay,
    Predictor,
    Sample,
)
from trasluz.torchkit.photos.explain import LearnedParts, Nearest, WhyThese, over_photo, shown
from trasluz.torchkit.photos.graph import IMAGE, PROBABILITIES

from .export import CLASS_MAPS

FAMILY = "finetuned-cnn"


class ClassActivation(Explainer):
    """The class-activation map (Zhou et al., “Learning Deep Features for Discriminative Localization”, CVPR 2016).

    The score of a class is the mean of its map, so the map says how much each place speaks for the class. Shown is
    how much more it speaks for this class than for the average one: what speaks for all alike decides nothing.
    """

    id = "class-activation"
    title = "Where it looked"
    sentence = "Heat over the photo: which places speak for a class."

    def applies(self, card: ModelCard) -> bool:
        """Whether it is one of this family's models."""
        return card.family == FAMILY

    def choices(self, card: ModelCard) -> Sequence[str]:
        """The classes."""
        return card.labels

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Overlay:
        """Make the view for a class, or for the likeliest one."""
        outputs = predictor.explaining_outputs(sample)
        labels = list(predictor.card.labels)
        if choice is not None and choice not in labels:
            raise ValueError(f"“{choice}” is not one of the model's classes: {', '.join(labels)}.")
        number = int(outputs[PROBABILITIES].argmax()) if choice is None else labels.index(choice)
        evidence = outputs[CLASS_MAPS] - outputs[CLASS_MAPS].mean(axis=0)  # (classes, h, w)
        strongest = float(evidence.max())  # over all classes, so that a class with little for it stays pale
        heat = np.clip(evidence[number], 0, None) / max(strongest, 1e-6)
        image = sample.array(IMAGE)
        probability = float(outputs[PROBABILITIES][number])
        return Overlay(
            title=f"What speaks for “{labels[number]}”",
            image=shown(image),
            heat=over_photo(heat, *image.shape[:2]),
            caption=f"“{labels[number]}”: {probability:.1%}. {_aside(image, predictor.card)}",
        )


class NearestPhotos(Nearest):
    """The training photos most like the photo."""

    id = "nearest-photos"
    family = FAMILY


class LearningStages(LearnedParts):
    """Which parts of the network were trained."""

    id = "learning-stages"
    sentence = "The stages of the network: which stayed as they came from ImageNet, and which learned from the photos."
    family = FAMILY


class StageAccuracy(Explainer):
    """How well a linear classifier did on the features of each part."""

    id = "stage-accuracy"
    title = "Which stage knew most"
    sentence = "How many held-out train photos a linear classifier on each stage answered right."

    def applies(self, card: ModelCard) -> bool:
        """Whether the stages were compared."""
        return card.family == FAMILY and bool(card.extra.get("stage_accuracy"))

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Bars:
        """Make the view; it is the same for each photo."""
        found = predictor.card.extra["stage_accuracy"]
        used = [stage["name"] for stage in predictor.card.extra["stages"]][-2]
        return Bars(title=self.title, labels=list(found), values=[float(v) for v in found.values()], highlight=used)


class StrategyTable(WhyThese):
    """Where the data stood in the strategy table when the strategy was chosen by it."""

    id = "strategy-table"
    title = "Why this strategy"
    sentence = "How much data there was, how far it is from ImageNet, and the strategy that goes with that place."
    family = FAMILY


def _aside(image: np.ndarray, card: ModelCard) -> str:
    height, width = image.shape[:2]
    if height == width:
        return ""
    if card.extra.get("looks") in ("squares", "both"):
        return "It looks at both ends of the photo too; the heat is that of the square in the middle."
    return "The network sees the square in the middle of the photo."
