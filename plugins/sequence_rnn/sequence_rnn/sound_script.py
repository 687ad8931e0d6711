"""The program that goes with an exported model: the class of a recording, with onnxruntime and numpy."""

PREDICT = '''\
"""Says what is to be heard. Needs: pip install onnxruntime numpy; for MP3, FLAC, OGG: soundfile; for WAV files at
another rate than the model's: soxr. Use: python predict.py RECORDING ..."""
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


def decoded(path):
    """The first minute: (samples, channels) float32 from -1 to 1, and its rate."""
    try:
        with wave.open(path) as file:
            own, width = file.getframerate(), file.getsampwidth()
            raw = np.frombuffer(file.readframes(60 * own), np.uint8).reshape(-1, width)
            if width == 1:
                values = (raw[:, 0].astype(np.float32) - 128) / 128
            else:  # the upper bytes of 32 bits
                whole = np.zeros((len(raw), 4), np.uint8)
                whole[:, 4 - width:] = raw
                values = (whole.view("<i4")[:, 0] / 2**31).astype(np.float32)
            return values.reshape(-1, file.getnchannels()), own
    except wave.Error:  # no WAV of whole numbers
        import soundfile

        with soundfile.SoundFile(path) as file:
            return file.read(60 * file.samplerate, dtype="float32", always_2d=True), file.samplerate


def read(path):
    frames, own = decoded(path)
    waveform = frames.mean(axis=1)
    if own != rate:
        import soxr

        waveform = soxr.resample(waveform, own, rate)
    return waveform.astype(np.float32)[None]  # (1, samples); the graph does the rest


for path in sys.argv[1:]:
    scores = session.run(["probabilities"], {"waveform": read(path)})[0][0]
    best = np.argsort(-scores)[:3]
    unsure = "don't know: " if scores[best[0]] < least else ""
    print(path, unsure + ", ".join(f"{card['labels'][i]} {scores[i]:.4f}" for i in best), sep="\\t")
'''
