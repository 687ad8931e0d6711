"""The settings of a run, each declared once."""

from typing import Literal

from pydantic import field_validator

from trasluz.api import EpochsConfig, setting

from .backbones.kept import LITE0, check_name

Strategy = Literal["auto", "linear", "stages", "few-layers", "many-layers"]


class FinetunedCnnConfig(EpochsConfig):
    """How a network that knows ImageNet is taught one's own classes."""

    strategy: Strategy = setting(
        "auto",
        title="Strategy",
        sentence="How much of the network learns. The more photos you have, and the less they look like everyday "
        "photos, the more of it should.",
        labels={
            "auto": "Choose for me — by how many photos there are and how far they are from ImageNet",
            "linear": "Linear classifier — the network stays as it is; seconds to minutes, good with few photos",
            "stages": "Best stage — a linear classifier on each stage of the network, and the best one is kept; "
            "for few photos that look unlike everyday photos",
            "few-layers": "Finetune a few layers — the last stages learn on; minutes to hours without a GPU",
            "many-layers": "Finetune many layers — nearly all learn on; for many photos, best with a GPU",
        },
    )
    backbone: str = setting(
        LITE0,
        title="Backbone",
        sentence="The network that knows photos already and is taught further here: a built-in one, one that you kept "
        "from an earlier run, or a checkpoint. One of the hub is downloaded when training starts; only its name leaves "
        "this computer.",
        labels={LITE0: "EfficientNet-Lite0 — 4.7 million weights, trained on ImageNet; fast on any computer"},
        others={"folder": "A checkpoint in a folder", "hub:": "A model of the hub"},
        placeholder="owner/name",
        advanced=True,
        min_length=1,
    )
    start: Literal["pretrained", "scratch"] = setting(
        "pretrained",
        title="Start",
        sentence="What the backbone begins with.",
        labels={
            "pretrained": "What it knows — the weights that it came with",
            "scratch": "Nothing — random weights, and all layers learn; for pretraining on many thousands of photos",
        },
        advanced=True,
    )
    keep_as: str = setting(
        "",
        title="Keep the backbone as",
        sentence="A name under which later runs can start from the backbone that finetuning makes; empty to decide "
        "when the model is finished.",
        advanced=True,
    )
    epochs: int = setting(
        15,
        title="Passes",
        sentence="How often finetuning goes through all photos at the most; it stops earlier when it no longer "
        "improves. A linear classifier looks at each photo once.",
        ge=1,
        le=10_000,
    )
    batch_size: int = setting(
        32,
        title="Batch",
        sentence="How many photos finetuning learns from at once; halved by itself when memory runs out.",
        advanced=True,
        ge=1,
        le=4096,
    )
    learning_rate: float = setting(
        5e-4,
        title="Learning rate",
        sentence="How far each step moves the classifier's weights; earlier stages move less, by “Layer decay”.",
        advanced=True,
        gt=0,
        le=10,
    )
    patience: int = setting(
        5,
        title="Patience",
        sentence="Finetuning stops after this many passes without improvement and keeps the best one.",
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
        sentence="What else than cropping and mirroring is done to a photo that finetuning learns from.",
        labels={
            "everyday": "Everyday — turned a little, other light and colours, as other cameras would see it",
            "randaugment": "RandAugment — two alterations drawn from fourteen, harsher; for long training",
        },
        advanced=True,
    )
    mixing: Literal["none", "mixup", "cutmix"] = setting(
        "none",
        title="Mixing",
        sentence="Whether finetuning learns from two photos made one, with both labels; it curbs learning by heart "
        "in long training.",
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
        sentence="How often a rectangle of a photo is covered while finetuning, so that no single detail decides.",
        advanced=True,
        ge=0,
        le=1,
    )
    class_weights: Literal["auto", "none", "root", "balanced"] = setting(
        "auto",
        title="Rare classes",
        sentence="How much more a photo of a rare class counts while finetuning.",
        labels={
            "auto": "Choose for me — a little more, where one class has ten times the photos of another",
            "none": "As they are — each photo counts the same",
            "root": "A little more — by the square root of how rare it is",
            "balanced": "Balanced — each class counts the same, however few its photos; finds more of the rare, "
            "and names them wrongly more often",
        },
        advanced=True,
    )
    unfreezing: float = setting(
        0.0,
        title="Gradual unfreezing",
        sentence="The share of finetuning over which the stages begin to learn one after the other, the last one "
        "first; at 0 all begin at once.",
        advanced=True,
        ge=0,
        le=0.9,
    )
    drop_path: float = setting(
        0.0,
        title="Skipped blocks",
        sentence="How often finetuning skips the deepest block of the network for a photo, earlier ones less often, so "
        "that it relies on no single one; where the network has blocks that can be skipped.",
        advanced=True,
        ge=0,
        lt=1,
    )
    looks: Literal["one", "mirrored", "squares", "both"] = setting(
        "one",
        title="Looks at a photo",
        sentence="How often the finished model looks at a photo before it answers with the mean of what it saw; "
        "each look takes its time.",
        advanced=True,
        labels={
            "one": "One — the square in the middle",
            "mirrored": "Mirrored too — two looks; not where left and right mean something",
            "squares": "Three squares — the middle and both ends of the longer side, so that all of it is seen",
            "both": "Three squares, mirrored too — six looks",
        },
    )
    label_smoothing: float = setting(
        0.1,
        title="Label smoothing",
        sentence="How much doubt is kept about each label while finetuning; it evens out mislabelled photos.",
        advanced=True,
        ge=0,
        lt=1,
    )
    weight_decay: float = setting(
        0.01,
        title="Weight decay",
        sentence="How strongly finetuning pulls the weights towards zero.",
        advanced=True,
        ge=0,
        le=10,
    )
    layer_decay: float = setting(
        0.85,
        title="Layer decay",
        sentence="Each stage learns this many times as fast as the one after it, so that the early ones change least.",
        advanced=True,
        gt=0,
        le=1,
    )
    warmup: float = setting(
        0.1,
        title="Warm-up",
        sentence="The share of finetuning in which the learning rate rises from zero.",
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
    dropout: float = setting(
        0.2,
        title="Dropout",
        sentence="The share of features that finetuning leaves out at each step, so that it relies on no single one.",
        advanced=True,
        ge=0,
        lt=1,
    )

    @field_validator("keep_as")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        return check_name(name) if name.strip() else ""


class SpectrogramConfig(FinetunedCnnConfig):
    """How the CNN is taught sounds, of which it sees the spectrograms."""

    mirror: bool = setting(
        False,
        title="Mirror",
        sentence="Whether a spectrogram may be shown mirrored, which is the sound backwards.",
        advanced=True,
    )
