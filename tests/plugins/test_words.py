"""Word vectors: the kernel against the sum written out, the corpus, what vectors are judged by, keeping them."""

from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from text_seq2seq.starting import begin_from
from text_seq2seq.tokens import learned
from text_seq2seq.words import corpus as texts
from text_seq2seq.words.answering import Unknown, asked, chosen, nearest
from text_seq2seq.words.config import WordVectorsConfig
from text_seq2seq.words.corpus import BREAK, joined_words
from text_seq2seq.words.kernel import Kernel, Space
from text_seq2seq.words.learning import learn, noise_table
from text_seq2seq.words.reading import paragraphs, words_of
from text_seq2seq.words.shares import kept_share
from text_seq2seq.words.windows import Windows
from trasluz.api import FamilyError, Record, Sample
from trasluz.api.vector_files import save_vectors
from trasluz.api.vectors import WordVectors


class Passages:
    """A text in passages, as the index gives one."""

    kind, root, fingerprint = "text", Path("text"), "0"

    def __init__(self, *passages: str, gap: bool = False) -> None:
        self._passages, at = [], 0
        for text in passages:
            self._passages.append((Record("a.txt", extra={"start": at, "bytes": len(text)}, part=str(at)), text))
            at += len(text) + gap

    def records(self, split: str) -> list[Record]:
        return [record for record, _ in self._passages]

    def read(self, record: Record) -> Sample:
        return Sample(record, {"text": next(text for each, text in self._passages if each == record)})


