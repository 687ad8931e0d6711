"""Series as small pictures: peaks stay, gaps are gaps."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from trasluz.core.data.series_picture import drawn_series


def inked(picture: np.ndarray) -> np.ndarray:
    return (picture != 250).any(axis=2)


def test_no_peak_is_lost_and_no_line_has_holes() -> None:
    values = np.zeros((5_000, 1))
    values[3_333] = 1.0
    found = inked(drawn_series(values, 200, 100))
    assert found.any(axis=0).all()
    assert found[:10].any()


def test_a_gap_is_a_gap() -> None:
    values = np.linspace(0, 1, 100)[:, None]
    values[40:60] = np.nan
    columns = inked(drawn_series(values, 100, 50)).any(axis=0)
    assert columns[:38].all()
    assert columns[62:].all()
    assert not columns[42:58].any()


@given(st.lists(st.lists(st.floats(allow_infinity=False, width=32), min_size=2, max_size=2), min_size=1, max_size=40))
@settings(deadline=None, max_examples=40)
def test_anything_can_be_drawn(rows) -> None:
    assert drawn_series(np.array(rows, np.float32), 37, 23).shape == (23, 37, 3)
