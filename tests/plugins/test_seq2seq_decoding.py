"""Beam search, greedy search and sampling, held against every answer that there is."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from text_seq2seq.decoding import beam_search, log_softmax, penalty, sample

START, END, SIZE, LIMIT = 0, 1, 4, 4
"""A model of two letters, 2 and 3, that knows all it has written: the state is a number in base 4."""


def tables(seed: int, texts: int) -> np.ndarray:
    """Logits (texts, beginnings, tokens) of a model whose next token hangs on all before it."""
    return np.random.default_rng(seed).normal(0, 2, (texts, SIZE ** (LIMIT + 1), SIZE))


def stepper(table: np.ndarray):
    def step(tokens: np.ndarray, state):
        key = state["key"] * SIZE + tokens
        return table[state["text"], key], {"key": key, "text": state["text"]}

    return step


def beginning(texts: int) -> dict[str, np.ndarray]:
    return {"key": np.zeros(texts, np.int64), "text": np.arange(texts)}


def every_answer(table: np.ndarray, limit: int, alpha: float) -> list[tuple[list[int], float]]:
    """All answers of 1 to `limit` letters with their scores, best first; nothing is no answer."""

    def logs(written: tuple[int, ...]) -> np.ndarray:
        key = 0
        for token in written:
            key = key * SIZE + token
        logits = table[key].copy()
        logits[START] = -np.inf
        if not written:
            logits[END] = -np.inf
        return log_softmax(logits)

    found = []
    for length in range(1, limit + 1):
        for letters in itertools.product((2, 3), repeat=length):
            total = sum(logs(letters[:at])[letter] for at, letter in enumerate(letters))
            if length == limit:  # cut off: no end is asked
                found.append((list(letters), total / penalty(length, alpha)))
            else:
                found.append((list(letters), (total + logs(letters)[END]) / penalty(length + 1, alpha)))
    return sorted(found, key=lambda each: -each[1])


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000), st.sampled_from([0.0, 0.6, 1.0]), st.lists(st.integers(1, LIMIT), min_size=1, max_size=3)
)
def test_a_wide_beam_finds_what_brute_force_finds(seed: int, alpha: float, limits: list[int]) -> None:
    table = tables(seed, len(limits))
    found = beam_search(
        stepper(table), beginning(len(limits)), limits=limits, start=START, end=END, beam=32, alpha=alpha,
        forbidden=(START,),
    )  # fmt: skip
    for text, limit in enumerate(limits):
        right = every_answer(table[text], limit, alpha)
        assert [tokens for tokens, _ in found[text]] == [tokens for tokens, _ in right][:32]
        assert [score for _, score in found[text]] == pytest.approx([score for _, score in right][:32])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 5))
def test_an_answer_is_the_same_alone_and_among_others(seed: int, beam: int) -> None:
    table = tables(seed, 3)
    together = beam_search(stepper(table), beginning(3), limits=[4, 2, 3], start=START, end=END, beam=beam)
    for text, limit in enumerate([4, 2, 3]):
        alone = beam_search(
            stepper(table[[text]]), beginning(1), limits=[limit], start=START, end=END, beam=beam
        )  # fmt: skip
        assert alone[0] == together[text]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_a_beam_of_one_takes_the_likeliest_token_each_time(seed: int) -> None:
    table = tables(seed, 1)
    ((tokens, _),) = beam_search(
        stepper(table), beginning(1), limits=[LIMIT], start=START, end=END, beam=1, forbidden=(START,)
    )[0]
    key, greedy = 0, list[int]()
    while len(greedy) < LIMIT:
        logits = table[0, key].copy()
        logits[[START, END] if not greedy else [START]] = -np.inf
        if (token := int(logits.argmax())) == END:
            break
        greedy.append(token)
        key = key * SIZE + token
    assert tokens == greedy


def test_sampling_draws_by_the_models_probabilities() -> None:
    table = tables(3, 1)
    many = 4000
    drawn = sample(
        stepper(np.repeat(table, many, axis=0)), beginning(many), limits=[2] * many, start=START, end=END,
        rng=np.random.default_rng(0), forbidden=(START,),
    )  # fmt: skip
    probabilities = {tuple(tokens): np.exp(score) for tokens, score in every_answer(table[0], 2, 0.0)}
    assert sum(probabilities.values()) == pytest.approx(1)
    for tokens, probability in probabilities.items():
        share = sum(tuple(each[0][0]) == tokens for each in drawn) / many
        assert share == pytest.approx(probability, abs=0.03)
        assert all(np.exp(s) == pytest.approx(probability) for ((t, s),) in drawn if tuple(t) == tokens)


def test_a_low_temperature_is_greedy() -> None:
    table = tables(5, 1)
    choices = {"limits": [LIMIT], "start": START, "end": END, "forbidden": (START,)}
    greedy = beam_search(stepper(table), beginning(1), beam=1, **choices)
    drawn = sample(stepper(table), beginning(1), temperature=1e-6, rng=np.random.default_rng(1), **choices)
    assert drawn[0][0][0] == greedy[0][0][0]
