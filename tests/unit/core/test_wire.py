"""The wire: whatever is packed comes back, whatever is damaged is refused with `WireError`."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trasluz.core.wire import WireError, pack, unpack

_DTYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.unsigned_integer_dtypes(endianness="?"),
    hnp.floating_dtypes(endianness="?", sizes=(16, 32, 64)),
)
_ARRAYS = hnp.arrays(dtype=_DTYPES, shape=hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
_TEXT = st.text()  # surrogates and NUL among them: file names hold them
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXT | _ARRAYS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT.filter("$array".__ne__), inner, max_size=4),
    max_leaves=12,
)


def same(a, b) -> bool:
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@given(_VALUES)
@settings(max_examples=200, deadline=None)
def test_whatever_is_packed_comes_back(message) -> None:
    assert same(message, unpack(pack(message)))


@given(_VALUES, st.data())
@settings(max_examples=200, deadline=None)
def test_a_frame_cut_anywhere_is_refused(message, data) -> None:
    frame = pack(message)
    cut = data.draw(st.integers(0, len(frame) - 1))
    with pytest.raises(WireError):
        unpack(frame[:cut])


@given(_VALUES, st.data())
@settings(max_examples=300, deadline=None)
def test_a_damaged_frame_is_refused_or_read_but_never_crashes(message, data) -> None:
    frame = bytearray(pack(message))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    try:
        unpack(bytes(frame))
    except WireError:
        return


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_refused_or_read_but_never_crash(frame) -> None:
    try:
        unpack(frame)
    except WireError:
        return


_JSON = st.recursive(
    st.none() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["$array", "dtype", "shape", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(_JSON, st.binary(max_size=64))
@settings(max_examples=300, deadline=None)
def test_any_header_is_refused_or_read_but_never_crashes(header, body) -> None:
    text = json.dumps(header).encode()
    try:
        unpack(len(text).to_bytes(8, "little") + text + body)
    except WireError:
        return


@pytest.mark.parametrize(
    "array",
    [
        {"$array": 0, "dtype": "<f4", "shape": [2**62, 2**62]},
        {"$array": 0, "dtype": "<f4", "shape": [-1]},
        {"$array": 0, "dtype": "<f4", "shape": [0, 10**30]},
        {"$array": 0, "dtype": "|O", "shape": []},
        {"$array": 0, "dtype": "f4,f4", "shape": []},
        {"$array": 0, "dtype": "<f3", "shape": [1]},
        {"$array": 0, "shape": [1]},
        {"$array": 0, "dtype": "<f4", "shape": "ab"},
        {"$array": 0, "dtype": "<f4", "shape": [1.5]},
    ],
)
def test_an_array_that_cannot_be_is_refused(array) -> None:
    text = json.dumps(array).encode()
    with pytest.raises(WireError):
        unpack(len(text).to_bytes(8, "little") + text + bytes(16))


def test_deep_nesting_is_refused() -> None:
    text = b"[" * 100_000
    with pytest.raises(WireError):
        unpack(len(text).to_bytes(8, "little") + text)


def test_what_cannot_travel_is_refused_by_the_sender() -> None:
    for value in (object(), {"a": {1, 2}}, np.array(["x"]), np.array([None]), {"$array": 1}):
        with pytest.raises(TypeError):
            pack(value)


def test_a_picture_is_not_copied_when_read_and_lies_straight() -> None:
    image = np.arange(300 * 400 * 3, dtype=np.uint8).reshape(300, 400, 3)
    frame = pack({"name": "ü", "image": image, "scores": np.float32(0.5)})
    found = unpack(frame)
    assert np.shares_memory(found["image"], np.frombuffer(frame, np.uint8))
    assert (len(frame) - image.nbytes) % 16 == 0
    assert found["scores"] == 0.5
