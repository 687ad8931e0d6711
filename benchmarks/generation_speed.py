"""How fast a 2 × 256 LSTM writes, on one core: `python benchmarks/generation_speed.py [--model RUN] [--cell gru]`.

Three figures in one run, each the best of five rounds of 2,000 characters: the bare session, fed its own state and the
likeliest character; the program's predictor, which draws and tells what else was likely; and `torch` step by step.
Without a model the network has random weights, which cost the same. Processor time is given beside the clock, since a
machine that is shared with others tells the clock's time wrongly.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "plugins" / "sequence_rnn"))

CHARACTERS, ROUNDS, COUNT = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ .,;:!?'-\n&3", 5, 2000


def timed(name: str, work: Callable[[], object]) -> None:
    clock, processor = [], []
    for _ in range(ROUNDS):
        start, begun = time.perf_counter(), time.process_time()
        work()
        clock.append(time.perf_counter() - start)
        processor.append(time.process_time() - begun)
    print(
        f"{name:34} {COUNT / min(clock):8,.0f} a second by the clock, {COUNT / min(processor):8,.0f} of the processor"
    )


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--cell", choices=("rnn", "gru", "lstm"), default="lstm")
    words.add_argument("--units", type=int, default=256)
    words.add_argument("--layers", type=int, default=2)
    asked = words.parse_args()

    import torch

    from sequence_rnn.characters.export import write_graph
    from sequence_rnn.characters.network import CharacterNetwork
    from sequence_rnn.characters.predict import CharacterPredictor
    from sequence_rnn.characters.symbols import Symbols
    from trasluz.core.inference.session import OnnxGraph

    torch.set_num_threads(1)
    symbols = Symbols(tuple(sorted(CHARACTERS)))
    network = CharacterNetwork(symbols.size, asked.units, layers=asked.layers, cell=asked.cell, dropout=0.0).eval()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        write_graph(network, path, "benchmark")
        graph = OnnxGraph(path, "cpu", threads=1)
    card = SimpleNamespace(extra={"characters": list(symbols.characters)})
    predictor = CharacterPredictor(SimpleNamespace(card=card, graph=lambda _name: graph))  # type: ignore[arg-type]

    def bare() -> None:
        state = {s.name: np.zeros((1, 1, asked.units), np.float32) for s in graph.inputs if s.name != "symbols"}
        outputs = ["log_probabilities", *(f"next_{name}" for name in state)]
        number = np.zeros((1, 1), np.int64)
        run = graph._session.run  # the bare session is what is to be measured
        for _ in range(COUNT):
            scores, *after = run(outputs, {"symbols": number, **state})
            state = dict(zip(state, after, strict=True))
            number = scores[:, -1].argmax(axis=1)[:, None]

    def whole() -> None:
        for _ in islice(predictor.write("", temperature=1.0, top_k=0, seed=0), COUNT):
            pass

    def by_torch() -> None:
        with torch.inference_mode():
            number, state = torch.zeros(1, 1, dtype=torch.int64), None
            for _ in range(COUNT):
                scores, state = network(number, state)
                number = scores[:, -1].argmax(1)[:, None]

    print(f"{asked.layers} × {asked.units} {asked.cell.upper()}, {symbols.size} symbols, one thread")
    timed("ONNX Runtime, bare session", bare)
    timed("the program's predictor", whole)
    timed("PyTorch, step by step", by_torch)


if __name__ == "__main__":
    main()
