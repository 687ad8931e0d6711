"""The samples that come with the program: real pictures from its own dependencies, built at first use."""

import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np

from trasluz.api import DataError

_MARK: Final = ".trasluz-sample.json"
_VERSION: Final = 1
_TILE: Final = 64


def build_sample(name: str, at: Path) -> Path:
    """Make the sample `name` in the folder `at`, unless it is there already, and return the folder.

    `surfaces`: three surfaces cut in tiles, in split and class folders. `digits`: handwritten digits in class folders.

    Raises:
        DataError: If there is no such sample, something else is in the folder, or it cannot be written.
    """
    maker = _MAKERS.get(name)
    if maker is None:
        raise DataError(f"There is no sample “{name}”; there are {' and '.join(sorted(_MAKERS))}.")
    at = Path(at).expanduser().absolute()
    if _is_whole(name, at):
        return at
    if at.exists() and (not at.is_dir() or (any(at.iterdir()) and not (at / _MARK).is_file())):
        raise DataError(f"“{at}” holds something else; choose another folder for the sample.")
    part = at.with_name(f".{at.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        count = 0
        for path, picture in maker():
            _write(part / path, picture)
            count += 1
        (part / "SOURCE.txt").write_text(_SOURCES[name], encoding="utf-8")
        mark = {"sample": name, "version": _VERSION, "files": count}
        (part / _MARK).write_text(json.dumps(mark), encoding="utf-8")
        _put_in_place(part, at)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"The sample cannot be written to “{at}” ({reason}); choose another folder.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return at


def _is_whole(name: str, at: Path) -> bool:
    try:
        mark = json.loads((at / _MARK).read_text(encoding="utf-8"))
        files = sum(len(names) for _, _, names in os.walk(at)) - 2
        return bool(mark["sample"] == name and mark["version"] == _VERSION and files >= mark["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _put_in_place(part: Path, at: Path) -> None:
    at.parent.mkdir(parents=True, exist_ok=True)
    if not at.exists():
        with suppress(OSError):  # another process was faster, with the same files
            part.rename(at)
            return
    # An incomplete sample is completed file by file; what the person put beside stays.
    for file in sorted(p for p in part.rglob("*") if p.is_file() and p.name != _MARK):
        target = at / file.relative_to(part)
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)
    (part / _MARK).replace(at / _MARK)


def _write(path: Path, picture: np.ndarray) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, "PNG", optimize=False)


def _surfaces() -> Iterator[tuple[Path, np.ndarray]]:
    """Tiles of 64×64 from photographs of 512×512: the five upper rows to learn from, the two lowest to judge by.

    The row between them is left out, so that no brick is on both sides.
    """
    from skimage import data

    for label in ("brick", "grass", "gravel"):
        photo = getattr(data, label)()  # (512, 512) uint8
        for row in (0, 1, 2, 3, 4, 6, 7):
            split = "train" if row < 5 else "val"
            for column in range(8):
                top, left = row * _TILE, column * _TILE
                tile = photo[top : top + _TILE, left : left + _TILE]
                yield Path(split, label, f"{label}-{row}{column}.png"), np.ascontiguousarray(tile)


def _digits() -> Iterator[tuple[Path, np.ndarray]]:
    """The 1,797 digits of 8×8 pixels and 17 greys, each pixel drawn 4×4 large so that a person can see it."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    for number, (image, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        grey = np.rint(image * (255 / 16)).astype(np.uint8)
        yield Path(str(int(label)), f"digit-{number:04}.png"), np.kron(grey, np.ones((4, 4), np.uint8))


_MAKERS: Final[dict[str, Callable[[], Iterator[tuple[Path, np.ndarray]]]]] = {
    "surfaces": _surfaces,
    "digits": _digits,
}
_SOURCES: Final = {
    "surfaces": (
        "Brick, grass and gravel: photographs of cc0textures.com (CC0 1.0), from scikit-image (skimage.data),\n"
        "cut in tiles of 64×64 pixels. The tiles in val are from another part of each photograph.\n"
    ),
    "digits": (
        "Handwritten digits of 43 people: E. Alpaydin and C. Kaynak, “Optical Recognition of Handwritten Digits”,\n"
        "UCI Machine Learning Repository, 1998 (CC BY 4.0), from scikit-learn (sklearn.datasets.load_digits).\n"
    ),
}
