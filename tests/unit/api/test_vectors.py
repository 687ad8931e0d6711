"""Word vectors: files come back as they were, damaged ones are explained, questions are answered."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trasluz.api import DataError
from trasluz.api.vector_files import load_vectors, save_vectors
from trasluz.api.vectors import (
    WordVectors,
    parse_pairs,
    parse_questions,
    score_analogies,
    score_pairs,
    spearman,
)

WORD = st.text(st.characters(exclude_categories=("Z", "C")), min_size=1, max_size=12)
NUMBER = st.floats(-(2.0**90), 2.0**90, width=32, allow_subnormal=False)


@st.composite
def any_vectors(draw: st.DrawFn) -> WordVectors:
    words = draw(st.lists(WORD, min_size=1, max_size=8, unique=True))
    dimensions = draw(st.integers(1, 5))
    rows = draw(
        st.lists(st.lists(NUMBER, min_size=dimensions, max_size=dimensions), min_size=len(words), max_size=len(words))
    )
    return WordVectors(words, np.array(rows, np.float32).reshape(len(words), dimensions))


@pytest.mark.parametrize(("ending", "glove"), [("txt", False), ("vec", False), ("bin", False), ("npz", False)])
@settings(max_examples=40, deadline=None)
@given(vectors=any_vectors())
def test_a_file_gives_back_what_went_in(
    vectors: WordVectors, ending: str, glove: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("vectors") / f"v.{ending}"
    save_vectors(vectors, path, glove=glove)
    again = load_vectors(path)
    assert list(again.words) == list(vectors.words)
    assert np.array_equal(again.matrix, vectors.matrix)
    assert load_vectors(path, most=1).words == [vectors.words[0]]
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_glove_has_no_first_line_and_words_with_spaces(tmp_path: Path) -> None:
    path = tmp_path / "glove.txt"
    path.write_text("the 0.1 -2 3e-1\n. . . 1 2 3\n\nsea 0 0 1\n", encoding="utf-8")
    found = load_vectors(path)
    assert list(found.words) == ["the", ". . .", "sea"]
    assert found.matrix[1].tolist() == [1, 2, 3]
    save_vectors(found.first(1), tmp_path / "g.txt", glove=True)
    assert (tmp_path / "g.txt").read_text().startswith("the 0.1")


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=200), ending=st.sampled_from(["txt", "bin", "npz", "vec"]), headed=st.booleans())
def test_any_bytes_are_vectors_or_a_sentence(
    data: bytes, ending: str, headed: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("vectors") / f"v.{ending}"
    path.write_bytes((b"3 2\n" if headed else b"") + data)
    try:
        found = load_vectors(path)
        assert np.isfinite(found.matrix).all()
    except DataError as error:
        assert path.name in str(error)


DAMAGED = {
    "empty.txt": (b"", "empty"),
    "cut.bin": (b"3 2\nab \0\0\0\0\0\0\0\0\ncd \0", "ends at word 2|too few"),
    "huge.bin": (b"9999999 300\nab \0\0", "too few"),
    "cut.txt": (b"3 2\nab 1 2\ncd 3 4 \n", "after 2 of 3"),
    "short.txt": (b"ab 1 2\ncd 3\n", "Line 2"),
    "prose.txt": (b"It was a dark night.\n", "no word with numbers"),
    "nan.txt": (b"ab 1 nan\n", "“ab”"),
    "zero.txt": (b"0 0\n", "no word vectors"),
    "packed.txt": (b"\x1f\x8b\x08\0", "gzip"),
    "zip.npz": (b"PK\x03\x04....", "damaged"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_explained(name: str, tmp_path: Path) -> None:
    data, said = DAMAGED[name]
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(DataError, match=said):
        load_vectors(path)


def test_a_word_with_white_space_goes_only_into_an_archive(tmp_path: Path) -> None:
    vectors = WordVectors(["new york"], np.ones((1, 2), np.float32), np.array([7]))
    with pytest.raises(DataError, match="new york"):
        save_vectors(vectors, tmp_path / "v.txt")
    assert list(tmp_path.iterdir()) == []
    save_vectors(vectors, tmp_path / "v.npz")
    assert load_vectors(tmp_path / "v.npz").counts.tolist() == [7]
    with pytest.raises(DataError, match="ends otherwise"):
        save_vectors(vectors, tmp_path / "v.csv")


def royal() -> WordVectors:
    """Two directions, gender and rank, and words away from both."""
    words = ["man", "woman", "king", "queen", "prince", "bread", "Paris"]
    rows = [[1, 0, 0.2], [-1, 0, 0.2], [1, 1, 0.2], [-1, 1, 0.2], [1, 0.8, 0.4], [0, 0, -1], [0, -1, 0.3]]
    return WordVectors(words, np.array(rows, np.float32))


def test_neighbours_and_analogies() -> None:
    vectors = royal()
    assert vectors.neighbours("king")[0][0] == "prince"
    assert "king" not in [word for word, _ in vectors.neighbours("KING", 20)]
    assert vectors.similarity("paris", "Paris") == pytest.approx(1)
    assert vectors.analogy("man", "woman", "king")[0][0] == "queen"
    assert vectors.analogy("man", "woman", "king", method="mul")[0][0] == "queen"
    assert len(vectors.analogy("man", "woman", "king", 50)) == 4
    with pytest.raises(DataError, match=r"princess.*prince"):
        vectors.neighbours("princess")


def test_scores_by_files(tmp_path: Path) -> None:
    vectors = royal()
    pairs = parse_pairs(["# words", "word1\tword2\tscore", "man\tking\t9", "king\tbread\t1", "king\tsoup\t1"], "p")
    score = score_pairs(vectors, pairs)
    assert (score.covered, score.total, score.spearman) == (2, 3, 1.0)
    questions = parse_questions([": royal", "man woman king queen", "man woman prince princess", "a b"], "q")
    found = score_analogies(vectors, questions)
    assert (found.accuracy, found.covered, found.total, found.right) == (1.0, 1, 2, {"royal": (1, 1)})
    for parse in (parse_pairs, parse_questions):
        with pytest.raises(DataError, match=r"nothing\.txt"):
            parse(["", "one two"], "nothing.txt")


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=30))
def test_the_rank_correlation_is_scipys(pairs: list[tuple[int, int]]) -> None:
    from scipy.stats import rankdata

    x, y = np.array(pairs, float).T
    a, b = rankdata(x), rankdata(y)
    if a.std() and b.std():
        assert spearman(x, y) == pytest.approx(np.corrcoef(a, b)[0, 1])
