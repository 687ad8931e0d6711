"""Embeddings that begin as word vectors instead of at random."""

from typing import TYPE_CHECKING, Any

import numpy as np

from trasluz.api.vectors import WordVectors

from .tokens import SPACE, SPECIAL

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import nn


def begin_from(embedding: "nn.Embedding", tokenizer: "Tokenizer", vectors: WordVectors) -> tuple[int, int]:
    """Set the rows of tokens that are words to those words' vectors; the others stay as they are.

    A vector of fewer numbers fills the first ones of a row; one of more is brought down by the directions in which the
    vectors differ most. All are scaled to the length that a row has by chance, so that nothing else needs to change.

    Returns:
        How many tokens got a vector, and of how many that could be words.
    """
    import torch

    width = embedding.embedding_dim
    rows: list[int] = []
    numbers: list[int] = []
    words = 0
    for token, row in tokenizer.get_vocab().items():
        if token in SPECIAL:
            continue
        # A piece from inside a word is no word, where the tokens tell the beginnings.
        word = token.removeprefix(SPACE)
        if not any(map(str.isalpha, word)) or (len(word) > 1 and word == token and _marked(tokenizer)):
            continue
        words += 1
        number = vectors.find(word)
        if number is not None:
            rows.append(row)
            numbers.append(number)
    if rows:
        found = _fitted(vectors.matrix, width)[numbers]
        lengths = np.linalg.norm(found, axis=1)
        found *= 1.0 / max(float(lengths.mean()), 1e-12)  # a row by chance: width numbers of variance 1 / width
        with torch.no_grad():
            embedding.weight[torch.tensor(rows)] = torch.from_numpy(found).to(embedding.weight)
    return len(rows), words


def _marked(tokenizer: Any) -> bool:
    """Whether the first piece of a word bears a mark."""
    return any(token.startswith(SPACE) for token in tokenizer.get_vocab())


def _fitted(matrix: np.ndarray, width: int) -> np.ndarray:
    """The vectors (V, D) with `width` numbers each."""
    if matrix.shape[1] > width:
        centred = matrix - matrix.mean(axis=0)
        _, directions = np.linalg.eigh(centred.T @ centred)
        matrix = centred @ directions[:, ::-1][:, :width]
    found = np.zeros((len(matrix), width), np.float32)
    found[:, : matrix.shape[1]] = matrix
    return found
