"""Name the class of each photo: python predict.py PHOTO... Needs onnxruntime, numpy and Pillow, and this folder."""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

HERE = Path(__file__).resolve().parent
card = json.loads((HERE / "card.json").read_text(encoding="utf-8"))
session = onnxruntime.InferenceSession(HERE / card["graphs"][0]["file"], providers=["CPUExecutionProvider"])

for name in sys.argv[1:]:
    photo = ImageOps.exif_transpose(Image.open(name)).convert("RGB")
    (scores,) = session.run(["probabilities"], {"image": np.asarray(photo)})
    best = int(scores.argmax())
    print(f"{name}\t{card['labels'][best]}\t{scores[best]:.4f}")
