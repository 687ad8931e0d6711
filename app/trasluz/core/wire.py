"""The words between a caller and the host: a JSON header and raw arrays in one frame; never pickle.

A frame is `length of header (8 bytes, little endian) | header (UTF-8 JSON) | array | array | …`. In the header
an array stands as `{"$array": i, "dtype": "<f4", "shape": [2, 3]}`, and its bytes follow in that order. Frames
travel over a `multiprocessing.connection.Connection` by `send_bytes`, which adds the length of the frame.
The header is padded with spaces, so that arrays lie where a processor likes them.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

_LENGTH = 8
_ALIGNED = 16
_MARK = "$array"
_DTYPE = re.compile(r"[<>|=][buif][0-9]{1,2}")


class WireError(ValueError):
    """Bytes that are not a frame."""


def pack(message: Any) -> bytes:
    """Turn JSON values with numpy arrays among them into a frame.

    Raises:
        TypeError: If something in it is neither.
    """
    arrays: list[np.ndarray[Any, Any]] = []

    def plain(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            if not _DTYPE.fullmatch(value.dtype.str):
                raise TypeError(f"an array of {value.dtype} cannot travel")
            arrays.append(np.ascontiguousarray(value))
            return {_MARK: len(arrays) - 1, "dtype": value.dtype.str, "shape": list(value.shape)}
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, Mapping):
            if _MARK in value:
                raise TypeError(f"a key cannot be called {_MARK}")
            return {str(k): plain(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [plain(v) for v in value]
        return value

    header = json.dumps(plain(message), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    header += b" " * (-(len(header) + _LENGTH) % _ALIGNED)
    return b"".join([len(header).to_bytes(_LENGTH, "little"), header, *(a.tobytes() for a in arrays)])


def unpack(frame: bytes) -> Any:
    """Turn a frame back into what was packed; tuples come back as lists.

    Raises:
        WireError: If it is not a whole frame.
    """
    size = int.from_bytes(frame[:_LENGTH], "little")
    if len(frame) < _LENGTH or len(frame) < _LENGTH + size:
        raise WireError("the frame is cut off")
    try:
        header = json.loads(frame[_LENGTH : _LENGTH + size].decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise WireError("the frame's header is not JSON") from error
    body = memoryview(frame)[_LENGTH + size :]
    position = 0

    def whole(value: Any) -> Any:
        nonlocal position
        if isinstance(value, list):
            return [whole(v) for v in value]
        if not isinstance(value, dict):
            return value
        if _MARK not in value:
            return {k: whole(v) for k, v in value.items()}
        array, used = _array(value, body[position:])
        position += used
        return array

    message = whole(header)
    if position != len(body):
        raise WireError("there are bytes after the frame")
    return message


def _array(header: Mapping[str, Any], body: memoryview) -> tuple[np.ndarray[Any, Any], int]:
    """Make the array that `header` describes from the first bytes of `body`, and say how many they were."""
    name, shape = header.get("dtype"), header.get("shape")
    if not isinstance(name, str) or not _DTYPE.fullmatch(name):
        raise WireError(f"{name!r} is not the type of an array")
    if not isinstance(shape, list) or len(shape) > 32 or not all(type(n) is int and 0 <= n < 2**62 for n in shape):
        raise WireError("an array has no shape")
    try:
        dtype = np.dtype(name)
    except TypeError as error:
        raise WireError(f"{name!r} is not the type of an array") from error
    size = dtype.itemsize * math.prod(shape)
    if size > len(body):
        raise WireError("an array is cut off")
    try:
        return np.frombuffer(body[:size], dtype).reshape(shape), size
    except (TypeError, ValueError, OverflowError) as error:
        raise WireError(f"an array's header does not fit: {error}") from error
