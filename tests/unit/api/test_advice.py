"""Advice survives the wire and a file, and says on which side of each threshold the data lies."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trasluz.api import Advice, Axis, Quadrant, Quadrants


def axis(name: str, value: float | None) -> Axis:
    return Axis(name, name.title(), value, 10.0, "low", "high", (1.0, 100.0), "things", "Counted.")


def advice(down: float | None, across: float | None) -> Advice:
    cells = tuple(Quadrant(f"cell {i}", "A sentence.", ("90% right",), "advised", "A tip.") for i in range(4))
    table = Quadrants("Table", axis("across", across), axis("down", down), cells, 1, "A caption.")
    settings = tuple({"strategy": str(i)} for i in range(4))
    return Advice(table, settings, table.place, "Because.", (2, 0), {"photos": 3})


values = st.none() | st.floats(0.1, 1e6)


@given(values, values)
def test_advice_comes_back_from_json_as_it_was(down: float | None, across: float | None) -> None:
    made = advice(down, across)
    assert Advice.from_json(json.loads(json.dumps(made.to_json()))) == made


@given(values, values)
def test_the_cell_is_the_one_of_both_halves(down: float | None, across: float | None) -> None:
    found = advice(down, across)
    written = found.to_json()
    assert written["cell"] == f"{written['down']['word']}, {written['across']['word']}"
    assert written["settings"] == {"strategy": str(found.cell)} == dict(found.advised)
    assert [c["advised"] for c in written["cells"]].index(True) == found.cell
    assert (written["down"]["word"] == "high") == (down is not None and down >= 10)


def test_cells_with_the_same_settings_count_as_one() -> None:
    made = advice(50.0, 2.0)  # few on one axis, many on the other: the third cell
    assert made.distinct == (0, 1, 2, 3)
    alike = replace(made, settings=({"start": "a"}, {"start": "b"}, {"start": "a"}, {"start": "b"}))
    assert alike.cell == 2
    assert alike.distinct == (1, 2), "the advised one stands for those that are like it"


def test_what_is_no_advice_is_refused() -> None:
    for data in ({}, {"table": {"type": "bars", "title": "", "labels": [], "values": []}}, {"table": 3}):
        with pytest.raises(ValueError):
            Advice.from_json(data)
