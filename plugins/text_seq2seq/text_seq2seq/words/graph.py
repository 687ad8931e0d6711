"""The vectors as an ONNX graph: numbers of words in, their vectors, their mean, and how all other words stand to it."""

from pathlib import Path

import numpy as np

from trasluz.torchkit.graph import GraphWriter

FILE = "vectors.onnx"


def write(read: np.ndarray, expected: np.ndarray, path: Path) -> None:
    """Write the graph.

    Inputs: `words` (B, W) int64 numbers of words; −1 where a row has fewer than W.
    Outputs: `vectors` (B, W, D), zero for −1; `mean` (B, D) of a row's words; `cosines` (B, V) of the mean with each
    word's vector; `fits` (B, V), how much each word is expected among them.

    Args:
        read: (V, D) float32, the vectors.
        expected: (V, D) float32, the vectors of words as they are foretold.
        path: The file.
    """
    nodes = GraphWriter()
    count, width = read.shape
    nodes.input("words", np.int64, ["rows", "words_of_a_row"])
    table = nodes.constant(read)
    lengths = np.linalg.norm(read, axis=1, keepdims=True)
    known = nodes.node("GreaterOrEqual", "words", nodes.integers(0))  # (B, W)
    mask = nodes.node("Unsqueeze", nodes.cast(known, np.float32), nodes.integers(2))
    # −1 is the last row to ONNX; the mask takes it out again.
    nodes.node("Mul", nodes.node("Gather", table, "words", axis=0), mask, result="vectors")
    total = nodes.node("ReduceSum", "vectors", nodes.integers(1), keepdims=0)
    some = nodes.node("Max", nodes.node("ReduceSum", mask, nodes.integers(1), keepdims=0), nodes.constant(1.0))
    nodes.node("Div", total, some, result="mean")
    length = nodes.node("Max", nodes.node("ReduceL2", "mean", nodes.integers(1), keepdims=1), nodes.constant(1e-12))
    # The rows are brought to length 1 after the product, so that the table is in the file once.
    raw = nodes.node("MatMul", nodes.node("Div", "mean", length), nodes.node("Transpose", table, perm=[1, 0]))
    nodes.node("Mul", raw, nodes.constant((1 / np.maximum(lengths.T, 1e-12)).astype(np.float32)), result="cosines")
    nodes.node("MatMul", "mean", nodes.constant(np.ascontiguousarray(expected.T)), result="fits")
    nodes.output("vectors", ["rows", "words_of_a_row", width])
    nodes.output("mean", ["rows", width])
    nodes.output("cosines", ["rows", count])
    nodes.output("fits", ["rows", count])
    nodes.save(path, path.stem)
