"""The settings of a family that learns from photos, each declared once."""

from typing import Literal

from trasluz.api import EpochsConfig, again, setting


class PhotoLearningConfig(EpochsConfig):
    """How photos are altered, and how a network learns from them.

    A family derives its own settings from this, and says with `trasluz.api.again` where its defaults are others.
    """

    batch_size: int = again(
        EpochsConfig,
        "batch_size",
        32,
        sentence="How many photos are learned from at once; halved by itself when memory runs out.",
    )
    patience: int = setting(
        5,
        title="Patience",
        sentence="Learning stops after this many passes without improvement and keeps the best one.",
        advanced=True,
        ge=1,
        le=1000,
    )
    augmentation: float = setting(
        0.5,
        title="Variation",
        sentence="How much each photo is cropped, mirrored, turned and tinted anew in each pass, from none (0) to "
        "strong (1); more helps with few photos, less where place or colour decides the class.",
        advanced=True,
        ge=0,
        le=1,
    )
    mirror: bool = setting(
        True,
        title="Mirror",
        sentence="Whether a photo may be shown mirrored; switch it off where left and right mean something, as in "
        "writing or signs.",
        advanced=True,
    )
    policy: Literal["everyday", "randaugment"] = setting(
        "everyday",
        title="Kind of variation",
        sentence="What else than cropping and mirroring is done to a photo that is learned from.",
        labels={
            "everyday": "Everyday — turned a little, other light and colours, as other cameras would see it",
            "randaugment": "RandAugment — two alterations drawn from fourteen, harsher; for long training",
        },
        advanced=True,
    )
    mixing: Literal["none", "mixup", "cutmix"] = setting(
        "none",
        title="Mixing",
        sentence="Whether the network learns from two photos made one, with both labels; it curbs learning by heart in "
        "long training.",
        labels={
            "none": "None — each photo by itself",
            "mixup": "Mixup — one photo laid over the other",
            "cutmix": "CutMix — a rectangle of one photo pasted into the other",
        },
        advanced=True,
    )
    erasing: float = setting(
        0.0,
        title="Erasing",
        sentence="How often a rectangle of a photo is covered, so that no single detail decides.",
        advanced=True,
        ge=0,
        le=1,
    )
    class_weights: Literal["auto", "none", "root", "balanced"] = setting(
        "auto",
        title="Rare classes",
        sentence="How much more a photo of a rare class counts.",
        labels={
            "auto": "Choose for me — a little more, where one class has ten times the photos of another",
            "none": "As they are — each photo counts the same",
            "root": "A little more — by the square root of how rare it is",
            "balanced": "Balanced — each class counts the same, however few its photos; finds more of the rare, "
            "and names them wrongly more often",
        },
        advanced=True,
    )
    label_smoothing: float = setting(
        0.1,
        title="Label smoothing",
        sentence="How much doubt is kept about each label; it evens out mislabelled photos.",
        advanced=True,
        ge=0,
        lt=1,
    )
    weight_decay: float = setting(
        0.01,
        title="Weight decay",
        sentence="How strongly the weights are pulled towards zero.",
        advanced=True,
        ge=0,
        le=10,
    )
    warmup: float = setting(
        0.1,
        title="Warm-up",
        sentence="The share of the training in which the learning rate rises from zero.",
        advanced=True,
        ge=0,
        le=1,
    )
    averaging: float = setting(
        0.99,
        title="Averaging",
        sentence="What is measured and kept is a moving average of the weights, of which each step keeps this share; "
        "at 0.99 it looks back over about a hundred steps, at 0 it is the weights themselves.",
        advanced=True,
        ge=0,
        lt=1,
    )
    layer_decay: float = setting(
        0.85,
        title="Layer decay",
        sentence="Each stage learns this many times as fast as the one after it, so that the early ones change least.",
        advanced=True,
        gt=0,
        le=1,
    )
    drop_path: float = setting(
        0.0,
        title="Skipped blocks",
        sentence="How often the deepest block of the network is skipped for a photo, earlier ones less often, so that "
        "it relies on no single one; where the network has blocks that can be skipped.",
        advanced=True,
        ge=0,
        lt=1,
    )
