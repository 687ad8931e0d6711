"""The source of `predict.py`: search and answering of this package, word for word, and a few lines to call them."""

import inspect

HEAD = '''"""Answer texts: python predict.py TEXT... (or a file of lines). Needs onnxruntime, tokenizers, numpy."""

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime
from tokenizers import Tokenizer
'''
TAIL = '''
HERE = Path(__file__).resolve().parent


class Graph:
    """An ONNX file on the CPU."""

    def __init__(self, file):
        self.session = onnxruntime.InferenceSession(HERE / file, providers=["CPUExecutionProvider"])

    def run(self, feeds, wanted=None):
        return dict(zip(wanted, self.session.run(list(wanted), dict(feeds))))


if __name__ == "__main__":
    card = json.loads((HERE / "card.json").read_text(encoding="utf-8"))
    graphs = {graph["name"]: Graph(graph["file"]) for graph in card["graphs"]}
    cut = [Tokenizer.from_file(str(HERE / card["files"][name])) for name in ("source", "target")]
    model = Answerer(graphs["encoder"], graphs["decoder"], *cut, card["extra"])
    texts = []
    for given in sys.argv[1:]:
        is_file = len(given) < 200 and Path(given).is_file()
        texts += Path(given).read_text(encoding="utf-8-sig").splitlines() if is_file else [given]
    texts = [text for text in texts if text.strip()]
    for text, answers in zip(texts, model.answers(texts)):
        print(f"{text}\\t{answers[0][0]}\\t{answers[0][1]:.4f}")
'''


def script() -> str:
    """The whole file."""
    from . import answering, decoding

    bodies = []
    for module in (decoding, answering):
        source = inspect.getsource(module)
        source = source[source.index('"""', 3) + 3 :]  # without the text at the top, which is about this package
        lines = source.splitlines()
        bodies.append("\n".join(line for line in lines if not line.startswith(("import ", "from "))).strip("\n"))
    return HEAD + "\n\n" + "\n\n\n".join(bodies) + "\n\n" + TAIL
