"""How an answer differs from the truth, piece by piece."""

from hypothesis import given, settings
from hypothesis import strategies as st

from trasluz.core.differences import aligned, errors, nearest

TEXTS = st.text(alphabet="abc é", max_size=12)


def test_the_steps_say_what_happened() -> None:
    steps = [(s.change, s.truth, s.answer) for s in aligned("notaire", "rotaie")]
    assert steps == [
        ("replaced", "n", "r"),
        ("same", "otai", "otai"),
        ("missing", "r", ""),
        ("same", "e", "e"),
    ]
    assert [(s.change, s.answer) for s in aligned("an", "and")] == [("same", "an"), ("extra", "d")]
    words = aligned("el perro come", "el gato come bien", words=True)
    assert [(s.change, s.truth, s.answer) for s in words] == [
        ("same", "el", "el"),
        ("replaced", "perro", "gato"),
        ("same", "come", "come"),
        ("extra", "", "bien"),
    ]


def test_of_several_right_answers_the_nearest_counts() -> None:
    assert nearest("HH AH\nHH EH L", "HH EH", words=True) == "HH AH"
    assert nearest("one", "two") == "one"


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_steps_hold_both_texts_and_as_many_errors_as_the_distance(truth: str, answer: str) -> None:
    steps = aligned(truth, answer)
    assert "".join(s.truth for s in steps) == truth
    assert "".join(s.answer for s in steps) == answer
    wrong = sum(max(len(s.truth), len(s.answer)) for s in steps if s.change != "same")
    assert wrong == errors(truth, answer)
