"""The program that goes with an exported model: writes on from a start, with onnxruntime and numpy alone."""

from pathlib import Path

_BEFORE = '''\
"""Says what comes next after a text, or writes on. Needs: pip install onnxruntime numpy.

python predict.py "To be, or not"                      the likeliest next characters
python predict.py "To be, or not" --length 200         200 characters more; --temperature T --top-k K --seed N
"""
import argparse
import json
import math
import sys
import unicodedata
from pathlib import Path

import numpy as np
import onnxruntime

'''

_AFTER = '''

sys.stdout.reconfigure(encoding="utf-8")
words = argparse.ArgumentParser()
words.add_argument("text", nargs="?", default="")
words.add_argument("--length", type=int, default=0)
words.add_argument("--temperature", type=float, default=1.0)
words.add_argument("--top-k", type=int, default=0)
words.add_argument("--seed", type=int, default=0)
asked = words.parse_args()

here = Path(__file__).resolve().parent
card = json.loads((here / "card.json").read_text(encoding="utf-8"))
graph = str(here / card["graphs"][0]["file"])
session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])  # or CUDAExecutionProvider
names = ["", "\\ufffd", *card["extra"]["characters"]]  # 0 is the start, 1 any unknown character
number_of = {name: number for number, name in enumerate(names) if number > 1}
state = {i.name: np.zeros((i.shape[0], 1, i.shape[2]), np.float32) for i in session.get_inputs() if i.name != "symbols"}


def read(numbers, state):
    """The log-probabilities (T, K) after each symbol, and the state after the last one."""
    wanted = ["log_probabilities", *("next_" + name for name in state)]
    scores, *after = session.run(wanted, {"symbols": np.array([numbers], np.int64), **state})
    return scores[0], dict(zip(state, after))


text = unicodedata.normalize("NFC", asked.text)
numbers = [0] + [number_of.get(character, 1) for character in text]
scores, state = read(numbers, state)
if asked.length == 0:
    if text:
        nats = -np.mean([scores[place, number] for place, number in enumerate(numbers[1:])])
        print(f"{nats / math.log(2):.3f} bits a character; next:")
    likely = weights(scores[-1])
    likely /= likely.sum()
    for place in np.argsort(-likely, kind="stable")[:10]:
        name = names[place + 2]
        print({" ": "␣", "\\n": "⏎", "\\t": "⇥"}.get(name, name), f"{likely[place]:.4f}")
draw = np.random.default_rng(asked.seed)
for _ in range(asked.length):
    number, _ = drawn(weights(scores[-1], asked.temperature, asked.top_k), draw)
    print(names[number], end="", flush=True)
    scores, state = read([number], state)
print()
'''


def character_script() -> str:
    """The source of `predict.py`; it draws as the program itself does."""
    source = (Path(__file__).parent / "sampling.py").read_text(encoding="utf-8")
    functions = source[source.index("def weights") :].replace("  # type: ignore[no-untyped-def]", "")
    return _BEFORE + "\n" + functions.rstrip("\n") + "\n" + _AFTER
