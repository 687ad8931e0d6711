"""The lines of a page are found where they are, and cut as the person says."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from trasluz.core.data.page_split import cut_boxes, lines_of_page


def page(count: int, *, pitch: int = 60, tall: int = 26, rule: bool = False) -> np.ndarray:
    """Lines of strokes on paper that is darker towards one side."""
    rng = np.random.default_rng(3)
    paper = np.full((80 + count * pitch, 640), 210.0) - np.linspace(0, 40, 640)
    for n in range(count):
        top = 40 + n * pitch
        for x in range(60, 560, 14):
            high = int(rng.integers(tall // 2, tall))
            paper[top + tall - high : top + tall, x : x + 4] = 50
    if rule:
        paper[:, 30:33] = 40
    return paper.clip(0, 255).astype(np.uint8)


def test_each_line_has_its_box() -> None:
    boxes = lines_of_page(page(7))
    assert len(boxes) == 7
    for n, (left, top, right, bottom) in enumerate(boxes):
        middle = 40 + n * 60 + 13
        assert top < middle < bottom
        assert bottom - top < 60
        assert 40 <= left <= 62
        assert 555 <= right <= 580


def test_a_ruled_margin_is_no_ink() -> None:
    found = lines_of_page(page(5, rule=True))
    assert len(found) == 5
    assert all(left > 40 for left, *_ in found)


def test_one_line_and_a_blank_page() -> None:
    assert len(lines_of_page(page(1))) == 1
    assert lines_of_page(np.full((400, 300), 220, np.uint8)) == []
    assert lines_of_page(np.zeros((3, 3), np.uint8)) == []


def test_boxes_are_cut_even_where_they_leave_the_page() -> None:
    paper = page(2)
    first, outside = cut_boxes(paper, [(10, 20, 110, 60), (-50, -50, -10, -10)])
    assert first.shape == (40, 100)
    assert np.array_equal(first, paper[20:60, 10:110])
    assert outside.size > 0


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**31))
def test_any_picture_gives_boxes_inside_it(height: int, width: int, seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 255, (height, width), dtype=np.uint8)
    for left, top, right, bottom in lines_of_page(noise):
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
