"""Files of word vectors: word2vec's text and binary form, GloVe's text, and an .npz; told apart by what is in them.

Text has a line for each word, the word and then its numbers with spaces between; word2vec's begins with a line of two
numbers, how many words and how many dimensions. The binary form has that line too, then each word, a space and its
numbers as little-endian float32. A phrase is written with `_` between its words; a word that itself holds white space
can be kept in none of them but the .npz.
"""

import json
import secrets
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from trasluz.api.data import DataError
from trasluz.api.vectors import WordVectors

SUFFIXES = (".txt", ".vec", ".bin", ".npz")
"""Endings of what can be written."""
_MOST_DIMENSIONS = 100_000
_LONGEST_WORD = 4_096
"""Bytes of a word; in a damaged binary file the next space may be far away."""
_PIECE = 2**20


def load_vectors(path: Path, *, most: int | None = None) -> WordVectors:
    """Read word vectors.

    Args:
        path: The file.
        most: Only that many words from the beginning, the most frequent ones; all where None.

    Raises:
        DataError: If the file is damaged or holds no vectors; the sentence says where and what to do.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
            if not start:
                raise DataError(f"“{path.name}” is empty (0 bytes); it holds no word vectors.")
            file.seek(0)
            if start.startswith(b"PK"):
                return _npz(path, most)
            if start[:2] == b"\x1f\x8b":
                raise DataError(f"“{path.name}” is packed by gzip; unpack it first.")
            header = _header(file)
            if header is None:
                file.seek(0)
                return _text(path, file, None, most)
            if path.suffix.lower() not in (".txt", ".vec") and _is_binary(file, header):
                return _binary(path, file, header, most)
            return _text(path, file, header, most)
    except OSError as error:
        raise DataError(f"“{path}” cannot be read: {error.strerror or error}.") from error


def save_vectors(vectors: WordVectors, path: Path, *, glove: bool = False) -> None:
    """Write word vectors in the form that the file's ending names: .txt and .vec, .bin, .npz.

    Args:
        vectors: The vectors.
        path: The file; written whole under another name first.
        glove: Text without the first line.

    Raises:
        DataError: If the ending is another, or a word cannot be written so.
        OSError: If it cannot be written.
    """
    writers: dict[str, Callable[[BinaryIO], None]] = {
        ".bin": lambda file: _write_binary(vectors, file, path),
        ".npz": lambda file: _write_npz(vectors, file),
        ".txt": lambda file: _write_text(vectors, file, path, glove),
        ".vec": lambda file: _write_text(vectors, file, path, glove),
    }
    write = writers.get(path.suffix.lower())
    if write is None:
        raise DataError(f"Word vectors are written as .txt, .vec, .bin or .npz; “{path.name}” ends otherwise.")
    part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.tmp")
    try:
        with part.open("wb") as file:
            write(file)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


# reading


def _header(file: BinaryIO) -> tuple[int, int] | None:
    """The numbers of words and dimensions that word2vec writes first; None where the first line is something else."""
    line = file.readline(64)
    parts = line.split()
    if not line.endswith(b"\n") or len(parts) != 2 or not all(part.isdigit() for part in parts):
        return None
    return int(parts[0]), int(parts[1])


def _is_binary(file: BinaryIO, header: tuple[int, int]) -> bool:
    """Whether the first line is no word with as many numbers behind as there are dimensions; keeps the place."""
    at = file.tell()
    line = file.readline(_LONGEST_WORD + 64 * min(header[1], _MOST_DIMENSIONS))
    file.seek(at)
    cells = line.rstrip().rsplit(b" ", header[1])
    try:
        return len(cells) != header[1] + 1 or not [float(cell) for cell in cells[1:]]
    except ValueError:
        return True


def _checked(path: Path, header: tuple[int, int], least: int, most: int | None) -> tuple[int, int]:
    """What a header promises, if the file is large enough to hold it, so that no memory is taken for nothing."""
    count, dimensions = header
    if not count or not dimensions or dimensions > _MOST_DIMENSIONS:
        raise DataError(
            f"“{path.name}” says that it holds {count:,} words of {dimensions:,} numbers, which are no word vectors."
        )
    size = path.stat().st_size
    if count * least * dimensions > size:
        raise DataError(
            f"“{path.name}” says that it holds {count:,} words of {dimensions:,} numbers, and its {size:,} bytes are "
            "too few for that; it was cut off, so get it again."
        )
    return (count if most is None else min(count, most)), dimensions


def _binary(path: Path, file: BinaryIO, header: tuple[int, int], most: int | None) -> WordVectors:
    count, dimensions = _checked(path, header, 4, most)
    matrix = np.empty((count, dimensions), np.float32)
    words: list[str] = []
    width = 4 * dimensions
    held, at = b"", 0
    for number in range(count):
        while True:
            space = held.find(b" ", at)
            if space >= 0 and len(held) >= space + 1 + width:
                break
            if space < 0 and len(held) - at > _LONGEST_WORD:
                raise DataError(f"“{path.name}” is damaged at word {number + 1:,}: no word ends there; get it again.")
            more = file.read(max(_PIECE, width))
            if not more:
                raise DataError(f"“{path.name}” ends at word {number + 1:,} of {header[0]:,}; get it again.")
            held, at = held[at:] + more, 0
        words.append(held[at:space].lstrip(b"\n").decode("utf-8", "replace"))
        matrix[number] = np.frombuffer(held, "<f4", dimensions, space + 1)
        at = space + 1 + width
    return _made(path, words, matrix)


def _text(path: Path, file: BinaryIO, header: tuple[int, int] | None, most: int | None) -> WordVectors:
    matrix = np.empty((0, 0), np.float32)
    if header is not None:
        matrix = np.empty(_checked(path, header, 2, most), np.float32)
    words: list[str] = []
    for number, line in enumerate(_lines(path, file), 1 if header is None else 2):
        text = line.decode("utf-8", "replace").lstrip("\ufeff").rstrip()
        if not text:
            continue
        if header is None and not words:
            dimensions = _trailing_numbers(text)
            if not dimensions:
                raise DataError(f"“{path.name}” holds no word vectors: its first line is no word with numbers behind.")
            matrix = np.empty((1024, dimensions), np.float32)
        if len(words) == len(matrix):
            if header is not None or (most is not None and len(words) >= most):
                break
            matrix = np.concatenate([matrix, np.empty_like(matrix)])
        # The numbers are counted from the end: in GloVe's largest file some words hold spaces.
        word, *numbers = text.rsplit(" ", matrix.shape[1])
        try:
            if len(numbers) != matrix.shape[1]:
                raise ValueError
            matrix[len(words)] = [float(each) for each in numbers]
        except ValueError:
            raise DataError(
                f"Line {number:,} of “{path.name}” has not {matrix.shape[1]:,} numbers behind its word; "
                "correct it or take it out."
            ) from None
        words.append(word)
        if most is not None and len(words) >= most:
            break
    if header is not None and len(words) < len(matrix):
        raise DataError(f"“{path.name}” ends after {len(words):,} of {header[0]:,} words; get it again.")
    return _made(path, words, matrix[: len(words)])


def _lines(path: Path, file: BinaryIO) -> Iterator[bytes]:
    longest = 32 * _MOST_DIMENSIONS
    while line := file.readline(longest):
        if len(line) == longest:
            raise DataError(f"“{path.name}” has a line without end; it holds no word vectors.")
        yield line


def _trailing_numbers(text: str) -> int:
    """How many numbers stand at the end of a line, behind one word at least."""
    count = 0
    for cell in reversed(text.split(" ")[1:]):
        try:
            float(cell)
        except ValueError:
            break
        count += 1
    return count


def _npz(path: Path, most: int | None) -> WordVectors:
    try:
        with np.load(path, allow_pickle=False) as kept:
            matrix = kept["vectors"]
            words = json.loads(kept["words"].tobytes())
            counts = kept["counts"] if "counts" in kept else np.zeros(0, np.int64)
        if matrix.ndim != 2 or matrix.dtype.kind != "f" or len(words) != len(matrix):
            raise ValueError("its parts do not fit together")
        if not all(isinstance(word, str) for word in words):
            raise ValueError("its words are no texts")
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, RecursionError) as error:
        raise DataError(f"“{path.name}” is no archive of word vectors, or it is damaged ({error}).") from error
    return _made(path, words[:most], matrix[:most].astype(np.float32), counts[:most])


def _made(path: Path, words: list[str], matrix: np.ndarray, counts: np.ndarray | None = None) -> WordVectors:
    if not words:
        raise DataError(f"“{path.name}” holds no word vectors.")
    if not np.isfinite(matrix).all():
        at = int(np.flatnonzero(~np.isfinite(matrix).all(axis=1))[0])
        raise DataError(f"“{path.name}” holds numbers that are none, first at the word “{words[at]}”; get it again.")
    if len(set(words)) < len(words):  # bytes that are no text look alike, and some files name a word twice
        kept = list({word: number for number, word in reversed(list(enumerate(words)))}.values())[::-1]
        words, matrix = [words[number] for number in kept], matrix[kept]
        counts = counts[kept] if counts is not None and len(counts) else None
    return WordVectors(words, matrix, np.zeros(0, np.int64) if counts is None else counts)


# writing


def _written(vectors: WordVectors, path: Path) -> Iterator[tuple[bytes, np.ndarray]]:
    for word, vector in zip(vectors.words, vectors.matrix.astype("<f4"), strict=True):
        if not word or word.split() != [word]:
            raise DataError(f"The word “{word}” holds white space and cannot be written to “{path.name}”; use .npz.")
        yield word.encode("utf-8", "surrogatepass"), vector


def _write_binary(vectors: WordVectors, file: BinaryIO, path: Path) -> None:
    file.write(f"{len(vectors)} {vectors.dimensions}\n".encode())
    for word, vector in _written(vectors, path):
        file.write(word + b" " + vector.tobytes() + b"\n")


def _write_text(vectors: WordVectors, file: BinaryIO, path: Path, glove: bool) -> None:
    if not glove:
        file.write(f"{len(vectors)} {vectors.dimensions}\n".encode())
    for word, vector in _written(vectors, path):
        # Nine digits give a float32 back exactly.
        file.write(word + b" " + " ".join(f"{value:.9g}" for value in vector.tolist()).encode() + b"\n")


def _write_npz(vectors: WordVectors, file: BinaryIO) -> None:
    words = np.frombuffer(json.dumps(list(vectors.words)).encode("ascii"), np.uint8)
    matrix = vectors.matrix.astype(np.float32)
    if len(vectors.counts):
        np.savez(file, vectors=matrix, words=words, counts=vectors.counts)
    else:
        np.savez(file, vectors=matrix, words=words)
