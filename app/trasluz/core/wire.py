"""The words between a caller and the host: a JSON header and raw arrays in one frame; never pickle.

A frame is `length of header (8 bytes, little endian) | header (UTF-8 JSON) | array | array | …`. In the header
an array stands as `{"$array": i, "dtype": "<f4", "shape": [2, 3]}`, and its bytes follow in that order. Frames
travel over a `multiprocessing.connection.Connection` by `send_bytes`, which adds the length of the frame.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

_LENGTH = 8
_KINDS = frozenset("buif")


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
            if value.dtype.kind not in _KINDS:
                raise TypeError(f"an array of {value.dtype} cannot travel")
            arrays.append(np.ascontiguousarray(value))
            return {"$array": len(arrays) - 1, "dtype": value.dtype.str, "shape": list(value.shape)}
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, Mapping):
            return {str(k): plain(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [plain(v) for v in value]
        return value

    header = json.dumps(plain(message), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
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
    except ValueError as error:
        raise WireError("the frame's header is not JSON") from error
    body = memoryview(frame)[_LENGTH + size :]
    position = 0

    def whole(value: Any) -> Any:
        nonlocal position
        if isinstance(value, list):
            return [whole(v) for v in value]
        if not isinstance(value, dict):
            return value
        if "$array" not in value:
            return {k: whole(v) for k, v in value.items()}
        try:
            dtype, shape = np.dtype(value["dtype"]), tuple(int(n) for n in value["shape"])
        except (KeyError, TypeError, ValueError) as error:
            raise WireError("an array's header does not fit") from error
        count = dtype.itemsize * math.prod(shape)
        if dtype.kind not in _KINDS or min(shape, default=0) < 0 or position + count > len(body):
            raise WireError("an array is cut off")
        array = np.frombuffer(body[position : position + count], dtype).reshape(shape)
        position += count
        return array

    return whole(header)
