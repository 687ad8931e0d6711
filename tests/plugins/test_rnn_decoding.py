"""CTC read off in numpy, against the sum over every way that CTC may write a text."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequence_rnn.alphabet import alphabet_of, composed, rare, steps_needed
from sequence_rnn.decoding import END, CharacterModel, aligned, beam_search, greedy, several
from sequence_rnn.edits import confusions, edit_counts, error_rates
from sequence_rnn.telling import tell_unknown

LETTERS = "ab"


def collapsed(path: tuple[int, ...]) -> str:
    """Repetitions, then blanks, taken out (Graves et al. 2006, section 3.1)."""
    return "".join(LETTERS[k - 1] for k, _ in itertools.groupby(path) if k)


def every_text(scores: np.ndarray) -> dict[str, float]:
    """Text → probability, summed over all paths."""
    found: dict[str, float] = {}
    for path in itertools.product(range(scores.shape[1]), repeat=len(scores)):
        text = collapsed(path)
        found[text] = found.get(text, 0.0) + math.exp(sum(scores[t, k] for t, k in enumerate(path)))
    return found


@st.composite
def log_probabilities(draw: st.DrawFn) -> np.ndarray:
    steps = draw(st.integers(1, 5))
    numbers = draw(st.lists(st.floats(-2, 2), min_size=3 * steps, max_size=3 * steps))
    values = np.array(numbers).reshape(steps, 3)
    return values - np.log(np.exp(values).sum(1, keepdims=True))


@settings(max_examples=60, deadline=None)
@given(log_probabilities())
def test_a_wide_beam_finds_the_likeliest_text_of_all_paths(scores: np.ndarray) -> None:
    texts = every_text(scores)
    text, score = beam_search(scores, LETTERS, width=1000)
    left = several(scores, LETTERS, width=1000)
    assert left[0] == (text, score)
    assert all(math.exp(worth) == pytest.approx(texts[each], rel=1e-6) for each, worth in left)
    assert math.exp(score) == pytest.approx(texts[text], rel=1e-6)
    assert texts[text] == pytest.approx(max(texts.values()), rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(log_probabilities(), st.floats(0.1, 1.0))
def test_the_language_model_weighs_whole_texts(scores: np.ndarray, weight: float) -> None:
    model = CharacterModel.learned(["ab", "abab", "ba"], order=3)

    def said(text: str) -> float:
        line = END + text + END
        return sum(model.log_probability(line[:i], line[i]) for i in range(1, len(line)))

    worth = {t: math.log(p) + weight * said(t) + 0.2 * len(t) for t, p in every_text(scores).items()}
    text, score = beam_search(scores, LETTERS, width=1000, model=model, weight=weight, bonus=0.2)
    assert score == pytest.approx(worth[text], abs=1e-6)
    assert worth[text] == pytest.approx(max(worth.values()), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(log_probabilities(), st.lists(st.integers(1, 2), min_size=1, max_size=3))
def test_the_alignment_is_the_likeliest_path_of_its_text(scores: np.ndarray, numbers: list[int]) -> None:
    text = "".join(LETTERS[n - 1] for n in numbers)
    paths = [p for p in itertools.product(range(3), repeat=len(scores)) if collapsed(p) == text]
    first = aligned(scores, numbers)
    if not paths:
        assert first == []
        return
    assert len(first) == len(numbers)
    assert first == sorted(set(first))
    best = max(paths, key=lambda p: sum(scores[t, k] for t, k in enumerate(p)))
    worth = sum(scores[t, k] for t, k in enumerate(best))
    ours = [p for p in paths if [t for t, k in enumerate(p) if k and (t == 0 or p[t - 1] != k)] == first]
    assert max(sum(scores[t, k] for t, k in enumerate(p)) for p in ours) == pytest.approx(worth)


def test_greedy_takes_out_repetitions_and_blanks() -> None:
    best = [1, 1, 0, 1, 2, 2, 0, 0]
    scores = np.log(np.full((8, 3), 0.05) + 0.85 * np.eye(3)[best])
    assert greedy(scores) == ([1, 1, 2], [0, 3, 4])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text("abc", max_size=6), min_size=1, max_size=8), st.text("abc", max_size=5))
def test_a_language_model_shares_out_one(texts: list[str], history: str) -> None:
    """Over the characters it knows and one that it does not, the probabilities after any history add up to one."""
    model = CharacterModel.learned(texts, order=4)
    known = sorted(model.counts[""])
    total = sum(math.exp(model.log_probability(END + history, c)) for c in [*known, "?"])
    assert total == pytest.approx(1.0)


def test_a_language_model_comes_back_from_its_file(tmp_path) -> None:
    model = CharacterModel.learned(["l'an mil", "né à"], order=5)
    model.save(tmp_path / "model.json")
    again = CharacterModel.load(tmp_path / "model.json")
    for history, character in [("\nl'", "a"), ("\nn", "é"), ("", "z")]:
        assert again.log_probability(history, character) == model.log_probability(history, character)


def test_error_rates_are_micro_averaged() -> None:
    rates = error_rates(["ab", "a b c d"], ["ax", "a b c e"])
    assert rates == {"cer": 2 / 9, "wer": 2 / 5}
    assert error_rates(["e\u0301 x"], ["é  x"])["cer"] == 0.0  # composed, white space one blank
    assert confusions(["abx"], ["ab"]) == {("", "x"): 1}


def test_texts_that_ctc_cannot_write_in_their_steps_are_known() -> None:
    alphabet = alphabet_of([composed("hello")])
    assert steps_needed(alphabet.numbers("hello")) == 6  # a blank between the two l
    assert rare([("a.jpg", "aab"), ("b.jpg", "aa")]) == [("b", 1, "a.jpg")]
    assert alphabet.larger(["hat"]).characters[: len(alphabet.characters)] == alphabet.characters


def test_each_error_is_counted_by_its_kind() -> None:
    assert edit_counts("abxd", "abcdef") == {
        "errors": 3, "substitutions": 1, "insertions": 0, "deletions": 2, "characters": 6, "word_errors": 1, "words": 1,
    }  # fmt: skip
    assert edit_counts("a b", "a")["insertions"] == 2


def test_characters_that_the_model_cannot_write_are_named_with_their_items() -> None:
    said = tell_unknown(["a.wav", "b.wav", "c.wav"], ["héé", "hé", "h"], ["h"])
    assert said == [
        "Nothing that was learned from holds “é” (in “a.wav”), so 2 of 3 items can only be read wrong there."
    ]
    assert tell_unknown(["a.wav"], ["h"], ["h"]) == []
