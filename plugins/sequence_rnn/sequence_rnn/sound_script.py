"""The program that goes with an exported model that listens, with onnxruntime and numpy."""

from pathlib import Path

from trasluz.api import ModelCard
from trasluz.api.sound_file import DECODED

READ = (
    DECODED
    + '''

def heard(path):
    """(samples,) float32 at the model's rate."""
    frames, own = decoded(path)
    waveform = frames.mean(axis=1)
    if own != rate:
        import soxr

        waveform = soxr.resample(waveform, own, rate)
    return waveform.astype(np.float32)
'''
)

WHOLE = '''

def run(path, name):
    """The output `name` for a recording; the graph does the rest."""
    return session.run([name], {"waveform": heard(path)[None]})[0][0]
'''

STREAMED = '''

def run(path, name):
    """The output `name` for a recording: all of it is one chunk."""
    stream = Stream(step, card["extra"]["streaming"], [name])
    parts = [each[name] for each in (stream.hear(heard(path)), stream.end()) if each]
    return np.concatenate(parts) if name == "log_probabilities" else parts[-1]


def step(wanted, feeds):
    return dict(zip(wanted, session.run(wanted, feeds)))


def chunks(path):
    """A quarter of a second at a time: of a file, or for `-` of raw mono samples of 16 bits from standard input."""
    size = rate // 4
    if path != "-":
        waveform = heard(path)
        yield from (waveform[at:at + size] for at in range(0, len(waveform), size))
        return
    while raw := sys.stdin.buffer.read(2 * size):
        yield np.frombuffer(raw[:len(raw) // 2 * 2], "<i2").astype(np.float32) / 32768


def streamed(path, name):
    """The output `name` of each chunk as it arrives."""
    stream = Stream(step, card["extra"]["streaming"], [name])
    for chunk in chunks(path):
        found = stream.hear(chunk)
        if found:
            yield found[name]
    yield stream.end()[name]
'''

_HEAD = '''\
"""Says what is to be heard. Needs: pip install onnxruntime numpy; for MP3, FLAC, OGG: soundfile; for files at another
rate than the model's: soxr. Use: python predict.py RECORDING ...{more}"""
import json
import sys
import wave
from pathlib import Path

import numpy as np
import onnxruntime

here = Path(__file__).resolve().parent
card = json.loads((here / "card.json").read_text(encoding="utf-8"))
graph = str(here / card["graphs"][0]["file"])
session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])  # or CUDAExecutionProvider
rate = card["extra"]["facts"]["rate"]
chosen = here / "answering.json"  # there if the person chose when the model says “don't know”
least = json.loads(chosen.read_text(encoding="utf-8")).get("unsure_below") or 0.0 if chosen.exists() else 0.0


'''

_ANSWER = """

def answer(scores):
    best = np.argsort(-scores)[:3]
    unsure = "don't know: " if scores[best[0]] < least else ""
    return unsure + ", ".join(f"{card['labels'][i]} {scores[i]:.4f}" for i in best)


"""

_LOOP = """\
for path in sys.argv[1:]:
    print(path, answer(run(path, "probabilities")), sep="\\t")
"""

_STREAMED_LOOP = """\
live = sys.argv[1:2] == ["--stream"]
for path in sys.argv[1 + live:]:
    if live:
        for scores in streamed(path, "probabilities"):
            print(path, answer(scores), sep="\\t", flush=True)
    else:
        print(path, answer(run(path, "probabilities")), sep="\\t")
"""

MORE = """, or in chunks as they arrive:
python predict.py --stream RECORDING, or: arecord -f S16_LE -c 1 -r RATE | python predict.py --stream -"""


def sound_class_script(card: ModelCard) -> str:
    """The source of `predict.py` for a model that tells sounds apart."""
    live = "streaming" in card.extra
    rate = str(card.extra["facts"]["rate"])
    head = _HEAD.replace("{more}", MORE.replace("RATE", rate) if live else "")
    return head + reading(live=live) + _ANSWER + (_STREAMED_LOOP if live else _LOOP)


def reading(*, live: bool) -> str:
    """The functions that hear a recording: `run`, and for a stream `streamed`."""
    if not live:
        return READ + WHOLE
    source = (Path(__file__).parent / "streaming.py").read_text(encoding="utf-8")
    return source[source.index("class Stream") :] + "\n\n" + READ + STREAMED
