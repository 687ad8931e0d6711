"""The real photo sets, opened as a person would."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from trasluz.core.data.images import thumbnail
from trasluz.core.data.index import Index
from trasluz.core.data.readers import builtin_sources

pytestmark = pytest.mark.realdata


@pytest.mark.parametrize(
    ("name", "sizes"),
    [("clothing-small", (2779, 341, 10)), ("sign-digits", (1361, 289, 10)), ("blood-cells", (817, 336, 3))],
)
def test_a_real_set_opens_whole(
    realdata: Callable[[str], Path], tmp_path: Path, name: str, sizes: tuple[int, int, int]
) -> None:
    index = Index.build(realdata(name), tmp_path / "index.sqlite", builtin_sources())
    summary = index.summary()
    assert (index.count("train"), index.count("val"), len(index.labels)) == sizes
    assert summary.split_given
    assert not [p for p in summary.problems if p.severity == "error"]
    for record in index.records("val")[::60]:
        image = index.read(record).array("image")
        assert image.dtype == np.uint8
        assert image.shape[:2] == (record.extra["height"], record.extra["width"])
        assert max(thumbnail(index.absolute(record.path), 96).shape[:2]) <= 96


def test_lines_of_handwriting_are_not_taken_for_classes(realdata: Callable[[str], Path]) -> None:
    from trasluz.core.data.readers.image_classes import ImageClasses

    found = ImageClasses().detect(realdata("handwriting-notaire"))
    assert found is None or found.confidence < 0.5
