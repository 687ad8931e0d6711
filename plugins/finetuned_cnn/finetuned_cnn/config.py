"""The settings of a run, each declared once."""

from typing import Any, Literal

from pydantic import field_validator

from trasluz.api import again, setting
from trasluz.torchkit.photos.kept import check_name
from trasluz.torchkit.photos.said_of_sounds import schema_of_recordings
from trasluz.torchkit.photos.settings import PhotoLearningConfig
from trasluz.torchkit.photos.sounds import not_mirrored

from .backbones.kept import LITE0

Strategy = Literal["auto", "linear", "stages", "few-layers", "many-layers"]


class FinetunedCnnConfig(PhotoLearningConfig):
    """How a network that knows ImageNet is taught one's own classes."""

    epochs: int = again(
        PhotoLearningConfig,
        "epochs",
        15,
        sentence="How often finetuning goes through all photos at the most; it stops earlier when it no longer "
        "improves. A linear classifier looks at each photo once.",
    )
    learning_rate: float = again(
        PhotoLearningConfig,
        "learning_rate",
        5e-4,
        sentence="How far each step moves the classifier's weights; earlier stages move less, by “Layer decay”.",
    )
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
    unfreezing: float = setting(
        0.0,
        title="Gradual unfreezing",
        sentence="The share of finetuning over which the stages begin to learn one after the other, the last one "
        "first; at 0 all begin at once.",
        advanced=True,
        ge=0,
        le=0.9,
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

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The schema for the form, with words about recordings."""
        found: dict[str, Any] = schema_of_recordings(super().model_json_schema(*args, **kwargs))
        return found

    mirror: bool = not_mirrored()
