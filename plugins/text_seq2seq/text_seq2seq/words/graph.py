"""The vectors as an ONNX graph: numbers of words in, their vectors, their mean, and how all other words stand to it."""

from pathlib import Path

import numpy as np

from text_seq2seq.nodes import Nodes

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
    from onnx import TensorProto

    nodes = Nodes()
    count, width = read.shape
    table = nodes.constant(read)
    lengths = np.linalg.norm(read, axis=1, keepdims=True)
    known = nodes.add("GreaterOrEqual", "words", nodes.whole(0))  # (B, W)
    mask = nodes.add("Unsqueeze", nodes.add("Cast", known, to=TensorProto.FLOAT), nodes.whole(2))
    # −1 is the last row to ONNX; the mask takes it out again.
    nodes.add("Mul", nodes.add("Gather", table, "words", axis=0), mask, result="vectors")
    total = nodes.add("ReduceSum", "vectors", nodes.whole(1), keepdims=0)
    some = nodes.add("Max", nodes.add("ReduceSum", mask, nodes.whole(1), keepdims=0), nodes.number(1.0))
    nodes.add("Div", total, some, result="mean")
    length = nodes.add("Max", nodes.add("ReduceL2", "mean", nodes.whole(1), keepdims=1), nodes.number(1e-12))
    # The rows are brought to length 1 after the product, so that the table is in the file once.
    raw = nodes.add("MatMul", nodes.add("Div", "mean", length), nodes.add("Transpose", table, perm=[1, 0]))
    nodes.add("Mul", raw, nodes.constant((1 / np.maximum(lengths.T, 1e-12)).astype(np.float32)), result="cosines")
    nodes.add("MatMul", "mean", nodes.constant(np.ascontiguousarray(expected.T)), result="fits")
    nodes.save(
        path,
        inputs={"words": ["rows", "words_of_a_row"]},
        outputs={
            "vectors": ["rows", "words_of_a_row", width],
            "mean": ["rows", width],
            "cosines": ["rows", count],
            "fits": ["rows", count],
        },
    )
