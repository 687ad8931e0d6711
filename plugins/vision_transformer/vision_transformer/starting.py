"""Which way the network learns, and from what: by the settings, or by what is at hand."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trasluz.api import Advice, AdviceContext, FamilyError, Kind, ModelCard, TrainContext
from trasluz.api.model import CARD_NAME
from trasluz.torchkit import hub
from trasluz.torchkit.checkpoint_folder import CONFIG

from .checkpoint import kept_at
from .config import Learn, Start, VisionTransformerConfig

if TYPE_CHECKING:
    from trasluz.api import ModelFamily

TITLES: dict[str, str] = {
    "scratch": "From nothing.",
    "masked": "From the photos without their labels.",
    "distil": "Distilled from your own model.",
    "linear": "A linear classifier on a checkpoint.",
    "lora": "A checkpoint with LoRA.",
    "all": "All of a checkpoint.",
}
TEACHES = "finetuned-cnn"
"""The family whose models are taken for teachers by themselves; any that tells photos apart may be chosen."""
KINDS = (Kind.IMAGE_CLASSES, Kind.SOUND_CLASSES)
"""What a teacher tells apart by pictures."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does.

    Attributes:
        start: The way.
        learn: How much of a checkpoint learns; all of the network in the other ways.
        sentence: Why.
        teacher: The model that it is distilled from.
        advice: The table, where it was chosen by it.
    """

    start: Start
    learn: Learn
    sentence: str
    teacher: "Teacher | None" = None
    advice: Advice | None = None

    @property
    def title(self) -> str:
        """The way in a few words."""
        return TITLES[self.learn if self.start == "pretrained" else self.start]


@dataclass(frozen=True, slots=True)
class Teacher:
    """A model to be distilled from.

    Attributes:
        folder: Of the model.
        card: Its card.
    """

    folder: Path
    card: ModelCard

    @property
    def graph(self) -> Path:
        """Its ONNX file."""
        return self.folder / next(each.file for each in self.card.graphs if each.name == "model")


def chosen(context: TrainContext, family: "ModelFamily") -> Plan:
    """What the run does.

    Raises:
        FamilyError: If what was chosen is not there.
    """
    config = context.config
    assert isinstance(config, VisionTransformerConfig)
    advice = None
    start, learn, sentence = config.start, config.learn, "Chosen in the settings."
    if start == "auto" or (start == "pretrained" and learn == "auto"):
        advice = family.advise(context)
        assert advice is not None
        start = advice.advised["start"]
        learn = advice.advised.get("learn", "all") if learn == "auto" else learn
        sentence = advice.sentence
    if start != "pretrained":
        learn = "all"
    teacher = needed_teacher(context, config.teacher) if start == "distil" else None
    if teacher is not None:
        sentence = f"{sentence} The teacher is “{teacher.card.title}” ({_scored(teacher.card)})."
    return Plan(start, learn, sentence, teacher, advice)


def checkpoint_at_hand(context: AdviceContext, value: str) -> bool:
    """Whether the setting `backbone` names a checkpoint that is on this computer already."""
    value = value.strip()
    if value.startswith(hub.PREFIX):
        return hub.at_hand(hub.Source.parse(value), context.library_folder / "hub")
    return kept_at(context.library_folder, value) is not None or (Path(value).expanduser() / CONFIG).is_file()


def found_teacher(context: AdviceContext, value: str) -> Teacher | None:
    """The model that `teacher` names, or the newest finetuned CNN that knows the same classes; None without one."""
    labels = set(context.dataset.labels)
    if value.strip():
        return _opened(Path(value.strip()).expanduser())
    for folder in context.models():
        teacher = _opened(folder)
        if teacher and teacher.card.family == TEACHES and set(teacher.card.labels) == labels:
            return teacher
    return None


def needed_teacher(context: AdviceContext, value: str) -> Teacher:
    """The same, where there must be one.

    Raises:
        FamilyError: If there is none, or it does not know the same classes.
    """
    teacher = found_teacher(context, value)
    labels = list(context.dataset.labels)
    if teacher is None and value.strip():
        raise FamilyError(
            f"There is no finished model in “{value.strip()}” to be distilled from: choose the folder of a run that "
            "has ended, or of its model."
        )
    if teacher is None:
        raise FamilyError(
            "There is no finetuned CNN of these classes beside this run to be distilled from: train one first, or "
            "choose the folder of another run as the teacher."
        )
    known = set(teacher.card.labels)
    if known != set(labels):
        lacking = [label for label in labels if label not in known] or sorted(known - set(labels))
        where = "It does not know" if set(labels) - known else "Only it knows"
        raise FamilyError(
            f"The teacher “{teacher.card.title}” in “{teacher.folder}” was taught other classes than these photos "
            f"have. {where} “{lacking[0]}”; choose a model of the same classes."
        )
    return teacher


def _opened(folder: Path) -> Teacher | None:
    for place in (folder / "model", folder):
        try:
            card = ModelCard.model_validate_json((place / CARD_NAME).read_bytes())
        except (OSError, ValueError):
            continue
        if card.kind in KINDS and any(each.name == "model" for each in card.graphs):
            return Teacher(place, card)
    return None


def _scored(card: ModelCard) -> str:
    return f"{card.headline} {card.metrics[card.headline]:.1%}" if card.headline in card.metrics else card.id
