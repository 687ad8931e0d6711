"""The mathematics: a photo as a histogram of its colours, and a softmax regression on it. Only numpy.

Shapes: N photos, C classes, B colours (shades³).
"""

from pathlib import Path

import numpy as np

GREYS = ("black", "dark grey", "grey", "white")
NAMES = {
    "red": (200, 40, 40), "orange": (230, 130, 40), "brown": (120, 80, 50), "yellow": (230, 220, 60),
    "green": (60, 150, 60), "blue": (50, 80, 190), "purple": (130, 60, 150), "pink": (235, 150, 180),
}  # fmt: skip


def colours_of(image: np.ndarray, shades: int) -> np.ndarray:
    """Count the colours of an image (H, W, 3) uint8 → (B,) float32 of length 1.

    The square roots of the shares (the “Hellinger” trick) keep one large blue sky from drowning all the rest.
    """
    cut = image.astype(np.int32) * shades // 256  # (H, W, 3), each from 0 to shades - 1
    number = cut @ np.array([shades * shades, shades, 1], np.int32)  # (H, W): the number of each pixel's colour
    counts = np.bincount(number.ravel(), minlength=shades**3)
    return np.sqrt(counts / number.size).astype(np.float32)


def softmax(scores: np.ndarray) -> np.ndarray:
    """Turn scores (…, C) into probabilities (…, C)."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def step(x: np.ndarray, y: np.ndarray, weights: np.ndarray, decay: float) -> tuple[np.ndarray, float]:
    """Give the gradient of the loss in `weights` (B + 1, C), and the loss; `x` (N, B + 1), `y` (N, C) one-hot."""
    probabilities = softmax(x @ weights)
    loss = -float(np.mean(np.log((probabilities * y).sum(axis=1) + 1e-12)))
    return x.T @ (probabilities - y) / len(x) + decay * weights, loss


def name_of(number: int, shades: int) -> str:
    """Name a colour for a person: “green #60a020”."""
    parts = np.array([number // shades**2, number // shades % shades, number % shades])
    rgb = ((parts + 0.5) * 256 / shades).astype(int)
    if parts.min() == parts.max():
        nearest = GREYS[int(rgb[0]) * len(GREYS) // 256]
    else:
        nearest = min(NAMES, key=lambda name: float(np.sum((rgb - NAMES[name]) ** 2)))
    return f"{nearest} #{rgb[0]:02x}{rgb[1]:02x}{rgb[2]:02x}"


GRAPH = """
<ir_version: 10, opset_import: ["": 18]>
colour_histogram (uint8[height, width, 3] image) => (float[C] probabilities, float[B, C] evidence) {
    pixels = Cast <to = 6> (image)
    spread = Mul (pixels, shades)
    cut = Div (spread, levels)
    placed = Mul (cut, places)
    number = ReduceSum <keepdims = 0> (placed, last)
    row = Reshape (number, flat)
    index = Cast <to = 7> (row)
    many = Shape (index)
    ones = Expand (one, many)
    counts = ScatterElements <reduction = "add"> (zeros, index, ones)
    counted = Cast <to = 1> (counts)
    size = Cast <to = 1> (many)
    shares = Div (counted, size)
    histogram = Sqrt (shares)
    upright = Reshape (histogram, column)
    evidence = Mul (upright, weights)
    sum = ReduceSum <keepdims = 0> (evidence, first)
    scores = Add (sum, bias)
    probabilities = Softmax <axis = -1> (scores)
}
"""
"""All that `colours_of` does, and the regression, so that whoever has the file needs nothing else. A family that
trains with torch has its network exported instead. What each colour says for each class (`evidence`) is an output:
explainers show what the model computes, and nothing else. Pixels are counted in whole numbers, since a float32 no
longer counts one by one beyond 16.7 million."""


def write_graph(path: Path, weights: np.ndarray, shades: int) -> None:
    """Write the model as ONNX: image (height, width, 3) uint8 → probabilities (C,), evidence (B, C)."""
    import onnx

    constants = {
        "shades": np.int32(shades),
        "levels": np.int32(256),
        "places": np.array([shades * shades, shades, 1], np.int32),
        "last": np.array([2]),
        "first": np.array([0]),
        "flat": np.array([-1]),
        "column": np.array([-1, 1]),
        "one": np.ones(1, np.int32),
        "zeros": np.zeros(shades**3, np.int32),
        "weights": weights[:-1].astype(np.float32),
        "bias": weights[-1].astype(np.float32),
    }
    colours, classes = shades**3, weights.shape[1]
    model = onnx.parser.parse_model(GRAPH.replace("B,", f"{colours},").replace("C]", f"{classes}]"))
    for name, value in constants.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(value), name))
    onnx.checker.check_model(model)
    onnx.save(model, path)
