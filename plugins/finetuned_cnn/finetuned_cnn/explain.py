"""What can be seen in a finetuned CNN: where it looked, what it was reminded of, which stages learned and knew most."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from trasluz.api import (
    Advice,
    Bars,
    Explainer,
    ModelCard,
    Overlay,
    Predictor,
    Quadrants,
    Sample,
    SampleItem,
    Samples,
    Stages,
)
from trasluz.api.neighbours import Neighbours

from .data import middle_square
from .export import CLASS_MAPS, FEATURES, IMAGE, PROBABILITIES
from .neighbours import NEIGHBOURS

FAMILY = "finetuned-cnn"
SHOWN_AT_MOST = 1280
"""Longest side of the photo in the view."""
SHOWN_NEAREST, THUMBNAIL = 8, 224
SAME = 0.9995
"""From this cosine on two photos are the same to the network; float16 rounds by 0.0005 at the most."""
HEAT_SIDE = 224
HEAT_AT_MOST = 1_000_000


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
            image=_shown(image),
            heat=_over_photo(heat, *image.shape[:2]),
            caption=f"“{labels[number]}”: {probability:.1%}. {_aside(image, predictor.card)}",
        )


class NearestPhotos(Explainer):
    """The training photos whose features point in the direction most like the photo's: cosine similarity."""

    id = "nearest-photos"
    title = "Nearest training photos"
    sentence = "The photos it learned from that are most alike to this one, as the network sees them."

    def applies(self, card: ModelCard) -> bool:
        """Whether the photos' features lie beside the model; they stay behind when it is exported."""
        return card.family == FAMILY and NEIGHBOURS in card.private

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Samples:
        """Make the view; photos that are not where they were are named and said to be missing."""
        path = predictor.model.folder / predictor.card.private[NEIGHBOURS]
        known = _loaded(path, path.stat().st_mtime_ns)
        nearest = known.nearest(predictor.outputs([sample])[0][FEATURES], SHOWN_NEAREST)
        root = Path(known.root)
        folder = root if root.is_dir() or not root.suffix else root.parent  # a list of photos lies beside them
        items = []
        for i, similarity in nearest:
            image, note = _small(folder / known.paths[i])
            items.append(SampleItem(known.paths[i], known.labels[i], similarity, image, note))
        return Samples(title=self.title, items=items, unit="%", caption=_told(items, root))


class LearningStages(Explainer):
    """Which parts of the network were trained."""

    id = "learning-stages"
    title = "What learned"
    sentence = "The stages of the network: which stayed as they came from ImageNet, and which learned from the photos."

    def applies(self, card: ModelCard) -> bool:
        """Whether the card says it."""
        return card.family == FAMILY and "stages" in card.extra

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Stages:
        """Make the view; it is the same for each photo."""
        stages = predictor.card.extra["stages"]
        learning = [bool(stage["learning"]) for stage in stages]
        return Stages(
            title=self.title,
            names=[str(stage["name"]) for stage in stages],
            sizes=[float(stage["channels"]) for stage in stages],
            learning=learning,
            caption=f"{sum(learning)} of {len(learning)} parts learned. {predictor.card.extra.get('why', '')}".strip(),
        )


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


class StrategyTable(Explainer):
    """Where the data stood in the strategy table when the strategy was chosen by it."""

    id = "strategy-table"
    title = "Why this strategy"
    sentence = "How much data there was, how far it is from ImageNet, and the strategy that goes with that place."

    def applies(self, card: ModelCard) -> bool:
        """Whether the strategy was chosen by the table."""
        return card.family == FAMILY and "advice" in card.extra

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Quadrants:
        """Make the view; it is the same for each photo."""
        return Advice.from_json(predictor.card.extra["advice"]).table


@lru_cache(maxsize=2)
def _loaded(path: Path, _changed: int) -> Neighbours:
    return Neighbours.load(path)


def _small(path: Path) -> tuple[np.ndarray | None, str]:
    """A small picture of a photo, or None and why there is none."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as photo:
            photo.draft("RGB", (2 * THUMBNAIL, 2 * THUMBNAIL))
            photo.thumbnail((THUMBNAIL, THUMBNAIL))
            return np.asarray(ImageOps.exif_transpose(photo).convert("RGB")), ""
    except FileNotFoundError:
        return None, "not found"
    except Exception:  # a damaged photo raises whatever its decoder likes
        return None, "cannot be read"


def _told(items: Sequence[SampleItem], root: Path) -> str:
    missing = sum(item.image is None for item in items)
    if missing == len(items):
        return f"None of these photos is where it was (“{root}”); put the data back, or connect its drive again."
    words = f"{missing} of them cannot be shown. " if missing else ""
    if (items[0].value or 0) >= SAME:
        return f"{words}The first is this very photo, or one that looks the same: the model has learned from it."
    labels = [item.label for item in items]
    most = max(labels, key=labels.count)
    return (
        f"{words}{labels.count(most)} of the {len(items)} nearest photos are of “{most}”; 100% would be the same photo."
    )


def _shown(image: np.ndarray) -> np.ndarray:
    """The photo at a size to look at: (h, w, 3)."""
    factor = -(-max(image.shape[:2]) // SHOWN_AT_MOST)
    if factor == 1:
        return image
    from PIL import Image

    return np.asarray(Image.fromarray(image).reduce(factor))


def _over_photo(heat: np.ndarray, height: int, width: int) -> np.ndarray:
    """Stretch the heat of the middle square smoothly, with none beside it, in the photo's shape."""
    scale = min(HEAT_SIDE / min(height, width), (HEAT_AT_MOST / (height * width)) ** 0.5)
    tall, wide = max(1, round(height * scale)), max(1, round(width * scale))
    over = np.zeros((tall, wide), np.float32)
    rows, columns = middle_square(tall, wide)
    over[rows, columns] = _stretched(heat, min(tall, wide))
    return over


def _stretched(heat: np.ndarray, side: int) -> np.ndarray:
    """Bilinear, (h, w) → (side, side)."""
    down, across = (_between(size, side) for size in heat.shape)
    result: np.ndarray = down @ heat @ across.T
    return np.clip(result, 0, 1)


def _between(size: int, side: int) -> np.ndarray:
    """The weights of `size` points for each of `side` places between them: (side, size)."""
    place = np.clip((np.arange(side) + 0.5) * size / side - 0.5, 0, size - 1)
    return np.clip(1 - np.abs(place[:, None] - np.arange(size)), 0, 1)


def _aside(image: np.ndarray, card: ModelCard) -> str:
    height, width = image.shape[:2]
    if height == width:
        return ""
    if card.extra.get("looks") in ("squares", "both"):
        return "It looks at both ends of the photo too; the heat is that of the square in the middle."
    return "The network sees the square in the middle of the photo."
