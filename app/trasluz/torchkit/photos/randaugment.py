"""RandAugment: two alterations of a photo drawn from fourteen, all of one strength.

Cubuk, Zoph, Shlens & Le, “RandAugment: Practical automated data augmentation with a reduced search space”, CVPR
Workshops 2020. There is one strength for all of them, and no schedule to be searched for. The ranges are those of
AutoAugment (Cubuk et al., CVPR 2019, table 6); full strength here is their 10.
"""

from collections.abc import Callable
from math import cos, radians, sin

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

DRAWN = 2
"""Alterations of one photo: the paper's N, with which it does best on ImageNet."""
GREY = (127, 127, 127)
"""What comes in from beside the photo: nearly zero, to the network."""

Alteration = Callable[[Image.Image, float], Image.Image]
"""A photo and a strength from -1 to 1; where a direction means nothing, only its size counts."""


def randaugment(image: Image.Image, strength: float, draw: np.random.Generator) -> Image.Image:
    """Alter an RGB photo by two alterations drawn by `draw`, at a strength from 0 to 1; its size stays."""
    for number in draw.integers(0, len(ALTERATIONS), DRAWN):
        sign = 1 if draw.random() < 0.5 else -1
        image = ALTERATIONS[int(number)](image, sign * strength)
    return image


Square = tuple[float, float, float, float]


def _moved(image: Image.Image, turn: Square = (1, 0, 0, 1), shift: tuple[float, float] = (0, 0)) -> Image.Image:
    """Each place p, counted from the middle, shows what was at `turn` p + `shift` (in pixels)."""
    a, b, d, e = turn
    x, y = (image.width - 1) / 2, (image.height - 1) / 2
    matrix = (a, b, shift[0] + x - a * x - b * y, d, e, shift[1] + y - d * x - e * y)
    return image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=GREY)


def _rotated(image: Image.Image, strength: float) -> Image.Image:
    angle = radians(30 * strength)
    return _moved(image, (cos(angle), sin(angle), -sin(angle), cos(angle)))


def _enhanced(kind: type[ImageEnhance._Enhance]) -> Alteration:
    return lambda image, strength: kind(image).enhance(1 + 0.9 * strength)


ALTERATIONS: tuple[Alteration, ...] = (
    lambda image, _: image,
    lambda image, _: ImageOps.autocontrast(image),
    lambda image, _: ImageOps.equalize(image),
    _rotated,
    lambda image, strength: ImageOps.solarize(image, round(256 * (1 - abs(strength)))),
    lambda image, strength: ImageOps.posterize(image, round(8 - 4 * abs(strength))),
    _enhanced(ImageEnhance.Color),
    _enhanced(ImageEnhance.Contrast),
    _enhanced(ImageEnhance.Brightness),
    _enhanced(ImageEnhance.Sharpness),
    lambda image, strength: _moved(image, (1, 0.3 * strength, 0, 1)),
    lambda image, strength: _moved(image, (1, 0, 0.3 * strength, 1)),
    lambda image, strength: _moved(image, shift=(0.45 * strength * image.width, 0)),
    lambda image, strength: _moved(image, shift=(0, 0.45 * strength * image.height)),
)
"""Nothing, contrast and levels made even, a turn, bright levels turned over, fewer levels, colour, contrast,
brightness, sharpness, two shears, two shifts."""
