"""The source of `predict.py` for word vectors."""

import inspect

HEAD = '''"""The nearest words: python predict.py WORD... (or a file of lines). Needs onnxruntime and numpy.

A text with words in brackets is a choice: python predict.py "the ship [sailed|seventeen] at dawn".
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
'''
TAIL = """
HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    card = json.loads((HERE / "card.json").read_text(encoding="utf-8"))
    words = (HERE / card["files"]["words"]).read_text(encoding="utf-8").split("\\n")[:-1]
    numbers = {word: number for number, word in enumerate(words)}
    session = onnxruntime.InferenceSession(HERE / card["graphs"][0]["file"], providers=["CPUExecutionProvider"])
    texts = []
    for given in sys.argv[1:]:
        is_file = len(given) < 200 and Path(given).is_file()
        texts += Path(given).read_text(encoding="utf-8-sig").splitlines() if is_file else [given]
    for text in texts:
        try:
            found, choices = asked(text, numbers)
        except Unknown as error:
            print(f"{text}\\t{error}")
            continue
        cosines, fits = session.run(["cosines", "fits"], {"words": rows([found])})
        if choices:
            likely = chosen(fits[0], choices, numbers)
            top = [(choices[int(i)], float(likely[i])) for i in np.argsort(-likely, kind="stable")]
        else:
            top = nearest(cosines[0], words, found)
        print(text + "\\t" + ", ".join(f"{word} {score:.3f}" for word, score in top))
"""


def script() -> str:
    """The whole file."""
    from . import answering

    source = inspect.getsource(answering)
    source = source[source.index('"""', 3) + 3 :]  # without the text at the top, which is about this package
    lines = source.splitlines()
    body = "\n".join(line for line in lines if not line.startswith(("import ", "from "))).strip("\n")
    return HEAD + "\n\n" + body + "\n\n" + TAIL
