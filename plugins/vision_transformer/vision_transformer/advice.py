"""Which start suits the data: by how much there is, how far it is from ImageNet, and above all by what is at hand.

With few photos a Vision Transformer that begins with nothing is poor (Dosovitskiy et al. 2021, figure 3; Steiner et
al. 2022): it must find out what a convolution has built in. So a checkpoint comes first, then a teacher of one's own
(Touvron et al. 2021), then learning without labels (He et al., “Masked Autoencoders”, CVPR 2022).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

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

from .config import VisionTransformerConfig
from .starting import checkpoint_at_hand, found_teacher

MASKED_FROM = 2000
"""Photos in all from which learning without labels is advised where there is nothing to begin with."""

Cell = tuple[Mapping[str, Any], str, str, str]
"""Settings, a title, what that means, and the reason."""

LINEAR: Cell = (
    {"start": "pretrained", "learn": "linear"},
    "Linear classifier on a checkpoint",
    "Only a classifier on top is fitted; seconds to minutes",
    "So little would only teach the network these very photos, and what the checkpoint knows fits.",
)
LORA_FAR: Cell = (
    {"start": "pretrained", "learn": "lora"},
    "A checkpoint with LoRA",
    "Small additions to its attention learn",
    "The checkpoint does not know this kind of photo, and there is too little to let all of it learn.",
)
LORA: Cell = (
    {"start": "pretrained", "learn": "lora"},
    "A checkpoint with LoRA",
    "Small additions to its attention learn",
    "The checkpoint knows this kind of photo, and there is enough to let it learn on a little.",
)
ALL: Cell = (
    {"start": "pretrained", "learn": "all"},
    "All of a checkpoint",
    "All layers learn on, the earlier ones more slowly; best with a GPU",
    "The checkpoint does not know this kind of photo, and there is enough to let all of it learn.",
)
DISTIL: Cell = (
    {"start": "distil"},
    "Distil your own CNN",
    "It learns what your finetuned CNN sees in each photo",
    "There is no checkpoint on this computer, but a finetuned CNN of these classes, which knows what a Vision "
    "Transformer would have to find out. Do not expect it to reach that CNN itself.",
)
SCRATCH: Cell = (
    {"start": "scratch"},
    "From nothing",
    "Random weights and many passes",
    "There is neither a checkpoint on this computer nor a finetuned CNN of these classes, so it begins with nothing: "
    "a finetuned CNN is the better choice, and can then be distilled.",
)
MASKED: Cell = (
    {"start": "masked"},
    "First without labels",
    "It fills in hidden patches, then learns the classes",
    "There is neither a checkpoint on this computer nor a finetuned CNN of these classes, but enough photos to learn "
    "from without their labels first.",
)


def advise(context: AdviceContext) -> Advice:
    """Look at what is at hand, measure both axes, and place the data.

    Raises:
        DataError: If there is no photo to learn from.
        TrainingStopped: If the person asked to stop.
    """
    counts = counted(context)
    config = context.config
    assert isinstance(config, VisionTransformerConfig)
    found = measure(context)
    distance = found.distance if found else None
    # A checkpoint that was chosen in the settings is meant to be used, wherever it still lies.
    checkpoint = config.start == "pretrained" or checkpoint_at_hand(context, config.backbone)
    teacher = None if checkpoint else found_teacher(context, config.teacher)
    cells = _cells(checkpoint=checkpoint, teacher=teacher is not None, photos=sum(counts.values()))
    table = Quadrants(
        title="Where your data stands",
        across=distance_axis(distance, photos=found.photos if found else 0),
        down=size_axis(counts),
        cells=tuple(Quadrant(title=title, sentence=sentence, tip=reason) for _, title, sentence, reason in cells),
    )
    cell, middle = table.place, middle_class(counts)
    stands = amount_and_kind(middle, distance, many=cell >= 2, far=bool(cell % 2))
    sentence = f"{stands} {cells[cell][3]}"
    lit = tuple(replace(c, badge="advised") if i == cell else c for i, c in enumerate(table.cells))
    name, photos = smallest_class(counts)
    return Advice(
        table=replace(table, cells=lit, chosen=cell, caption=sentence),
        settings=tuple(settings for settings, _, _, _ in cells),
        cell=cell,
        sentence=sentence,
        also=tuple(near_cells(middle, distance, cell)) if checkpoint else (),
        facts={
            "classes": len(counts),
            "photos": sum(counts.values()),
            "middle_class": middle,
            "smallest_class": {"name": name, "photos": photos},
            "distance_photos": found.photos if found else 0,
            "sample": SAMPLE,
            "checkpoint": checkpoint,
            "teacher": teacher.card.title if teacher else "",
            "looks_at_models": True,
        },
    )


def _cells(*, checkpoint: bool, teacher: bool, photos: int) -> tuple[Cell, Cell, Cell, Cell]:
    if checkpoint:
        return LINEAR, LORA_FAR, LORA, ALL
    if teacher:
        return DISTIL, DISTIL, DISTIL, DISTIL
    many = MASKED if photos >= MASKED_FROM else SCRATCH
    return SCRATCH, SCRATCH, many, many
