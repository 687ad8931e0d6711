"""A picture of a whole page: where its lines lie, and its lines as pictures of their own."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

_AT_MOST = 1600
_GREY = np.array([0.299, 0.587, 0.114], np.float32)


def split_page(path: Path) -> dict[str, Any]:
    """Find the lines of a page.

    Returns:
        `image` (H, W, 3) uint8, no longer than 1,600 pixels; `boxes`, each left, top, right, bottom as shares of it.

    Raises:
        DataError: If the picture cannot be read.
    """
    from trasluz.core.data.images import read_image
    from trasluz.core.data.page_split import lines_of_page

    image = read_image(path, at_most=_AT_MOST)
    height, width = image.shape[:2]
    boxes = [
        [left / width, top / height, right / width, bottom / height]
        for left, top, right, bottom in lines_of_page(_grey(image))
    ]
    return {"image": image, "boxes": boxes}


def cut_page(path: Path, boxes: Sequence[Sequence[float]], folder: Path) -> list[str]:
    """Write each line of a page as a picture into a folder, and say where they are.

    Args:
        boxes: Left, top, right, bottom as shares of the page.
        folder: Is made where it is not there; lines of the same page and place take each other's names.

    Raises:
        DataError: If the picture cannot be read.
        OSError: If a line cannot be written.
    """
    from PIL import Image

    from trasluz.core.data.images import read_image
    from trasluz.core.data.page_split import cut_boxes

    page = _grey(read_image(path))
    height, width = page.shape
    pixels = [(b[0] * width, b[1] * height, b[2] * width, b[3] * height) for b in boxes]
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for number, (box, line) in enumerate(zip(boxes, cut_boxes(page, pixels), strict=True), start=1):
        word = hashlib.blake2b(repr((str(path), list(box))).encode(), digest_size=4).hexdigest()
        at = folder / f"{path.stem[:40]}-line-{number:03d}-{word}.png"
        Image.fromarray(line).save(at)
        found.append(str(at))
    return found


def _grey(image: np.ndarray) -> np.ndarray:
    grey: np.ndarray = np.rint(image.astype(np.float32) @ _GREY).clip(0, 255).astype(np.uint8)
    return grey
