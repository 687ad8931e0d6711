"""Two judgements of the same items, against figures that others published or computed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trasluz.core.runs.paired import Pair, Told, mcnemar, pair, paired_difference, sentence


def table(both: int, first: int, second: int, neither: int) -> Pair:
    return Pair(
        *(
            tuple(f"{name}{i}" for i in range(count))
            for name, count in zip("bfsn", (both, first, second, neither), strict=True)
        )
    )


@pytest.mark.parametrize(("one", "other", "p"), [(1, 7, 0.0703125), (5, 0, 0.0625), (0, 0, 1.0), (4, 4, 1.0)])
def test_mcnemar_is_the_exact_one(one: int, other: int, p: float) -> None:
    """1 and 7: the airway example of Fagerland, Lydersen, Laake 2014; 5 and 0: Altman et al. 2000, table 6.2."""
    assert mcnemar(one, other) == pytest.approx(p)


@given(st.integers(0, 300), st.integers(0, 300))
@settings(deadline=None)
def test_mcnemar_agrees_with_scipy(one: int, other: int) -> None:
    from scipy.stats import binomtest

    expected = binomtest(one, one + other).pvalue if one + other else 1.0
    assert mcnemar(one, other) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("cells", "low", "high"),
    [((1, 1, 7, 12), -0.507, -0.026), ((14, 5, 0, 22), 0.011, 0.226)],
)
def test_the_interval_of_the_difference_is_newcombes(cells: tuple[int, int, int, int], low: float, high: float) -> None:
    """Fagerland, Lydersen, Laake 2014, table IX; Altman et al. 2000, page 52."""
    assert paired_difference(*cells) == pytest.approx((low, high), abs=6e-4)


@given(*[st.integers(0, 60)] * 4)
def test_the_interval_holds_the_difference_and_turns_with_the_pair(a: int, b: int, c: int, d: int) -> None:
    low, high = paired_difference(a, b, c, d)
    if a + b + c + d:
        assert -1 <= low <= (b - c) / (a + b + c + d) <= high <= 1
    assert paired_difference(a, c, b, d) == pytest.approx((-high, -low))


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    shares = np.array([0.8, 0.08, 0.05, 0.07])
    drawn = rng.multinomial(150, shares, size=2000)
    ends = np.array([paired_difference(*row) for row in drawn.tolist()])
    covered = np.mean((ends[:, 0] <= 0.03) & (ends[:, 1] >= 0.03))
    assert 0.93 < covered < 0.985


answers = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("xyz"), max_size=8)


@given(answers, answers, st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("xyz"), min_size=8))
def test_each_shared_item_stands_in_one_cell(one: dict[str, str], other: dict[str, str], truth: dict[str, str]) -> None:
    found = pair([Told(k, truth[k], v) for k, v in one.items()], [Told(k, truth[k], v) for k, v in other.items()])
    shared = set(one) & set(other)
    cells = [*found.both, *found.only_first, *found.only_second, *found.neither]
    assert sorted(cells) == sorted(shared) and found.items == len(shared)
    assert found.alone == (len(one) - len(shared), len(other) - len(shared)) and not found.relabelled
    assert set(found.only_first) == {k for k in shared if one[k] == truth[k] != other[k]}
    assert found.right == (sum(one[k] == truth[k] for k in shared), sum(other[k] == truth[k] for k in shared))


def test_a_corrected_label_counts_for_both_models() -> None:
    before, after = [Told("p", "shirt", "shirt")], [Told("p", "dress", "dress")]
    assert pair(before, after).only_second == ("p",) and pair(before, after).relabelled == 1
    assert pair(before, after, first_counts=True).only_first == ("p",)


def test_the_sentence_says_what_the_numbers_say() -> None:
    assert "may be chance" in sentence(table(80, 3, 7, 10), "run 1", "run 2")
    real = sentence(table(80, 30, 2, 10), "run 1", "run 2")
    assert real.startswith("Run 1 alone is right on 30") and "likely real" in real
    assert "nothing tells them apart" in sentence(table(9, 0, 0, 1))
    assert "not judged on the same items" in sentence(table(0, 0, 0, 0))
