"""Word vectors beside gensim's, on the same words with the same settings: words a second and WordSim-353.

`python benchmarks/word_vectors.py TEXT --pairs wordsim353.tsv [--workers 2] [--passes 20] [--seeds 3]`

gensim is no part of the program; install it for this (`pip install gensim`). Each training is a process of its own, the
two programs by turns, since the load of the machine changes. Both are timed for learning alone: gensim from lists of
words in memory, ours from its file of word numbers. The first line says what ours needs for that file besides.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

SETTINGS = {"dimensions": 100, "window": 5, "negatives": 5, "least": 5, "subsampling": 1e-3}


class Text:
    """A file as a dataset of one passage for each 100 lines."""

    def __init__(self, path: Path) -> None:
        self._lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)

    def records(self, _split: str) -> list:
        return [
            SimpleNamespace(path="text", extra={"start": at, "bytes": 100}) for at in range(0, len(self._lines), 100)
        ]

    def read(self, record: SimpleNamespace) -> SimpleNamespace:
        at = record.extra["start"]
        return SimpleNamespace(inputs={"text": "".join(self._lines[at : at + 100])})


def ours(path: Path, given: argparse.Namespace, seed: int, folder: Path) -> tuple:
    sys.path[:0] = [str(Path(__file__).parents[1] / "plugins" / "text_seq2seq")]
    from text_seq2seq.words import corpus as texts
    from text_seq2seq.words.config import WordVectorsConfig
    from text_seq2seq.words.learning import learn
    from trasluz.torchkit.device import tune

    config = WordVectorsConfig(**SETTINGS, method=given.method, epochs=given.passes, workers=given.workers, seed=seed)
    begin = time.perf_counter()
    corpus = texts.build(Text(path), config, folder / "numbers", lambda *_: None)
    built = time.perf_counter() - begin
    tune()
    context = SimpleNamespace(
        device="cpu",
        checkpoint_folder=folder,
        emit=lambda _event: None,
        stopping=lambda: False,
        pausing=lambda: False,
        seconds_left=lambda: None,
    )
    begin = time.perf_counter()
    space = learn(context, corpus, config)
    return corpus.words, space.read.numpy(), time.perf_counter() - begin, corpus.total, built


def gensims(path: Path, given: argparse.Namespace, seed: int) -> tuple:
    sys.path[:0] = [str(Path(__file__).parents[1] / "plugins" / "text_seq2seq")]
    from gensim.models import Word2Vec

    from text_seq2seq.words.reading import paragraphs

    begin = time.perf_counter()
    sentences = list(paragraphs(Text(path), "train", ignore_case=True))
    # gensim cuts what is longer than 10,000 words by itself, and loses the rest of it.
    sentences = [words[at : at + 9_000] for words in sentences for at in range(0, len(words), 9_000)]
    built = time.perf_counter() - begin
    model = Word2Vec(
        vector_size=SETTINGS["dimensions"],
        window=SETTINGS["window"],
        negative=SETTINGS["negatives"],
        min_count=SETTINGS["least"],
        sample=SETTINGS["subsampling"],
        sg=int(given.method == "skip-gram"),
        workers=given.workers,
        seed=seed,
    )
    model.build_vocab(sentences)
    total = int(sum(model.wv.get_vecattr(word, "count") for word in model.wv.index_to_key))
    begin = time.perf_counter()
    model.train(sentences, total_examples=model.corpus_count, epochs=given.passes)
    return model.wv.index_to_key, model.wv.vectors, time.perf_counter() - begin, total, built


def one(given: argparse.Namespace) -> None:
    """One training; prints a line of JSON."""
    from trasluz.api.vectors import WordVectors, parse_pairs, score_pairs

    with tempfile.TemporaryDirectory() as place:
        if given.one == "trasluz":
            found = ours(given.text, given, given.seed, Path(place))
        else:
            found = gensims(given.text, given, given.seed)
    words, matrix, seconds, total, built = found
    score = score_pairs(WordVectors(words, matrix), parse_pairs(given.pairs.read_text().splitlines(), "pairs"))
    print(
        json.dumps(
            {
                "program": given.one,
                "words_a_second": round(total * given.passes / seconds),
                "spearman": round(score.spearman, 4),
                "covered": score.covered,
                "vocabulary": len(words),
                "words": total,
                "preparing": round(built, 2),
            }
        ),
        flush=True,
    )


def main() -> None:
    """Train by turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text", type=Path)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--method", choices=("skip-gram", "cbow"), default="skip-gram")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--passes", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--one", choices=("trasluz", "gensim"), help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=1, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        one(given)
        return
    for seed in range(1, given.seeds + 1):
        for program in ("trasluz", "gensim"):
            command = [sys.executable, __file__, *sys.argv[1:], "--one", program, "--seed", str(seed)]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
