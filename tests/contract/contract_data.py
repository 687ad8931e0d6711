"""A small real data set for each kind of data, and what is to be typed to open one item of it."""

from collections.abc import Callable
from pathlib import Path

from trasluz.api import Kind


def _photos(at: Path) -> Path:
    from trasluz.core.data.samples import build_sample

    return build_sample("surfaces", at)


SMALL_DATA: dict[str, Callable[[Path], Path]] = {Kind.IMAGE_CLASSES: _photos}
"""Kind → makes the data in a folder. A family of a new kind brings its line here, and is tested the day it arrives."""
