"""The program that goes with an exported model: a photo's class, with onnxruntime, numpy and Pillow alone."""

OPENED = """\
here = Path(__file__).resolve().parent
card = json.loads((here / "card.json").read_text(encoding="utf-8"))
graph = str(here / card["graphs"][0]["file"])
session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])  # or CUDAExecutionProvider
chosen = here / "answering.json"  # there if the person chose when the model says “don't know”
least = json.loads(chosen.read_text(encoding="utf-8")).get("unsure_below") or 0.0 if chosen.exists() else 0.0
"""
"""Opens the model that lies beside the program, and finds below which score it says that it does not know."""
ANSWERED = """\
    best = np.argsort(-scores)[:3]
    unsure = "don't know: " if scores[best[0]] < least else ""
    print(path, unsure + ", ".join(f"{card['labels'][i]} {scores[i]:.4f}" for i in best), sep="\\t")
"""
"""Prints what the `scores` of a `path` say."""
PREDICT = (
    '''\
"""Says what a photo shows. Needs: pip install onnxruntime numpy pillow. Use: python predict.py PHOTO ..."""
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

'''
    + OPENED
    + """

def read(path):
    photo = Image.open(path)
    factor = 1
    while max(photo.size) > 2048 * factor:  # large photos are halved, as in training
        factor *= 2
    wide = photo.width
    photo.draft(None, (max(1, photo.width // factor), max(1, photo.height // factor)))
    photo = photo.reduce(max(1, factor // max(1, round(wide / photo.width)))) if factor > 1 else photo
    photo = ImageOps.exif_transpose(photo)
    if photo.mode.startswith("I"):  # 16 bits
        photo = Image.fromarray((np.asarray(photo) // 256).astype(np.uint8))
    if photo.mode in ("RGBA", "LA", "PA") or "transparency" in photo.info:
        photo = photo.convert("RGBA")
        photo = Image.alpha_composite(Image.new("RGBA", photo.size, "white"), photo)
    return np.asarray(photo.convert("RGB"))[None]  # (1, height, width, 3) uint8; the graph does the rest


for path in sys.argv[1:]:
    scores = session.run(["probabilities"], {"image": read(path)})[0][0]
"""
    + ANSWERED
)
