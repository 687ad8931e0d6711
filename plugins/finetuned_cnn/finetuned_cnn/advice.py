"""The strategy table: how much data, how far from ImageNet, and what to do in each of its four cells.

After the table of transfer learning in Stanford's CS231n and the lecture that Trasluz is built from: with little
data similar to ImageNet a linear classifier on the top layer, with little and different data linear classifiers from
different stages, with quite a lot of similar data a few layers finetuned, with quite a lot of different data more.
"""

from collections import Counter
from dataclasses import replace
from statistics import median

from trasluz.api import Advice, AdviceContext, Axis, DataError, Quadrant, Quadrants

from .config import Strategy
from .distance import SAMPLE, measure

MANY_PHOTOS = 100
"""From this many photos in the middle class on there is “quite a lot”."""
FAR = 0.40
"""From this distance on the photos are “very different”. In the calibration natural photos lie from 0.12 to 0.32
(those of a single class up to 0.38), cells, hand signs, writing and spectrograms from 0.43 to 0.65; with ten photos
the distance varies by 0.02."""
NEAR_SIZE, NEAR_DISTANCE = 1.6, 0.03
"""Within this factor, or this difference, of a threshold the neighbouring cell is worth trying too."""
CELLS: tuple[tuple[Strategy, str, str], ...] = (
    ("linear", "Linear classifier", "Only a classifier on top is fitted; seconds to minutes"),
    ("stages", "Best stage", "A classifier is tried on each stage, the best is kept; seconds to minutes"),
    ("few-layers", "Finetune a few layers", "The last stages learn on; minutes to hours"),
    ("many-layers", "Finetune many layers", "Nearly all stages learn on; best with a GPU"),
)
TERMS = (
    "Very little data, very similar to ImageNet: a linear classifier on the top layer of the frozen network.",
    "Very little data, very different from ImageNet: linear classifiers on features from different stages.",
    "Quite a lot of data, similar to ImageNet: finetune a few layers, the others stay frozen.",
    "Quite a lot of data, very different from ImageNet: finetune a larger number of layers.",
)
"""The cells in the words of the lecture."""
REASONS = (
    "So little would only teach the network these very photos, and what it knows of ImageNet fits: fit a classifier "
    "on top.",
    "So little would only teach the network these very photos, and its last stages look for things that are not in "
    "them: find the stage whose features fit best.",
    "The network knows this kind of photo, and there is enough to let its last stages learn on.",
    "The network does not know this kind of photo, and there is enough to let nearly all of it learn.",
)


def advise(context: AdviceContext) -> Advice:
    """Measure both axes and place the data in the table.

    Raises:
        DataError: If there is no photo to learn from.
        TrainingStopped: If the person asked to stop.
    """
    counts = Counter(record.target for record in context.dataset.records("train"))
    if not counts:
        raise DataError(f"“{context.dataset.root}” has nothing to learn from: its train part is empty.")
    found = measure(context)
    return placed(counts, found.distance if found else None, photos=found.photos if found else 0)


def placed(counts: Counter[str], distance: float | None, *, photos: int) -> Advice:
    """The advice for so many photos in each class at that distance, measured on `photos` of them."""
    middle, least = int(median(counts.values())), min(counts.items(), key=lambda item: (item[1], item[0]))
    size = Axis(
        name="size",
        title="Photos in the middle class",
        value=float(middle),
        threshold=float(MANY_PHOTOS),
        low="few photos",
        high="many photos",
        ends=(5.0, 2000.0),
        unit="photos",
        sentence=f"Half of the {len(counts)} classes have {middle:,} train photos or more. The smallest, "
        f"“{least[0]}”, has {least[1]:,}.",
    )
    how = (
        f"Mean and spread of each channel in the network over {photos:,} train photos, against those that it kept of "
        "ImageNet (Fréchet distance over the normalisations of all stages): 0 is ImageNet itself, 1 a whole standard "
        "deviation off."
    )
    away = Axis(
        name="distance",
        title="Distance from ImageNet",
        value=distance,
        threshold=FAR,
        low="similar to ImageNet",
        high="different from ImageNet",
        ends=(0.1, 1.0),
        unit="",
        sentence=how if distance is not None else "None of the photos that were tried could be read.",
    )
    table = Quadrants(
        title="Where your data stands",
        across=away,
        down=size,
        cells=tuple(
            Quadrant(title=title, sentence=sentence, tip=f"{term}\n{reason}")
            for (_, title, sentence), term, reason in zip(CELLS, TERMS, REASONS, strict=True)
        ),
    )
    cell = table.place
    cells = tuple(replace(c, badge="advised") if i == cell else c for i, c in enumerate(table.cells))
    sentence = _sentence(middle, distance, cell)
    return Advice(
        table=replace(table, cells=cells, chosen=cell, caption=sentence),
        settings=tuple({"strategy": strategy} for strategy, _, _ in CELLS),
        cell=cell,
        sentence=sentence,
        also=_also(middle, distance, cell),
        facts={
            "classes": len(counts),
            "photos": sum(counts.values()),
            "middle_class": middle,
            "smallest_class": {"name": least[0], "photos": least[1]},
            "distance_photos": photos,
            "sample": SAMPLE,
            "measured_by": "efficientnet-lite0",
        },
    )


def _sentence(middle: int, distance: float | None, cell: int) -> str:
    number = f"{middle:,} photo{'' if middle == 1 else 's'} in the middle class"
    amount = f"{'Quite a lot of' if cell >= 2 else 'Little'} data ({number})"
    if distance is None:
        return f"{amount}; how far it is from ImageNet could not be measured. {REASONS[cell]}"
    kind = "different from" if cell % 2 else "similar to"
    return f"{amount}, {kind} ImageNet (distance {distance:.2f}). {REASONS[cell]}"


def _also(middle: int, distance: float | None, cell: int) -> tuple[int, ...]:
    """The neighbours across a threshold that is close, the closer one first."""
    near = []
    factor = max(middle / MANY_PHOTOS, MANY_PHOTOS / max(middle, 1))
    if factor <= NEAR_SIZE:
        near.append(((factor - 1) / (NEAR_SIZE - 1), cell ^ 2))
    if distance is None or abs(distance - FAR) <= NEAR_DISTANCE:
        near.append((1.0 if distance is None else abs(distance - FAR) / NEAR_DISTANCE, cell ^ 1))
    return tuple(other for _, other in sorted(near))
