"""Natural photos are nearer to ImageNet than cells and hand signs, on both sides of the table's threshold."""

from collections.abc import Callable
from pathlib import Path

import pytest

from trasluz.host.service import Service

pytestmark = pytest.mark.realdata


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("clothing-small", "many photos, similar"),
        ("blood-cells", "many photos, different"),
        ("sign-digits", "many photos, different"),
    ],
)
def test_a_real_set_lies_in_its_cell(realdata: Callable[[str], Path], name: str, cell: str) -> None:
    found = Service().advise(data=str(realdata(name)), family="finetuned-cnn", device="cpu")
    assert found["cell"].startswith(cell)
    assert abs(found["distance"]["value"] - found["distance"]["threshold"]) > 0.03
