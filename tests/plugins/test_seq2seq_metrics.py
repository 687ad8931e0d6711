"""The scores of answers, held against sacrebleu and against counting by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF

from text_seq2seq.metrics import scores, signatures

text = st.lists(st.sampled_from(["the", "cat", "sat", "on", "a", "mat.", "Hund,"]), min_size=1, max_size=9).map(
    " ".join
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(text, text), min_size=1, max_size=12))
def test_one_right_answer_each_scores_as_sacrebleu_does(pairs: list[tuple[str, str]]) -> None:
    answers, targets = [a for a, _ in pairs], [t for _, t in pairs]
    found = scores(answers, targets)
    assert found["bleu"] == pytest.approx(BLEU().corpus_score(answers, [targets]).score)
    assert found["chrf"] == pytest.approx(CHRF().corpus_score(answers, [targets]).score)


def test_several_right_answers_score_as_several_references() -> None:
    answers = ["the cat sat on the mat", "a dog is there"]
    references = [["the cat sat on a mat", "one dog is there"], ["a cat is on the mat", "a dog was there, yes"]]
    targets = ["\n".join(each) for each in zip(*references, strict=True)]
    found = scores(answers, targets)
    assert found["bleu"] == pytest.approx(BLEU().corpus_score(answers, references).score)
    assert found["chrf"] == pytest.approx(CHRF().corpus_score(answers, references).score)


def test_an_answer_is_right_by_any_and_wrong_by_the_nearest() -> None:
    found = scores(["B IY", "K AE T", "D AO"], ["B IH\nB IY", "K AA T", "D AO G\nH AW N D Z"])
    assert found["exact_match"] == pytest.approx(1 / 3)
    assert found["token_error_rate"] == pytest.approx((0 + 1 + 1) / (2 + 3 + 3))


def test_the_signatures_say_what_the_scores_compare_with() -> None:
    assert "version:" in signatures()["bleu"]
    assert "nc:6" in signatures()["chrf"]
