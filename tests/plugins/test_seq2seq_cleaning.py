"""Which pairs are learned from, and in which batches."""

from collections.abc import Iterator

import numpy as np
import pytest

from text_seq2seq.cleaning import kept, script_of
from text_seq2seq.training import by_tokens


class Pairs:
    """Pairs by split."""

    def __init__(self, train: list[tuple[str, str]], test: list[tuple[str, str]]) -> None:
        self._parts = {"train": train, "val": [], "test": test}

    def pairs(self, split: str) -> Iterator[tuple[str, str]]:
        return iter(self._parts[split])


GOOD = [(f"the word {n}", f"la palabra {n}") for n in range(100)]
BAD = {
    "drop_leaks": ("kept for the test", "guardado"),
    "drop_duplicates": GOOD[3],
    "drop_identical": ("the same text", "the same text"),
    "drop_ratio": ("short", "a very long answer to it, much longer than anybody would have thought it to be"),
    "drop_script": ("по-русски и больше", "en ruso"),
}


@pytest.mark.parametrize("rule", BAD)
def test_each_rule_can_be_switched(rule: str) -> None:
    data = Pairs([*GOOD, *BAD.values()], [(BAD["drop_leaks"][0], "x")])
    off = dict.fromkeys(BAD, False) | {"drop_ratio": 0.0}
    assert kept(data, off) == ([*GOOD, *BAD.values()], {})  # type: ignore[arg-type]
    found, left = kept(data, off | {rule: 9.0 if rule == "drop_ratio" else True})  # type: ignore[arg-type]
    assert sum(left.values()) == 1
    assert len(found) == len(GOOD) + len(BAD) - 1
    assert (BAD[rule] in found) == (rule == "drop_duplicates")


def test_scripts_signs_and_emoji() -> None:
    assert [script_of(each) for each in "aжא漢1😀"] == ["LATIN", "CYRILLIC", "HEBREW", "CJK", "", ""]
    data = Pairs([*GOOD, ("😀 1 2 3", "!!!")], [])
    assert len(kept(data, {"drop_script": True})[0]) == 101  # type: ignore[arg-type]


def test_batches_by_tokens_hold_every_pair_once_and_no_more_than_asked() -> None:
    draw = np.random.default_rng(0)
    coded = [([1] * int(draw.integers(1, 40)), [n] * int(draw.integers(1, 40))) for n in range(300)]
    groups = by_tokens(coded, 500, seed=0)
    assert sorted(pair[1][0] for group in groups for pair in group) == list(range(300))
    for group in groups:
        padded = len(group) * (max(len(s) for s, _ in group) + max(len(t) + 2 for _, t in group))
        assert padded <= 500 or len(group) == 1
    assert by_tokens(coded, 500, seed=0) == groups != by_tokens(coded, 500, seed=1)
    assert len(by_tokens(coded, 10, seed=0)) == 300
