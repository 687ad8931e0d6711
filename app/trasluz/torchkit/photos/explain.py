"""What can be seen in models that tell photos apart, whatever their network: the nearest photos, the table, heat.

An explainer here is the base of each family's own, which names the family and has an id.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from trasluz.api import Advice, Explainer, Kind, ModelCard, Predictor, Quadrants, Sample, SampleItem, Samples, Stages
from trasluz.api.neighbours import Neighbours

from .graph import FEATURES
from .neighbours import NEIGHBOURS
from .squares import middle_square

SHOWN_AT_MOST = 1280
"""Longest side of the photo in the view."""
SHOWN_NEAREST, THUMBNAIL = 8, 224
SAME = 0.9995
"""From this cosine on two photos are the same to the network; float16 rounds by 0.0005 at the most."""
HEAT_SIDE = 224
HEAT_AT_MOST = 1_000_000


class Nearest(Explainer):
    """The training photos whose features point in the direction most like the photo's: cosine similarity."""

    title = "Nearest training photos"
    sentence = "The photos it learned from that are most alike to this one, as the network sees them."
    family: ClassVar[str]

    def applies(self, card: ModelCard) -> bool:
        """Whether the photos' features lie beside the model; they stay behind when it is exported."""
        return card.family == self.family and NEIGHBOURS in card.private

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Samples:
        """Make the view; photos that are not where they were are named and said to be missing."""
        path = predictor.model.folder / predictor.card.private[NEIGHBOURS]
        known = _loaded(path, path.stat().st_mtime_ns)
        nearest = known.nearest(predictor.outputs([sample])[0][FEATURES], SHOWN_NEAREST)
        root = Path(known.root)
        folder = root if root.is_dir() or not root.suffix else root.parent  # a list of photos lies beside them
        shows = small_spectrogram if predictor.card.kind == Kind.SOUND_CLASSES else small
        items = []
        for i, similarity in nearest:
            image, note = shows(folder / known.paths[i])
            items.append(SampleItem(known.paths[i], known.labels[i], similarity, image, note))
        return Samples(title=self.title, items=items, unit="%", caption=_told(items, root))


class LearnedParts(Explainer):
    """Which parts of the network were trained."""

    title = "What learned"
    family: ClassVar[str]

    def applies(self, card: ModelCard) -> bool:
        """Whether the card says it."""
        return card.family == self.family and "stages" in card.extra

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


class WhyThese(Explainer):
    """Where the data stood in the table of advice when the settings were chosen by it."""

    family: ClassVar[str]

    def applies(self, card: ModelCard) -> bool:
        """Whether they were chosen by the table."""
        return card.family == self.family and "advice" in card.extra

    def explain(self, predictor: Predictor, sample: Sample, choice: str | None = None) -> Quadrants:
        """Make the view; it is the same for each photo."""
        return Advice.from_json(predictor.card.extra["advice"]).table


@lru_cache(maxsize=2)
def _loaded(path: Path, _changed: int) -> Neighbours:
    return Neighbours.load(path)


def small(path: Path) -> tuple[np.ndarray | None, str]:
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


def small_spectrogram(path: Path) -> tuple[np.ndarray | None, str]:
    """A recording as the network saw it, or None and why there is none."""
    from .sounds import pictured

    if not path.is_file():
        return None, "not found"
    try:
        return pictured(path), ""
    except Exception:  # a damaged recording raises whatever its decoder likes
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


def shown(image: np.ndarray) -> np.ndarray:
    """The photo at a size to look at: (h, w, 3)."""
    factor = -(-max(image.shape[:2]) // SHOWN_AT_MOST)
    if factor == 1:
        return image
    from PIL import Image

    return np.asarray(Image.fromarray(image).reduce(factor))


def over_photo(heat: np.ndarray, height: int, width: int) -> np.ndarray:
    """Stretch the heat of the middle square smoothly, with none beside it, in the photo's shape."""
    scale = min(HEAT_SIDE / min(height, width), (HEAT_AT_MOST / (height * width)) ** 0.5)
    tall, wide = max(1, round(height * scale)), max(1, round(width * scale))
    over = np.zeros((tall, wide), np.float32)
    rows, columns = middle_square(tall, wide)
    over[rows, columns] = stretched(heat, min(tall, wide))
    return over


def stretched(heat: np.ndarray, side: int) -> np.ndarray:
    """Bilinear, (h, w) → (side, side)."""
    down, across = (between(size, side) for size in heat.shape)
    result: np.ndarray = down @ heat @ across.T
    return np.clip(result, 0, 1)


def between(size: int, side: int) -> np.ndarray:
    """The weights of `size` points for each of `side` places between them: (side, size)."""
    place = np.clip((np.arange(side) + 0.5) * size / side - 0.5, 0, size - 1)
    return np.clip(1 - np.abs(place[:, None] - np.arange(size)), 0, 1)
