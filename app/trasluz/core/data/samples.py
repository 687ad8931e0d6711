"""The samples that come with the program, built at first use: data of its dependencies, and dates that it writes."""

import json
import os
import random
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from importlib.util import find_spec
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
    `sunspots`: a series of 309 years to forecast. `dates`: pairs of texts, a date as people write it and as ISO 8601.
    `memory`: letters that are to be said again a hundred steps later.

    Raises:
        DataError: If there is no such sample, something else is in the folder, or it cannot be written.
    """
    maker = _MAKERS.get(name)
    if maker is None:
        *others, last = sorted(_MAKERS)
        raise DataError(f"There is no sample “{name}”; there are {', '.join(others)} and {last}.")
    at = Path(at).expanduser().absolute()
    if _is_whole(name, at):
        return at
    if at.exists() and (not at.is_dir() or (any(at.iterdir()) and not (at / _MARK).is_file())):
        raise DataError(f"“{at}” holds something else; choose another folder for the sample.")
    part = at.with_name(f".{at.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        count = 0
        for path, content in maker():
            _write(part / path, content)
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


def _write(path: Path, content: np.ndarray | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8", newline="\n")
        return
    from PIL import Image

    Image.fromarray(content).save(path, "PNG", optimize=False)


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


def _sunspots() -> Iterator[tuple[Path, str]]:
    """How many spots the sun had in each year from 1700 to 2008; they come and go in about eleven years."""
    where = find_spec("statsmodels")  # its import would take seconds, and only a file is wanted
    if where is None or where.origin is None:
        raise DataError("The sample “sunspots” lies in the package statsmodels, which is not installed.")
    lines = (Path(where.origin).parent / "datasets" / "sunspots" / "sunspots.csv").read_text(encoding="utf-8")
    rows = [line.split(",") for line in lines.split()[1:]]
    table = "".join(f"{year},{float(spots):g}\n" for year, spots in rows)
    yield Path("sunspots.csv"), f"year,sunspots\n{table}"


_MONTHS: Final = {
    "en": "January February March April May June July August September October November December",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
}
_WEEKDAYS: Final = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
_PAIRS: Final = {"train": 6000, "val": 500, "test": 500}


def _dates() -> Iterator[tuple[Path, str]]:
    """Days from 1800 to 2099 in fifteen ways of writing; no day is in two parts."""
    chance = random.Random(0)
    first = date(1800, 1, 1)
    days = chance.sample(range((date(2100, 1, 1) - first).days), sum(_PAIRS.values()))
    for part, count in _PAIRS.items():
        taken, days = days[:count], days[count:]
        pairs = [(_written(day, chance), day.isoformat()) for day in (first + timedelta(each) for each in taken)]
        yield Path(f"{part}.tsv"), "".join(f"{asked}\t{answer}\n" for asked, answer in [("source", "target"), *pairs])


def _written(day: date, chance: random.Random) -> str:
    month = {language: names.split()[day.month - 1] for language, names in _MONTHS.items()}
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10 if day.day not in (11, 12, 13) else 0, "th")
    english = month["en"]
    ways = (
        f"{english} {day.day}, {day.year}",
        f"{day.day} {english} {day.year}",
        f"the {day.day}{ending} of {english}, {day.year}",
        f"{english[:3]} {day.day} {day.year}",
        f"{day.day:02}-{english[:3].upper()}-{day.year}",
        f"{_WEEKDAYS.split()[day.weekday()]}, {day.day} {english} {day.year}",
        f"{day.day} de {month['es']} de {day.year}",
        f"{month['es']} {day.day}, {day.year}",
        f"le {day.day}{'er' if day.day == 1 else ''} {month['fr']} {day.year}",
        f"{day.day} {month['fr']} {day.year}",
        f"{day.day}. {month['de']} {day.year}",
        f"den {day.day}. {month['de'][:3]}. {day.year}",
        f"{day.day}.{day.month}.{day.year}",
        f"{day.day:02}/{day.month:02}/{day.year}",
        f"{day.year} {english} {day.day}",
    )
    return chance.choice(ways)


def _memory() -> Iterator[tuple[Path, str]]:
    """One problem of long memory; its items are made by formula."""
    yield Path("copy.memory.json"), '{"problem": "copy", "delay": 100}\n'


_MAKERS: Final[dict[str, Callable[[], Iterator[tuple[Path, np.ndarray | str]]]]] = {
    "surfaces": _surfaces,
    "digits": _digits,
    "sunspots": _sunspots,
    "dates": _dates,
    "memory": _memory,
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
    "sunspots": (
        "Yearly numbers of sunspots, 1700 to 2008: National Geophysical Data Center of the USA (public domain),\n"
        "from statsmodels (statsmodels.datasets.sunspots).\n"
    ),
    "dates": (
        "Days from 1800 to 2099, drawn and written by Trasluz in English, Spanish, French and German.\n"
        "Where only numbers are written, the day comes first.\n"
    ),
    "memory": (
        "Letters, a hundred steps of silence, and the question which letters they were: made by formula, after\n"
        "S. Hochreiter and J. Schmidhuber, “Long short-term memory”, Neural Computation 1997.\n"
    ),
}
