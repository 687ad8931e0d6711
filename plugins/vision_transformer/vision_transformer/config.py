"""The settings of a run, each declared once."""

from typing import Any, Literal

from pydantic import field_validator, model_validator

from trasluz.api import again, setting
from trasluz.torchkit.photos.kept import check_name
from trasluz.torchkit.photos.said_of_sounds import schema_of_recordings
from trasluz.torchkit.photos.settings import PhotoLearningConfig
from trasluz.torchkit.photos.sounds import not_mirrored

Start = Literal["auto", "pretrained", "distil", "masked", "scratch"]
Learn = Literal["auto", "linear", "lora", "all"]
DEIT, DINO = "hub:facebook/deit-tiny-patch16-224", "hub:facebook/dinov2-small"
OWN = {"start": ["auto", "distil", "masked", "scratch"]}
"""The starts from which the network is of its own make."""
OWN_SIDE = 64
"""The side of a photo where nobody chose one and no checkpoint has its own."""


class VisionTransformerConfig(PhotoLearningConfig):
    """How a Vision Transformer learns one's own classes."""

    epochs: int = again(
        PhotoLearningConfig,
        "epochs",
        60,
        sentence="How often it goes through all photos at the most; it stops earlier when it no longer improves. A "
        "linear classifier on a checkpoint looks at each photo once.",
    )
    learning_rate: float = again(
        PhotoLearningConfig,
        "learning_rate",
        1e-3,
        sentence="How far each step moves the weights of a network that begins with nothing; where all of a checkpoint "
        "learns on it is a tenth of this, and less in earlier layers, by “Layer decay”.",
    )
    patience: int = again(PhotoLearningConfig, "patience", 15)
    weight_decay: float = again(PhotoLearningConfig, "weight_decay", 0.05)
    layer_decay: float = again(PhotoLearningConfig, "layer_decay", 0.75, when={"start": ["pretrained", "masked"]})
    drop_path: float = again(PhotoLearningConfig, "drop_path", 0.05, title="Skipped layers")
    start: Start = setting(
        "auto",
        title="Start",
        sentence="What the network begins with. A Vision Transformer that begins with nothing needs many photos; each "
        "of the other ways gives it something to go by.",
        labels={
            "auto": "Choose for me — by what is at hand: a checkpoint, a CNN of yours, how many photos there are",
            "pretrained": "A checkpoint — a network that knows photos already, from a folder or the hub",
            "distil": "Your own CNN as its teacher — it learns what your finetuned CNN sees in each photo",
            "masked": "Your photos without their labels — it fills in patches that are hidden from it, then learns the "
            "classes",
            "scratch": "Nothing — random weights, many passes; for thousands of photos or for looking on",
        },
    )
    backbone: str = setting(
        DEIT,
        title="Checkpoint",
        when={"start": ["pretrained"]},
        sentence="The Vision Transformer to start from: one that you kept from an earlier run, or ViT, DeiT or DINOv2 "
        "in a folder or on the hub. One of the hub is downloaded when training starts; only its name leaves this "
        "computer.",
        labels={
            DEIT: "DeiT-Ti of the hub — 5.7 million weights, trained on ImageNet; downloaded once, 23 MB",
            DINO: "DINOv2-S of the hub — 22 million weights, learned from 142 million photos without labels; 88 MB",
        },
        others={"folder": "A checkpoint in a folder", "hub:": "A model of the hub"},
        placeholder="owner/name",
        min_length=1,
    )
    teacher: str = setting(
        "",
        title="Teacher",
        when={"start": ["distil"]},
        sentence="The model that it is distilled from: the folder of a run, or of a model. Empty takes the newest "
        "finetuned CNN beside this run that knows the same classes.",
        labels={"": "The newest CNN here"},
        others={"folder": "A run or a model in a folder"},
    )
    learn: Learn = setting(
        "auto",
        title="What learns",
        when={"start": ["pretrained"]},
        sentence="How much of a checkpoint learns on.",
        labels={
            "auto": "Choose for me — by how many photos there are and how far they are from ImageNet",
            "linear": "A linear classifier — the network stays as it is; each photo is looked at once",
            "lora": "LoRA — small additions to its attention, and the classifier; a fiftieth of the weights",
            "all": "All of it — later layers faster than earlier ones; for many photos, best with a GPU",
        },
    )
    size: Literal["mini", "tiny", "small", "base", "large"] = setting(
        "mini",
        title="Network",
        when=OWN,
        sentence="How large the network is; a checkpoint has its own size.",
        labels={
            "mini": "Mini — 6 layers of 128; 1.2 million weights, for computers without a GPU",
            "tiny": "Ti — 12 layers of 192; 5.4 million weights",
            "small": "S — 12 layers of 384; 21 million weights",
            "base": "B — 12 layers of 768; 85 million weights, for a GPU",
            "large": "L — 24 layers of 1024; 303 million weights, for a large GPU",
        },
    )
    resolution: int | None = setting(
        None,
        title="Side of a photo",
        sentence="To how many pixels the middle square of a photo is brought; a multiple of the patch. Empty takes the "
        f"checkpoint's own, or {OWN_SIDE}. A checkpoint may see larger photos than it was trained on.",
        unit="pixels",
        ge=16,
        le=1024,
    )
    patch: int = setting(
        8,
        title="Patch",
        when=OWN,
        sentence="The side of the patches that a photo is cut into. Half the side is four times the patches, and about "
        "four times the work; a checkpoint has its own.",
        unit="pixels",
        ge=2,
        le=64,
    )
    positions: Literal["learned", "sinusoidal", "rotary"] = setting(
        "learned",
        title="Positions",
        when=OWN,
        sentence="How the network knows where a patch lies; a checkpoint has its own.",
        labels={
            "learned": "Learned — a vector for each place, which begins as waves and learns on",
            "sinusoidal": "Waves — fixed sines and cosines of row and column",
            "rotary": "Rotary — queries and keys are turned by row and column; what counts is the distance",
        },
        advanced=True,
    )
    registers: int = setting(
        0,
        title="Registers",
        when=OWN,
        sentence="Tokens that stand for no patch, on which the network may keep what belongs to the whole photo; a few "
        "make the maps of attention cleaner. A checkpoint has its own.",
        advanced=True,
        ge=0,
        le=16,
    )
    distillation: Literal["soft", "hard"] = setting(
        "soft",
        title="What the teacher says",
        when={"start": ["distil"]},
        sentence="Whether the network learns how sure its teacher is of each class, or only what it answers.",
        labels={
            "soft": "Soft — the probabilities of all classes",
            "hard": "Hard — the likeliest class alone, as DeiT",
        },
        advanced=True,
    )
    matching: float = setting(
        1.0,
        title="Seeing as the teacher",
        when={"start": ["distil"]},
        sentence="How much it counts that each patch sees what its teacher sees in that place (the maps in the middle "
        "of the CNN), besides answering the same; at 0 only the answers count.",
        advanced=True,
        ge=0,
        le=100,
    )
    views: int = setting(
        4,
        title="Views for the teacher",
        when={"start": ["distil"]},
        sentence="How many altered views of each photo the teacher is asked about, besides the photo itself; it learns "
        "from these very pictures. Fewer where the time limit leaves no time for them.",
        advanced=True,
        ge=0,
        le=100,
    )
    unlabelled: str = setting(
        "",
        title="Photos without labels",
        when={"start": ["masked"]},
        sentence="A folder of photos that it learns from first, besides those of the classes: the more of the same "
        "kind, the better. What they show need not be known.",
        labels={"": "Only the photos of the classes"},
        others={"folder": "More photos in a folder"},
    )
    hidden: float = setting(
        0.75,
        title="Hidden patches",
        when={"start": ["masked"]},
        sentence="The share of patches that is hidden while it learns without labels.",
        advanced=True,
        ge=0.1,
        le=0.95,
    )
    masked_share: float = setting(
        0.5,
        title="Time without labels",
        when={"start": ["masked"]},
        sentence="The share of passes, and of the time limit, that goes into learning without labels.",
        advanced=True,
        ge=0.05,
        le=0.95,
    )
    rank: int = setting(
        8,
        title="Rank of LoRA",
        when={"start": ["pretrained"]},
        sentence="How many directions each addition to the attention has.",
        advanced=True,
        ge=1,
        le=256,
    )
    layer_scale: bool = setting(
        False,
        title="Layer scale",
        when=OWN,
        sentence="Whether each layer begins by adding very little; it steadies deep networks that begin with nothing.",
        advanced=True,
    )

    keep_as: str = setting(
        "",
        title="Keep the network as",
        sentence="A name under which later runs can start from the network that this one makes; empty to decide when "
        "the model is finished.",
        advanced=True,
    )

    @field_validator("keep_as")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        return check_name(name) if name.strip() else ""

    @model_validator(mode="after")
    def _whole_patches(self) -> "VisionTransformerConfig":
        side = self.resolution or OWN_SIDE
        own = self.start != "pretrained" and (self.start != "auto" or self.resolution is None)
        if own and side % self.patch:
            near = max(self.patch, round(side / self.patch) * self.patch)
            raise ValueError(
                f"A side of {side} pixels cannot be cut into whole patches of {self.patch}: take {near}, or "
                "another patch."
            )
        if own and side < 2 * self.patch:
            raise ValueError(f"A side of {side} pixels is too small for patches of {self.patch}: there must be four.")
        return self


class SpectrogramVitConfig(VisionTransformerConfig):
    """How a Vision Transformer learns sounds, of which it sees the spectrograms."""

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The schema for the form, with words about recordings."""
        found: dict[str, Any] = schema_of_recordings(super().model_json_schema(*args, **kwargs))
        return found

    mirror: bool = not_mirrored()
    resolution: int | None = again(
        VisionTransformerConfig,
        "resolution",
        None,
        title="Side of the picture",
        sentence="To how many pixels the spectrogram is brought; a multiple of the patch. Empty takes the checkpoint's "
        f"own, or {OWN_SIDE}. A checkpoint may see larger pictures than it was trained on.",
    )
