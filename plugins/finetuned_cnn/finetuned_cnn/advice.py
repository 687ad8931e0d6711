"""The strategy table: how much data, how far from ImageNet, and what to do in each of its four cells.

After the table of transfer learning in Stanford's CS231n and the lecture that Trasluz is built from: with little
data similar to ImageNet a linear classifier on the top layer, with little and different data linear classifiers from
different stages, with quite a lot of similar data a few layers finetuned, with quite a lot of different data more.
"""

from collections import Counter
from dataclasses import replace

from trasluz.api import Advice, AdviceContext, Quadrant, Quadrants
from trasluz.torchkit.photos.axes import (
    amount_and_kind,
    counted,
    distance_axis,
    middle_class,
    near_cells,
    size_axis,
    smallest_class,
)
from trasluz.torchkit.photos.distance import SAMPLE, measure

from .config import Strategy

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
    counts = counted(context)
    found = measure(context)
    return placed(counts, found.distance if found else None, photos=found.photos if found else 0)


def placed(counts: Counter[str], distance: float | None, *, photos: int) -> Advice:
    """The advice for so many photos in each class at that distance, measured on `photos` of them."""
    middle, least = middle_class(counts), smallest_class(counts)
    table = Quadrants(
        title="Where your data stands",
        across=distance_axis(distance, photos=photos),
        down=size_axis(counts),
        cells=tuple(
            Quadrant(title=title, sentence=sentence, tip=f"{term}\n{reason}")
            for (_, title, sentence), term, reason in zip(CELLS, TERMS, REASONS, strict=True)
        ),
    )
    cell = table.place
    cells = tuple(replace(c, badge="advised") if i == cell else c for i, c in enumerate(table.cells))
    stands = amount_and_kind(middle, distance, many=cell >= 2, far=bool(cell % 2))
    sentence = f"{stands} {REASONS[cell]}"
    return Advice(
        table=replace(table, cells=cells, chosen=cell, caption=sentence),
        settings=tuple({"strategy": strategy} for strategy, _, _ in CELLS),
        cell=cell,
        sentence=sentence,
        also=tuple(near_cells(middle, distance, cell)),
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
