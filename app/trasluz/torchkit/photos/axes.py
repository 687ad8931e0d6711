"""The two axes on which photos stand before a training: how many there are, and how far they are from ImageNet."""

from collections import Counter
from collections.abc import Sequence
from statistics import median

from trasluz.api import AdviceContext, Axis, DataError

MANY_PHOTOS = 100
"""From this many photos in the middle class on there is “quite a lot”."""
FAR = 0.40
"""From this distance on the photos are “very different”. In the calibration natural photos lie from 0.12 to 0.32
(those of a single class up to 0.38), cells, hand signs, writing and spectrograms from 0.43 to 0.65; with ten photos
the distance varies by 0.02."""
NEAR_SIZE, NEAR_DISTANCE = 1.6, 0.03
"""Within this factor, or this difference, of a threshold the neighbouring cell is worth trying too."""


def counted(context: AdviceContext) -> Counter[str]:
    """How many photos of each class there are to learn from.

    Raises:
        DataError: If there is none.
    """
    counts = Counter(record.target for record in context.dataset.records("train"))
    if not counts:
        raise DataError(f"“{context.dataset.root}” has nothing to learn from: its train part is empty.")
    return counts


def middle_class(counts: Counter[str]) -> int:
    """The photos in the middle class."""
    return int(median(counts.values()))


def smallest_class(counts: Counter[str]) -> tuple[str, int]:
    """The smallest class and its photos."""
    return min(counts.items(), key=lambda item: (item[1], item[0]))


def size_axis(counts: Counter[str]) -> Axis:
    """How many photos there are."""
    middle, least = middle_class(counts), smallest_class(counts)
    return Axis(
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


def distance_axis(distance: float | None, *, photos: int) -> Axis:
    """How far they are from ImageNet, measured on so many photos."""
    how = (
        f"Mean and spread of each channel in the network over {photos:,} train photos, against those that it kept of "
        "ImageNet (Fréchet distance over the normalisations of all stages): 0 is ImageNet itself, 1 a whole standard "
        "deviation off."
    )
    return Axis(
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


def amount_and_kind(middle: int, distance: float | None, *, many: bool, far: bool) -> str:
    """Where the data stands, in the beginning of a sentence that ends with a full stop."""
    number = f"{middle:,} photo{'' if middle == 1 else 's'} in the middle class"
    amount = f"{'Quite a lot of' if many else 'Little'} data ({number})"
    if distance is None:
        return f"{amount}; how far it is from ImageNet could not be measured."
    return f"{amount}, {'different from' if far else 'similar to'} ImageNet (distance {distance:.2f})."


def near_cells(middle: int, distance: float | None, cell: int) -> Sequence[int]:
    """The neighbours across a threshold that is close, the closer one first."""
    near = []
    factor = max(middle / MANY_PHOTOS, MANY_PHOTOS / max(middle, 1))
    if factor <= NEAR_SIZE:
        near.append(((factor - 1) / (NEAR_SIZE - 1), cell ^ 2))
    if distance is None or abs(distance - FAR) <= NEAR_DISTANCE:
        near.append((1.0 if distance is None else abs(distance - FAR) / NEAR_DISTANCE, cell ^ 1))
    return tuple(other for _, other in sorted(near))
