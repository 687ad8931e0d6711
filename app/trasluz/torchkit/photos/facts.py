"""What is known of a backbone besides its weights; light to import."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Preparation:
    """What happens to the middle square of a photo before the backbone sees it.

    Attributes:
        size: The side of the square in pixels after resizing.
        mean: What is taken from each of the levels 0 to 255, for red, green and blue.
        std: What the difference is divided by.
        method: The filter of the resize; always antialiased.
    """

    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    method: Literal["bilinear", "bicubic"] = "bilinear"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the family, the card and the caches need to know of a backbone.

    Attributes:
        id: The value of the setting `backbone`.
        title: Its name for people: `EfficientNet-Lite0`.
        architecture: Everything that makes the network besides its weights, as one text: two backbones with the
            same architecture and the same weights compute the same.
        licence: Of its weights, with where they come from; empty where nobody said.
        preparation: Of a photo.
        few: The first part that learns when few layers are finetuned.
        many: The first part that learns when many layers are.
    """

    id: str
    title: str
    architecture: str
    licence: str
    preparation: Preparation
    few: str
    many: str
