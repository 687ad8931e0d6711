"""Texts are cut into tokens and put together again."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from text_seq2seq import tokens as tk

TEXTS = [
    "The cat sat on the mat.",
    "A dog, a cat and a bird sat there!",
    "El gato está en la alfombra.",
    "¿Dónde está el perro?",
] * 25
LETTERS = "".join(sorted({c for text in TEXTS for c in text} - {" "}))
KINDS = [("characters", "bpe"), ("subwords", "bpe"), ("subwords", "unigram")]
MADE = {kind: tk.learned(TEXTS, kind[0], vocabulary=200, method=kind[1]) for kind in KINDS}
words = st.text(st.sampled_from(LETTERS), min_size=1, max_size=12)


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(words, min_size=1, max_size=8).map(" ".join))
def test_any_text_of_known_characters_comes_back(kind: tuple[str, str], text: str) -> None:
    assert MADE[kind].decode(MADE[kind].encode(text).ids) == text


@pytest.mark.parametrize("text", ["the cat sat there!", "El gato está en la alfombra."])
def test_words_come_back_with_their_punctuation(text: str) -> None:
    made = tk.learned([*TEXTS, "the cat sat there!"], "words", vocabulary=200)
    assert made.decode(made.encode(text).ids) == text


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_a_tokenizer_comes_back_from_its_file(kind: tuple[str, str], tmp_path) -> None:
    MADE[kind].save(str(tmp_path / "tokenizer.json"))
    again = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    for text in TEXTS[:4]:
        assert again.encode(text).ids == MADE[kind].encode(text).ids


@pytest.mark.parametrize("cut", ["characters", "words", "subwords"])
def test_the_special_tokens_have_their_numbers(cut: tk.Cut) -> None:
    made = tk.learned(TEXTS, cut, vocabulary=200)
    assert [made.id_to_token(number) for number in range(4)] == list(tk.SPECIAL)
    assert made.encode("☃").ids[-1] == tk.UNKNOWN
    assert not set(made.encode(TEXTS[0]).ids) & {tk.PAD, tk.START, tk.END}


def test_case_is_ignored_where_that_is_asked() -> None:
    made = tk.learned(TEXTS, "subwords", vocabulary=200, ignore_case=True)
    assert made.encode("THE CAT").ids == made.encode("the cat").ids
    assert MADE["subwords", "bpe"].encode("THE CAT").ids != MADE["subwords", "bpe"].encode("the cat").ids


@pytest.mark.parametrize(
    ("texts", "cut"),
    [
        (["HELLO", "WORLD", "ICE CREAM"], "characters"),
        (["1.5.2024", "May 2, 2024", "12 March 2020"], "characters"),
        (["3 de mayo de 1998", "Thursday, 9 September 1812", "den 24. Dez. 1901"], "characters"),
        (["HH AH L OW", "W ER L D"] * 50, "words"),
        ([f"sentence {number} has several words, word{number} is one" for number in range(100)], "subwords"),
    ],
)
def test_the_cut_fits_the_texts(texts: list[str], cut: tk.Cut) -> None:
    assert tk.fitting(texts) == cut


@pytest.mark.parametrize(
    ("texts", "one"), [(["AB", "C D"], True), (["ab"], True), (["Ab"], False), (["AB", "cd"], False), (["12"], False)]
)
def test_one_case(texts: list[str], one: bool) -> None:
    assert tk.one_case(texts) is one
