"""Beam search by ONNX Runtime beside eager PyTorch: `python benchmarks/beam_search.py [--network transformer]`.

The same search, the same weights and the same cache; only who runs the graph differs. The weights are random, so that
every answer has its full length and both do the same work. Each engine is a process of its own, by turns, for their
spinning threads would fight.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

VOCABULARY = 4000


class Tokens:
    """A tokenizer of numbers; the search needs no more."""

    def get_vocab_size(self) -> int:
        return VOCABULARY


def one(given: argparse.Namespace) -> None:
    """Search with one engine; prints a line of JSON."""
    sys.path[:0] = [str(Path(__file__).parents[1] / "plugins" / "text_seq2seq")]
    import numpy as np
    import torch

    from text_seq2seq.answering import Answerer
    from text_seq2seq.config import TextSeq2SeqConfig
    from text_seq2seq.export import DECODER, ENCODER, export_network, torch_graphs
    from text_seq2seq.networks import make
    from trasluz.core.inference.session import OnnxGraph
    from trasluz.torchkit.device import tune

    tune()
    torch.manual_seed(0)
    config = TextSeq2SeqConfig(network=given.network, width=given.width, layers=given.layers, max_tokens=100)
    network = make(config, sources=VOCABULARY, targets=VOCABULARY).eval()
    facts = {
        **network.facts(),
        "max_tokens": 100,
        "ratio": given.length / 20,
        "beam": given.beam,
        "length_penalty": 0.6,
        "long_texts": "cut",
    }
    with tempfile.TemporaryDirectory() as place:
        graphs = torch_graphs(network)
        if given.one == "onnx":
            export_network(network, Path(place))
            graphs = tuple(OnnxGraph(Path(place) / name, "cpu") for name in (ENCODER, DECODER))  # type: ignore[assignment]
        answerer = Answerer(*graphs, Tokens(), Tokens(), facts)
        draw = np.random.default_rng(0)
        sources = [draw.integers(4, VOCABULARY, 20).tolist() for _ in range(given.texts)]
        with torch.inference_mode():
            answerer.search(sources[:2])
            times = []
            for _ in range(given.rounds):
                begin = time.perf_counter()
                found = answerer.search(sources)
                times.append(time.perf_counter() - begin)
    tokens = sum(len(each[0][0]) for each in found)
    print(
        json.dumps({"engine": given.one, "tokens": tokens, "tokens_a_second": round(tokens / min(times))}), flush=True
    )


def main() -> None:
    """Search with both, by turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=("rnn", "attention", "transformer"), default="transformer")
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--texts", type=int, default=16)
    parser.add_argument("--length", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--one", choices=("onnx", "torch"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        one(given)
        return
    for _ in range(given.turns):
        for engine in ("onnx", "torch"):
            subprocess.run([sys.executable, __file__, *sys.argv[1:], "--one", engine], check=True)


if __name__ == "__main__":
    main()