def stretch(*words: int, blank_after: int | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    inside = [int(blank_after is not None and at > blank_after) for at in range(len(words))]
    return torch.tensor(words), torch.tensor(inside, dtype=torch.int32)


@pytest.mark.parametrize("method", ["skip-gram", "cbow"])
def test_the_kernel_does_what_the_equations_say(method: str) -> None:
    """With windows of one word and noise of one kind there is nothing left to chance."""
    chance = np.random.default_rng(0)
    before = [chance.normal(size=(30, 8)).astype(np.float32) for _ in range(2)]
    words, inside = stretch(*range(20), blank_after=8)
    space = Space(*(torch.from_numpy(each.copy()) for each in before))
    kernel = Kernel(space, torch.tensor([25]), window=1, negatives=3, method=method, seed=0)
    loss = kernel.learn(words, inside, 0.002, measure=True)

    read, expected = (each.astype(np.float64) for each in before)
    to_read, to_expected = np.zeros_like(read), np.zeros_like(expected)
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    losses = []
    for i in range(20):
        around = [j for j in (i - 1, i + 1) if 0 <= j < 20 and (j > 8) == (i > 8)]
        cases = [([i], j) for j in around] if method == "skip-gram" else [(around, i)]
        for given, target in cases:
            x = read[given].mean(axis=0)
            seen, unseen = x @ expected[target], x @ expected[25]
            losses.append(np.logaddexp(0, -seen) + 3 * np.logaddexp(0, unseen))
            up, down = 1 - sigmoid(seen), -3 * sigmoid(unseen)
            for each in given:  # CBOW as word2vec has it: each neighbour gets the whole change
                to_read[each] += up * expected[target] + down * expected[25]
            to_expected[target] += up * x
            to_expected[25] += down * x
    assert np.allclose(space.read.numpy(), read + 0.002 * to_read, atol=1e-6)
    assert np.allclose(space.expected.numpy(), expected + 0.002 * to_expected, atol=1e-6)
    assert loss == pytest.approx(np.mean(losses), rel=1e-4)


def test_a_word_met_often_is_not_thrown_past_its_place() -> None:
    """All of a stretch says the same of one word; its rates are 36 together and count as 1."""
    space = Space(torch.zeros(30, 4), torch.zeros(30, 4))
    space.read[:20] = 1.0
    Kernel(space, torch.tensor([25]), window=1, negatives=3, method="skip-gram", seed=0).learn(
        *stretch(*range(20)), 1 / 3
    )
    assert torch.allclose(space.expected[25], torch.full((4,), -0.5))


def test_words_and_paragraphs() -> None:
    assert words_of("The dog's tail -- wagged, co-operated_2", ignore_case=True) == [
        "the", "dog's", "tail", "wagged", "co-operated", "2",
    ]  # fmt: skip
    follows = Passages("one two\nthree", " four\n\nfive")
    assert list(paragraphs(follows, "train", ignore_case=True)) == [["one", "two", "three", "four"], ["five"]]
    apart = Passages("one two\nthree", " four\n\nfive", gap=True)
    assert list(paragraphs(apart, "train", ignore_case=True)) == [["one", "two", "three"], ["four"], ["five"]]


def test_a_corpus_is_a_file_of_numbers(tmp_path: Path) -> None:
    data = Passages("new york is new\n\nnew york again\n\n" + "new york times\n\n" * 4 + "is is rare")
    config = WordVectorsConfig(least=2, phrases=1, phrase_threshold=1.5)
    corpus = texts.build(data, config, tmp_path / "n", lambda *_: None)
    assert "new_york" in corpus.words
    assert corpus.phrases >= 1
    numbers = corpus.stretch(0, corpus.length)
    assert Counter(numbers[numbers != BREAK].tolist()) == dict(enumerate(corpus.counts.tolist()))
    assert list(corpus.counts) == sorted(corpus.counts, reverse=True)
    assert "rare" not in corpus.words
    with pytest.raises(FamilyError, match="lower “Least count”"):
        texts.build(data, WordVectorsConfig(least=1000), tmp_path / "n", lambda *_: None)
    assert joined_words(["a", "b", "b", "a", "b"], frozenset({("a", "b")})) == ["a_b", "b", "a_b"]


def test_frequent_words_are_thinned_and_drawn_less() -> None:
    counts = np.array([900, 90, 10])
    kept = kept_share(counts, 0.01)
    assert kept[0] == pytest.approx((np.sqrt(90) + 1) / 90)
    assert kept[0] < kept[1] < kept[2] == 1
    assert (kept_share(counts, 0) == 1).all()
    drawn = np.bincount(noise_table(counts).numpy())
    assert drawn[0] / drawn[2] == pytest.approx(90**0.75, rel=0.01)


def context(folder: Path, **others: object) -> SimpleNamespace:
    found = {
        "device": "cpu",
        "checkpoint_folder": folder,
        "emit": lambda _event: None,
        "stopping": lambda: False,
        "pausing": lambda: False,
        "seconds_left": lambda: None,
    }
    return SimpleNamespace(**(found | others))


@pytest.mark.parametrize(("method", "workers"), [("skip-gram", 0), ("cbow", 0), ("skip-gram", 2)])
def test_words_that_are_used_alike_come_together(method: str, workers: int, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    groups = [["cat", "dog", "horse"], ["eats", "drinks", "sleeps"], ["red", "green", "blue"], ["paint", "dye", "ink"]]
    lines = [
        " ".join(str(draw.choice(groups[part])) for part in ((0, 1, 0, 1) if n % 2 else (2, 3, 2, 3)))
        for n in range(1500)
    ]
    config = WordVectorsConfig(method=method, dimensions=12, least=1, subsampling=0, workers=workers, epochs=8)
    corpus = texts.build(Passages("\n\n".join(lines)), config, tmp_path / "n", lambda *_: None)
    found = WordVectors(corpus.words, learn(context(tmp_path), corpus, config).read.numpy())
    assert found.similarity("red", "green") > found.similarity("red", "dog") + 0.3
    if workers == 0:
        again = learn(context(tmp_path), corpus, config).read.numpy()
        assert np.array_equal(again, found.matrix)


def test_a_pause_leaves_a_checkpoint_and_other_settings_refuse_it(tmp_path: Path) -> None:
    from trasluz.api import TrainingStopped

    config = WordVectorsConfig(dimensions=4, least=1, epochs=20)
    corpus = texts.build(Passages("a b c d " * 500), config, tmp_path / "n", lambda *_: None)
    with pytest.raises(TrainingStopped):
        learn(context(tmp_path, stopping=lambda: True, pausing=lambda: True), corpus, config)
    said: list[object] = []
    learn(context(tmp_path, emit=said.append), corpus, config)
    assert any("Going on" in getattr(event, "sentence", "") for event in said)
    with pytest.raises(FamilyError, match="other settings"):
        learn(context(tmp_path), corpus, config.model_copy(update={"window": 3}))


def test_places_are_the_same_each_time_and_hold_the_right_word() -> None:
    text = " ".join(f"w{n % 37}" for n in range(600))
    made = [Windows(Passages(text), {"subsampling": 0}).records("val") for _ in range(2)]
    assert [r.extra["text"] for r in made[0]] == [r.extra["text"] for r in made[1]]
    assert len(made[0]) == 60
    for record in made[0]:
        before, _, rest = record.extra["text"].partition("[")
        choices = rest.partition("]")[0].split("|")
        assert record.target in choices
        assert len(set(choices)) == len(choices) == 10
        assert before.split()


def test_what_is_asked() -> None:
    numbers = {"the": 0, "ship": 1, "sails": 2, "new_york": 3}
    assert asked("The ship [sails|swims] new_york!", numbers) == ([0, 1, 3], ["sails", "swims"])
    with pytest.raises(Unknown, match="“qqq”"):
        asked("qqq", numbers)
    best = nearest(np.array([0.5, 1.0, 0.7, -1]), list(numbers), [1])
    assert [word for word, _ in best] == ["sails", "the", "new_york"]
    likely = chosen(np.array([-3.0, -2.0, -4.0, -1.0]), ["swims", "ship", "sails"], numbers)
    assert likely.argmax() == 1 and likely.argmin() == 0, "a word of which nothing is known comes last"


def test_embeddings_begin_as_vectors() -> None:
    tokenizer = learned(["the sea is deep", "the sea is blue"], "words", vocabulary=100)
    vectors = WordVectors(["sea", "blue", "sky"], np.array([[3, 4, 0], [0, 5, 0], [1, 1, 1]], np.float32))
    for width in (6, 2):
        embedding = torch.nn.Embedding(tokenizer.get_vocab_size(), width)
        before = embedding.weight.detach().clone()
        assert begin_from(embedding, tokenizer, vectors) == (2, 5)
        changed = (embedding.weight != before).any(dim=1)
        assert {tokenizer.id_to_token(int(i)) for i in changed.nonzero()} == {"▁sea", "▁blue"}
        assert embedding.weight[changed].norm(dim=1).mean().item() == pytest.approx(1.0, rel=1e-5)


def test_vectors_are_kept_by_name(tmp_path: Path) -> None:
    from text_seq2seq.words import kept

    model = tmp_path / "model"
    model.mkdir()
    save_vectors(WordVectors(["a", "b"], np.eye(2, dtype=np.float32)), model / "vectors.bin")
    card = SimpleNamespace(files={"vectors": "vectors.bin"})
    assert kept.keep(model, card, name=" my  words ", library=tmp_path / "lib").value == "my words"
    assert kept.names(tmp_path / "lib") == ["my words"]
    for value in ("my words", str(model), str(tmp_path), str(model / "vectors.bin")):
        assert len(kept.opened(value, tmp_path / "lib")) == 2
    assert kept.keep(model, card, name="my words", library=tmp_path / "lib").value == "my words", "they are the same"
    save_vectors(WordVectors(["a", "c"], np.eye(2, dtype=np.float32)), model / "vectors.bin")
    with pytest.raises(FamilyError, match="already"):
        kept.keep(model, card, name="my words", library=tmp_path / "lib")
    for bad in ("", "../up", "none", "a" * 80):
        with pytest.raises(FamilyError, match="name"):
            kept.keep(model, card, name=bad, library=tmp_path / "lib")
    with pytest.raises(FamilyError, match="my words"):
        kept.opened("/nowhere", tmp_path / "lib")


def test_a_host_asks_the_vectors_and_the_map_needs_no_word() -> None:
    from text_seq2seq.words.explain import WordMap
    from text_seq2seq.words.predict import WordPredictor
    from trasluz.api import DataError
    from trasluz.host.calls import UsageError
    from trasluz.host.words import ask

    words = ["man", "woman", "king", "queen", "sea", "ship"]
    matrix = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1], [-1, 0.1, 0], [-1, 0, 0.1]], np.float32)
    predictor = WordPredictor.__new__(WordPredictor)
    predictor.words, predictor._vectors = words, WordVectors(words, matrix)
    predictor.numbers = {word: number for number, word in enumerate(words)}
    predictor.model = SimpleNamespace(card=SimpleNamespace(id="one", title="Six words"))
    model = SimpleNamespace(predictor=predictor, card=predictor.card)
    assert ask(model, what="nearest", words=["Sea "], count=1) == {
        "top": [["ship", pytest.approx(0.990, abs=1e-3)]], "alike": None, "words": ["sea"], "vocabulary": 6,
    }  # fmt: skip
    assert ask(model, what="analogy", words=["man", "woman", "king"])["top"][0][0] == "queen"
    assert ask(model, what="alike", words=["man", "sea"])["alike"] < -0.9
    with pytest.raises(DataError, match="“boat” is not among"):
        ask(model, what="nearest", words=["boat"])
    with pytest.raises(UsageError, match="cannot be asked of 1 words"):
        ask(model, what="alike", words=["sea"])
    view = WordMap().explain(predictor, Sample(Record("typed"), {"text": "…"}), "PCA")
    assert list(view.labels) == words and not view.marked
    view = WordMap().explain(predictor, Sample(Record("typed"), {"text": "queen"}), "PCA")
    assert view.labels[0] == "queen" and list(view.marked) == [0]
